"""The matching loss against the angle, and what training without an auxiliary channel gives (IsoNCA, figure 7).

    python experiments/isonca/landscape.py

Three parts.

1. The target against its turned and its mirrored self, with several sets of auxiliary channels. Expect for the lizard's
   colours alone a second valley at 180 degrees, shallow with the binary channel. A valley matters because of the
   pattern halfway: the mean of the target and its turned self is symmetric, so that nothing need be decided to grow it,
   and it costs only a quarter of what the turned target costs.
2. The same for what a rule grows: the shipped lizard after 1,000 steps.
3. Three rules trained alike, small and short: without any auxiliary channel, with the binary one, and with this
   project's axis channel besides. (At full size: `--size 48 --padding 12 --iterations 8000 --batch-size 8`.) Their
   runs, and the shipped rule's, are scored for symmetry: each state against its own half turn and its own mirror image.
   Expect lizards with two like ends without a channel, and after so short a training also with the binary one.

The trainings take some minutes each on a free core, once: rules found in the folder are used. The rest takes a minute.

Written to `--out`:
    figure.webp     loss against angle for both targets with each set of channels, turned above, mirrored and turned
                    below; the targets, their half turns, and the mean of both; loss against angle for grown lizards;
                    runs of the rules trained without and with channels, and of the shipped one
    metrics.json    the valleys, the scores
    tables.json     the same

The loss is the training's (closed rings: exactly 0 for an exactly turned target), in units of the loss of nothing.
"""

from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from jaxtyping import Float
from PIL import Image
from torch import Tensor

from graphnca.drawing import draw_curves, montage, to_rgb
from graphnca.evaluation.landscape import aligned, centred, degrees, half_turn, landscape, symmetry, valleys
from graphnca.evaluation.named import read_subject
from graphnca.evaluation.published_loss import PADDING, SIZE, auxiliary_channels, target_with_auxiliary
from graphnca.evaluation.scores import bounded, raster
from graphnca.evaluation.subject import Subject
from graphnca.losses import RotationInvariantLoss
from graphnca.results.options import Options
from graphnca.results.result import Result, command
from graphnca.results.run import run
from graphnca.results.table import Table
from graphnca.training.recipes import IsoNCARecipe
from topologies import sampled_torus, square_grid

COMPARED = {
    "lizard": {
        "colours alone": "",
        "binary": "binary",
        "axis": "axis",
        "side": "side",
        "binary, axis x3": "binary,axis:3",
        "binary, axis, side x3": "binary,axis,side:3",
    },
    "heart": {
        "colours alone": "",
        "binary": "binary",
        "radial 4": "radial4",
        "binary, radial 4": "binary,radial4",
    },
}
"""Sets of auxiliary channels by target, in the words of `--auxiliary` of the training."""

KINDS = ("half turn", "mirror image")


@dataclass(frozen=True, kw_only=True)
class Config(Options):
    """What the command line can change."""

    rule: str = "isonca-lizard"
    """The rule whose grown states are measured beside those that are trained here."""
    size: int = 32
    """Pixels of the target in the trainings; the landscapes are those of the published size."""
    padding: int = 8
    """Empty pixels around it."""
    iterations: int = 2500
    """Of the trainings; 0: none, only rules found in the folder are shown."""
    batch_size: int = 4
    """Of the trainings."""
    steps: int = 1000
    """After which grown states are measured."""
    runs: int = 5
    """Runs of every rule."""
    seed: int = 1000
    """Of the runs. Held out: nothing is trained or chosen by it."""
    out: str = "out/isonca_landscape"


def loss_of(target: str, auxiliary: str, *, size: int = SIZE, padding: int = PADDING) -> RotationInvariantLoss:
    """The loss as training has it, with each channel's weight."""
    weights = [1.0] * 4 + [weight for _, weight in auxiliary_channels(auxiliary)]
    image = target_with_auxiliary(target, auxiliary, size=size, padding=padding)
    return RotationInvariantLoss(image, channel_weights=weights)


