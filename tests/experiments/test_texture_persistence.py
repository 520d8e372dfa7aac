"""A rule is followed on every sheet, small; memory is a correlation; every file that is promised."""

import json
from pathlib import Path

import pytest
import torch
from PIL import Image
from texture_persistence import Config, correlation, main

from graphnca import save_rule
from graphnca.features import FilterBank
from graphnca.models import texture_nca
from graphnca.results import result as report

SMALL = {"size": 24, "steps": 12, "every": 4, "settled": 4, "runs": 2}


@pytest.fixture(autouse=True)
def few_features(monkeypatch: pytest.MonkeyPatch) -> None:
    """Features that are quick, and see pictures of 24 pixels as they see the template."""
    monkeypatch.setattr("texture_persistence.features_of", lambda *_, **__: FilterBank(scales=1, orientations=2))


def saved(path: Path, scale: float) -> str:
    torch.manual_seed(0)
    rule = texture_nca()
    torch.nn.init.normal_(rule.update_rule.output.weight, std=scale)
    save_rule(rule, path, {"template": "banded"})
    return str(path)


def test_everything_promised_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report, "published_folder", lambda: tmp_path / "docs")
    monkeypatch.setattr("texture_persistence.FRAME_EVERY", 2)
    rule = saved(tmp_path / "woven.safetensors", 0.02)
    main(Config(rule=(rule,), out=str(tmp_path / "out"), publish=True, **SMALL))
    folder = tmp_path / "docs" / "texture_persistence_woven"
    metrics = json.loads((folder / "metrics.json").read_text())
    assert [name.split()[0] for name in metrics["sheets"]] == ["square", "hex", "voronoi"]
    for entry in metrics["sheets"].values():
        assert entry["moments"] == [4, 8, 12]
        assert [len(losses) for losses in entry["losses"]] == [2, 2, 2]
        assert list(entry["memory"]) == ["1", "3"]
        assert 0 < entry["memory"]["3"] < entry["memory"]["1"] < 1
        assert min(entry["median change"]) > 0
    for file in ("curves.png", "memory.png", "strip.png", "animation.gif"):
        with Image.open(folder / file) as picture:
            assert picture.width > 100


def test_a_rule_that_does_nothing_neither_moves_nor_is_remembered(tmp_path: Path) -> None:
    rule = saved(tmp_path / "still.safetensors", 0.0)
    main(Config(rule=(rule,), out=str(tmp_path / "out"), **SMALL))
    metrics = json.loads((tmp_path / "out" / "still" / "metrics.json").read_text())
    for entry in metrics["sheets"].values():
        assert entry["median change"] == [0, 0, 0]
        assert set(entry["memory"].values()) == {0.0}


def test_the_moment_from_which_is_measured_must_be_one_that_is_looked_at() -> None:
    with pytest.raises(SystemExit, match="--settled: expected a multiple"):
        main(Config(steps=12, every=4, settled=6))
    with pytest.raises(SystemExit, match="--settled: expected a multiple"):
        main(Config(steps=12, every=4, settled=12))


def test_correlation_knows_neither_scale_nor_offset() -> None:
    picture = torch.rand(3, 50, 3, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(correlation(picture, 3 * picture + 1), torch.ones(3, dtype=torch.float64))
    torch.testing.assert_close(correlation(picture, -picture), -torch.ones(3, dtype=torch.float64))
    assert correlation(picture, torch.zeros_like(picture)).tolist() == [0, 0, 0]
    assert float(correlation(picture[0], picture[1]).abs()) < 0.3
