"""The noise-gain law, with and without it: gains, medians, and three ways that are one where they must be."""

from pathlib import Path

import numpy as np
import pytest
from growing.noise_gain_law import Config, measure, medians, noise_gain, on_one_kind
from torch_geometric.data import Data

from graphnca.evaluation.gradients import WAYS
from graphnca.evaluation.subject import Subject
from graphnca.layers import NCAConv
from graphnca.results.result import Result
from topologies import NOISE_GAIN, substrate_of_cells

SMALL = Config(cells=196, steps=(4, 8), runs=2, meshes=1, shares=(0.0, 0.3))


@pytest.fixture(scope="module")
def mesh() -> Data:
    return substrate_of_cells("voronoi", 300, seed=1)


def test_the_noise_gain_is_that_of_sobel_under_the_law_alone(mesh: Data) -> None:
    hexagons = noise_gain(substrate_of_cells("hex", 200))
    assert (hexagons["plain"], hexagons["under the law"]) == (0.25, round(NOISE_GAIN, 4))
    assert hexagons["smoothing"] == pytest.approx(0.1628, abs=1e-4)
    gains = noise_gain(mesh)
    assert gains["plain"] > 0.27
    assert gains["under the law"] == pytest.approx(NOISE_GAIN, abs=0.003)


def test_medians_are_over_all_runs_of_a_kind() -> None:
    entries = {"square": [0.1], "voronoi 1": [0.2, 0.4], "voronoi 2": [0.9]}
    measured = {name: {"step 4": {"errors": errors}} for name, errors in entries.items()}
    assert medians(measured, 4) == {"square": 0.1, "voronoi": 0.4}


@pytest.mark.parametrize(
    ("card", "alone"),
    [
        ({}, True),
        ({"substrate": "torus of 72x72 units: square"}, True),
        ({"substrate": "torus of 72x72 units: square,hex,voronoi"}, False),
    ],
)
def test_what_a_rule_was_trained_on(card: dict, alone: bool) -> None:
    assert on_one_kind(Subject("rule", NCAConv(4, 8), card)) is alone


@pytest.mark.parametrize("trained_on", ["square", "square,hex"])
def test_hexagons_need_no_correction_and_no_share_is_no_smoothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, random_rule, trained_on: str
) -> None:
    monkeypatch.setattr("growing.noise_gain_law.FRAMES", 2)
    rule = random_rule(8, 12, "sobel", life_mask="pre_post", std=0.05)
    result = Result("any", tmp_path)
    measure(
        Subject(
            "any",
            rule,
            {"substrate": f"torus: {trained_on}", "regime": "naive", "configuration": {"steps": [3, 5]}},
            goal="heart",
        ),
        SMALL,
        result,
    )
    metrics = result.metrics
    entries = metrics["substrates"]
    assert list(entries) == list(WAYS)
    assert list(entries["law"]) == ["square", "hex", "voronoi 2001"] and list(entries["raw"]) == ["hex", "voronoi 2001"]
    same = (entries[way]["hex"]["step 8"]["errors"] for way in ("corrected", "raw"))
    assert np.allclose(*same, atol=1e-5)
    assert next(iter(metrics["goals"])) == ("hex at 4" if trained_on == "square" else "square at 4")
    for moment in ("step 4", "step 8"):
        uniform = metrics["uniform smoothing"][moment]
        assert list(uniform) == ["0", "0.3"] and list(uniform["0.3"]) == ["hex", "voronoi"]
        assert uniform["0"]["hex"] == pytest.approx(entries["corrected"]["hex"][moment]["median error"], abs=2e-6)


def test_a_rule_without_gradients_is_refused(tmp_path: Path, random_rule) -> None:
    with pytest.raises(SystemExit, match="perceives gradients"):
        measure(Subject("blind", random_rule(8, 12, "isonca"), goal="heart"), SMALL, Result("blind", tmp_path))
