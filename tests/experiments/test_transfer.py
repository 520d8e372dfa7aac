"""The train x test matrix, small: trained, measured, drawn."""

import functools
import json
from pathlib import Path

import pytest
import torch
import transfer
from protocol.pattern import Pattern
from transfer import Config, contestants, main, medians, survival

from graphnca import save_rule
from graphnca.models import isonca
from graphnca.training.recipes import IsoNCARecipe
from topologies import square_grid
from topologies.sampled import FIRST_SEED


@pytest.fixture
def rule(tmp_path: Path) -> str:
    torch.manual_seed(0)
    path = tmp_path / "untrained.safetensors"
    save_rule(isonca(), path, {"target": "lizard"})
    return str(path)


def test_the_matrix_is_trained_measured_and_drawn(
    rule: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(transfer, "GAINS", (1.0, 1.1))
    monkeypatch.setattr(transfer, "TRAINED_ON", {"hex": "hex", "mixed": "square,voronoi"})
    small = functools.partial(IsoNCARecipe, size=12, padding=2)
    monkeypatch.setattr(transfer, "IsoNCARecipe", small)
    out = tmp_path / "out"
    config = Config(
        train=True, start=rule, iterations=1, rules=rule, cells=150, runs=2, meshes=2, steps=5, seed=7, out=str(out)
    )
    main(config)
    matrix = json.loads((out / "metrics.json").read_text())["matrix"]
    assert list(matrix) == ["untrained", "trained on hex", "trained on mixed"]
    for entry in matrix.values():
        assert list(entry["losses"]) == ["square", "hex", "voronoi 8", "voronoi 9"]
        assert list(entry["median loss"]) == ["square", "hex", "voronoi", "mixed"]
        assert list(entry["runs that hold a pattern"]) == ["gain 1", "gain 1.1"]
    assert all((out / name).stat().st_size > 1000 for name in ("matrix.png", "gain.png"))
    assert "trained on mixed" in capsys.readouterr().out


def test_medians_give_every_kind_the_same_weight() -> None:
    rows = {
        "square": [1.0, 2.0, 3.0],
        "voronoi 1": [7.0, 8.0, 9.0],
        "voronoi 2": [7.0, 8.0, 9.0],
        "hex": [4.0, 5.0, 6.0],
    }
    results = {name: ([{"loss": loss} for loss in losses], torch.zeros(1)) for name, losses in rows.items()}
    assert medians(results) == {"square": 2.0, "voronoi": 8.0, "hex": 5.0, "mixed": pytest.approx(5.0, abs=0.05)}


def test_who_explodes_or_dies_holds_no_pattern(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fates by gain: right, grown with the gain, exploded, dead, and of far too many cells."""
    fates = {1.0: (100, 1.0), 1.1: (110, 1.0), 1.2: (100, 50.0), 0.9: (0, 0.0), 0.8: (1000, 1.0)}
    monkeypatch.setattr(transfer, "GAINS", tuple(fates))

    def scores(pattern: Pattern, topologies: dict, config: Config) -> dict:
        ((name, topology),) = topologies.items()
        alive, largest = fates[round(float(topology["edge_weight"].max()) / 2, 2)]
        return {name: ([{"alive": alive, "largest": largest}] * 3, torch.zeros(1))}

    monkeypatch.setattr(transfer, "scores", scores)
    held = survival(Pattern("", isonca(), "lizard"), {"square": square_grid(8, 8)}, Config())
    assert {gain: kinds["square"] for gain, kinds in held.items()} == {1.0: 3, 1.1: 3, 1.2: 0, 0.9: 0, 0.8: 0}


def test_meshes_are_unseen() -> None:
    assert Config().seed + Config().meshes < FIRST_SEED


def test_with_nothing_to_measure_it_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="--train"):
        contestants(Config(rules="", out=str(tmp_path)))
