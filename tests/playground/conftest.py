"""A page with small substrates in a headless Chromium; the tests are skipped where there is none."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch
from torch_geometric.data import Data

import graphnca
from graphnca.layers import NCAConv
from graphnca.models import texture_nca
from graphnca.playground import export_page
from graphnca.playground.browser import browser, missing, opened
from topologies import hex_grid, square_grid, voronoi_mesh

SIDE = 20  # units of the substrates of the matches: 400 cells, so that a software GPU keeps up
ROOM = 48  # units of the substrates on which a lizard grows
TRAINED = ("isonca-lizard-any", "growing-lizard")


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """The system's browser."""
    if (reason := missing()) is not None:
        pytest.skip(f"no page can be opened here: {reason}")
    with browser() as found:
        yield found


def small(side: int) -> dict[str, Data]:
    return {
        "Squares": square_grid(side, side),
        "Hexagons": hex_grid(side, round(side * 0.87)),
        "Voronoi": voronoi_mesh(side, side, seed=1),
    }


def random_output(rule: NCAConv, std: float) -> NCAConv:
    generator = torch.Generator().manual_seed(1)
    for parameter in rule.update_rule.parameters():
        with torch.no_grad():
            parameter.copy_(std * torch.randn(parameter.shape, generator=generator))
    return rule


@pytest.fixture(scope="session")
def match_cells() -> dict[str, Data]:
    """Small tori of the three kinds of cells."""
    return small(SIDE)


@pytest.fixture(scope="session")
def rules() -> dict[str, NCAConv]:
    """Rules of all architectures: trained ones, a texture's, and one with everything else that a rule can have."""
    everything = NCAConv(
        10,
        33,
        ("laplacian", "identity", "gradient", "gradient_norm", "steered_gradient"),
        gains={"laplacian": 0.1, "gradient": 0.125, "gradient_norm": 0.125, "steered_gradient": 0.25},
        fire_per="channel",
        fire_rate=0.8,
        life_mask="post",
    )
    return {
        **{name: graphnca.load_rule(name) for name in TRAINED},
        "texture": random_output(texture_nca(hidden_size=32), 0.015),
        "everything": random_output(everything, 0.02),
    }


@pytest.fixture(scope="session")
def match_page(
    chromium: Any, rules: dict[str, NCAConv], match_cells: dict[str, Data], tmp_path_factory: Any
) -> Iterator[Any]:
    """An open, paused page with all of them."""
    path = tmp_path_factory.mktemp("match") / "page.html"
    export_page(list(rules.values()), match_cells, path, names=list(rules))
    with opened(chromium, path, "engine=cpu&paused=1") as (page, complaints):
        yield page
        assert complaints == []


@pytest.fixture(scope="session")
def lizard_path(tmp_path_factory: Any) -> Path:
    """The file of a page with a growing and an isotropic lizard on substrates that have room for one."""
    path = tmp_path_factory.mktemp("lizard") / "page.html"
    return export_page(["growing-lizard", "isonca-lizard-any"], small(ROOM), path, title="A lizard <&>")


@contextmanager
def opening(chromium: Any, path: Path) -> Iterator[Callable[..., Any]]:
    """Opens a file with settings, as often as one likes; at the end its console must have been silent."""
    complaints: list[list[str]] = []
    with ExitStack() as stack:

        def open_it(settings: str, **options: Any) -> Any:
            page, said = stack.enter_context(opened(chromium, path, settings, **options))
            complaints.append(said)
            return page

        yield open_it
    assert not any(complaints)


@pytest.fixture
def open_lizard(chromium: Any, lizard_path: Path) -> Iterator[Callable[..., Any]]:
    """Opens the lizard's page, paused if nothing else is asked for."""
    with opening(chromium, lizard_path) as open_it:
        yield lambda settings="engine=cpu&paused=1&seed=1", **options: open_it(settings, **options)


@pytest.fixture
def open_page(chromium: Any, path: Path) -> Iterator[Callable[..., Any]]:
    """Opens the file `path` of a module of tests, paused on the CPU, with further settings."""
    with opening(chromium, path) as open_it:
        yield lambda settings="", **options: open_it(f"engine=cpu&paused=1&seed=1&{settings}", **options)
