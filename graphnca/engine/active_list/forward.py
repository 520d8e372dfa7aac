"""The steps, forward."""

from dataclasses import dataclass

import torch
from torch import Tensor

from ...layers import fires
from ...layers.life import ALPHA, is_mature
from .network import Network, to_precision
from .plan import Plan
from .regularisers import Record, Regularisers


@dataclass
class Step:
    """What the backward pass needs of one step."""

    support: Tensor | None  # rows that may differ from zero before the step; None: all
    kept: Tensor | None  # rows that may differ from zero after it; None: all
    zeroed: Tensor | None  # rows that the life mask set to zero
    active: Tensor  # rows that were updated
    perceived: Tensor
    operated: list[Tensor]  # what the operators make of the active rows, where a band of two needs it
    fired: Tensor | None  # which channels fired, where channels fire on their own
    measured: Record | None  # the regularisers


def forward(plan: Plan, x: Tensor, keys: Tensor, network: Network, tape: list[Step] | None) -> tuple[Tensor, Tensor]:
    """Steps `x` (rows, C) in place; returns overflow and change, one sum per sample, and fills the tape."""
    num_rows, channels = x.shape
    everything = torch.arange(num_rows, device=x.device)
    support = x.ne(0).any(1).nonzero().view(-1) if plan.life_mask else None
    regularisers = None if plan.overflow_bound is None else Regularisers(plan, x, plan.overflow_bound)
    for key in keys:
        # which cells live, and fire
        live = _alive(plan, x, support) if plan.life_mask in ("pre", "pre_post") else None
        candidates = everything if live is None else live.nonzero().view(-1)
        active, fired = _firing(plan, key, candidates)
        # what they perceive, and do
        own, perceived, operated = _perceive(plan, x, active)
        change = network.forward(perceived)[: len(own)].to(x.dtype)
        if fired is not None:
            change = change * fired
        # dead cells beside them may become mature in this step: they die again, but keep a neighbour alive
        would_be_mature = (
            _would_be_mature(plan, x, key, live, candidates, network) if plan.life_mask == "pre_post" else None
        )
        before = x.index_select(0, support) if regularisers is not None and support is not None else None
        after = own + change
        x.index_copy_(0, active, after)
        # who dies
        kept, died, zeroed, survives = None, None, None, None
        if support is not None:
            keep = live
            if plan.life_mask in ("post", "pre_post"):
                alive_after = _alive(plan, x, candidates, would_be_mature)
                keep = alive_after if live is None else live & alive_after
                survives = keep[active]
            assert keep is not None
            dying = ~keep[support]
            rows = support[dying]
            died = None if before is None else (rows, before[dying])
            zeroed = rows if survives is None else torch.cat([rows, active[~survives]])
            x.index_fill_(0, zeroed, 0.0)
            kept = candidates if plan.life_mask == "pre" else keep.nonzero().view(-1)
        measured = regularisers and regularisers.add(x, active, after, change, survives, died)
        if tape is not None:
            tape.append(
                Step(support, kept, zeroed, active, perceived, operated if plan.has_vectors else [], fired, measured)
            )
        support = kept
    if regularisers is None:
        return x.new_zeros(plan.batch), x.new_zeros(plan.batch)
    return regularisers.overflow, regularisers.change / (plan.num_cells * channels)


def _alive(plan: Plan, x: Tensor, rows: Tensor | None, more: Tensor | None = None) -> Tensor:
    """Life flags of all rows, given the rows that may be mature and more that are."""
    alpha = x[:, ALPHA]
    if rows is None:
        mature = is_mature(alpha, plan.alive_threshold).nonzero().view(-1)
    else:
        mature = rows[is_mature(alpha.index_select(0, rows), plan.alive_threshold)]
    if more is not None:
        mature = torch.cat([mature, more])
    return _flags(plan, plan.reach.index_select(0, mature).long().view(-1))


def _flags(plan: Plan, rows: Tensor) -> Tensor:
    return torch.zeros(plan.batch * plan.num_cells, dtype=torch.bool, device=rows.device).index_fill_(0, rows, True)


def _firing(plan: Plan, key: Tensor, candidates: Tensor) -> tuple[Tensor, Tensor | None]:
    """The rows among the candidates that fire, and which of their channels where channels fire on their own."""
    rate = plan.fire_rate[candidates] if isinstance(plan.fire_rate, Tensor) else plan.fire_rate
    hashed = plan.hashed.index_select(0, candidates)
    if plan.fire_per_channel:
        return candidates, fires(key, hashed, rate[:, None] if isinstance(rate, Tensor) else rate)
    return candidates[fires(key, hashed, rate)], None


def _perceive(plan: Plan, x: Tensor, rows: Tensor) -> tuple[Tensor, Tensor, list[Tensor]]:
    """Own state, perceived vector and what the operators make of the given rows."""
    own = x.index_select(0, rows)
    operated = [plan.forward.product(x, rows, row) for row in range(len(plan.forward.weights))]
    return own, to_precision(plan.perception(own, operated), plan.precision), operated


def _would_be_mature(
    plan: Plan, x: Tensor, key: Tensor, live: Tensor | None, candidates: Tensor, network: Network
) -> Tensor | None:
    """Dead cells that living ones hear, and whose alpha would exceed the threshold after this step."""
    assert live is not None
    frontier = (_flags(plan, plan.heard.index_select(0, candidates).long().view(-1)) & ~live).nonzero().view(-1)
    rows, fired = _firing(plan, key, frontier)
    own, perceived, _ = _perceive(plan, x, rows)
    change = network.alpha_change(perceived)[: len(own)].to(x.dtype)
    if fired is not None:
        change = change * fired[:, ALPHA]
    return rows[is_mature(own[:, ALPHA] + change, plan.alive_threshold)]
