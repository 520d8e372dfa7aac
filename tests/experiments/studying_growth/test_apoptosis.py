"""The hollow bone, small: what is a cavity, and what is alive in it."""

from pathlib import Path

import pytest
import torch
from studying_growth.apoptosis import Config, main, watched

from graphnca import save_rule
from graphnca.evaluation.cavity import cavity_of, cells_in, living_share
from graphnca.evaluation.subject import Subject, SubjectError
from graphnca.evaluation.upright import painted
from graphnca.models import growing_nca
from graphnca.results.result import Result
from graphnca.targets import load_target
from topologies import substrates

TARGET = load_target("hollow-bone", size=40, padding=4)
SUBSTRATES = substrates(cells=48 * 48, meshes=1)


@pytest.mark.parametrize("name", SUBSTRATES)
def test_the_picture_itself_is_dead_in_the_cavity_and_alive_around_it(name: str) -> None:
    topology = SUBSTRATES[name]
    states = painted(TARGET, topology)[None]
    cavity, bone = cells_in(cavity_of(TARGET), topology), cells_in(TARGET[3] > 0.1, topology)
    assert not (cavity & bone).any()
    assert int(cavity.sum()) > 200
    assert float(living_share(states, cavity)) < 0.05
    assert float(living_share(states, bone)) > 0.95
    filled = torch.ones_like(states)
    assert float(living_share(filled, cavity)) == 1


def test_cells_beyond_the_picture_are_in_no_mask() -> None:
    topology = SUBSTRATES["square"]
    mask = torch.ones(10, 10, dtype=torch.bool)
    assert int(cells_in(mask, topology).sum()) == 100


@pytest.mark.parametrize("name", ["lizard", "newt"])
def test_what_is_not_hollow(name: str) -> None:
    with pytest.raises(SubjectError, match="hollow"):
        cavity_of(load_target(name, size=40, padding=4))


def test_a_seed_that_stays_is_one_cell_of_the_cavity() -> None:
    still = Subject("still", growing_nca(6, 8), {"size": 16, "padding": 2}, goal="hollow-bone")
    entry, shown = watched(still, substrates(("square",), 400)["square"], Config(runs=2, steps=16))
    assert entry["curve"]["step"] == list(shown) == [0, 4, 8, 12, 16]
    assert entry["curve"]["cavity"][0] == pytest.approx(1 / entry["cells in the cavity"], abs=1e-4)
    assert len(entry["share alive in the cavity at the end"]) == 2


def test_a_rule_without_target(tmp_path: Path) -> None:
    save_rule(growing_nca(6, 8), tmp_path / "bare.safetensors")
    with pytest.raises(SubjectError, match="what bare is to show"):
        main(Config(rule=str(tmp_path / "bare.safetensors")), Result("bare", tmp_path))
