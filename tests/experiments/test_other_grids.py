"""Both kinds of rule on every sheet, small, and every file that is promised."""

import json
from pathlib import Path

import pytest
import torch
from other_grids import Config, grids, main
from PIL import Image

from graphnca import save_rule
from graphnca.models import isonca
from graphnca.results import result as report

CONFIG = Config(cells=300, steps=(5, 10), runs=2)


def saved(folder: Path, name: str, card: dict) -> str:
    torch.manual_seed(0)
    path = folder / f"{name}.safetensors"
    save_rule(isonca(), path, card)
    return str(path)


def test_both_kinds_of_rule_write_what_is_promised(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(report, "published_folder", lambda: tmp_path / "docs")
    single = saved(tmp_path, "single", {"target": "spiderweb"})
    points = saved(tmp_path, "points", {"target": "lizard", "seed": "structured"})
    out = tmp_path / "out"
    main(Config(**{**vars(CONFIG), "rule": (single, points), "out": str(out), "publish": True}))
    for name, structured in (("single", False), ("points", True)):
        folder = tmp_path / "docs" / f"other_grids_{name}"
        metrics = json.loads((folder / "metrics.json").read_text())
        assert metrics["structured seed"] is structured
        assert list(metrics["sheets"]) == list(grids(CONFIG))
        for entry in metrics["sheets"].values():
            assert [len(entry[moment]["runs"]) for moment in ("step 5", "step 10")] == [2, 2]
        on_meshes = [entry["step 5"] for sheet, entry in metrics["sheets"].items() if sheet.startswith("mesh")]
        losses = sorted(run["loss"] for entry in on_meshes for run in entry["runs"])
        assert metrics["median loss on meshes"] == pytest.approx((losses[4] + losses[5]) / 2, abs=0.01)
        with Image.open(folder / "figure.png") as picture:
            assert picture.width > 400
    printed = capsys.readouterr().out
    assert printed.count("mesh 5: open, Lloyd 2") == 2


def test_the_sheets_are_squares_hexagons_and_five_meshes() -> None:
    names = list(grids(CONFIG))
    assert names[:2] == ["square", "hex"]
    assert len(names) == 7