def trained(config: Config, name: str, auxiliary: str) -> Path | None:
    """The rule trained with these channels: in the folder, or trained now, or None without iterations."""
    folder = Path(config.out) / name
    if not (folder / "rule.safetensors").exists():
        if config.iterations == 0:
            return None
        recipe = IsoNCARecipe(
            auxiliary=auxiliary,
            size=config.size,
            padding=config.padding,
            iterations=config.iterations,
            batch_size=config.batch_size,
            threads=1,
            out=str(folder),
        )
        recipe.train(sampled_torus, command())
    return folder / "rule.safetensors"


def grown_images(subject: Subject, config: Config, side: int) -> Float[Tensor, "b c h w"]:
    """Runs of a rule on a square torus, as images."""
    topology = square_grid(side, side)
    states = subject.grow(topology, config.runs, (config.steps,), config.seed)[config.steps]
    return raster(topology, side, side)(bounded(states))


def chart(lines: dict[str, Tensor], title: str) -> Image.Image:
    """Landscapes against the angle."""
    series = {
        name: (degrees(len(values)), centred(values).numpy().astype(np.float64)) for name, values in lines.items()
    }
    return draw_curves(series, size=(820, 380), x_label="angle, degrees", y_label="loss / that of nothing", title=title)


def ghosts(targets: list[str]) -> Image.Image:
    """Each target, its half turn, and the mean of the two."""
    tiles = []
    for target in targets:
        image = loss_of(target, "").target
        turned = image.rot90(2, (-2, -1))
        tiles += [Image.fromarray(to_rgb(tile)).resize((216, 216)) for tile in (image, turned, (image + turned) / 2)]
    captions = ["target", "its half turn", "halfway: the mean"] * len(targets)
    return montage(tiles, captions=captions, columns=3, pad=8)


def compare_targets() -> tuple[dict[str, Any], list[Image.Image]]:
    """Part 1: every target against itself, summed up and drawn."""
    report, drawn = {}, []
    for target, sets in COMPARED.items():
        losses = {name: loss_of(target, auxiliary) for name, auxiliary in sets.items()}
        own = {name: landscape(loss, loss.target) for name, loss in losses.items()}
        report[target] = {name: valleys(values) for name, values in own.items()}
        charts = [
            chart({name: values[0] for name, values in own.items()}, f"{target} against itself, turned"),
            chart({name: values[1] for name, values in own.items()}, f"{target} against its mirror image, turned"),
        ]
        drawn.append(montage(charts, columns=1, pad=0))
    return report, drawn


def compare_grown(images: Float[Tensor, "b c h w"], title: str) -> tuple[dict[str, Any], Image.Image]:
    """Part 2: grown lizards against the target, each from its best angle and chirality on."""
    lines, report = {}, {}
    for name in ("colours alone", "binary"):
        loss = loss_of("lizard", COMPARED["lizard"][name])
        values = aligned(landscape(loss, images[:, : len(loss.target)]))
        lines[f"target, {name}"] = landscape(loss, loss.target)[0]
        lines[f"grown, {name}"] = values[:, 0].median(0).values
        report[name] = {
            "best": [round(float(run[0]), 4) for run in values[:, 0]],
            "half turn": [half_turn(run) for run in values[:, 0]],
            "other chirality": [round(float(run.min()), 4) for run in values[:, 1]],
        }
    return report, chart(lines, title)


