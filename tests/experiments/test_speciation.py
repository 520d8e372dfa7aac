"""Flowers from genomes, small: mixtures, trees, colours, and every file that is promised."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from protocol import shipping
from scipy.cluster.hierarchy import leaves_list
from speciation import (
    Config,
    draw_tree,
    likeness_tree,
    main,
    mean_colours,
    mean_distance,
    nearest_species,
    species_of,
    triangle,
    walk,
)

from graphnca import save_rule
from graphnca.models import growing_nca
from graphnca.results import result as report
from graphnca.rules import load_genomes
from topologies import substrate_of_cells

CARD = {"targets": ["tulip", "rose", "blossom"], "size": 12, "padding": 4}


def saved(folder: Path, names: list[str]) -> str:
    path = folder / "rule.safetensors"
    genomes = {name: torch.full((2,), float(number)) for number, name in enumerate(names)}
    save_rule(growing_nca(6, 8), path, {**CARD, "targets": names}, genomes=genomes)
    return str(path)


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


def test_pictures_are_told_apart(tmp_path: Path) -> None:
    species = species_of(saved(tmp_path, ["rose", "tulip"]))
    images = torch.stack([species.targets["tulip"], species.targets["rose"]])
    assert nearest_species(species, images) == [("tulip", pytest.approx(-8)), ("rose", pytest.approx(-8))]


def test_every_genome_starts_its_own_seed(tmp_path: Path) -> None:
    species, grid = species_of(saved(tmp_path, ["rose", "tulip"])), substrate_of_cells("square", 100)
    starts = species.starts(list(species.genomes.values()), grid)
    cell = starts[0, :, 3].argmax()
    assert starts[:, cell].tolist() == [[0, 0, 0, 1, 0, 0], [0, 0, 0, 1, 1, 1]]


def test_a_rule_without_genomes(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="several genomes"):
        species_of(saved(tmp_path, ["rose"]))


def test_it_writes_what_is_promised(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(report, "published_folder", lambda: tmp_path / "docs")
    rule = saved(tmp_path, list(CARD["targets"]))
    config = Config(
        rule, cells=400, meshes=1, runs=2, steps=(4, 8), grown=20, mixtures=3, divisions=2, out=str(tmp_path / "out"),
        publish=True, ship="flowers",
    )  # fmt: skip
    monkeypatch.setattr(shipping, "RULES", tmp_path / "shipped")
    monkeypatch.setattr(shipping, "PICTURES", tmp_path / "shipped")
    (tmp_path / "shipped").mkdir()
    main(config)
    assert sorted(load_genomes(tmp_path / "shipped/flowers.safetensors")) == sorted(CARD["targets"])
    folder = tmp_path / "docs" / "speciation"
    metrics = json.loads((folder / "metrics.json").read_text())
    assert list(metrics["flowers"]) == ["square", "hex", "voronoi 3001"]
    for entry in metrics["flowers"].values():
        assert list(entry) == CARD["targets"]
        assert [len(errors) for errors in entry["rose"].values()] == [2, 2]
    assert [len(entry) for entry in metrics["walks"].values()] == [3, 3, 3]
    assert len(metrics["tree"]["mixtures"]) == 6 and np.isfinite(metrics["tree"]["heights of the joints"]).all()
    for name in ("flowers.png", "embryos.png", "walks.png", "tree.png", "flowers.gif"):
        with Image.open(folder / name) as picture:
            assert picture.width > 50
    assert "grow into one of the flowers" in capsys.readouterr().out
