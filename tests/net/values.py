"""The values that the net records, group by group."""

import contextlib
import hashlib
import io
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import names
import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch_geometric.data import Data

from graphnca import load_rule, rollout, trajectory
from graphnca.damage import random_cells, random_disks, scramble
from graphnca.features import VGG16, FilterBank, InceptionV1
from graphnca.layers import NCAConv, in_8_bits, in_fixed_point
from graphnca.losses import (
    ActivationLoss,
    OverflowLoss,
    PixelLoss,
    RotationInvariantLoss,
    StepDifferenceLoss,
    TextureLoss,
)
from graphnca.losses.gram import gram_distance, gram_matrix
from graphnca.losses.sliced_transport import random_directions, sliced_transport
from graphnca.rasterizers import Barycentric, NearestCell
from graphnca.rules import shipped_rules
from graphnca.targets import load_target, target_names, turn_target, with_auxiliary
from graphnca.templates import load_template, template_names
from topologies import STENCIL_FIELDS, hex_grid, square_grid, voronoi_mesh

STEPS = 64
BATCH = 2


def substrates() -> dict[str, Data]:
    """Three tori of about 40x40 units."""
    return {"square": square_grid(40, 40), "hex": hex_grid(40, 35), "voronoi": voronoi_mesh(40, 40, seed=11)}


def bounded_substrates() -> dict[str, Data]:
    """The same kinds with a border, smaller."""
    return {
        "square bounded": square_grid(24, 20, periodic=False),
        "hex bounded": hex_grid(24, 20, periodic=False),
        "voronoi bounded": voronoi_mesh(24, 20, periodic=False, lloyd_steps=2, seed=12),
    }


def bits(*tensors: Tensor | None) -> str:
    """The first 80 bits of the hash of what tensors hold."""
    digest = hashlib.sha256()
    for tensor in tensors:
        if tensor is not None:
            digest.update(f"{tensor.dtype} {tuple(tensor.shape)}".encode())
            digest.update(tensor.detach().contiguous().numpy().tobytes())
    return digest.hexdigest()[:20]


def numbers(values: Tensor) -> str:
    """Numbers as hexadecimal floats, exact."""
    exact = (float(value).hex() for value in values.detach().double().flatten())
    return " ".join(f"{head.rstrip('0').rstrip('.')}p{power}" for head, _, power in (x.partition("p") for x in exact))


def measured(x: Tensor, samples: int = 2) -> str:
    """The hash of a state; its sum, largest size and some of its entries as numbers."""
    places = torch.linspace(0, x.numel() - 1, samples).long()
    return f"{bits(x)} {numbers(torch.cat([x.double().sum()[None], x.abs().max()[None], x.flatten()[places]]))}"


def seeded(number: int) -> torch.Generator:
    """Random numbers."""
    return torch.Generator().manual_seed(number)


def some_state(topology: Data, channels: int, seed: int = 5, batch: int = BATCH) -> Tensor:
    """States that only PyTorch's random numbers decide: about half of the cells alive, a few channels overflowing."""
    x = torch.randn(batch, topology.num_nodes, channels, generator=seeded(seed)) * 0.6
    x[..., 3:4] = (x[..., 3:4] * 2).clamp(-0.2, 1.0)
    return x


def gradient_of(rule: NCAConv, x: Tensor, run: Callable[[Tensor], tuple[Tensor, ...]]) -> str:
    """The hash of the gradient, of parameters and start, of what a run leaves: its states squared, plus the rest."""
    x, parameters = x.clone().requires_grad_(), list(rule.parameters())
    final, *rest = run(x)
    value = final.square().sum() + sum(part.sum() for part in rest)
    return bits(value, *torch.autograd.grad(value, [x, *parameters], allow_unused=True))


def both(rule: NCAConv, x: Tensor, topology: Data, num_steps: int, seed: int, **options: Any) -> tuple[Tensor, ...]:
    """A rollout with its regularisers."""
    result = trajectory(rule, x, topology, num_steps, generator=seeded(seed), **options)
    return result.final, result.overflow, 10 * result.change


