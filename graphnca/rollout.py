"""Many steps of a rule on a fixed substrate."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch_geometric.data import Data

from .engine import Task, choose_engine, has_engine
from .engine.stencil import pads_well, stencil_of
from .layers import NCAConv, UpdateRule, fire_key
from .losses.overflow import OverflowLoss
from .losses.step_difference import StepDifferenceLoss
from .regions import kept_channels

OVERFLOW_BOUND = 2.0  # states beyond +-2 are penalised (IsoNCA)


@dataclass(frozen=True)
class Trajectory:
    """A rollout with what was asked for on the way."""

    final: Tensor
    """The state after the last step, `(..., N, C)`."""
    states: dict[int, Tensor]
    """The recorded states by the number of steps taken (0 is the start), each `(..., N, C)`."""
    overflow: Tensor
    """Sum over steps, cells and channels of (x - clamp(x, -2, 2))^2, one per sample, `(...)`."""
    change: Tensor
    """Sum over steps of mean |x_t - x_(t-1)|, the mean over cells and channels, one per sample, `(...)`."""


def rollout(
    rule: NCAConv,
    x: Float[Tensor, "*b n c"],
    topology: Data,
    num_steps: int,
    *,
    generator: torch.Generator | None = None,
    angle: float | Float[Tensor, "*a"] | None = None,
    fire_rate: float | Float[Tensor, "*r"] | None = None,
    regions: Int[Tensor, "*g"] | None = None,
    interventions: Mapping[int, Callable[[Tensor], Tensor]] | None = None,
    precision: torch.dtype | None = None,
    checkpoint_every: int | None = None,
) -> Float[Tensor, "*b n c"]:
    """The state after `num_steps` steps; see `trajectory` for the arguments and for what else can be had."""
    return trajectory(
        rule,
        x,
        topology,
        num_steps,
        regularisers=False,
        generator=generator,
        angle=angle,
        fire_rate=fire_rate,
        regions=regions,
        interventions=interventions,
        precision=precision,
        checkpoint_every=checkpoint_every,
    ).final


def trajectory(
    rule: NCAConv,
    x: Float[Tensor, "*b n c"],
    topology: Data,
    num_steps: int,
    *,
    record: Iterable[int] = (),
    regularisers: bool = True,
    generator: torch.Generator | None = None,
    angle: float | Float[Tensor, "*a"] | None = None,
    fire_rate: float | Float[Tensor, "*r"] | None = None,
    regions: Int[Tensor, "*g"] | None = None,
    interventions: Mapping[int, Callable[[Tensor], Tensor]] | None = None,
    precision: torch.dtype | None = None,
    checkpoint_every: int | None = None,
) -> Trajectory:
    """Steps a rule, recording states and regularisers, all of them differentiable.

    Equal to calling `rule(x, topology.edge_index, ...)` `num_steps` times with the same generator, at a cost that
    follows the cells that live and fire, and are not frozen. Rules in fixed point, rules in 8 bits where the compiled
    engine can't be had, rules with another update network than `UpdateRule`, frames that differ between samples or are
    trained, and graphs with a few cells of very many neighbours take those plain steps themselves; then `precision` and
    `checkpoint_every` have no effect.

    Args:
        rule: The rule; its parameters receive gradients.
        x: Start, `(..., N, C)`; it receives a gradient if it asks for one (trainable seeds).
        topology: A substrate that keeps the data contract; its operators are built on the first call and kept.
        num_steps: How many steps, at least 0.
        record: Numbers of steps after which the state is recorded, each in 0..num_steps.
        regularisers: Whether overflow and change are measured.
        generator: Source of one key a step (see `graphnca.layers.firing`); without one, PyTorch's default.
        angle: Radians by which the frame of gradients is turned, one for all, `(N,)`, or `(..., N)`.
        fire_rate: Overrides the rule's, one for all or `(..., N)`.
        regions: What may change, `(N,)` or for every sample its own, `(..., N)` (see `graphnca.regions`).
        interventions: What is done to the state after so many steps, e.g. `{200: lambda x: wound(x, mask)}`; a state
            recorded at that step is the one after it. It counts neither as overflow nor as change.
        precision: Type of the update network's products, e.g. `torch.bfloat16`; states and gradients keep their type.
            Defaults to that of `x`. For accelerators: on the CPU the compiled engine, which computes in the type of
            `x`, is faster (see `graphnca.engine`).
        checkpoint_every: Keep the state every so many steps only, and compute the steps between again in the backward
            pass, with the same masks.

    Raises:
        ValueError: For a state that does not fit rule or substrate, or steps out of range, naming the argument.
    """
    num_cells = topology.num_nodes
    if x.dim() < 2 or x.shape[-2] != num_cells or x.shape[-1] != rule.num_channels:
        raise ValueError(
            f"`x` must have shape (..., {num_cells}, {rule.num_channels}) for this substrate and rule, "
            f"got {tuple(x.shape)}."
        )
    needed = ("edge_index", "edge_weight") + (("edge_attr",) if rule.perception.uses_gradient else ())
    if missing := [field for field in needed if field not in topology]:
        raise ValueError(f"`topology` must have the fields {needed} for this rule, {missing} are missing.")
    if num_steps < 0 or (checkpoint_every is not None and checkpoint_every < 1):
        raise ValueError(
            f"`num_steps` must be at least 0 and `checkpoint_every` at least 1, got {num_steps}, {checkpoint_every}."
        )
    wanted = set(record)
    if any(not 0 <= number <= num_steps for number in wanted):
        raise ValueError(f"`record` must lie in 0..{num_steps}, got {sorted(wanted)}.")
    interventions = interventions or {}
    if any(not 0 <= number <= num_steps for number in interventions):
        raise ValueError(f"`interventions` must come after 0..{num_steps} steps, got {sorted(interventions)}.")
    boundaries = wanted | {num_steps} | set(interventions)
    if checkpoint_every is not None:
        boundaries |= set(range(checkpoint_every, num_steps, checkpoint_every))
    stops = sorted(boundaries - {0})
    plain = (
        type(rule.update_rule) is not UpdateRule
        or not has_engine(rule.arithmetic, x.device, x.dtype, precision or x.dtype)
        or (isinstance(angle, Tensor) and (angle.dim() > 1 or angle.requires_grad))
        or x.numel() == 0
        or not pads_well(topology)
    )
    x = _intervened(x, interventions.get(0))
    states = {0: x} if 0 in wanted else {}
    if plain:
        step = _PlainSteps(rule, topology, regularisers, generator, angle, fire_rate, regions)
    else:
        task = _task(rule, x, topology, regularisers, angle, fire_rate, regions, precision or x.dtype)
        step = _FastSteps(task, x, generator, recompute=checkpoint_every is not None)
    overflow = change = x.new_zeros(x.shape[:-2])
    now = 0
    for stop in stops:
        x, more_overflow, more_change = step(x, stop - now)
        overflow, change, now = overflow + more_overflow, change + more_change, stop
        x = _intervened(x, interventions.get(stop))
        if stop in wanted:
            states[stop] = x
    return Trajectory(x, states, overflow, change)


def _intervened(x: Tensor, intervention: Callable[[Tensor], Tensor] | None) -> Tensor:
    if intervention is None:
        return x
    after = intervention(x)
    if after.shape != x.shape:
        raise ValueError(f"`interventions` must return states of the shape {tuple(x.shape)}, got {tuple(after.shape)}.")
    return after


def _task(rule, x, topology, regularisers, angle, fire_rate, regions, precision) -> Task:
    """What an engine is given; whatever differs between samples has the shape `(batch, N)`."""
    batch = max(1, x.shape[:-2].numel())
    if isinstance(fire_rate, Tensor):
        fire_rate = fire_rate.expand(x.shape[:-1]).reshape(batch, -1)
    kept = None if regions is None else kept_channels(regions, x.shape[-1]).expand(x.shape[:-1]).reshape(batch, -1)
    return Task(
        rule,
        stencil_of(topology, rule.perception, x.dtype, x.device, angle),
        batch,
        fire_rate,
        OVERFLOW_BOUND if regularisers else None,
        precision,
        kept,
    )


class _FastSteps:
    """Segments of steps through the stencil."""

    def __init__(self, task, x, generator, recompute):
        self.engine = choose_engine(x.device, x.dtype, task.precision, keeps=task.kept is not None)(task)
        self.generator, self.recompute = generator, recompute

    def __call__(self, x: Tensor, num_steps: int) -> tuple[Tensor, Tensor, Tensor]:
        source = torch.device("cpu") if self.generator is None else self.generator.device
        keys = torch.stack([fire_key(self.generator, source) for _ in range(num_steps)]).to(x.device)
        rows = x.reshape(-1, x.shape[-1])
        out, overflow, change = self.engine(rows if torch.is_grad_enabled() else rows.detach(), keys, self.recompute)
        lead = x.shape[:-2]
        return out.view(x.shape), overflow.view(lead), change.view(lead)


class _PlainSteps:
    """One call of the layer a step."""

    def __init__(self, rule, topology, regularisers, generator, angle, fire_rate, regions):
        self.rule, self.topology, self.regularisers = rule, topology, regularisers
        self.options = {"generator": generator, "angle": angle, "fire_rate": fire_rate, "regions": regions}
        self.overflow_loss, self.change_loss = OverflowLoss(OVERFLOW_BOUND), StepDifferenceLoss()

    def __call__(self, x: Tensor, num_steps: int) -> tuple[Tensor, Tensor, Tensor]:
        overflow = change = x.new_zeros(x.shape[:-2])
        edges = (self.topology.edge_index, self.topology.edge_weight, self.topology.edge_attr)
        smoothing = self.topology.smoothing if "smoothing" in self.topology else None
        for _ in range(num_steps):
            next_x = self.rule(x, *edges, smoothing=smoothing, **self.options)
            if self.regularisers:
                overflow = overflow + self.overflow_loss(next_x)
                change = change + self.change_loss(x, next_x)
            x = next_x
        return x, overflow, change
