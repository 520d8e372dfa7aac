"""Features by the words of a command line."""

from pathlib import Path

import pytest
import torch

from graphnca.features import VGG16, FilterBank, load_features, vgg_files

WIDTHS = (4,) * 13


def write(path: Path) -> Path:
    network = VGG16.untrained(widths=WIDTHS)
    content = {}
    for index, part in zip(vgg_files.TORCHVISION_LAYERS, network.convolutions, strict=True):
        content |= {f"features.{index}.weight": part.weight, f"features.{index}.bias": part.bias}
    torch.save(content, path)
    return path


def test_fixed_filters_need_no_file() -> None:
    features = load_features("filter-bank")
    assert isinstance(features, FilterBank) and "no trained weights" in features.description


def test_a_file_by_its_path(tmp_path: Path) -> None:
    features = load_features(str(write(tmp_path / "small.pth")))
    assert isinstance(features, VGG16) and "small.pth" in features.description
    assert str(tmp_path) not in features.description  # it lands in what is published


def test_the_convolutions_alone_are_in_half_precision(tmp_path: Path) -> None:
    features = load_features(str(write(tmp_path / "small.pth")), precision="bfloat16")
    assert {part.dtype for part in features.parameters()} == {torch.bfloat16}
    assert all(maps.dtype == torch.float32 for maps in features(torch.rand(1, 3, 32, 32)))


def test_vgg16_is_the_usual_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vgg_files, "usual_file", lambda: write(tmp_path / "usual.pth"))
    assert "usual.pth" in load_features("vgg16").description


def test_neither_a_word_nor_a_file() -> None:
    with pytest.raises(
        FileNotFoundError,
        match="--features must be vgg16, filter-bank, patches or .* file.*'vgg19'. Did you mean vgg16",
    ):
        load_features("vgg19")


def test_another_precision() -> None:
    with pytest.raises(ValueError, match="`precision` must be one of"):
        load_features("filter-bank", precision="float16")
