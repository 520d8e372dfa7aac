"""The Growing NCA demo's file, written here in its format."""

import base64
import json
from pathlib import Path

import numpy as np
import pytest
import torch

from graphnca.importers import load_growing_demo
from graphnca.layers import NCAConv
from graphnca.models import growing_nca

CHANNELS, HIDDEN = 5, 12


def randomised(channels: int = CHANNELS, hidden: int = HIDDEN) -> NCAConv:
    rule = growing_nca(channels, hidden)
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for scale, parameter in enumerate(rule.parameters(), start=1):
            parameter.copy_(scale * torch.randn(parameter.shape, generator=generator))
    return rule


def layer(linear: torch.nn.Linear) -> dict:
    """A layer as the demo stores it: bytes of (in + 1, out), the bias last, each part with its own scale."""
    weight, bias = linear.weight.detach().numpy().T, linear.bias.detach().numpy()
    scales = [2 * float(np.abs(part).max()) for part in (weight, bias)]
    stacked = np.vstack([weight / scales[0], bias / scales[1]])
    data = np.round((stacked + 0.5) * 255).astype(np.uint8)
    return {
        "data_b64": base64.b64encode(data.tobytes()).decode(),
        "in_ch": weight.shape[0],
        "out_ch": weight.shape[1],
        "weight_scale": scales[0],
        "bias_scale": scales[1],
        "type": "uint8",
    }


def as_json(rule: NCAConv) -> list[dict]:
    return [layer(rule.update_rule.hidden), layer(rule.update_rule.output)]


def write(path: Path, content: object) -> Path:
    path.write_text(json.dumps(content))
    return path


def test_round_trip_to_half_a_byte(tmp_path: Path) -> None:
    rule = randomised()
    content = as_json(rule)
    loaded = load_growing_demo(write(tmp_path / "lizard.json", content))
    assert loaded.config == rule.config
    for name, stored in zip(("hidden", "output"), content, strict=True):
        for part, key in (("weight", "weight_scale"), ("bias", "bias_scale")):
            before = rule.state_dict()[f"update_rule.{name}.{part}"]
            after = loaded.state_dict()[f"update_rule.{name}.{part}"]
            error = (after - before).abs().max().item()
            assert 0 < error <= stored[key] / 510 * (1 + 1e-5)


def test_the_full_size_is_the_published_architecture(tmp_path: Path) -> None:
    loaded = load_growing_demo(write(tmp_path / "lizard.json", as_json(randomised(16, 128))))
    assert loaded.config == growing_nca().config
    assert sum(parameter.numel() for parameter in loaded.parameters()) == 8336


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"none at .*nothing\.json"):
        load_growing_demo(tmp_path / "nothing.json")


def damaged(case: str) -> object:
    content = as_json(randomised())
    if case == "one layer":
        return content[:1]
    if case == "an object":
        return {"layers": content}
    if case == "missing scale":
        del content[1]["bias_scale"]
    elif case == "another type":
        content[0]["type"] = "float32"
    elif case == "text for a number":
        content[0]["in_ch"] = "15"
    elif case == "cut":
        content[0]["data_b64"] = content[0]["data_b64"][:-8]
    elif case == "no channels":
        content[1]["out_ch"] = 0
    elif case == "layers that do not fit":
        content[1] = layer(torch.nn.Linear(HIDDEN, CHANNELS + 1))
    elif case == "not finite":
        content[0]["weight_scale"] = float("inf")
    elif case == "beyond float32":
        content[0]["weight_scale"] = 1e39
    elif case == "sizes beyond every memory":
        content[0]["in_ch"] = content[0]["out_ch"] = 2**40
    elif case == "too few channels":
        return [layer(torch.nn.Linear(9, HIDDEN)), layer(torch.nn.Linear(HIDDEN, 3))]
    return content


@pytest.mark.parametrize(
    ("case", "message"),
    [
        ("one layer", "list of two layers, got a list of 1"),
        ("an object", "list of two layers, got a dict"),
        ("missing scale", "layer 1 must have an entry 'bias_scale'"),
        ("another type", "layer 0: 'type' must be 'uint8', got 'float32'"),
        ("text for a number", "'in_ch' must be .*int.*, got str"),
        ("cut", "layer 0 must hold 192 bytes"),
        ("no channels", "must be positive, got 12 and 0"),
        ("layers that do not fit", r"got \(15, 12\) and \(12, 6\)"),
        ("not finite", "'weight_scale' must be a finite number, got inf"),
        ("beyond float32", r"'hidden\.weight' must be finite in float32"),
        ("sizes beyond every memory", "must hold .* bytes"),
        ("too few channels", "at least 4 channels"),
    ],
)
def test_damage_is_one_clear_error(tmp_path: Path, case: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        load_growing_demo(write(tmp_path / "lizard.json", damaged(case)))
