from pathlib import Path

import pytest
import torch
from protocol.features import features_of, precision_of

from graphnca.features import FilterBank, WeightsFileError


def test_words_and_types() -> None:
    assert isinstance(features_of("filter-bank"), FilterBank)
    assert precision_of("float32") is None
    assert precision_of("bfloat16") is torch.bfloat16
    with pytest.raises(SystemExit, match="--precision: expected one of"):
        precision_of("float8")


@pytest.mark.parametrize("name", ["weights.h5", "InceptionV1.pb", "vgg"])
def test_a_file_that_is_not_there_is_told_with_the_two_words(tmp_path: Path, name: str) -> None:
    with pytest.raises(FileNotFoundError, match="--features must be vgg16, filter-bank or a file"):
        features_of(str(tmp_path / name))


def test_a_graph_goes_to_its_own_reader(tmp_path: Path) -> None:
    (tmp_path / "graph.pb").write_bytes(b"no graph")
    with pytest.raises(WeightsFileError, match="must be a frozen graph of TensorFlow"):
        features_of(str(tmp_path / "graph.pb"))
