"""The content of a published file decides its format, not its name."""

import base64
import json
from pathlib import Path

import numpy as np
import pytest

from graphnca.importers import load_published


def floats(*shape: int) -> dict:
    return {"shape": list(shape), "data64": base64.b64encode(np.zeros(shape, "<f4").tobytes()).decode()}


def byte_layer(in_ch: int, out_ch: int) -> dict:
    data = base64.b64encode(bytes((in_ch + 1) * out_ch)).decode()
    return {
        "data_b64": data, "in_ch": in_ch, "out_ch": out_ch, "weight_scale": 1.0, "bias_scale": 1.0, "type": "uint8"
    }  # fmt: skip


def test_each_format_is_recognised(tmp_path: Path) -> None:
    path = tmp_path / "model"
    path.write_text(json.dumps({"w1": floats(8, 8), "b1": floats(8), "w2": floats(8, 4)}))
    assert load_published(path).config["life_mask"] == "pre"
    np.savez(tmp_path / "model.npz", w1=np.zeros((8, 8)), b1=np.zeros(8), w2=np.zeros((8, 4)))
    assert load_published(tmp_path / "model.npz").config["life_mask"] == "pre"
    path.write_text(json.dumps([byte_layer(12, 8), byte_layer(8, 4)]))
    assert load_published(path).config["life_mask"] == "pre_post"
    path.write_text(json.dumps({"model_names": ["dots"], "layers": []}))
    with pytest.raises(ValueError, match="two layers, got 0"):  # the texture importer's own error
        load_published(path)


@pytest.mark.parametrize("content", [{"weights": []}, 3, "text", None])
def test_anything_else_is_answered_with_the_known_formats(tmp_path: Path, content: object) -> None:
    path = tmp_path / "model.json"
    path.write_text(json.dumps(content))
    with pytest.raises(ValueError, match=r"IsoNCA demo .* Growing NCA demo .* texture demo"):
        load_published(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"nothing\.json"):
        load_published(tmp_path / "nothing.json")
