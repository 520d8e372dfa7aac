"""The texture demo's atlas, written here in its format."""

import base64
import io
import json
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch_geometric.data import Data

from graphnca import rollout
from graphnca.importers import load_texture_demo, texture_demo_names
from graphnca.rules import export_quantised

CHANNELS, HIDDEN = 3, 10  # neither is a multiple of 4: the last pixel of a row is padded
LAYOUT = (2, 2)
NAMES = ["chess", "dots", "bubbles"]  # the fourth tile stays empty


def matrices(seed: int = 0) -> list[list[np.ndarray]]:
    """For each layer, each model's matrix (in + 1, out), the bias last; models of different size of weights."""
    rng = np.random.default_rng(seed)
    shapes = [(4 * CHANNELS + 1, HIDDEN), (HIDDEN + 1, CHANNELS)]
    return [[(1 + i) * rng.normal(size=shape) for i in range(len(NAMES))] for shape in shapes]


def layer(models: list[np.ndarray], *, data_url: bool = True) -> dict:
    scale = 2 * max(float(np.abs(matrix).max()) for matrix in models)
    rows, outputs = models[0].shape
    width = -(-outputs // 4)
    atlas = np.full((LAYOUT[1] * rows, LAYOUT[0] * width, 4), 127, np.uint8)
    for i, matrix in enumerate(models):
        padded = np.zeros((rows, width * 4))
        padded[:, :outputs] = matrix
        data = np.clip(np.round(padded / scale * 255 + 127), 0, 255).astype(np.uint8)
        top, left = i // LAYOUT[0] * rows, i % LAYOUT[0] * width
        atlas[top : top + rows, left : left + width] = data.reshape(rows, width, 4)
    return {
        "scale": scale,
        "data": ("data:image/png;base64," if data_url else "") + png(atlas),
        "shape": [rows, outputs],
        "quant_scale_zero": [2.0, 0.0],
        "layout": list(LAYOUT),
    }


def png(pixels: np.ndarray) -> str:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()


def as_json(**options: bool) -> dict:
    return {"model_names": NAMES, "layers": [layer(models, **options) for models in matrices()]}


def write(path: Path, content: object) -> Path:
    path.write_text(json.dumps(content))
    return path


@pytest.mark.parametrize("index", range(len(NAMES)))
@pytest.mark.parametrize("data_url", [True, False])
def test_round_trip_to_half_a_byte(tmp_path: Path, index: int, data_url: bool) -> None:
    content = as_json(data_url=data_url)
    path = write(tmp_path / "models.json", content)
    rule = load_texture_demo(path, index)
    assert texture_demo_names(path) == NAMES
    assert rule.config["perception"] == ["identity", "gradient", "laplacian"]
    assert rule.config["gains"] == {"gradient": 1 / 8, "laplacian": 1 / 8}
    assert rule.config["life_mask"] is None
    for linear, models, stored in zip(
        (rule.update_rule.hidden, rule.update_rule.output), matrices(), content["layers"], strict=True
    ):
        decoded = torch.cat([linear.weight.detach().T, linear.bias.detach()[None]]).numpy()
        error = np.abs(decoded - models[index]).max()
        assert 0 < error <= stored["scale"] / 510 * (1 + 1e-5) + 1e-6


def test_a_name_and_its_index_are_the_same_model(tmp_path: Path) -> None:
    path = write(tmp_path / "models.json", as_json())
    by_name, by_index = load_texture_demo(path, "dots"), load_texture_demo(path, 1)
    for key, tensor in by_name.state_dict().items():
        assert torch.equal(tensor, by_index.state_dict()[key])
    assert not torch.equal(by_index.update_rule.hidden.weight, load_texture_demo(path).update_rule.hidden.weight)


@pytest.mark.parametrize("model", ["stripes", 3, -1])
def test_an_unknown_model_is_answered_with_the_known_ones(tmp_path: Path, model: str | int) -> None:
    path = write(tmp_path / "models.json", as_json())
    with pytest.raises(ValueError, match=r"`model` must be (one of \['chess'|a name or an index from 0 to 2)"):
        load_texture_demo(path, model)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"none at .*nothing\.json"):
        load_texture_demo(tmp_path / "nothing.json")


def claiming(width: int, height: int) -> str:
    """A PNG of a few bytes with a right head and next to no pixels."""
    parts = (b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0), b"IDAT" + zlib.compress(b""), b"IEND")
    chunks = (struct.pack(">I", len(part) - 4) + part + struct.pack(">I", zlib.crc32(part)) for part in parts)
    return base64.b64encode(b"\x89PNG\r\n\x1a\n" + b"".join(chunks)).decode()


