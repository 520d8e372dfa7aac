"""The main job, small: every substrate, every file it promises."""

import json
from pathlib import Path

import pytest
import torch
from isonca_voronoi import Config, main, rule_of
from PIL import Image

from graphnca import save_rule
from graphnca.models import isonca


@pytest.fixture
def rule(tmp_path: Path) -> str:
    torch.manual_seed(0)
    path = tmp_path / "rule.safetensors"
    save_rule(isonca(), path, {"origin": "a test"})
    return str(path)


def test_the_main_job_writes_what_it_promises(rule: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    main(Config(rule=rule, cells=150, steps=10, runs=2, meshes=2, out=str(out)))
    metrics = json.loads((out / "metrics.json").read_text())
    assert list(metrics["substrates"]) == ["square", "hex", "voronoi 1", "voronoi 2"]
    assert all(len(entry["runs"]) == 2 for entry in metrics["substrates"].values())
    assert metrics["loss of the empty sheet"] == pytest.approx(38.3, abs=0.05)
    for name in ("figure.png", "runs.png", "growth.gif"):
        with Image.open(out / name) as picture:
            assert picture.width >= 100
            assert getattr(picture, "n_frames", 1) > (1 if name == "growth.gif" else 0)
    printed = capsys.readouterr().out
    assert all(name in printed for name in metrics["substrates"])


def test_a_published_model_file_is_read_by_its_content(conformance: Path) -> None:
    rule = rule_of(Config(rule=str(conformance / "isonca_lizard" / "cadata.json")))
    assert sum(parameter.numel() for parameter in rule.parameters()) == 9408
