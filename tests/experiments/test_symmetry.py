"""The result on symmetry, small: float runs lose it, fixed-point runs keep it, every file is written."""

import json
from pathlib import Path

import pytest
from PIL import Image
from symmetry import Config, main


def test_float_loses_the_symmetry_and_fixed_point_keeps_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    missing = str(tmp_path / "cadata.json")
    main(Config(rule=("isonca-lizard", missing), cells=150, steps=60, every=10, out=str(tmp_path / "out")))
    metrics = json.loads((tmp_path / "out" / "metrics.json").read_text())
    assert [(run["sheet"], run["arithmetic"]) for run in metrics["runs"]] == [
        ("square", "float"),
        ("square", "fixed point"),
        ("hexagons", "float"),
        ("hexagons", "fixed point"),
    ]
    for run in metrics["runs"]:
        assert run["rule"] == "isonca-lizard"
        assert run["symmetries"] == (8 if run["sheet"] == "square" else 12)
        assert max(run["living"].values()) > 20
        if run["arithmetic"] == "float":
            assert 0 < run["first difference"] <= 20
            assert run["largest asymmetry"] > 0
        else:
            assert run["first difference"] is None
            assert run["visible"] is None
            assert run["largest asymmetry"] == 0
    for name in ("asymmetry.png", "pictures.png", "growth.gif"):
        with Image.open(tmp_path / "out" / name) as picture:
            assert picture.width >= 100
            assert getattr(picture, "n_frames", 1) > (1 if name == "growth.gif" else 0)
    printed = capsys.readouterr()
    assert "never" in printed.out
    assert "cadata.json is not there" in printed.out + printed.err
