import math

import pytest
import torch
from torch_geometric.data import Data

from graphnca.damage import (
    disks,
    erase,
    half_plane,
    half_space,
    quadrant,
    random_cells,
    random_disks,
    scramble,
    square,
)
from topologies import square_grid
from topologies.surfaces import sphere, torus


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


def test_a_disk_goes_round_the_seam_of_a_torus_and_not_of_a_domain() -> None:
    centre, radius = torch.zeros(1, 2), torch.tensor([2.0])
    torus = disks(square_grid(8, 10), centre, radius).view(8, 10)
    grid = disks(square_grid(8, 10, periodic=False), centre, radius).view(8, 10)
    assert torch.equal(torus, torus.flip(0))
    assert torch.equal(torus, torus.flip(1))
    assert torus.sum() == 4 * grid.sum() == 12
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
def test_what_is_erased_is_zero_in_all_channels_and_the_rest_untouched(batch: tuple[int, ...]) -> None:
    x, mask = torch.rand(*batch, 9, 4) + 0.1, torch.rand(*batch, 9) < 0.5
    healed = erase(x, mask)
    assert torch.equal(healed, torch.where(mask[..., None], 0.0, x))
    assert (x > 0).all()  # not in place


def middle_cell(topology: Data) -> tuple[float, float]:
    extent = topology["extent"].view(2)
    x, y = topology["pos"][(topology["pos"] - extent / 2).norm(dim=1).argmin()].tolist()
    return x, y


def test_disks_of_a_given_width_are_the_same_part_of_every_plane() -> None:
    """On substrates of different sizes, about points of theirs; by default they grow with the substrate."""
    small, large = square_grid(40, 40), square_grid(60, 60)

    def drawn(grid: Data, at: float) -> torch.Tensor:
        generator = torch.Generator().manual_seed(1)
        return random_disks(grid, 5, generator=generator, half_width=20.0, centre=(at, at)).sum(1)

    assert torch.equal(drawn(small, 20.5), drawn(large, 30.5))
    grown = random_disks(large, 5, generator=torch.Generator().manual_seed(1)).sum(1)
    assert (grown > drawn(large, 30.5)).all()


@pytest.mark.parametrize("half_width", [0.0, -1.0, float("nan")])
def test_a_width_that_is_none(half_width: float) -> None:
    with pytest.raises(ValueError, match="`half_width` must be (a positive length|finite)"):
        random_disks(square_grid(8, 8), 1, half_width=half_width)


def test_opposite_halves_and_the_line_between_are_everything(topology: Data) -> None:
    centre = middle_cell(topology)
    for angle in (0.0, math.pi / 2, 0.3):
        one, other = half_plane(topology, centre, angle), half_plane(topology, centre, angle + math.pi)
        assert not (one & other).any()
        line = ~(one | other)
        assert line[(topology["pos"] - torch.tensor(centre)).norm(dim=1).argmin()]
        assert one.any() and other.any()


def test_sides_are_named_as_on_the_screen() -> None:
    grid = square_grid(9, 9, periodic=False)
    rows, columns = torch.arange(81) // 9, torch.arange(81) % 9
    centre = (4.5, 4.5)
    assert torch.equal(half_plane(grid, centre, 0.0), columns > 4)
    assert torch.equal(half_plane(grid, centre, math.pi), columns < 4)
    assert torch.equal(half_plane(grid, centre, math.pi / 2), rows > 4)
    assert torch.equal(half_plane(grid, centre, -math.pi / 2), rows < 4)
    assert torch.equal(quadrant(grid, centre, 0.0), (rows > 4) & (columns > 4))
    assert torch.equal(quadrant(grid, centre, math.pi), (rows < 4) & (columns < 4))


def test_four_quadrants_are_disjoint(topology: Data) -> None:
    quarters = torch.stack([quadrant(topology, middle_cell(topology), turn * math.pi / 2) for turn in range(4)])
    assert quarters.any(1).all()
    assert quarters.sum(0).max() == 1


def test_a_half_plane_of_a_torus_is_cut_opposite() -> None:
    """About a cell at the seam: four columns to its right, round the seam."""
    mask = half_plane(square_grid(8, 10), (9.5, 0.5), 0.0).view(8, 10)
    assert (mask.sum(0) > 0).nonzero().flatten().tolist()[:4] == [0, 1, 2, 3]
    assert not mask[:, 5:].any()


def test_the_published_square_is_sixteen_cells_wide() -> None:
    mask = square(square_grid(56, 56), (28.5, 28.5), 16.0).view(56, 56)
    expected = torch.zeros(56, 56, dtype=torch.bool)
    expected[20:36, 20:36] = True
    assert torch.equal(mask, expected)


