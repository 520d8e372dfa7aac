"""One file, whole and small, and errors that name what is wrong with it."""

import re
from pathlib import Path
from typing import Any

import pytest
import torch
from torch_geometric.data import Data

from graphnca import save_rule
from graphnca.layers import NCAConv
from graphnca.models import isonca
from graphnca.playground import export_page
from graphnca.playground.browser import opened
from graphnca.playground.page import FOLDER, PROGRAM
from topologies import hex_grid, square_grid, voronoi_mesh

LIMIT = 1_500_000  # bytes of a page with one rule on three substrates of 72x72 cells


@pytest.mark.parametrize("rule", ["isonca-lizard-any", "growing-lizard"])
def test_a_page_with_three_substrates_is_small(rule: str, tmp_path: Path) -> None:
    """The page fits the stencils itself."""
    side = 72
    mesh = voronoi_mesh(side * 1.104, side * 1.104, seed=1)  # 0.82 cells a unit
    topologies = {"square": square_grid(side, side), "hex": hex_grid(side, side), "voronoi": mesh}
    assert export_page([rule], topologies, tmp_path / "page.html").stat().st_size < LIMIT


def test_the_page_asks_for_nothing_else(lizard_path: Path) -> None:
    text = lizard_path.read_text()
    assert not re.findall(r"""(?:src|href)=["'](?!data:)|https?://|@import|\bimport\s|{{|}}\s*</""", text)


def test_the_title_is_text(lizard_path: Path) -> None:
    assert '<h1 id="title">A lizard &lt;&amp;&gt;</h1>' in lizard_path.read_text()


def test_every_part_of_the_program_is_in_the_page() -> None:
    assert {path.name for path in FOLDER.glob("*.js")} == set(PROGRAM)


def test_equal_pages_have_equal_bytes(tmp_path: Path, topology: Data) -> None:
    pages = [export_page(["isonca-heart"], {"cells": topology}, tmp_path / name) for name in ("one.html", "two.html")]
    assert pages[0].read_bytes() == pages[1].read_bytes()


def test_a_rule_of_ones_own_is_read_from_its_file(tmp_path: Path, topology: Data) -> None:
    save_rule(isonca(), tmp_path / "mine.safetensors")
    assert (
        '<h1 id="title">mine</h1>'
        in export_page([str(tmp_path / "mine.safetensors")], {"cells": topology}, tmp_path / "page.html").read_text()
    )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"rules": []}, "must not be empty"),
        ({"topologies": {}}, "must not be empty"),
        ({"names": ["one", "two"]}, "`names` must have one entry for each of the 1 rules, got 2"),
        ({"seeds": []}, "`seeds`"),
        ({"cards": []}, "`cards`"),
        ({"seeds": [lambda topology: torch.zeros(topology.num_nodes, 3)]}, r"shape \(\d+, 16\)"),
        ({"rules": ["no-such-rule"]}, "no-such-rule"),
    ],
)
def test_what_is_wrong_is_named(changes: dict[str, Any], message: str, tmp_path: Path, topology: Data) -> None:
    arguments = {"rules": [isonca()], "topologies": {"cells": topology}, "path": tmp_path / "page.html", **changes}
    with pytest.raises(ValueError, match=message):
        export_page(**arguments)
    assert not list(tmp_path.iterdir())


def test_the_folder_must_exist(tmp_path: Path, topology: Data) -> None:
    with pytest.raises(FileNotFoundError):
        export_page([isonca()], {"cells": topology}, tmp_path / "nowhere" / "page.html")


def test_a_seed_of_ones_own_is_what_the_page_starts_from(chromium: Any, tmp_path: Path) -> None:
    topology = square_grid(12, 12)
    seed = torch.rand(144, 16, generator=torch.Generator().manual_seed(0))
    rule: NCAConv = isonca()
    path = export_page([rule], {"cells": topology}, tmp_path / "page.html", seeds=[lambda _: seed])
    with opened(chromium, path, "paused=1&engine=cpu") as (page, complaints):
        found = torch.tensor(page.evaluate("Array.from(app.organism.engine.read())")).view(144, 16)
        assert complaints == []
    torch.testing.assert_close(found, seed, rtol=0, atol=0)