def compare_rules(subjects: dict[str, Subject], images: dict[str, Tensor]) -> tuple[dict[str, Any], Image.Image]:
    """Part 3: the symmetry of every rule's runs."""
    report: dict[str, Any] = {}
    tiles, captions = [], []
    for name, runs in images.items():
        scores = symmetry(runs)
        card = subjects[name].card
        report[name] = {
            "trained by": card.get("trained by", ""),
            "iterations": card.get("iterations"),
            **{f"median {kind}": middle(scores, kind) for kind in KINDS},
            "runs": scores,
        }
        for image, score in zip(runs, scores, strict=True):
            tiles.append(Image.fromarray(to_rgb(image)).resize((216, 216), Image.Resampling.NEAREST))
            captions.append(f"{name}: half turn {score['half turn']}, mirror image {score['mirror image']}")
    return report, montage(tiles, captions=captions, columns=len(next(iter(images.values()))), pad=8)


def middle(scores: list[dict[str, float | None]], kind: str) -> float | None:
    """The median of the runs in which something grew."""
    known = [value for score in scores if (value := score[kind]) is not None]
    return round(median(known), 3) if known else None


def main(config: Config, result: Result) -> None:
    """Computes, trains, grows, measures and draws."""
    targets, charts = compare_targets()
    small, published = config.size + 2 * config.padding, SIZE + 2 * PADDING
    candidates = {
        "no channel": (trained(config, "without", ""), small),
        "binary": (trained(config, "binary", "binary"), small),
        "binary, axis x3": (trained(config, "axis", "binary,axis:3"), small),
        config.rule: (config.rule, published),
    }
    rules = {name: (read_subject(str(path)), side) for name, (path, side) in candidates.items() if path is not None}
    images = {
        name: grown_images(subject, config, side) for name, (subject, side) in result.progress(rules.items(), "rule")
    }
    title = f"lizards of {config.rule} at step {config.steps}"
    grown, of_grown = compare_grown(images[config.rule], title)
    scores, of_rules = compare_rules({name: subject for name, (subject, _) in rules.items()}, images)
    own = {
        f"{size} pixels": symmetry(loss_of("lizard", "", size=size, padding=padding).target[None])[0]
        for size, padding in dict.fromkeys([(SIZE, PADDING), (config.size, config.padding)])
    }
    result.record({"targets": targets, "grown": grown, "symmetry": {"target": own, "rules": scores}})
    result.figure(montage(charts, columns=2), ghosts(list(COMPARED)), of_grown, of_rules)


def tables(metrics: dict[str, Any]) -> dict[str, Table]:
    """The targets against their turned and mirrored selves, and how symmetric the rules' patterns are."""
    rows = []
    for target, sets in metrics["targets"].items():
        for name, entry in sets.items():
            values = [entry["half turn"]["loss"], entry["halfway to the half turn"]]
            values += [entry["best mirror image"], entry["halfway to the mirror image"], entry["median"]]
            valley = entry["deepest valley"]
            words = f"{valley['angle']:.0f}°, {valley['barrier']:.3f}" if valley else "none"
            rows.append([target, name, *(f"{value:.3f}" for value in values), words])
    header = ["target", "auxiliary channels", "half turn", "halfway to it", "best mirror image", "halfway to it"]
    header += ["median angle", "deepest valley: angle, barrier"]
    symmetric = [
        [f"the target itself, {name}", *(f"{score[kind]:.2f}" for kind in KINDS), "", ""]
        for name, score in metrics["symmetry"]["target"].items()
    ]
    for name, entry in metrics["symmetry"]["rules"].items():
        scores = []
        for kind in KINDS:
            known = [run[kind] for run in entry["runs"] if run[kind] is not None]
            listed = ", ".join(f"{value:.2f}" for value in known)
            scores.append(f"{entry[f'median {kind}']:.2f} ({listed})" if known else "nothing grown")
        iterations = "" if entry["iterations"] is None else f"{entry['iterations']:,}"
        symmetric.append([name, *scores, iterations, f"`{entry['trained by']}`"])
    return {
        "valleys": Table(header, rows),
        "symmetry": Table(["rule", "half turn: median (runs)", "mirror image", "iterations", "trained by"], symmetric),
    }


if __name__ == "__main__":
    run(main, Config, __doc__, tables=tables)
