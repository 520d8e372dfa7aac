"""The hollow bone, small: what is a cavity, what is alive in it, and every file that is promised."""

import json
from pathlib import Path

import pytest
import torch
from apoptosis import Config, cavity_of, cells_in, living_share, main
from PIL import Image

from graphnca import save_rule
from graphnca.evaluation.upright import painted
from graphnca.models import growing_nca
from graphnca.results import result as report
from graphnca.targets import load_target
from topologies import substrates

TARGET = load_target("hollow-bone", size=40, padding=4)
SHEETS = substrates(cells=48 * 48, meshes=1)


@pytest.mark.parametrize("name", SHEETS)
def test_the_picture_itself_is_dead_in_the_cavity_and_alive_around_it(name: str) -> None:
    topology = SHEETS[name]
    states = painted(TARGET, topology)[None]
    cavity, bone = cells_in(cavity_of(TARGET), topology), cells_in(TARGET[3] > 0.1, topology)
    assert not (cavity & bone).any()
    assert int(cavity.sum()) > 200
    assert float(living_share(states, cavity)) < 0.05
    assert float(living_share(states, bone)) > 0.95
    filled = torch.ones_like(states)
    assert float(living_share(filled, cavity)) == 1


def test_cells_beyond_the_picture_are_in_no_mask() -> None:
    topology = SHEETS["square"]
    mask = torch.ones(10, 10, dtype=torch.bool)
    assert int(cells_in(mask, topology).sum()) == 100


@pytest.mark.parametrize("name", ["lizard", "newt"])
def test_what_is_not_hollow(name: str) -> None:
    with pytest.raises(SystemExit, match="hollow"):
        cavity_of(load_target(name, size=40, padding=4))


def test_it_writes_what_is_promised(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(report, "published_folder", lambda: tmp_path / "docs")
    rule = tmp_path / "rule.safetensors"
    save_rule(growing_nca(6, 8), rule, {"target": "hollow-bone", "size": 16, "padding": 2})
    config = Config(str(rule), cells=400, meshes=1, runs=2, steps=16, out=str(tmp_path / "out"), publish=True)
    main(config)
    folder = tmp_path / "docs" / "apoptosis"
    metrics = json.loads((folder / "metrics.json").read_text())
    assert list(metrics["sheets"]) == ["square", "hex", "voronoi 3001"]
    for entry in metrics["sheets"].values():
        assert len(entry["share alive in the cavity at the end"]) == 2
        assert entry["curve"]["step"] == [0, 4, 8, 12, 16]
        assert entry["curve"]["cavity"][0] == pytest.approx(1 / entry["cells in the cavity"], abs=1e-4)
    for name in ("bones.png", "curve.png", "bone.gif"):
        with Image.open(folder / name) as picture:
            assert picture.width > 50
    assert "voronoi 3001" in capsys.readouterr().out


def test_a_rule_without_target(tmp_path: Path) -> None:
    rule = tmp_path / "rule.safetensors"
    save_rule(growing_nca(6, 8), rule)
    with pytest.raises(SystemExit, match="--target"):
        main(Config(str(rule), cells=400, meshes=1, runs=1, steps=4, out=str(tmp_path / "out")))
