"""Grafts: tissue copied from one place of a state to another."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch_geometric.data import Data

from .arguments import checked
from .rasterizers.locate import CellLocator


@checked
def graft(
    x: Float[Tensor, "*b n c"],
    topology: Data,
    tissue: Bool[Tensor, " n"],
    shift: tuple[float, float],
    *,
    donor: Float[Tensor, "*d n c"] | None = None,
) -> tuple[Float[Tensor, "*b n c"], Bool[Tensor, " n"]]:
    """Copies cells of the donor, all channels, to where they lie after a shift.

    A cell gets the state of the donor's cell that lies nearest to its own place before the shift, if that cell belongs
    to the tissue. On a square grid and for whole units this is a translation; on every substrate the graft has the
    tissue's size and shape. It leaves the tissue itself as it was.

    Args:
        x: Who receives the graft.
        topology: The substrate.
        tissue: The cells that are copied.
        shift: How far (x, y), in units.
        donor: Where they are copied from, by default `x` itself.

    Returns:
        The states with the graft, and the cells that it covers (freeze them with `graphnca.regions.FROZEN`).

    Raises:
        ValueError: If `tissue` is not one truth value per cell.
    """
    locator = CellLocator(topology)
    before = (topology["pos"][:, :2].cpu().double() - torch.tensor(shift, dtype=torch.float64)).numpy()
    source = torch.from_numpy(locator.nearest(before)[1][:, 0]).to(x.device)
    inside = torch.from_numpy(locator.inside(before)).to(x.device)
    covered = tissue[source] & inside
    copied = (x if donor is None else donor)[..., source, :]
    return torch.where(covered.unsqueeze(-1), copied, x), covered
