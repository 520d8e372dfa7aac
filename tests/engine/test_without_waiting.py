"""What can be known of an accelerator without one, on PyTorch's device without numbers.

There whatever would make the host wait for a number (a list of cells, a truth value) raises, and so does an operation
on tensors of two devices.
"""

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

from graphnca.engine import Task
from graphnca.engine.active_list import ActiveList
from graphnca.engine.patches import Patches
from graphnca.engine.patches.patch import Patch, patch_of
from graphnca.engine.stencil import Table, build_stencil
from graphnca.layers import NCAConv, Perception
from topologies import square_grid


def moved(value: Any) -> Any:
    """The same without its numbers."""
    if isinstance(value, Tensor):
        return value.to("meta")
    if isinstance(value, Table):
        return Table(moved(value.index), moved(value.counts), tuple(map(moved, value.weights)))
    fields = {"heard", "forward", "backward"} | ({"rows"} if isinstance(value, Patch) else {"reach"})
    return replace(value, **{name: moved(getattr(value, name)) for name in fields})


def run(
    kind: type, precision: torch.dtype = torch.float32, regions: Tensor | None = None, **options: Any
) -> list[Tensor]:
    """Takes twenty steps with an engine; states, overflow, change, and the gradients."""
    filters = ("identity", "gradient", "gradient_norm", "laplacian")
    rule = NCAConv(6, 10, filters, **options).to("meta")
    grid = square_grid(6, 7)
    stencil = build_stencil(grid, Perception(filters))
    patch = patch_of(stencil, torch.ones(3, 42, dtype=torch.bool))
    x = torch.zeros(3 * 42, 6, device="meta", requires_grad=True)
    task = Task(rule, grid, torch.Size((3, 42, 6)), x.dtype, x.device, 2.0, regions=regions, precision=precision)
    task.__dict__["stencil"] = moved(stencil)  # which would be built from numbers
    engine = kind(task)
    engine.patch = lambda x, num_steps: moved(patch)
    outcome = engine.steps(x, torch.zeros(20, dtype=torch.int32, device="meta"))
    torch.autograd.backward([value.sum() for value in outcome])
    return [*outcome, *(value.grad for value in (x, *rule.parameters()))]


@pytest.mark.parametrize("precision", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("fire_per", ["cell", "channel"])
@pytest.mark.parametrize("life_mask", ["pre", "pre_post", "post", None])
def test_steps_forward_and_backward_never_wait(life_mask: str | None, fire_per: str, precision: torch.dtype) -> None:
    for value in run(Patches, precision, life_mask=life_mask, fire_per=fire_per):
        assert value.device.type == "meta"
        assert value.dtype == torch.float32


def test_what_is_kept_does_not_make_them_wait() -> None:
    for value in run(Patches, regions=torch.zeros(3, 42, dtype=torch.int64, device="meta")):
        assert value.device.type == "meta"


def test_lists_would_wait() -> None:
    """So the test above can fail."""
    with pytest.raises((NotImplementedError, RuntimeError)):
        run(ActiveList)