def shipped() -> Iterator[tuple[str, NCAConv, Data, Tensor, dict[str, Tensor]]]:
    """Every shipped rule on every substrate: key, rule, topology, batch of its own start, options."""
    for kind, topology in substrates().items():
        for name in shipped_rules():
            rule = load_rule(name)
            for genome, (x, options) in names.starts(name, rule, topology).items():
                key = f"{name}/{genome}/{kind}" if genome else f"{name}/{kind}"
                yield key, rule, topology, x.expand(BATCH, -1, -1).clone(), options


def states() -> Iterator[tuple[str, str]]:
    """64 steps from a rule's own start, and from there a gradient over eight."""
    for key, rule, topology, x, options in shipped():
        with torch.no_grad():
            x = rollout(rule, x, topology, STEPS, generator=seeded(1), **options)
        yield f"{key}/final", bits(x)
        yield f"{key}/gradient", gradient_of(rule, x, lambda x: both(rule, x, topology, 8, 2, **options))  # noqa: B023


def steps() -> Iterator[tuple[str, str]]:
    """One step from random states."""
    for key, rule, topology, x, options in shipped():
        with torch.no_grad():
            x = some_state(topology, x.shape[-1])
            yield key, measured(rollout(rule, x, topology, 1, generator=seeded(3), **options), samples=16)


PLAIN = ("isonca-lizard", "growing-lizard", "growing-shell", "texture-dotted")
COPIES = {"8 bits": in_8_bits, "fixed point": in_fixed_point}
OTHER_RULES = {
    "post": NCAConv(6, 16, ("identity", "laplacian", "gradient", "gradient_norm"), life_mask="post"),
    "without biases": NCAConv(5, 8, "laplacian", hidden_bias=False, output_bias=False, gains={"laplacian": 0.3}),
    "channels": NCAConv(32, 128, ("identity", "gradient"), fire_per="channel", fire_rate=0.8),
}


def rule_of(name: str) -> NCAConv:
    """A shipped one, or one of the others, with weights that are always the same."""
    if name not in OTHER_RULES:
        return load_rule(name)
    torch.manual_seed(0)
    rule = OTHER_RULES[name]
    rule.reset_parameters()
    nn.init.normal_(rule.update_rule.output.weight, std=0.05)
    return rule


def arithmetic() -> Iterator[tuple[str, str]]:
    """The layer itself, the engine for accelerators, 8 bits and fixed point: one step, some steps, a gradient."""
    for kind, topology in (substrates() | bounded_substrates()).items():
        for name in (*PLAIN, *OTHER_RULES):
            rule = rule_of(name)
            x = some_state(topology, rule.num_channels)
            yield f"layer/{name}/{kind}/step", measured(names.layer_steps(rule, x, topology, 1, 4))
            yield f"layer/{name}/{kind}/final", bits(names.layer_steps(rule, x, topology, 8, 4))
            yield (
                f"layer/{name}/{kind}/gradient",
                gradient_of(rule, x, lambda x: (names.layer_steps(rule, x, topology, 3, 4),)),  # noqa: B023
            )
            with names.patch_engine():
                yield f"patches/{name}/{kind}/step", measured(both(rule, x, topology, 1, 4)[0])
                yield f"patches/{name}/{kind}/final", bits(*both(rule, x, topology, 8, 4))
                yield f"patches/{name}/{kind}/gradient", gradient_of(rule, x, lambda x: both(rule, x, topology, 3, 4))  # noqa: B023
        for copy, changed in COPIES.items():
            for name in ("isonca-lizard", "growing-lizard", "texture-dotted"):
                rule = changed(load_rule(name))
                x = some_state(topology, rule.num_channels)
                yield f"{copy}/{name}/{kind}/step", measured(both(rule, x, topology, 1, 4)[0])
                yield f"{copy}/{name}/{kind}/final", bits(*both(rule, x, topology, 16, 4))
                yield f"{copy}/{name}/{kind}/layer", bits(names.layer_steps(rule, x, topology, 3, 4))
                yield f"{copy}/{name}/{kind}/gradient", gradient_of(rule, x, lambda x: both(rule, x, topology, 4, 4))  # noqa: B023


