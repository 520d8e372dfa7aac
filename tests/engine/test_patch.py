import pytest
import torch
from torch_geometric.data import Data

from graphnca.engine.patches.patch import patch_of, reached
from graphnca.engine.stencil import build_stencil, gather_sum
from graphnca.layers import Perception
from graphnca.seeds import point_seed
from topologies import square_grid


def test_a_patch_perceives_as_the_whole(substrates: dict[str, Data], monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the states beyond it are zero; two samples of different size."""
    monkeypatch.setattr("graphnca.engine.patches.patch.QUANTUM", 8)
    mesh = substrates["voronoi"]
    stencil = build_stencil(mesh, Perception("laplacian"))
    flags = torch.zeros(2, len(mesh["pos"]), dtype=torch.bool)
    flags[0, 5:30], flags[1, 60:63] = True, True
    x = torch.rand(2, flags.shape[1], 3) * flags[..., None]
    patch = patch_of(stencil, flags)
    assert len(patch.rows) == 2 * 32
    rows = x.view(-1, 3)
    states = patch.take(rows)
    assert torch.equal(patch.put(states, len(rows)), rows)
    whole = stencil.repeated(2)
    for band in range(3):
        for table in ("forward", "backward"):
            expected = getattr(whole, table).product(rows, None, band)
            among = getattr(patch, table)
            found = patch.put(gather_sum(states, among.index, among.weights[band]), len(rows))
            torch.testing.assert_close(found[flags.view(-1)], expected[flags.view(-1)])


def test_what_can_be_reached_spreads_by_a_ring_a_step() -> None:
    grid = square_grid(31, 31)
    stencil = build_stencil(grid, Perception("isonca"))
    for num_steps in (1, 4):
        flags = reached(stencil, point_seed(grid)[None], 0.1, num_steps)
        assert int(flags.sum()) == (2 * (num_steps + 2) + 1) ** 2


def test_a_state_that_is_not_alive_is_within() -> None:
    """The first step's mask zeroes it."""
    grid = square_grid(9, 9)
    x = torch.zeros(1, 81, 16)
    x[0, 40, 7] = 1.0
    assert reached(build_stencil(grid, Perception("isonca")), x, 0.1, 3).sum() == 1
