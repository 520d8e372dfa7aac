"""Many steps of a rule on a fixed substrate."""

import itertools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, TypedDict, Unpack

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch_geometric.data import Data

from ..arguments import OR_BATCH, checked
from ..layers import NCAConv
from ..layers.firing import check_rate
from ..regularisers import OVERFLOW_BOUND
from .choice import choose_engine
from .following import transformed
from .graph import num_cells_of
from .task import Task

Intervention = Callable[[Tensor], Tensor]
Graph = Annotated[Data, OR_BATCH]


class StepOptions(TypedDict, total=False):
    """What the steps of a rollout may be given."""

    generator: torch.Generator | None
    """Source of one key a step (see `graphnca.layers.firing`); without one, PyTorch's default."""
    angle: float | Float[Tensor, "*a"] | None
    """Radians by which the frame of gradients is turned, one for all, `(N,)`, or `(..., N)`."""
    fire_rate: float | Float[Tensor, "*r"] | None
    """Overrides the rule's, one for all or `(..., N)`."""
    regions: Int[Tensor, "*g"] | None
    """What may change, `(N,)` or for every sample its own, `(..., N)` (see `graphnca.regions`)."""
    precision: torch.dtype | None
    """Type of the update network's products, e.g. `torch.bfloat16`; states and gradients keep their type.

    Defaults to that of `x`. For accelerators, and for processors that multiply in bfloat16 (AVX512-BF16); on others the
    compiled engine in the type of `x` is faster (see `graphnca.engine`).
    """


class RolloutOptions(StepOptions, total=False):
    """What a rollout may be given: what its steps may, and what happens between them."""

    interventions: Mapping[int, Intervention] | None
    """What is done to the state after so many steps, e.g. `{200: lambda x: erase(x, cells)}`.

    A state recorded at that step is the one after it. It counts neither as overflow nor as change.
    """
    checkpoint_every: int | None
    """Keep the state every so many steps only, and take the steps between again in the backward pass, with the same
    masks."""


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


@checked
def rollout(
    rule: NCAConv, x: Float[Tensor, "*b n c"], topology: Graph, num_steps: int, **options: Unpack[RolloutOptions]
) -> Float[Tensor, "*b n c"]:
    """The state after `num_steps` steps; see `trajectory` for the arguments, and `RolloutOptions` for the options."""
    return trajectory(rule, x, topology, num_steps, regularisers=False, **options).final


@checked
def trajectory(
    rule: NCAConv,
    x: Float[Tensor, "*b n c"],
    topology: Graph,
    num_steps: int,
    *,
    record: Iterable[int] = (),
    regularisers: bool = True,
    interventions: Mapping[int, Intervention] | None = None,
    checkpoint_every: int | None = None,
    **options: Unpack[StepOptions],
) -> Trajectory:
    """Steps a rule, recording states and regularisers, all of them differentiable.

    Equal to calling `rule(x, topology.edge_index, ...)` `num_steps` times with the same generator, at a cost that
    follows the cells that live and fire, and are not frozen. Rules in fixed point, rules in 8 bits where the compiled
    engine can't be had, rules with another update network than `UpdateRule`, frames that differ between samples or are
    trained, and graphs with a few cells of very many neighbours take the layer's own steps; then `precision` and
    `checkpoint_every` have no effect.

    Args:
        rule: The rule; its parameters receive gradients. In evaluation mode (`rule.eval()`, as loaded rules are) no
            record is kept for the backward pass, which takes the steps again: inference costs nothing, and gradients
            are right in both modes, but in training mode (`rule.train()`, as new rules are) they come faster.
        x: Start, `(..., N, C)`; it receives a gradient if it asks for one (trainable seeds).
        topology: A substrate that keeps the data contract; its operators are built on the first call and kept.
        num_steps: How many steps, at least 0.
        record: Numbers of steps after which the state is recorded, each in 0..num_steps.
        regularisers: Whether overflow and change are measured.
        interventions: See `RolloutOptions`.
        checkpoint_every: See `RolloutOptions`.
        options: See `StepOptions`.

    Raises:
        ValueError: For a state that does not fit rule or substrate, or steps out of range, naming the argument; or if
            the environment asks for an engine that does not take the rollout.
    """
    recorded, interventions = set(record), interventions or {}
    _check(rule, x, topology, num_steps, recorded, interventions, checkpoint_every)
    if (rate := options.get("fire_rate")) is not None:
        check_rate(rate)
    x = _intervened(x, interventions.get(0))
    task = Task(
        rule,
        topology,
        x.shape,
        x.dtype,
        x.device,
        overflow_bound=OVERFLOW_BOUND if regularisers else None,
        recompute=checkpoint_every is not None or not rule.training,
        transformed=transformed(itertools.chain([x], rule.parameters())),
        **options,
    )
    take_steps = choose_engine(task)(task)
    states = {0: x} if 0 in recorded else {}
    overflow = change = x.new_zeros(x.shape[:-2])
    now = 0
    checkpoints = range(checkpoint_every, num_steps, checkpoint_every) if checkpoint_every else ()
    for stop in sorted({num_steps, *recorded, *interventions, *checkpoints} - {0}):
        x, more_overflow, more_change = take_steps(x, stop - now)
        overflow, change, now = overflow + more_overflow, change + more_change, stop
        x = _intervened(x, interventions.get(stop))
        if stop in recorded:
            states[stop] = x
    return Trajectory(x, states, overflow, change)


def _check(
    rule: NCAConv,
    x: Tensor,
    topology: Data,
    num_steps: int,
    recorded: set[int],
    interventions: Mapping[int, Intervention],
    checkpoint_every: int | None,
) -> None:
    """Raises for arguments that do not fit each other."""
    num_cells = num_cells_of(topology)
    if num_cells is None and x.dim() > 1:
        num_cells = x.shape[-2]
    if x.dim() < 2 or x.shape[-2] != num_cells or x.shape[-1] != rule.num_channels:
        raise ValueError(
            f"`x` must have shape (..., {num_cells}, {rule.num_channels}) for this substrate and rule, "
            f"got {tuple(x.shape)}."
        )
    vectors = "stencil_gradient" if "stencil_index" in topology else "edge_attr"
    needed = ("edge_index",) + ((vectors,) if rule.perception.uses_gradient else ())
    if missing := [field for field in needed if field not in topology]:
        raise ValueError(f"`topology` must have the fields {needed} for this rule, {missing} are missing.")
    if num_steps < 0 or (checkpoint_every is not None and checkpoint_every < 1):
        raise ValueError(
            f"`num_steps` must be at least 0 and `checkpoint_every` at least 1, got {num_steps}, {checkpoint_every}."
        )
    if any(not 0 <= number <= num_steps for number in recorded):
        raise ValueError(f"`record` must lie in 0..{num_steps}, got {sorted(recorded)}.")
    if any(not 0 <= number <= num_steps for number in interventions):
        raise ValueError(f"`interventions` must come after 0..{num_steps} steps, got {sorted(interventions)}.")


def _intervened(x: Tensor, intervention: Intervention | None) -> Tensor:
    if intervention is None:
        return x
    after = intervention(x)
    if after.shape != x.shape:
        raise ValueError(f"`interventions` must return states of the shape {tuple(x.shape)}, got {tuple(after.shape)}.")
    return after