def test_a_square_has_its_area_on_every_substrate(substrates: dict[str, Data]) -> None:
    for name in ("square", "hex", "voronoi"):
        topology = substrates[name]
        places = torch.rand(300, 2, generator=torch.Generator().manual_seed(0)) * topology["extent"]
        areas = [(square(topology, (x, y), 5.0) * topology["area"]).sum() for x, y in places.tolist()]
        assert torch.stack(areas).mean().item() == pytest.approx(25, rel=0.03)


def test_random_cells_are_so_many_and_each_by_itself() -> None:
    masks = random_cells(square_grid(50, 50), 40, 0.3, generator=torch.Generator().manual_seed(2)).float()
    assert masks.mean().item() == pytest.approx(0.3, abs=0.01)
    grid = masks.view(40, 50, 50)
    both = (grid[:, :, 1:] * grid[:, :, :-1]).mean().item()
    assert both == pytest.approx(0.09, abs=0.01)
    assert not random_cells(square_grid(8, 8), 2, 0.0).any()
    assert random_cells(square_grid(8, 8), 2, 1.0).all()


@pytest.mark.parametrize("share", [-0.1, 1.1])
def test_a_share_that_is_none(share: float) -> None:
    with pytest.raises(ValueError, match=r"`share` must lie in 0\.\.1"):
        random_cells(square_grid(8, 8), 1, share)


def test_scrambled_cells_are_drawn_anew_and_others_stay() -> None:
    x, mask = torch.full((2, 64, 5), 7.0), disks(square_grid(8, 8), torch.tensor([[4.0, 4.0]]), torch.tensor([2.5]))[0]
    scrambled = scramble(x, mask, 0.5, generator=torch.Generator().manual_seed(0))
    assert (scrambled[:, ~mask] == 7.0).all()
    inside = scrambled[:, mask]
    assert inside.abs().max() <= 0.5 and inside.std() == pytest.approx(0.5 / 3**0.5, rel=0.15)
    assert not torch.equal(inside[0], inside[1])
    assert (x == 7.0).all()


def test_disks_on_a_surface_are_geodesic() -> None:
    ball = sphere(2500)
    normal, radius = ball["normal"], float(ball["pos"].norm(dim=1).mean())
    by_cell = disks(ball, torch.tensor([40, 7]), torch.tensor([6.0, 9.0]))
    by_point = disks(ball, 1.2 * ball["pos"][[40, 7]], torch.tensor([6.0, 9.0]))
    assert torch.equal(by_cell, by_point)
    for mask, cell, reach in zip(by_cell, (40, 7), (6.0, 9.0), strict=True):
        way = radius * (normal @ normal[cell]).clamp(-1, 1).arccos()
        assert mask[way < reach - 0.5].all() and not mask[way > reach + 0.5].any()


def test_a_disk_does_not_go_through_a_wall() -> None:
    thin = torus(2000, tube=0.15)
    normal = thin["normal"]
    top = int(normal[:, 2].argmax())
    ring = thin["pos"][:, :2].norm(dim=1).mean()
    tube = float(thin["pos"][:, 2].max())
    mask = disks(thin, torch.tensor([top]), torch.tensor([2.2 * tube]))[0]
    assert ring > 5 * tube
    below = (normal[:, 2] < -0.9) & ((thin["pos"] - thin["pos"][top]).norm(dim=1) < 2.2 * tube)
    assert below.any() and not mask[below].any()  # nearer than the radius through the tube, but not along it


def test_random_disks_on_a_surface() -> None:
    ball = sphere(2500)
    half = float(ball["area"].sum()) ** 0.5 / 2

    def drawn(**options) -> torch.Tensor:
        return random_disks(ball, 40, generator=torch.Generator().manual_seed(0), **options)

    assert torch.equal(drawn(), drawn())
    share = (drawn().float() @ ball["area"]) / (math.pi * half**2)
    assert share.min() > 0.8 * 0.1**2 and share.max() < 0.4**2 and share.max() > 4 * share.min()
    anywhere, near = drawn().any(0), drawn(centre=40, half_width=10.0).any(0)
    assert anywhere.float().mean() > 0.8
    way = (ball["pos"] - ball["pos"][40]).norm(dim=1)
    assert near.any() and way[near].max() < 12.0
    assert random_disks(ball, 0).shape == (0, ball.num_nodes)


def test_a_plane_in_space_cuts_a_surface_in_halves() -> None:
    ball = sphere(600)
    upper = half_space(ball, (0.0, 0.0, 0.0), (0.0, 0.0, 3.0))
    assert torch.equal(upper, ball["pos"][:, 2] > 1e-4)
    with pytest.raises(ValueError, match="has a `half_plane`"):
        half_space(square_grid(4, 4), (0.0, 0.0, 0.0), (0.0, 0.0, 1.0))
    for cut in (lambda: half_plane(ball, (0.0, 0.0), 0.0), lambda: square(ball, (0.0, 0.0), 4.0)):
        with pytest.raises(ValueError, match="`disks` or `half_space`"):
            cut()
