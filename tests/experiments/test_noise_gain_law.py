"""The noise-gain law, with and without: the three ways are what they say, and every file that is promised."""

import base64
import json
from pathlib import Path

import numpy as np
import pytest
from noise_gain_law import Config, main, medians, noise_gain, on_one_kind
from PIL import Image
from protocol.growing import Growing
from torch_geometric.data import Data

from graphnca import save_rule
from graphnca.evaluation.gradients import WAYS
from graphnca.layers import NCAConv
from graphnca.results import result as report
from topologies import NOISE_GAIN, substrate_of_cells

SMALL = {"cells": 196, "steps": (4, 8), "runs": 2, "meshes": 1, "shares": (0.0, 0.3)}


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
    def entry(*errors: float) -> dict:
        return {"step 4": {"errors": list(errors)}}

    measured = {"law": {"square": entry(0.1), "voronoi 1": entry(0.2, 0.4), "voronoi 2": entry(0.9)}}
    assert medians(measured, 4) == {"law": {"square": 0.1, "voronoi": 0.4}}


@pytest.mark.parametrize(
    ("card", "alone"),
    [
        ({}, True),
        ({"substrate": "torus of 72x72 units: square"}, True),
        ({"substrate": "torus of 72x72 units: square,hex,voronoi"}, False),
    ],
)
def test_what_a_rule_was_trained_on(card: dict, alone: bool) -> None:
    assert on_one_kind(Growing("rule", NCAConv(4, 8), card, None)) is alone


def demo_file(path: Path, rule: NCAConv) -> str:
    """A model file in the format of the Growing NCA demo."""
    layers = []
    for linear in (rule.update_rule.hidden, rule.update_rule.output):
        weight, bias = linear.weight.detach().numpy().T, linear.bias.detach().numpy()
        scales = [2 * float(np.abs(part).max()) for part in (weight, bias)]
        data = np.round((np.vstack([weight / scales[0], bias / scales[1]]) + 0.5) * 255).astype(np.uint8)
        entry = {"in_ch": weight.shape[0], "out_ch": weight.shape[1], "type": "uint8"}
        entry |= {"weight_scale": scales[0], "bias_scale": scales[1]}
        layers.append({"data_b64": base64.b64encode(data.tobytes()).decode(), **entry})
    path.write_text(json.dumps(layers))
    return str(path)


def test_shipped_and_published_rules_write_what_is_promised(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, random_rule, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(report, "published_folder", lambda: tmp_path / "docs")
    monkeypatch.setattr("noise_gain_law.FRAMES", 3)
    rule = random_rule(8, 12, "sobel", life_mask="pre_post", std=0.05)
    trained = str(tmp_path / "any.safetensors")
    save_rule(rule, trained, {"target": "heart", "regime": "naive", "substrate": "torus: square,hex"})
    names = (trained, demo_file(tmp_path / "published.json", rule))
    main(Config(rule=names, out=str(tmp_path / "out"), publish=True, **SMALL))
    for name, alone in (("any", False), ("published", True)):
        folder = tmp_path / "docs" / f"noise_gain_law_{name}"
        metrics = json.loads((folder / "metrics.json").read_text())
        assert metrics["trained on squares alone"] is alone
        assert list(metrics["sheets"]) == list(WAYS)
        assert list(metrics["sheets"]["law"]) == ["square", "hex", "voronoi 2001"]
        assert list(metrics["sheets"]["raw"]) == ["hex", "voronoi 2001"]
        same = (metrics["sheets"][way]["hex"]["step 8"]["errors"] for way in ("corrected", "raw"))
        assert np.allclose(*same, atol=1e-5)
        assert next(iter(metrics["goals"])) == ("hex at 4" if alone else "square at 4")
        for moment in ("step 4", "step 8"):
            uniform = metrics["uniform smoothing"][moment]
            assert list(uniform) == ["0", "0.3"]
            unsmoothed = metrics["sheets"]["corrected"]["hex"][moment]["median error"]
            assert uniform["0"]["hex"] == pytest.approx(unsmoothed, abs=2e-6)
            assert list(uniform["0.3"]) == ["hex", "voronoi"]
        for file in ("figure.png", "later.png", "growth.gif", "smoothing.png"):
            with Image.open(folder / file) as picture:
                assert picture.width > 300
    assert capsys.readouterr().out.count("median error to its own pattern") == 2


def test_a_rule_without_gradients_is_refused(tmp_path: Path, random_rule) -> None:
    save_rule(random_rule(8, 12, "isonca"), tmp_path / "blind.safetensors", {})
    with pytest.raises(SystemExit, match="perceives gradients"):
        main(Config(rule=(str(tmp_path / "blind.safetensors"),), out=str(tmp_path), **SMALL))
