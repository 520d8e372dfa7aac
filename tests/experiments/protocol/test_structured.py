"""The seeds of the structured targets."""

import pytest
from protocol.structured import SEEDS, seed_of

from topologies import hex_grid, square_grid, voronoi_mesh


@pytest.mark.parametrize("target", sorted(SEEDS))
def test_seeds_fit_every_substrate_in_every_orientation(target: str) -> None:
    colours = SEEDS[target].colours
    for topology in (square_grid(72, 72), hex_grid(84, 62), voronoi_mesh(72, 72)):
        for angle in (0.0, 1.0):
            seed = seed_of(target, topology, angle=angle, mirror=angle > 0)
            living = seed[seed[:, 3] > 0]
            assert len(living) == len(colours)
            assert {tuple(row) for row in living[:, :3].tolist()} == {tuple(row) for row in colours.tolist()}


def test_a_target_without_a_seed() -> None:
    with pytest.raises(SystemExit, match="dancer"):
        seed_of("heart", square_grid(8, 8))
