"""The matching loss against the angle, and what training without an auxiliary channel gives (IsoNCA, figure 7).

    python experiments/isonca_landscape.py

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
    lizard.png, heart.png   loss against angle with each set of channels: turned above, mirrored and turned below
    ghost.png               the targets, their half turns, and the mean of both
    grown.png               loss against angle for grown lizards beside the target itself
    symmetry.png            runs of the rules trained without and with channels, and of the shipped one
    metrics.json            the valleys, the scores

The loss is the training's (closed rings: exactly 0 for an exactly turned target), in units of the empty sheet's loss.
"""

import argparse
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from PIL import Image
from protocol.rules import read_rule
from ship_isonca import HELD_OUT
from torch import Tensor
from tqdm import tqdm

from graphnca.drawing import draw_curves, montage, save_image, to_rgb
from graphnca.evaluation.published_loss import PADDING, SIZE, auxiliary_channels, target_with_auxiliary
from graphnca.evaluation.runs import grow
from graphnca.evaluation.scores import EXPLODED, empty_loss, raster
from graphnca.losses import RotationInvariantLoss
from graphnca.results.result import command, publish, write_metrics
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
AROUND_HALF_TURN = 45.0  # degrees: where the half turn's valley is looked for
SLACK = 15.0  # degrees by which a grown pattern's half turn may be off


@dataclass(frozen=True)
class Config:
    """What the command line can change."""

    rule: str = "isonca-lizard"
    """The rule whose grown states are measured beside those that are trained here."""
    size: int = 32
    """Pixels of the target in the trainings; the landscapes are those of the published size."""
    padding: int = 8
    iterations: int = 2500
    """Of the trainings; 0: none, only rules found in the folder are shown."""
    batch_size: int = 4
    steps: int = 1000
    runs: int = 5
    seed: int = HELD_OUT
    """Of the runs that are measured."""
    out: str = "out/isonca_landscape"
    publish: bool = False
    """Copy the results to docs/results/isonca_landscape."""


def loss_of(target: str, auxiliary: str, *, size: int = SIZE, padding: int = PADDING) -> RotationInvariantLoss:
    """The loss as training has it, with each channel's weight."""
    weights = [1.0] * 4 + [weight for _, weight in auxiliary_channels(auxiliary)]
    image = target_with_auxiliary(target, auxiliary, size=size, padding=padding)
    return RotationInvariantLoss(image, channel_weights=weights)


def landscape(loss: RotationInvariantLoss, image: Float[Tensor, "*b c h w"]) -> Float[Tensor, "*b 2 a"]:
    """The loss of the target, as it is and mirrored, turned by every angle; 1 is the loss of the empty sheet."""
    return loss.landscape(image) / empty_loss(loss)


