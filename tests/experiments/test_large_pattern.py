"""The large flower, small, and every file that is promised."""

import json
from pathlib import Path

import pytest
import torch
from large_pattern import Config, main, planted_of
from PIL import Image
from protocol import shipping

from graphnca import save_rule
from graphnca.evaluation.upright import painted
from graphnca.models import growing_nca
from graphnca.results import result as report
from graphnca.rules import describe_rule
from topologies import substrate_of_cells

CARD = {"target": "rose", "size": 12, "padding": 4, "seed at": [0.5, 0.8]}


def saved(folder: Path, card: dict) -> str:
    path = folder / "rule.safetensors"
    save_rule(growing_nca(6, 8, fire_per="channel", fire_rate=0.8), path, card)
    return str(path)


def test_it_writes_what_is_promised(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(report, "published_folder", lambda: tmp_path / "docs")
    rule = saved(tmp_path, CARD)
    monkeypatch.setattr(shipping, "RULES", tmp_path)
    monkeypatch.setattr(shipping, "PICTURES", tmp_path)
    out = str(tmp_path / "out")
    main(Config(rule, cells=400, meshes=1, runs=2, steps=20, out=out, publish=True, ship="large"))
    assert "square" in describe_rule(tmp_path / "large.safetensors")["card"]["measured"]["sheets"]
    folder = tmp_path / "docs" / "large_pattern"
    metrics = json.loads((folder / "metrics.json").read_text())
    assert list(metrics["sheets"]) == ["square", "hex", "voronoi 3001"]
    for entry in metrics["sheets"].values():
        assert list(entry["log10 errors"]) == ["16", "20"]
        assert [len(runs) for runs in entry["log10 errors"].values()] == [2, 2]
    for name in ("flower.png", "error.png", "flower.gif"):
        with Image.open(folder / name) as picture:
            assert picture.width > 40
    assert "voronoi 3001" in capsys.readouterr().out


def test_the_picture_itself_has_no_error_and_the_empty_sheet_has(tmp_path: Path) -> None:
    flower, topology = planted_of(saved(tmp_path, CARD)), substrate_of_cells("square", 400)
    states = torch.stack([painted(flower.target, topology), torch.zeros(400, 4)])
    exact, empty = flower.log_error(states, topology).tolist()
    assert exact < -7 and empty > -2
    seed = flower.seed(topology)
    assert states[0, seed[:, 3].argmax(), 3] > 0.5  # it lies in the flower


def test_a_rule_without_a_place_for_its_seed(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"lacks \['seed at'\]"):
        planted_of(saved(tmp_path, {name: CARD[name] for name in CARD if name != "seed at"}))
