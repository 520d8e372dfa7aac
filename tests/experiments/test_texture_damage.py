"""The same part of the plane is damaged on every sheet, small; recovery is told of what stays; every file promised."""

import json
import math
from pathlib import Path

import pytest
import torch
from PIL import Image
from texture_damage import DISKS, MOMENTS, WHOLE, Config, damaged, in_disks, in_half, main, recovery

from graphnca import save_rule
from graphnca.features import FilterBank
from graphnca.models import texture_nca
from graphnca.results import result as report
from graphnca.results.table import read_tables
from topologies import substrates


@pytest.fixture(autouse=True)
def few_features(monkeypatch: pytest.MonkeyPatch) -> None:
    """Features that are quick, and see pictures of 24 pixels as they see the template."""
    monkeypatch.setattr("texture_damage.features_of", lambda *_, **__: FilterBank(scales=1, orientations=2))


def test_everything_promised_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(report, "published_folder", lambda: tmp_path / "docs")
    monkeypatch.setattr("texture_damage.MOMENTS", (0, 2, 4))
    monkeypatch.setattr("texture_damage.SHOWN", (0, 4))
    monkeypatch.setattr("texture_damage.FRAMES_AT", (0, 3))
    torch.manual_seed(0)
    rule = texture_nca()
    torch.nn.init.normal_(rule.update_rule.output.weight, std=0.02)
    save_rule(rule, tmp_path / "woven.safetensors", {"template": "banded"})
    rules = (str(tmp_path / "woven.safetensors"),)
    main(Config(rule=rules, size=24, grown=5, meshes=1, out=str(tmp_path / "out"), publish=True))
    folder = tmp_path / "docs" / "texture_damage_woven"
    metrics = json.loads((folder / "metrics.json").read_text())
    assert metrics["moments"] == [0, 2, 4]
    for entry in metrics["sheets"].values():
        assert entry[WHOLE]["times undamaged"] == [1, 1, 1]
        assert entry[WHOLE]["recovered after"] == 0
        first = [a / b for a, b in zip(entry["disks of noise"]["losses"][0], entry[WHOLE]["losses"][0], strict=True)]
        assert entry["disks of noise"]["times undamaged"][0] == pytest.approx(sum(first) / 2, abs=1e-3)
        assert entry["disks of noise"]["times undamaged"][0] != 1
    for file in ("strip.png", "curves.png", "animation.gif"):
        with Image.open(folder / file) as picture:
            assert picture.width > 100
    kept = read_tables(folder)["losses"]
    assert [row[0] for row in kept.rows] == ["disks erased", "disks of noise", "half erased"]
    assert kept.text() in capsys.readouterr().out


def test_every_sheet_loses_the_same_part_of_the_plane() -> None:
    share = sum(math.pi * radius**2 for _, _, radius in DISKS)
    for topology in substrates(size=48, meshes=1).values():
        assert float(in_disks(topology).float().mean()) == pytest.approx(share, abs=0.01)
        assert float(in_half(topology).float().mean()) == pytest.approx(0.5, abs=0.03)
        assert float(topology.pos[in_half(topology), 0].min()) > float(topology.extent[0, 0]) / 2


def test_damage_is_where_it_should_be() -> None:
    topology = substrates(("square",), size=24)["square"]
    states = torch.full((2, 576, 12), 0.3)
    hole, half = in_disks(topology), in_half(topology)
    kinds = damaged(states, topology, 0)
    assert torch.equal(kinds[WHOLE], states)
    for kind, mask in (("disks erased", hole), ("disks of noise", hole), ("half erased", half)):
        assert torch.equal(kinds[kind][:, ~mask], states[:, ~mask])
        assert not (kinds[kind][:, mask] == 0.3).any()
    noise = kinds["disks of noise"][:, hole]
    assert -1 <= noise.min() < -0.9 and 0.9 < noise.max() <= 1
    assert not kinds["half erased"][:, half].any()


def test_a_run_has_recovered_once_it_stays_so() -> None:
    later = [1.0] * (len(MOMENTS) - 3)
    assert recovery([2.0, 1.2, 2.0, *later]) == MOMENTS[3]
    assert recovery([1.0] * len(MOMENTS)) == 0
    assert recovery([1.0] * (len(MOMENTS) - 1) + [1.3]) is None
