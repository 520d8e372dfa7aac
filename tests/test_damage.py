import math

import pytest
import torch
from torch_geometric.data import Data

from graphnca.damage import disks, random_disks, wound
from topologies import square_grid


def test_a_disk_holds_the_cells_whose_centres_are_nearer_than_its_radius(topology: Data) -> None:
    extent = topology["extent"].view(2)
    centre = extent * torch.tensor([0.45, 0.6])
    mask = disks(topology, centre[None], torch.tensor([3.0]))
    assert mask.shape == (1, len(topology["pos"]))
    assert torch.equal(mask[0], (topology["pos"] - centre).norm(dim=1) < 3.0)
    assert mask.any()
    assert not mask.all()


def test_a_disk_has_its_area_on_every_substrate(substrates: dict[str, Data]) -> None:
    """In square units, averaged over places, whatever the cells."""
    for name in ("square", "hex", "voronoi"):
        topology = substrates[name]
        centres = torch.rand(500, 2, generator=torch.Generator().manual_seed(0)) * topology["extent"]
        areas = (disks(topology, centres, torch.full((500,), 3.0)) * topology["area"]).sum(1)
        assert areas.mean().item() == pytest.approx(math.pi * 9, rel=0.03)


def test_a_disk_goes_round_the_seam_of_a_torus_and_not_of_a_sheet() -> None:
    centre, radius = torch.zeros(1, 2), torch.tensor([2.0])
    torus = disks(square_grid(8, 10), centre, radius).view(8, 10)
    sheet = disks(square_grid(8, 10, periodic=False), centre, radius).view(8, 10)
    assert torch.equal(torus, torus.flip(0))
    assert torch.equal(torus, torus.flip(1))
    assert torus.sum() == 4 * sheet.sum() == 12
    assert torch.equal(
        torus.roll((3, 4), (0, 1)), disks(square_grid(8, 10), torch.tensor([[4.0, 3.0]]), radius).view(8, 10)
    )


def test_random_disks_have_the_published_range() -> None:
    """Centre within half the half-width of the middle, radius 0.1 to 0.4 half-widths; all of it is used."""
    grid = square_grid(100, 100)
    masks = random_disks(grid, 300, generator=torch.Generator().manual_seed(0))
    radius = (masks.sum(1) / math.pi).sqrt() / 50
    assert 0.09 < radius.min() < 0.12
    assert 0.38 < radius.max() < 0.41
    assert radius.mean().item() == pytest.approx(0.25, abs=0.02)
    centre = torch.stack([grid["pos"][mask].mean(0) for mask in masks]) / 50 - 1
    assert (centre.amin(0) > -0.51).all()
    assert (centre.amin(0) < -0.45).all()
    assert (centre.amax(0) < 0.51).all()
    assert (centre.amax(0) > 0.45).all()
    assert centre.mean(0).abs().max() < 0.06


def test_random_disks_of_a_domain_that_is_not_square_stay_disks() -> None:
    """The half-width is half the shorter side."""
    masks = random_disks(square_grid(100, 300), 60, generator=torch.Generator().manual_seed(0)).view(60, 100, 300)
    for mask in masks:
        rows, columns = mask.any(1).sum(), mask.any(0).sum()
        assert abs(int(rows) - int(columns)) <= 1
        assert 9 <= rows <= 41
    assert not masks[:, :, :105].any()
    assert not masks[:, :, 195:].any()


def test_random_disks_come_from_the_generator() -> None:
    one, two, other = (
        random_disks(square_grid(20, 20), 5, generator=torch.Generator().manual_seed(seed)) for seed in (1, 1, 2)
    )
    assert torch.equal(one, two)
    assert not torch.equal(one, other)


@pytest.mark.parametrize("batch", [(), (2,), (2, 3)])
def test_a_wound_is_zero_in_all_channels_and_the_rest_untouched(batch: tuple[int, ...]) -> None:
    x, mask = torch.rand(*batch, 9, 4) + 0.1, torch.rand(*batch, 9) < 0.5
    healed = wound(x, mask)
    assert torch.equal(healed, torch.where(mask[..., None], 0.0, x))
    assert (x > 0).all()  # not in place
