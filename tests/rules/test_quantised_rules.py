import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from graphnca import load_rule, rollout, save_rule
from graphnca.layers import NCAConv, in_8_bits
from graphnca.rules import export_quantised, import_quantised
from topologies import square_grid

MakeRule = Callable[..., NCAConv]


@pytest.fixture(params=[True, False], ids=["biased", "unbiased"])
def rule(request: pytest.FixtureRequest, random_rule: MakeRule) -> NCAConv:
    made = random_rule(5, 20, "laplacian", life_mask=None, std=0.3, output_bias=request.param)
    return in_8_bits(made)


def grown(rule: NCAConv, seed: int = 0) -> torch.Tensor:
    grid, generator = square_grid(8, 8), torch.Generator().manual_seed(seed)
    with torch.no_grad():
        return rollout(rule, 0.3 * torch.randn(2, 64, 5, generator=generator), grid, 12, generator=generator)


def test_the_same_rule_to_the_last_bit(rule: NCAConv) -> None:
    content = export_quantised(rule)
    again = import_quantised(content)
    assert torch.equal(grown(again), grown(rule))
    repeated = export_quantised(again)
    assert repeated["architecture"] == content["architecture"]
    for one, two in zip(content["layers"], repeated["layers"], strict=True):
        assert one["step"] == two["step"]
        assert np.array_equal(one["weight"], two["weight"])
        assert (one["bias"] is None) == (two["bias"] is None)


def test_a_byte_is_the_published_one(rule: NCAConv) -> None:
    """(b - 127) / 255 * scale is the nearest such number to the weight, with scale = 2 max|w| of weight and bias."""
    layer, stored = rule.update_rule.hidden, export_quantised(rule)["layers"][0]
    weight, bias = layer.weight.detach().double().numpy(), layer.bias.detach().double().numpy()
    scale = 2 * max(np.abs(weight).max(), np.abs(bias).max())
    assert stored["weight"].dtype == np.uint8 and stored["weight"].shape == weight.shape
    assert stored["step"] == pytest.approx(scale / 255)
    for values, data in ((weight, stored["weight"]), (bias, stored["bias"])):
        assert np.abs((data.astype(float) - 127) / 255 * scale - values).max() <= scale / 510 * (1 + 1e-5)
    assert {int(stored["weight"].min()), int(stored["weight"].max())} & {0, 255, int(stored["bias"].min())}


def test_what_was_read_can_be_saved(rule: NCAConv, tmp_path: Path) -> None:
    again = import_quantised(export_quantised(rule))
    save_rule(again, tmp_path / "rule.safetensors")
    loaded = load_rule(tmp_path / "rule.safetensors")
    assert loaded.weight_steps == again.weight_steps
    assert torch.equal(grown(loaded), grown(rule))


def test_everything_but_the_bytes_is_json(rule: NCAConv) -> None:
    content = export_quantised(rule)
    for layer in content["layers"]:
        layer["weight"] = layer["weight"].tolist()
        layer["bias"] = None
    again = json.loads(json.dumps(content, allow_nan=False))
    assert again["architecture"] == content["architecture"]


def changed(content: dict[str, Any], **entries: Any) -> dict[str, Any]:
    return {**content, **entries}


def test_what_is_no_such_rule(rule: NCAConv) -> None:
    float_rule = NCAConv(**{**rule.config, "arithmetic": "float"})
    with pytest.raises(ValueError, match=r"`rule` must step in 8 bits .*, got arithmetic 'float'"):
        export_quantised(float_rule)
    content = export_quantised(rule)
    for broken in (changed(content, format=2), changed(content, zero=128), {"format": 1}):
        with pytest.raises(ValueError, match="`content` must be of format 1 with zero 127"):
            import_quantised(broken)
    with pytest.raises(ValueError, match="must describe two layers of a quantised architecture"):
        import_quantised(changed(content, architecture=float_rule.config))
    short = changed(content, layers=[{**content["layers"][0], "weight": np.zeros(3, np.uint8)}, content["layers"][1]])
    with pytest.raises(ValueError, match=r"must hold 400 bytes as weight of 'hidden', got 3"):
        import_quantised(short)
    with torch.no_grad():
        rule.update_rule.hidden.bias[0] = torch.nan
    with pytest.raises(ValueError, match="`rule` must have finite parameters"):
        export_quantised(rule)
