"""The IsoNCA demo's file, written here in its format, and the published lizard where it lies beside the checkout."""

import base64
import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.lib import format as npy

from graphnca.importers import load_isonca_demo

CHANNELS, HIDDEN = 6, 10


def weights(seed: int = 0) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    shapes = {"w1": (HIDDEN, 2 * CHANNELS), "b1": (HIDDEN,), "w2": (HIDDEN, CHANNELS)}
    return {name: rng.normal(size=shape).astype("<f4") for name, shape in shapes.items()}


def as_json(arrays: dict[str, np.ndarray]) -> dict:
    return {
        name: {"shape": list(array.shape), "data64": base64.b64encode(array.tobytes()).decode()}
        for name, array in arrays.items()
    }


def write(path: Path, content: object) -> Path:
    path.write_text(json.dumps(content))
    return path


def test_json_is_read_bit_for_bit(tmp_path: Path) -> None:
    arrays = weights()
    rule = load_isonca_demo(write(tmp_path / "ca.json", as_json(arrays)))
    assert rule.config["perception"] == ["identity", "laplacian"]
    assert rule.config["gains"] == {"laplacian": 1.0}
    assert rule.config["life_mask"] == "pre"
    torch.testing.assert_close(rule.update_rule.hidden.weight.detach().numpy(), arrays["w1"], rtol=0, atol=0)
    torch.testing.assert_close(rule.update_rule.hidden.bias.detach().numpy(), arrays["b1"], rtol=0, atol=0)
    torch.testing.assert_close(rule.update_rule.output.weight.detach().numpy(), arrays["w2"].T, rtol=0, atol=0)
    assert rule.update_rule.output.bias is None


def test_npz_and_json_are_the_same_rule(tmp_path: Path) -> None:
    arrays = weights()
    np.savez(tmp_path / "ca.npz", w1=arrays["w1"], b1=arrays["b1"], w2=arrays["w2"])
    first = load_isonca_demo(tmp_path / "ca.npz")
    second = load_isonca_demo(write(tmp_path / "ca.json", as_json(arrays)))
    for key, tensor in first.state_dict().items():
        assert torch.equal(tensor, second.state_dict()[key])


def test_the_published_lizard(conformance: Path) -> None:
    from_json = load_isonca_demo(conformance / "isonca_lizard" / "cadata.json")
    from_npz = load_isonca_demo(conformance / "isonca_lizard" / "isonca_lizard_demo.npz")
    assert sum(parameter.numel() for parameter in from_json.parameters()) == 9408
    assert from_json.config == from_npz.config
    for key, tensor in from_json.state_dict().items():
        assert torch.equal(tensor, from_npz.state_dict()[key])


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"none at .*nothing\.json"):
        load_isonca_demo(tmp_path / "nothing.json")


@pytest.mark.parametrize("data", [b"", b"{", b"\xff\xfe\xfa", b"PK\x03\x04 not really"])
def test_a_file_that_is_no_json_is_one_clear_error(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "ca.json").write_bytes(data)
    with pytest.raises(ValueError, match=r"ca\.json must be a JSON file"):
        load_isonca_demo(tmp_path / "ca.json")


def damaged(case: str) -> dict:
    content = as_json(weights())
    if case == "missing array":
        del content["b1"]
    elif case == "not an object":
        content["b1"] = [1, 2]
    elif case == "no shape":
        del content["w1"]["shape"]
    elif case == "wrong axes":
        content["w1"]["shape"] = [HIDDEN * 2 * CHANNELS]
    elif case == "not base64":
        content["w1"]["data64"] = "%" + content["w1"]["data64"][1:]
    elif case == "cut":
        content["w1"]["data64"] = content["w1"]["data64"][:-8]
    elif case == "arrays that do not fit":
        content["b1"] = as_json({"b1": np.zeros(HIDDEN + 1, "<f4")})["b1"]
    elif case == "not finite":
        content["b1"] = as_json({"b1": np.full(HIDDEN, np.nan, "<f4")})["b1"]
    elif case == "too few channels":
        arrays = weights()
        content = as_json({"w1": arrays["w1"][:, :6], "b1": arrays["b1"], "w2": arrays["w2"][:, :3]})
    return content


@pytest.mark.parametrize(
    ("case", "message"),
    [
        ("missing array", r"entry 'b1', got \['w1', 'w2'\]"),
        ("not an object", "'b1' must be .*dict.*, got list"),
        ("no shape", r"'w1' must have an entry 'shape'"),
        ("wrong axes", "'shape' must be 2 positive whole numbers"),
        ("not base64", "'w1' must be base64"),
        ("cut", r"must hold 480 bytes for the shape \(10, 12\), got 474"),
        ("arrays that do not fit", r"got \(10, 12\), \(11,\), \(10, 6\)"),
        ("not finite", r"'hidden\.bias' must be finite"),
        ("too few channels", "at least 4 channels"),
    ],
)
def test_damage_is_one_clear_error(tmp_path: Path, case: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        load_isonca_demo(write(tmp_path / "ca.json", damaged(case)))


def test_a_damaged_npz_is_one_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "ca.npz"
    np.savez(path, w1=np.zeros((4, 8)), b1=np.zeros(4))
    with pytest.raises(ValueError, match=r"\.npz file with the arrays"):
        load_isonca_demo(path)
    np.savez(path, w1=np.zeros((4, 8), int), b1=np.zeros(4), w2=np.zeros((4, 4)))
    with pytest.raises(ValueError, match="2 axes of floats, got 2 of int64"):
        load_isonca_demo(path)
    np.savez(path, w1=np.zeros((4, 8)), b1=np.zeros(4), w2=np.zeros((4, 4)))
    data = bytearray(path.read_bytes())
    data[200] ^= 255  # a flipped byte: the archive's checksum tells
    path.write_bytes(data)
    with pytest.raises(ValueError, match=r"\.npz file with the arrays"):
        load_isonca_demo(path)


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA])
def test_an_npz_takes_no_more_memory_than_it_has_bytes(tmp_path: Path, method: int) -> None:
    """Its heads claim 40 TB."""
    path, head = tmp_path / "ca.npz", io.BytesIO()
    npy.write_array_header_1_0(head, {"shape": (10**7, 10**6), "fortran_order": False, "descr": "<f4"})
    with zipfile.ZipFile(path, "w", method) as archive:
        for name in ("w1", "b1", "w2"):
            archive.writestr(f"{name}.npy", head.getvalue() + bytes(400))
    with pytest.raises(ValueError, match=r"\.npz file with the arrays"):
        load_isonca_demo(path)


def test_every_npz_of_numpys_is_read(tmp_path: Path) -> None:
    arrays = weights()
    np.savez(tmp_path / "plain.npz", **arrays)
    np.savez_compressed(tmp_path / "small.npz", **{name: np.asfortranarray(array) for name, array in arrays.items()})
    one, two = load_isonca_demo(tmp_path / "plain.npz"), load_isonca_demo(tmp_path / "small.npz")
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), two.parameters(), strict=True))


def test_weights_beyond_float32_are_refused(tmp_path: Path) -> None:
    arrays = {name: array.astype(np.float64) for name, array in weights().items()}
    arrays["w2"][0, 0] = 1e39
    np.savez(tmp_path / "ca.npz", **arrays)
    with pytest.raises(ValueError, match=r"'output\.weight' must be finite in float32"):
        load_isonca_demo(tmp_path / "ca.npz")


def test_lists_without_an_end_are_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "deep.json").write_text("[" * 100_000)
    with pytest.raises(ValueError, match="must be a JSON file"):
        load_isonca_demo(tmp_path / "deep.json")