def options() -> Iterator[tuple[str, str]]:
    """All that a rollout can be asked for."""
    topology = substrates()["voronoi"]
    cells = topology.num_nodes
    field = torch.rand(cells, generator=seeded(6))
    asked: dict[str, dict[str, Any]] = {
        "nothing": {},
        "angle": {"angle": 0.4},
        "angles": {"angle": 6 * field},
        "angles of samples": {"angle": torch.stack([field, 2 * field])},
        "rate": {"fire_rate": 0.8},
        "rates": {"fire_rate": field},
        "rates of samples": {"fire_rate": torch.stack([field, 1 - field])},
        "regions": {"regions": (3 * field).long()},
        "regions of samples": {"regions": torch.stack([(3 * field).long(), (3 - 3 * field).long()])},
        "interventions": {"interventions": {5: lambda x: names.erase(x, field < 0.2)}, "record": (1, 5, 12)},
        "checkpoints": {"checkpoint_every": 5, "record": (7,)},
    }
    for name in ("growing-lizard", "channels", "texture-dotted"):
        rule = rule_of(name)
        x = some_state(topology, rule.num_channels)
        for key, given in asked.items():
            result = trajectory(rule, x, topology, 12, generator=seeded(7), **given)
            recorded = [state for _, state in sorted(result.states.items())]
            yield f"{name}/{key}/final", bits(result.final, result.overflow, result.change, *recorded)
            yield f"{name}/{key}/gradient", gradient_of(rule, x, lambda x: both(rule, x, topology, 12, 7, **given))  # noqa: B023


class Maps(nn.Module):
    """The smallest features: fixed convolutions, and half as large."""

    def __init__(self) -> None:
        super().__init__()
        self.filters = nn.Parameter(torch.randn(5, 3, 3, 3, generator=seeded(8)) * 0.3)

    def forward(self, images: Tensor) -> list[Tensor]:
        """Two maps."""
        maps = nn.functional.conv2d(images, self.filters).relu()
        return [maps, nn.functional.avg_pool2d(maps, 2)]


def losses() -> Iterator[tuple[str, str]]:
    """Every loss on random images and states: its values, and the hash of its gradient."""
    topology = substrates()["voronoi"]
    x = some_state(topology, 16, batch=3)
    images = torch.rand(3, 8, 36, 36, generator=seeded(9)) * 1.2 - 0.1
    target = load_target("lizard", size=24, padding=6)
    sided = with_auxiliary(target, "binary,axis:3")
    views = {"nearest": NearestCell(topology, 36, 36, samples=2), "linear": Barycentric(topology, 36, 36, angle=0.3)}
    template = load_template("dotted", 64)
    large, small = torch.rand(2, 3, 64, 64, generator=seeded(9)), torch.rand(2, 3, 32, 32, generator=seeded(9))
    weights = [1.0] * 5 + [3.0]
    cases: dict[str, tuple[Callable[[Tensor], Tensor], Tensor]] = {
        "pixel": (PixelLoss(target), images),
        "overflow": (OverflowLoss(), 3 * x),
        "overflow, absolute": (OverflowLoss(1.0, power=1), x),
        "step difference": (lambda x: StepDifferenceLoss()(x, x.roll(1, 0).square()), x),
        "activation": (ActivationLoss(Maps(), 1, 2), small),
        "activation of states": (ActivationLoss(Maps(), 0, 4, rasterizer=views["nearest"], overflow_weight=10), x),
        "gram": (lambda maps: gram_distance(maps, gram_matrix(images[:1])[0]), images),
        "sliced transport": (
            lambda maps: sliced_transport(maps, images[0].flatten(1)[:, :700], random_directions(8, 9, seeded(10))),
            images,
        ),
    }
    for variant in ("closed", "published"):
        loss = RotationInvariantLoss(sided, variant=variant)
        cases[f"rotation invariant, {variant}"] = (loss, images)
        match = loss.match(torch.stack([turn_target(sided, 1.1), turn_target(sided, 2.3, mirror=True)]))
        yield f"rotation invariant, {variant}, match", numbers(torch.cat([match.loss, match.angle, match.mirrored]))
        plain = RotationInvariantLoss(target, variant=variant, mirror=False, sharpen=False)
        cases[f"rotation invariant, {variant}, plain"] = (plain, images)
    for name, view in views.items():
        cases[f"pixel, {name}"] = (PixelLoss(target, rasterizer=view), x)
        seen = RotationInvariantLoss(sided, channel_weights=weights, rasterizer=view)
        cases[f"rotation invariant, {name}"] = (seen, x)
        yield f"view, {name}", measured(view(x))
    networks = {"filter bank": (FilterBank(), large), "maps": (Maps(), small)}
    networks["vgg"] = (VGG16.untrained(generator=seeded(13)), small)
    for name, (features, shown) in networks.items():
        for statistic in ("sliced_ot", "gram"):
            for balanced in (False, True):
                loss = TextureLoss(features, template, statistic, balanced=balanced, generator=seeded(10))
                cases[f"texture, {name}, {statistic}{', balanced' * balanced}"] = (loss, shown)
    inception = InceptionV1.untrained(generator=seeded(14))
    for layer in ("mixed3a", "mixed4a"):
        cases[f"activation, {layer}"] = (ActivationLoss(inception, layer, 3), large)
    for name, (loss, given) in cases.items():
        start = given.clone().requires_grad_()
        values = loss(start)
        yield name, f"{bits(*torch.autograd.grad(values.sum(), start))} {numbers(values)}"


