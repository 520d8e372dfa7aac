"""The train x test matrix, small: trained, measured, drawn."""

from pathlib import Path

import pytest
import torch
from isonca import transfer
from isonca.transfer import Config, main, medians, rules_of, survival, tables

from graphnca.evaluation.subject import Subject
from graphnca.models import isonca
from graphnca.results.result import Result
from topologies import square_grid
from topologies.sampled import FIRST_SEED


def test_the_four_rules_are_trained_and_measured_beside_the_others(tmp_path: Path) -> None:
    result = Result("transfer", tmp_path)
    config = Config(train=True, iterations=1, cells=150, runs=2, meshes=2, steps=5, seed=7, out=str(tmp_path))
    main(config, result)
    matrix = result.metrics["matrix"]
    assert list(matrix) == [
        "isonca-lizard",
        "isonca-lizard-any",
        *(f"trained on {name}" for name in transfer.TRAINED_ON),
    ]
    for entry in matrix.values():
        assert list(entry["losses"]) == ["square", "hex", "voronoi 8", "voronoi 9"]
        assert list(entry["median loss"]) == ["square", "hex", "voronoi", "mixed"]
        assert list(entry["runs that hold a pattern"])[:2] == ["gain 0.8", "gain 0.85"]
    made = tables(result.metrics)
    assert made["gains"].caption == "Of 6 runs, 2 on each kind of cells."
    assert len(made["goals"].rows) == 4


def test_medians_give_every_kind_the_same_weight() -> None:
    rows = {
        "square": [1.0, 2.0, 3.0],
        "voronoi 1": [7.0, 8.0, 9.0],
        "voronoi 2": [7.0, 8.0, 9.0],
        "hex": [4.0, 5.0, 6.0],
    }
    results = {name: ([{"relative": loss} for loss in losses], torch.zeros(1)) for name, losses in rows.items()}
    assert medians(results) == {"square": 2.0, "voronoi": 8.0, "hex": 5.0, "mixed": pytest.approx(5.0, abs=0.05)}


def test_who_explodes_or_dies_holds_no_pattern(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fates by gain: right, grown with the gain, exploded, dead, and of far too many cells."""
    fates = {1.0: (100, 1.0), 1.1: (110, 1.0), 1.2: (100, 50.0), 0.9: (0, 0.0), 0.8: (1000, 1.0)}

    def scores(subject: Subject, topologies: dict, config: Config) -> dict:
        ((name, topology),) = topologies.items()
        alive, largest = fates[round(float(topology["edge_weight"].max()) / 2, 2)]
        return {name: ([{"alive": alive, "largest": largest}] * 3, torch.zeros(1))}

    monkeypatch.setattr(transfer, "scores", scores)
    held = survival(Subject("", isonca(), goal="lizard"), {"square": square_grid(8, 8)}, Config(gains=tuple(fates)))
    assert {gain: kinds["square"] for gain, kinds in held.items()} == {1.0: 3, 1.1: 3, 1.2: 0, 0.9: 0, 0.8: 0}


def test_meshes_are_unseen() -> None:
    assert Config().seed + Config().meshes < FIRST_SEED


def test_with_nothing_to_measure_it_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="--train"):
        rules_of(Config(rule=(), out=str(tmp_path)))