def degrees(num_angles: int) -> Float[np.ndarray, " a"]:
    """The angles of a landscape in [-180, 180), in the order of `centred`."""
    return (np.arange(num_angles) - num_angles // 2) * (360.0 / num_angles)


def centred(values: Float[Tensor, "*b a"]) -> Float[Tensor, "*b a"]:
    """A landscape with angle 0 in the middle."""
    return values.roll(values.shape[-1] // 2, -1)


def barrier(values: Float[Tensor, " a"], place: int) -> float:
    """How far the loss rises from a place on the lower of the two ways round to the lowest place of all.

    It is what keeps descent in a valley: 0 where the loss only falls.
    """
    ring = torch.cat([values.roll(-place), values[place : place + 1]])  # from the place once round and back to it
    lowest = int(ring.argmin())
    return float(torch.minimum(ring[: lowest + 1].max(), ring[lowest:].max()) - ring[0])


def at(values: Float[Tensor, " a"], place: int) -> dict[str, float]:
    """A place in a landscape: its angle in degrees, either way round, its loss and its barrier."""
    degree = place * 360.0 / len(values)
    numbers = {"loss": float(values[place]), "barrier": barrier(values, place)}
    return {"angle": round(min(degree, 360.0 - degree), 1), **{name: round(n, 4) for name, n in numbers.items()}}


def minima(values: Float[Tensor, " a"]) -> list[int]:
    """Where the loss is no higher than on either side."""
    return torch.nonzero((values <= values.roll(1)) & (values <= values.roll(-1))).flatten().tolist()


def half_turn(values: Float[Tensor, " a"]) -> dict[str, float]:
    """The lowest local minimum around 180 degrees, or 180 degrees itself if there is none."""
    count = len(values)
    near = [place for place in minima(values) if abs(place * 360.0 / count - 180.0) <= AROUND_HALF_TURN]
    return at(values, min(near, key=lambda place: float(values[place])) if near else count // 2)


def deepest_valley(values: Float[Tensor, " a"]) -> dict[str, float] | None:
    """The local minimum with the highest barrier, if there is one beside the lowest place of all."""
    deepest = max(minima(values), key=lambda place: barrier(values, place))
    return at(values, deepest) if barrier(values, deepest) > 0 else None


def valleys(values: Float[Tensor, "2 a"]) -> dict[str, Any]:
    """What is reported of the target's own landscape: half turn, best mirror image, and the patterns halfway."""
    half, mirrored = half_turn(values[0]), float(values[1].min())
    return {
        "median": round(float(values[0].median()), 4),
        "half turn": half,
        "deepest valley": deepest_valley(values[0]),
        "best mirror image": round(mirrored, 4),
        "halfway to the half turn": round(half["loss"] / 4, 4),  # |(T + T')/2 - T|^2 = |T' - T|^2 / 4
        "halfway to the mirror image": round(mirrored / 4, 4),
    }


def aligned(values: Float[Tensor, "b 2 a"]) -> Float[Tensor, "b 2 a"]:
    """Landscapes turned so that the best angle is 0, the better chirality first."""
    result = []
    for sample in values:
        best, num_angles = int(sample.argmin()), sample.shape[1]
        ordered = sample.flip(0) if best >= num_angles else sample
        result.append(ordered.roll(-(best % num_angles), 1))
    return torch.stack(result)


def symmetry(images: Float[Tensor, "b c h w"]) -> list[dict[str, float | None]]:
    """How far each image (its first four channels) is its own half turn, and its own mirror image in the best axis.

    1 - L / M with L the loss against the own turned (mirrored) self and M its mean over all angles: 1 for a symmetric
    pattern, about 0 for one that is no more like its half turn than like itself at any angle. None: nothing is there.
    """
    scores: list[dict[str, float | None]] = []
    for image in images[:, :4]:
        if not image.any():
            scores.append({"half turn": None, "mirror image": None})
            continue
        own = RotationInvariantLoss(image).landscape(image)
        mean = float(own[0].mean())
        off = (torch.arange(own.shape[1]) * (360.0 / own.shape[1]) - 180.0).abs()
        turned = float(own[0][off <= SLACK].min())
        # a pattern that is round to the last bit is every turn of itself
        lowest = {"half turn": turned, "mirror image": float(own[1].min())}
        scores.append({name: round(1 - value / mean, 3) if mean > 0 else 1.0 for name, value in lowest.items()})
    return scores


def trained(config: Config, name: str, auxiliary: str) -> str | None:
    """The path of the rule trained with these channels: in the folder, or trained now, or None without iterations."""
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
    return str(folder / "rule.safetensors")


def grown_images(path: str, config: Config, side: int) -> Float[Tensor, "b c h w"]:
    """Runs of a rule on a square torus, as images."""
    rule, _ = read_rule(path)
    topology = square_grid(side, side)
    states = grow(rule, topology, config.runs, (config.steps,), config.seed)[config.steps]
    return raster(topology, side, side)(states.nan_to_num(nan=EXPLODED).clamp(-EXPLODED, EXPLODED))


def chart(lines: dict[str, Tensor], title: str) -> Image.Image:
    """Landscapes against the angle."""
    series = {
        name: (degrees(len(values)), centred(values).numpy().astype(np.float64)) for name, values in lines.items()
    }
    return draw_curves(
        series, size=(820, 380), x_label="angle, degrees", y_label="loss / that of the empty sheet", title=title
    )


def ghosts(targets: list[str]) -> Image.Image:
    """Each target, its half turn, and the mean of the two."""
    tiles = []
    for target in targets:
        image = loss_of(target, "").target
        turned = image.rot90(2, (-2, -1))
        tiles += [Image.fromarray(to_rgb(tile)).resize((216, 216)) for tile in (image, turned, (image + turned) / 2)]
    captions = ["target", "its half turn", "halfway: the mean"] * len(targets)
    return montage(tiles, captions=captions, columns=3, pad=8)


def compare_targets(out: Path) -> dict[str, Any]:
    """Part 1: every target against itself, drawn and summed up."""
    report: dict[str, Any] = {}
    for target, sets in COMPARED.items():
        losses = {name: loss_of(target, auxiliary) for name, auxiliary in sets.items()}
        own = {name: landscape(loss, loss.target) for name, loss in losses.items()}
        report[target] = {name: valleys(values) for name, values in own.items()}
        charts = [
            chart({name: values[0] for name, values in own.items()}, f"{target} against itself, turned"),
            chart({name: values[1] for name, values in own.items()}, f"{target} against its mirror image, turned"),
        ]
        save_image(out / f"{target}.png", montage(charts, columns=1, pad=0))
    save_image(out / "ghost.png", ghosts(list(COMPARED)))
    return report


def compare_grown(images: Float[Tensor, "b c h w"], title: str, out: Path) -> dict[str, Any]:
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
    save_image(out / "grown.png", chart(lines, title))
    return report


def compare_rules(images: dict[str, Tensor], cards: dict[str, dict[str, Any]], out: Path) -> dict[str, Any]:
    """Part 3: the symmetry of every rule's runs."""
    report: dict[str, Any] = {}
    tiles, captions = [], []
    for name, runs in images.items():
        scores = symmetry(runs)
        report[name] = {
            "trained by": cards[name].get("trained by", ""),
            "iterations": cards[name].get("iterations"),
            **{f"median {kind}": middle(scores, kind) for kind in ("half turn", "mirror image")},
            "runs": scores,
        }
        for image, score in zip(runs, scores, strict=True):
            tiles.append(Image.fromarray(to_rgb(image)).resize((216, 216), Image.Resampling.NEAREST))
            captions.append(f"{name}: half turn {score['half turn']}, mirror image {score['mirror image']}")
    columns = len(next(iter(images.values())))
    save_image(out / "symmetry.png", montage(tiles, captions=captions, columns=columns, pad=8))
    return report


def middle(scores: list[dict[str, float | None]], kind: str) -> float | None:
    """The median of the runs in which something grew."""
    known = [value for score in scores if (value := score[kind]) is not None]
    return round(median(known), 3) if known else None


def main(config: Config) -> None:
    """Computes, trains, grows, measures, draws and prints."""
    out = Path(config.out)
    out.mkdir(parents=True, exist_ok=True)
    targets = compare_targets(out)
    print(f"{'target':<9}{'channels':<23}{'half turn':>10}{'barrier':>9}{'mirrored':>10}   (1: the empty sheet)")
    for target, sets in targets.items():
        for name, entry in sets.items():
            half = entry["half turn"]
            print(
                f"{target:<9}{name:<23}{half['loss']:>10.3f}{half['barrier']:>9.3f}{entry['best mirror image']:>10.3f}"
            )

    small = config.size + 2 * config.padding
    candidates = {
        "no channel": (trained(config, "without", ""), small),
        "binary": (trained(config, "binary", "binary"), small),
        "binary, axis x3": (trained(config, "axis", "binary,axis:3"), small),
        config.rule: (config.rule, SIZE + 2 * PADDING),
    }
    rules = {name: (path, side) for name, (path, side) in candidates.items() if path is not None}
    cards = {name: read_rule(path)[1] for name, (path, _) in rules.items()}
    images = {
        name: grown_images(path, config, side)
        for name, (path, side) in tqdm(rules.items(), desc="growing", unit="rule")
    }
    grown = compare_grown(images[config.rule], f"lizards of {config.rule} at step {config.steps}", out)
    scores = compare_rules(images, cards, out)
    own = {
        f"{size} pixels": symmetry(loss_of("lizard", "", size=size, padding=padding).target[None])[0]
        for size, padding in dict.fromkeys([(SIZE, PADDING), (config.size, config.padding)])
    }
    print(f"\n{'symmetry of':<23}{'half turn':>10}{'mirror image':>14}   (1: symmetric)")
    for name, score in own.items():
        print(f"{f'target, {name}':<23}{score['half turn']:>10}{score['mirror image']:>14}")
    for name, entry in scores.items():
        print(f"{name:<23}{entry['median half turn']!s:>10}{entry['median mirror image']!s:>14}   median")

    metrics = {
        "config": asdict(config),
        "targets": targets,
        "grown": grown,
        "symmetry": {"target": own, "rules": scores},
    }
    write_metrics(out, metrics)
    print(f"Pictures and metrics.json are in {out}/.")
    if config.publish:
        print(f"Published in {publish(out, 'isonca_landscape')}.")


def arguments() -> Config:
    """The configuration from the command line."""
    default = Config()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rule", default=default.rule, help="the rule shown beside those trained here")
    parser.add_argument("--size", type=int, default=default.size, help="pixels of the target in the trainings")
    parser.add_argument("--padding", type=int, default=default.padding, help="empty pixels around it")
    parser.add_argument("--iterations", type=int, default=default.iterations, help="of the trainings; 0: none")
    parser.add_argument("--batch-size", type=int, default=default.batch_size, help="of the trainings")
    parser.add_argument("--steps", type=int, default=default.steps, help="after which grown states are measured")
    parser.add_argument("--runs", type=int, default=default.runs)
    parser.add_argument("--seed", type=int, default=default.seed, help="of the runs")
    parser.add_argument("--out", default=default.out, help="folder for the results and the trained rules")
    parser.add_argument("--publish", action="store_true", help="copy the results to docs/results/isonca_landscape")
    return Config(**vars(parser.parse_args()))


if __name__ == "__main__":
    main(arguments())
