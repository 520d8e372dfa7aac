"""The main job, small: every substrate, every file it promises."""

import json
from pathlib import Path

import pytest
import torch
from isonca_voronoi import Config, main, measure, rule_of, substrates, verdict
from PIL import Image

from graphnca import save_rule
from graphnca.losses import RotationInvariantLoss
from graphnca.models import isonca
from graphnca.seeds import point_seed
from graphnca.targets import binary_channel, load_target
from topologies import check_topology, square_grid


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
    assert printed.count("voronoi 2") == 3  # two runs and the median


@pytest.mark.parametrize("cells", [150, 5184])
def test_substrates_have_about_the_cells_asked_for(cells: int) -> None:
    for topology in substrates(Config(cells=cells, meshes=1)).values():
        check_topology(topology)
        assert abs((topology.num_nodes or 0) / cells - 1) < 0.12


def test_only_the_substrates_asked_for_are_built() -> None:
    assert list(substrates(Config(cells=150, substrate=("hex",)))) == ["hex"]


def test_a_published_model_file_is_read_by_its_content(conformance: Path) -> None:
    rule = rule_of(Config(rule=str(conformance / "isonca_lizard" / "cadata.json")))
    assert sum(parameter.numel() for parameter in rule.parameters()) == 9408


def test_the_target_itself_measures_zero() -> None:
    square = square_grid(72, 72)
    target = load_target("lizard")
    channels = torch.cat([target, binary_channel(target)[None]])
    states = torch.zeros(1, 5184, 16)
    states[0, :, :5] = channels.flatten(1).T
    seeded = int(point_seed(square)[:, 3].argmax())
    row = measure(states, seeded, square, RotationInvariantLoss(channels, variant="published"))[0]
    assert row["loss"] < 0.01
    assert row["angle"] == 0
    assert not row["mirrored"]
    assert row["alive"] == int((target[3] > 0.1).sum())


@pytest.mark.parametrize(
    ("row", "word"),
    [
        ({"largest": float("nan"), "alive": 9, "loss": 1.0}, "exploded"),
        ({"largest": 11.0, "alive": 9, "loss": 1.0}, "exploded"),
        ({"largest": 0.0, "alive": 0, "loss": 38.0}, "died"),
        ({"largest": 1.5, "alive": 9, "loss": 30.0}, "unlike"),
        ({"largest": 1.5, "alive": 9, "loss": 5.0}, "grown"),
    ],
)
def test_every_fate_has_its_word(row: dict, word: str) -> None:
    assert verdict(row, 38.3) == word
