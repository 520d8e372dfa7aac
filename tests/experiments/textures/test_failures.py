"""Every case changes what it says and nothing else; fates."""

from pathlib import Path

import pytest
import torch
from textures.failures import (
    TRAINED,
    Case,
    Config,
    cases_of,
    measure,
    noise,
    one_cell,
    reached,
    squares,
    tables,
)
from torch_geometric.data import Data

from graphnca.evaluation.conditions import magnified, with_kernels, with_laplacian
from graphnca.evaluation.named import read_subject
from graphnca.layers import neighbourhood
from graphnca.models import texture_nca
from graphnca.results.result import Result
from topologies import square_grid, substrate_of_cells


def perceived(topology: Data, field: torch.Tensor) -> torch.Tensor:
    """x, its gradient and its Laplacian, as a texture rule perceives them: (N, 4)."""
    rule = texture_nca(1, 4)
    return rule.perceive(field[:, None], **neighbourhood(topology)).detach()


@pytest.fixture
def field() -> torch.Tensor:
    return torch.rand(144, generator=torch.Generator().manual_seed(0))


def test_another_laplacian_leaves_the_gradients(field: torch.Tensor) -> None:
    topology = square_grid(12, 12)
    before, after = perceived(topology, field), perceived(with_laplacian(topology, 16), field)
    torch.testing.assert_close(after[:, :3], before[:, :3])
    torch.testing.assert_close(after[:, 3], before[:, 3] * 16 / 12)


@pytest.mark.parametrize("same_equation", [True, False])
def test_larger_cells_perceive_per_unit(field: torch.Tensor, same_equation: bool) -> None:
    topology = square_grid(12, 12)
    before = perceived(topology, field)
    after = perceived(magnified(topology, 2, same_equation=same_equation), field)
    torch.testing.assert_close(after[:, 1:3], before[:, 1:3] / 2)
    torch.testing.assert_close(after[:, 3], before[:, 3] / (4 if same_equation else 1))
    assert squares(24, 2)["extent"].tolist() == [[24, 24]]
    assert squares(24, 2).num_nodes == 144


def test_kernels_are_those_of_a_copy() -> None:
    rule = texture_nca()
    other = with_kernels(rule, 1 / 8)
    assert other.perception.gains == {"gradient": 1 / 8, "laplacian": 1 / 8}
    assert rule.perception.gains == {"gradient": 1.0, "laplacian": 1.0}
    assert with_kernels(rule, 1.0) is rule


def test_starts() -> None:
    topology, rule, generator = (
        substrate_of_cells("voronoi", 200, seed=1),
        texture_nca(),
        torch.Generator().manual_seed(0),
    )
    assert int((one_cell(rule, topology, generator) != 0).sum()) == rule.num_channels
    state = noise(3.0)(rule, topology, generator)
    assert 2.9 < state.max() <= 3 and -3 <= state.min() < -2.9


def test_without_chance_and_without_rounding_all_cells_stay_alike() -> None:
    torch.manual_seed(0)
    rule = texture_nca()
    torch.nn.init.normal_(rule.update_rule.output.weight, std=0.05)
    case = Case(square_grid(8, 8), fire_rate=1.0, plain=True)
    start = torch.zeros(1, 64, 12)
    state = reached(rule, case, start, Config(steps=5, runs=1))
    assert state.abs().max() > 0
    assert float(state.std(1).max()) == 0
    moved = reached(rule, Case(square_grid(8, 8), plain=True), start, Config(steps=5, runs=1))
    assert float(moved.std(1).max()) > 0


def test_every_case_has_its_fate(tmp_path: Path) -> None:
    config = Config(size=32, steps=3, runs=1, features="filter-bank")
    result = Result("texture_failures", tmp_path)
    measure(read_subject("texture-banded"), config, result)
    cases = result.metrics["cases"]
    assert list(cases) == list(cases_of(config))
    assert cases[TRAINED]["times as trained"] == 1
    assert cases["all fire, zeros"]["fates"] == {"flat": 1}
    assert all(sum(entry["fates"].values()) == 1 for entry in cases.values())
    assert len(tables(result.metrics)["fates"].rows) == len(cases)
