"""Rules and a published model in float and in 8 bits, small; ratios are what they say."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from textures.eight_bit import FLOAT, GOAL, ROUNDED, TUNED, Config, main, tables

from graphnca import load_rule, save_rule
from graphnca.layers import in_8_bits
from graphnca.models import texture_nca
from graphnca.results.run import carry_out
from graphnca.results.table import read_tables

SMALL = {"features": "filter-bank", "steps": 4, "meshes": 1, "runs": 2}


def moving_rule(path: Path, *, quantised: bool = False) -> str:
    """A rule that changes its state, so that no picture is flat."""
    torch.manual_seed(0)
    rule = texture_nca()
    torch.nn.init.normal_(rule.update_rule.output.weight, std=0.02)
    save_rule(in_8_bits(rule) if quantised else rule, path, {"template": "banded", "features": "eyes"})
    return str(path)


def test_a_rule_in_three_variants(tmp_path: Path) -> None:
    rule = moving_rule(tmp_path / "woven.safetensors")
    tuned = moving_rule(tmp_path / "tuned.safetensors", quantised=True)
    out = tmp_path / "out"
    carry_out(main, Config(rule=(rule,), tuned=(tuned,), out=str(out), **SMALL), tables=tables)
    metrics = json.loads((out / "metrics.json").read_text())
    assert metrics["goal"] == GOAL
    assert "no trained weights" in metrics["features"]
    entry = metrics["rules"]["woven"]
    assert entry["compared with"] == "the template banded"
    variants = entry["variants"]
    assert list(variants) == [FLOAT, ROUNDED, TUNED]
    assert variants[FLOAT]["bytes"] == 4 * 5856
    assert variants[ROUNDED]["bytes"] == 5856 + 8
    assert set(variants[FLOAT]["times float"].values()) == {1.0}
    for name, found in variants[ROUNDED]["substrates"].items():
        assert len(found["losses"]) == 2
        expected = found["median loss"] / variants[FLOAT]["substrates"][name]["median loss"]
        assert variants[ROUNDED]["times float"][name] == pytest.approx(expected, abs=1e-3)
        assert found["losses"] != variants[FLOAT]["substrates"][name]["losses"]
    assert variants[TUNED]["substrates"] == variants[ROUNDED]["substrates"]  # the same rule here
    assert variants[ROUNDED]["met"] == sum(ratio <= GOAL for ratio in variants[ROUNDED]["times float"].values())
    assert list(entry["square torus by gain"]) == ["1", "0.5", "0.25", "0.125"]
    assert entry["square torus by gain"]["0.25"] == variants[ROUNDED]["substrates"]["square"]["median loss"]
    assert load_rule(out / "woven-8bit.safetensors").arithmetic == "quantised"
    written = read_tables(out)
    assert [row[1] for row in written["losses"].rows] == [FLOAT, ROUNDED, TUNED]
    assert written["gains"].rows[0][0] == "`woven`"


def test_a_published_model_on_its_own_bytes(tmp_path: Path, write_atlas: Callable[..., Path]) -> None:
    path = str(write_atlas(tmp_path / "models.json"))
    carry_out(main, Config(rule=(path,), model="second", out=str(tmp_path / "out"), **SMALL), tables=tables)
    metrics = json.loads((tmp_path / "out" / "metrics.json").read_text())
    assert metrics["rules"]["second"]["compared with"].startswith("another run of the rule as it is")
    assert list(metrics["rules"]["second"]["variants"][ROUNDED]["substrates"]) == ["square", "hex", "voronoi 3001"]
    assert metrics["rules"]["second"]["square torus by gain"] == {}
    assert load_rule(tmp_path / "out" / "second-8bit.safetensors").weight_steps is not None


def test_nothing_is_said_in_times_of_what_exploded(tmp_path: Path, write_atlas: Callable[..., Path]) -> None:
    """A model that only its clamps hold, as nearly all published ones; every number is finite."""
    path = str(write_atlas(tmp_path / "models.json", strength=4.0))
    config = Config(rule=(path,), model="second", out=str(tmp_path / "out"), **(SMALL | {"steps": 40}))
    carry_out(main, config, tables=tables)
    text = (tmp_path / "out" / "metrics.json").read_text()
    assert "NaN" not in text and "Infinity" not in text
    variants = json.loads(text)["rules"]["second"]["variants"]
    for name, found in variants[FLOAT]["substrates"].items():
        assert (found["exploded"], variants[ROUNDED]["substrates"][name]["exploded"]) == (2, 0)
        assert variants[ROUNDED]["times float"][name] is None
    rows = read_tables(tmp_path / "out")["losses"].rows
    assert rows[0][3] == "2 of 2 exploded" and rows[1][-1] == ""


def test_what_cannot_be(tmp_path: Path) -> None:
    rule = moving_rule(tmp_path / "woven.safetensors")
    with pytest.raises(SystemExit, match="--tuned: expected one for each of 1 rules, got 2"):
        carry_out(main, Config(rule=(rule,), tuned=(rule, rule), out=str(tmp_path / "out"), **SMALL))
    with pytest.raises(SystemExit, match="--tuned: expected a rule in 8 bits"):
        carry_out(main, Config(rule=(rule,), tuned=(rule,), out=str(tmp_path / "out"), **SMALL))