def damaged(case: str) -> object:
    content = as_json()
    first = content["layers"][0]
    if case == "a list":
        return content["layers"]
    if case == "no names":
        content["model_names"] = []
    elif case == "one layer":
        content["layers"] = content["layers"][:1]
    elif case == "missing scale":
        del first["scale"]
    elif case == "layout of text":
        first["layout"] = ["2", "2"]
    elif case == "not a PNG":
        first["data"] = base64.b64encode(b"GIF89a").decode()
    elif case == "cut PNG":
        first["data"] = first["data"].partition(",")[2][:80]
    elif case == "no alpha":
        first["data"] = png(np.zeros((26, 6, 3), np.uint8))
    elif case == "another size":
        first["data"] = png(np.zeros((26, 7, 4), np.uint8))
    elif case == "a PNG that claims too much":
        first["data"] = claiming(12_000, 12_000)
    elif case == "a PNG that claims what it has not":
        first["data"] = claiming(6, 26)
    elif case == "a scale beyond every float":
        first["scale"] = 10**400
    elif case == "letters beyond ASCII":
        first["data"] = "\u00e4"
    elif case == "beyond float32":
        first["scale"] = 1e300
    elif case == "too few tiles":
        content["model_names"] = [*NAMES, "moss", "bark"]
    elif case == "layers that do not fit":
        content["layers"] = content["layers"][::-1]
    return content


@pytest.mark.parametrize(
    ("case", "message"),
    [
        ("a list", "entry 'model_names', got list"),
        ("no names", "'model_names' must be a list of names"),
        ("one layer", "two layers, got 1"),
        ("missing scale", "layer 0 must have an entry 'scale'"),
        ("layout of text", "'layout' must be 2 positive whole numbers"),
        ("not a PNG", "must be a whole PNG"),
        ("cut PNG", "must be a whole PNG"),
        ("no alpha", "RGBA pixels .* got 6 x 26 of RGB"),
        ("another size", "6 x 26 RGBA pixels for 2 x 2 tiles of 3 x 13, got 7 x 26"),
        ("a PNG that claims too much", "6 x 26 RGBA .* got 12000 x 12000|must be a whole PNG"),
        ("a PNG that claims what it has not", "must be a whole PNG"),
        ("a scale beyond every float", "'scale' must be a finite number, got 1000"),
        ("letters beyond ASCII", "must be base64"),
        ("beyond float32", r"'hidden\.weight' must be finite in float32"),
        ("too few tiles", "a tile for model 4, got 2 x 2"),
        ("layers that do not fit", r"got the shapes \(11, 3\) and \(13, 10\)"),
    ],
)
def test_damage_is_one_clear_error(tmp_path: Path, case: str, message: str) -> None:
    path = write(tmp_path / "models.json", damaged(case))
    with pytest.raises(ValueError, match=message):
        load_texture_demo(path, 4 if case == "too few tiles" else 0)


@pytest.mark.parametrize("index", range(len(NAMES)))
def test_it_steps_on_the_bytes_of_the_file(tmp_path: Path, index: int) -> None:
    """Weights are the file's bytes less 127, also those of models that are smaller than the others of the atlas."""
    content = as_json()
    path = write(tmp_path / "models.json", content)
    rule = load_texture_demo(path, index)
    assert rule.arithmetic == "quantised"
    stored = export_quantised(rule)
    for layer, models, written in zip(stored["layers"], matrices(), content["layers"], strict=True):
        assert layer["step"] == pytest.approx(written["scale"] / 255)
        expected = np.round(models[index] / written["scale"] * 255 + 127)
        found = np.concatenate([layer["weight"].T, layer["bias"][None]])
        assert np.array_equal(found, np.clip(expected, 0, 255))
    with pytest.warns(UserWarning, match="trained in 8 bits"):
        plain = load_texture_demo(path, index, quantised=False)
    assert plain.arithmetic == "float"
    for one, two in zip(rule.parameters(), plain.parameters(), strict=True):
        assert torch.equal(one, two)


def test_it_runs_on_every_substrate(tmp_path: Path, topology: Data) -> None:
    rule = load_texture_demo(write(tmp_path / "models.json", as_json()), "dots")
    start = torch.zeros(topology["pos"].shape[0], CHANNELS)
    x = rollout(rule, start, topology, 8, generator=torch.Generator().manual_seed(0)).detach() * 255 / 4
    assert (x - x.round()).abs().max() < 1e-4
    assert -127.001 < x.min() < x.max() < 128.001


def test_a_scale_that_is_not_positive_makes_no_bytes(tmp_path: Path) -> None:
    content = as_json()
    content["layers"][1]["scale"] = 0.0
    with pytest.raises(ValueError, match="must have positive scales"):
        load_texture_demo(write(tmp_path / "models.json", content))