def pictures() -> Iterator[tuple[str, str]]:
    """Targets, templates, substrates, seeds and damage."""
    for name in target_names():
        yield f"target/{name}", bits(load_target(name, size=40, padding=16), load_target(name, size=24, on_pixel=True))
    auxiliary = with_auxiliary(load_target("lizard", size=48, padding=12), "binary,axis:3,side,radial4")
    yield "target/auxiliary", bits(auxiliary)
    for name in template_names():
        yield f"template/{name}", bits(load_template(name, 128))
    for kind, topology in (substrates() | bounded_substrates()).items():
        fields = [topology[name] for name in ("pos", "edge_index", "edge_weight", "edge_attr", "area")]
        fields += [topology[name] for name in STENCIL_FIELDS if name in topology]
        yield f"substrate/{kind}", bits(*fields)
        if "bounded" not in kind:
            seeds = [seed.state(topology, 16, angle=0.5, mirror=True) for seed in names.STRUCTURED_SEEDS.values()]
            yield f"seeds/{kind}", bits(*seeds)
        disks = random_disks(topology, 2, generator=seeded(15))
        x = some_state(topology, 16)
        yield f"damage/{kind}", bits(disks, names.erase(x, disks), scramble(x, disks, 1.0, generator=seeded(16)))
        yield f"damage/{kind}/cells", bits(random_cells(topology, 2, 0.3, generator=seeded(17)))


def trainings() -> Iterator[tuple[str, str]]:
    """Three iterations of every recipe: parameters, their average, the random numbers used so far, the losses."""
    runs: dict[str, Callable[[Path], None]] = {
        key: lambda folder, script=script, options=options: names.train(script, options, folder)
        for key, (script, options) in names.TRAININGS.items()
    }
    for key, command in names.COMMANDS.items():
        runs[f"command line, {key}"] = lambda folder, command=command: names.train_by_command(command, folder)
    for key, run in runs.items():
        with tempfile.TemporaryDirectory() as name, quiet():
            run(Path(name))
            state = torch.load(Path(name) / "checkpoint.pt", weights_only=False)
            saved = load_file(Path(name) / "rule.safetensors")
        genomes = state.get("genomes", {"values": {}})["values"]
        trained = [tensor for part in (state["rule"], genomes) for _, tensor in sorted(part.items())]
        yield f"{key}/parameters", bits(*trained)
        yield f"{key}/average", bits(*(tensor for _, tensor in sorted(saved.items())))
        yield f"{key}/random numbers", bits(state["generator"])
        yield f"{key}/losses", numbers(state["history"])


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Without what trainings have to say, unless they fail."""
    said = io.StringIO()
    try:
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            yield
    except BaseException:
        print(said.getvalue(), file=sys.stderr)
        raise


GROUPS = (pictures, losses, steps, states, arithmetic, options, trainings)
