"""An explainer's own program, trained; and the same without its Sobel filters (Wach, "Growing NCA", 2025).

    python experiments/growing/perceptions.py

The explainer says that without Sobel filters rules struggle. Here its program is trained as it is listed: 8,320
parameters (`graphnca.models.explainer_nca`), life after the update from an alpha of 0.05 on, an output layer that
starts at N(0, 0.01), Adam at 1e-3, gradients whose norm is clipped at 1, every sample from the seed. Beside it are the
same program whose cells perceive their own state alone, and one whose cells perceive their state and its Laplacian,
twice each. Expect a picture of the first; of the second a blot of one colour, for its cells have nothing to tell them
apart but chance; and of the third a round one, for it sees that there are neighbours, and not where.

A training takes about two minutes, once: rules found in the folder are used.

Written to `--out`:
    figure.webp     the target, what each rule grows at the end of its rollouts on squares, hexagons and a mesh; below,
                    the loss of every training
    metrics.json    losses of the trainings and of what the rules grow
    tables.json     the same
"""

import math
from dataclasses import dataclass
from pathlib import Path
from statistics import mean
from typing import Any

import torch
from torch import nn

from graphnca.drawing import draw_curves, montage, to_picture
from graphnca.engine.rollout import rollout
from graphnca.evaluation.named import read_subject
from graphnca.evaluation.scores import window
from graphnca.evaluation.subject import Subject
from graphnca.layers import NCAConv
from graphnca.losses import PixelLoss
from graphnca.models import explainer_nca
from graphnca.results.figures import Strips
from graphnca.results.options import OnSubstrates, Options
from graphnca.results.result import Result
from graphnca.results.run import run
from graphnca.results.table import Table
from graphnca.rules import save_rule
from graphnca.seeds import point_seed
from graphnca.targets import load_target
from graphnca.training.recipes.picture import seeded_view
from topologies import square_grid, substrates

PERCEPTIONS: dict[str, dict[str, Any]] = {
    "state and Sobel pair": {},
    "state and Laplacian": {"perception": ("identity", "laplacian"), "gains": {"laplacian": 1 / 3}},
    "state alone": {"perception": ("identity",), "gains": {}},
}
"""What `explainer_nca` is told to perceive; the first is its own. Absolute weights of every kernel sum up to 8."""
RATE, CLIP = 1e-3, 1.0  # of Adam, and of the gradient's norm: the explainer's
STEPS = (64, 96)  # of a rollout
LAST = 100  # iterations, the losses of which are averaged
SCALE = 3.0  # pixels a unit


@dataclass(frozen=True, kw_only=True)
class Config(OnSubstrates, Options):
    """What the command line can change."""

    target: str = "lizard"
    """Name of an emoji or path of a picture."""
    iterations: int = 1500
    """Of each training."""
    batch_size: int = 4
    """Samples of an iteration."""
    trainings: int = 2
    """Of each perception."""
    size: int = 24
    """Pixels of the target's longer side; the explainer has 40."""
    padding: int = 8
    """Empty pixels around it."""
    meshes: int = 1
    runs: int = 3
    seed: int = 6200
    """Of the runs; the meshes have the numbers after it. Held out: nothing is trained or chosen by it."""
    out: str = "out/perceptions"


def trained(name: str, number: int, config: Config) -> Subject:
    """A rule of a perception, trained where it is not yet."""
    path = Path(config.out) / "rules" / f"{name.replace(' ', '-')}-{number}.safetensors"
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        torch.manual_seed(number)
        rule = explainer_nca(**PERCEPTIONS[name])
        losses = train(rule, config, torch.Generator().manual_seed(number))
        card = {"target": config.target, "size": config.size, "padding": config.padding, "losses": losses}
        save_rule(rule, path, card)
    return read_subject(str(path))


def train(rule: NCAConv, config: Config, generator: torch.Generator) -> list[float]:
    """The explainer's loop: from the seed to the picture, clip, step; the losses."""
    target = load_target(config.target, size=config.size, padding=config.padding)
    topology = square_grid(*target.shape[-2:])
    loss = PixelLoss(target, rasterizer=seeded_view(topology, *target.shape[-2:]))
    seed = point_seed(topology, rule.num_channels).expand(config.batch_size, -1, -1)
    optimizer, losses = torch.optim.Adam(rule.parameters(), lr=RATE), []
    for _ in range(config.iterations):
        steps = int(torch.randint(*STEPS, (), generator=generator))
        value = loss(rollout(rule, seed, topology, steps, generator=generator)).mean()
        if not math.isfinite(value.item()):
            continue  # nothing can be learnt from it
        optimizer.zero_grad()
        value.backward()
        nn.utils.clip_grad_norm_(rule.parameters(), CLIP)
        optimizer.step()
        losses.append(round(value.item(), 6))
    return losses


def main(config: Config, result: Result) -> None:
    """Trains, grows, measures and draws."""
    names = [(name, number) for name in PERCEPTIONS for number in range(config.trainings)]
    subjects = {(name, number): trained(name, number, config) for name, number in result.progress(names, "training")}
    topologies = substrates(config.substrate, config.cells, meshes=config.meshes, seed=config.seed)
    first = next(iter(subjects.values()))
    side = float(config.size + 2 * config.padding)
    strips = Strips(first, scale=SCALE, window=lambda topology: window(topology, side), pad=4)
    entries: dict[str, Any] = {name: {"parameters": 0, "trainings": []} for name in PERCEPTIONS}
    lines, tiles = {}, []
    for (name, number), subject in subjects.items():
        losses, grown = subject.card["losses"], {}
        for place, topology in topologies.items():
            states = subject.grow(topology, config.runs, (STEPS[1],), config.seed)[STEPS[1]]
            scores = subject.loss(subject.images(states, topology)) / subject.empty_loss
            grown[place] = [round(score, 4) for score in scores.tolist()]
            tiles.append((topology, states[0], f"{name} ({number + 1}), {place.split()[0]}: {grown[place][0]:.2f}"))
        entries[name]["parameters"] = sum(parameter.numel() for parameter in subject.rule.parameters())
        entries[name]["trainings"].append({"last losses": round(mean(losses[-LAST:]), 6), "grown": grown})
        lines[f"{name} ({number + 1})"] = losses
    result.record({"perceptions": entries})
    grown = strips(tiles, columns=len(topologies) * config.trainings)
    target = to_picture(first.target, scale=round(SCALE))
    curves = draw_curves(lines, smooth=25, log_y=True, size=(1080, 360), x_label="iteration", title="loss")
    result.figure(montage([target], captions=["the target"]), grown, curves)


def tables(metrics: dict[str, Any]) -> dict[str, Table]:
    """Of every training: its last losses, and what its rule's runs are off, in shares of an empty substrate."""
    rows = []
    for name, entry in metrics["perceptions"].items():
        for number, one in enumerate(entry["trainings"]):
            grown = [f"{mean(scores):.2f}" for scores in one["grown"].values()]
            rows.append([f"{name} ({number + 1})", f"{entry['parameters']:,}", f"{one['last losses']:.4f}", *grown])
    places = list(next(iter(metrics["perceptions"].values()))["trainings"][0]["grown"])
    header = ["perceives", "parameters", f"loss, last {LAST} iterations", *(f"on {place}" for place in places)]
    caption = (
        f"Errors at step {STEPS[1]}, in shares of an empty substrate's, means of {metrics['config']['runs']} runs."
    )
    return {"trainings": Table(header, rows, caption)}


if __name__ == "__main__":
    run(main, Config, __doc__, tables=tables)
