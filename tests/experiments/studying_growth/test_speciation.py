"""Flowers from genomes, small: mixtures, trees, colours."""

import pytest
import torch
from PIL import Image
from scipy.cluster.hierarchy import leaves_list
from studying_growth.speciation import Config, main, nearest_species

from graphnca.evaluation.species import draw_tree, likeness_tree, mean_colours, mean_distance, triangle, walk
from graphnca.evaluation.subject import Subject
from graphnca.models import growing_nca
from graphnca.results.result import Result

GENOMES = {"rose": torch.zeros(2), "tulip": torch.ones(2)}
FLOWERS = Subject("flowers", growing_nca(6, 8), {"size": 12, "padding": 4}, GENOMES)


def test_a_walk_goes_from_one_end_to_the_other() -> None:
    one, other = torch.tensor([0.0, 1.0]), torch.tensor([4.0, -1.0])
    assert torch.equal(torch.stack(walk(one, other, 3)), torch.tensor([[0.0, 1.0], [2.0, 0.0], [4.0, -1.0]]))


@pytest.mark.parametrize(("divisions", "corners", "count"), [(1, 3, 3), (5, 3, 21), (4, 2, 5)])
def test_mixtures_fill_the_simplex(divisions: int, corners: int, count: int) -> None:
    weights = triangle(divisions, corners)
    assert len(weights) == len(set(weights)) == count
    assert all(sum(row) == pytest.approx(1) and min(row) >= 0 for row in weights)
    for corner in range(corners):
        assert tuple(float(corner == number) for number in range(corners)) in weights


def test_the_tree_joins_what_is_alike() -> None:
    generator = torch.Generator().manual_seed(0)
    kinds = torch.rand(3, 4, 6, 6, generator=generator)
    images = kinds[torch.tensor([0, 1, 2, 0, 1, 2])] + 0.01 * torch.rand(6, 4, 6, 6, generator=generator)
    order = leaves_list(likeness_tree(images)) % 3
    assert all(order[number] == order[number + 1] for number in (0, 2, 4))


def test_the_height_of_a_joint_is_the_difference_of_the_pictures() -> None:
    images = torch.zeros(2, 4, 5, 5)
    images[1] = 0.5
    assert likeness_tree(images)[0, 2] == pytest.approx(0.5)


def test_the_tree_is_drawn_with_every_leaf() -> None:
    images = torch.rand(5, 4, 6, 6, generator=torch.Generator().manual_seed(0))
    colours = ["#ff0000", "#00ff00", "#0000ff", "#ffff00", "#00ffff"]
    picture = draw_tree(likeness_tree(images), [Image.new("RGB", (20, 20), colour) for colour in colours], colours)
    seen = {colour for _, colour in picture.getcolors(10_000)}
    assert {(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0), (0, 255, 255)} <= seen


def test_mean_colours_are_those_of_the_tissue() -> None:
    states = torch.zeros(1, 10, 5)
    states[0, :4] = torch.tensor([0.5, 0.25, 0.0, 0.5, 9.0])
    torch.testing.assert_close(mean_colours(states), torch.tensor([[1.0, 0.5, 0.0]]))
    assert torch.equal(mean_colours(torch.zeros(1, 10, 5)), torch.zeros(1, 3))


def test_the_distance_is_the_mean_over_pairs() -> None:
    colours = torch.tensor([[[0.0, 0, 0]], [[1.0, 0, 0]], [[0.0, 1, 0]]])
    assert mean_distance(colours) == pytest.approx((1 + 1 + 2**0.5) / 3)


def test_pictures_are_most_like_their_own_target() -> None:
    species = FLOWERS.species
    images = torch.stack([species["tulip"].target, species["rose"].target])
    assert nearest_species(species, images) == [("tulip", pytest.approx(-8)), ("rose", pytest.approx(-8))]


def test_a_rule_without_genomes(tmp_path) -> None:
    with pytest.raises(SystemExit, match="several genomes"):
        main(Config(rule="growing-lizard"), Result("flowers", tmp_path))
