"""`graphnca play` and `graphnca export`: what is asked for lands in the page."""

from pathlib import Path

import pytest
import torch

from graphnca import playground, save_rule
from topologies import hex_grid


def test_a_page_is_written(graphnca, small_rule: Path) -> None:
    torch.save(hex_grid(6, 5), "cells.pt")
    outcome = graphnca(
        "export", str(small_rule), "--substrate", "square", "voronoi", "cells.pt", "--out", "a/page.html"
    )
    assert outcome.status == 0, outcome.err
    assert outcome.out.startswith("small on Squares (256 cells), Voronoi (") and "cells (30 cells)" in outcome.out
    page = Path("a/page.html").read_text()
    assert page.lstrip().lower().startswith("<!doctype html>") and "small" in page


def test_the_page_is_that_of_the_library(graphnca, small_rule: Path) -> None:
    """With the file's own seed and card, to the byte."""
    from graphnca.cli.pages import SHOWN
    from graphnca.cli.substrates import build_substrate

    assert graphnca("export", str(small_rule), "--int8").status == 0
    grids = {SHOWN[kind]: build_substrate(kind, 16) for kind in ("square", "hex", "voronoi")}
    playground.export_page([str(small_rule)], grids, "library.html", weights="int8")
    assert Path("small.html").read_bytes() == Path("library.html").read_bytes()


def test_a_genome_is_in_the_seed(graphnca, tmp_path: Path, random_rule, monkeypatch) -> None:
    from graphnca.cli import export

    save_rule(random_rule(8, 8, "isonca"), tmp_path / "g.safetensors", {}, genomes={"rose": torch.full((4,), 3.0)})
    seen = {}
    monkeypatch.setattr(
        export, "export_page", lambda rules, grids, path, **options: seen.update(options) or path.touch()
    )
    assert graphnca("export", "g.safetensors", "--substrate", "square", "--size", "8").status == 0
    assert seen["seeds"][0](hex_grid(6, 5))[:, 4:].sum() == 12


def test_a_surface_is_a_substrate_too(graphnca, small_rule: Path, monkeypatch) -> None:
    """Of a shape or a mesh, with so many cells; an upright pattern is planted where the viewer sees it."""
    from graphnca.cli import export

    seen = {}
    monkeypatch.setattr(
        export, "export_page", lambda rules, grids, path, **options: seen.update(grids, **options) or path.touch()
    )
    outcome = graphnca("export", str(small_rule), "--substrate", "sphere", "square", "--cells", "200")
    assert outcome.status == 0, outcome.err
    sphere = seen["Sphere"]
    assert 150 < sphere.num_nodes < 250
    planted = seen["seeds"][0](sphere).any(1).nonzero().flatten().tolist()
    assert planted == [int(sphere.pos[:, 2].argmax())]
    torch.testing.assert_close(sphere.frame[planted[0]], torch.tensor([1.0, 0.0, 0.0]), atol=0.1, rtol=0)
    outcome = graphnca("export", str(small_rule), "--substrate", "square", "--cells", "200")
    assert outcome.status == 2 and "--cells is for surfaces" in outcome.err


@pytest.mark.parametrize("opened", [True, False])
def test_play_opens_the_page(opened: bool, graphnca, small_rule: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setenv("HOME", str(small_rule.parent))
    monkeypatch.setattr("webbrowser.open", lambda address: asked.append(address) or opened)
    outcome = graphnca("play", str(small_rule), "--substrate", "square")
    assert outcome.status == (0 if opened else 1)
    assert len(asked) == 1 and asked[0].startswith("file://") and asked[0].endswith(".html")
    assert (f"open {asked[0]} by hand" in outcome.err) is not opened


@pytest.mark.parametrize(
    ("arguments", "reported"),
    [
        (["isonca-lizzard"], "Did you mean isonca-lizard"),
        (["isonca-heart", "--substrate", "square", "square"], "'Squares' twice"),
        (["isonca-heart", "--substrate", "squares"], "there is no substrate 'squares'"),
        (["isonca-heart", "--out", "page.png"], "--out must end in .html"),
        (["growing-shell", "--substrate", "square"], "chamber by chamber"),
    ],
)
def test_what_cannot_be_done_is_said(arguments: list[str], reported: str, graphnca) -> None:
    outcome = graphnca("export", *arguments)
    assert outcome.status == 2 and reported in outcome.err and "Traceback" not in outcome.err
    assert not list(Path.cwd().glob("*.html"))
