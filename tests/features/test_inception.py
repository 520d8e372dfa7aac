from pathlib import Path

import numpy as np
import pytest
import torch

from graphnca.features import InceptionV1, WeightsFileError, load_inception
from graphnca.features.inception import BRANCHES
from graphnca.losses import ActivationLoss

from .test_frozen_graph import node, write

rng = np.random.default_rng(1)
STEM = rng.normal(size=(3, 3, 3, 6)).astype(np.float32) / 300
LEFT, RIGHT = (rng.normal(size=(1, 1, 6, width)).astype(np.float32) for width in (4, 2))
BIASES = [rng.normal(size=width).astype(np.float32) for width in (6, 4, 2)]
LRN = {"depth_radius": 2, "bias": 2.0, "alpha": 0.5, "beta": 0.75}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A small graph in the format of the published file: a convolution with stride, its norm, a pool, two branches."""
    window = {"strides": [1, 2, 2, 1], "padding": "SAME"}
    whole = {"strides": [1, 1, 1, 1], "padding": "VALID"}
    return write(
        tmp_path / "small.pb",
        node("input", "Placeholder"),
        *(node(f"{name}_w", "Const", value=value) for name, value in zip("abc", (STEM, LEFT, RIGHT), strict=True)),
        *(node(f"{name}_b", "Const", value=value) for name, value in zip("abc", BIASES, strict=True)),
        node("a_pre_relu/conv", "Conv2D", ("input", "a_w"), **window),
        node("a_pre_relu", "BiasAdd", ("a_pre_relu/conv", "a_b")),
        node("a", "Relu", ("a_pre_relu",)),
        node("norm", "LRN", ("a",), **LRN),
        node("pool", "MaxPool", ("norm",), ksize=[1, 3, 3, 1], **window),
        node("b_pre_relu/conv", "Conv2D", ("pool", "b_w"), **whole),
        node("b_pre_relu", "BiasAdd", ("b_pre_relu/conv", "b_b")),
        node("b", "Relu", ("b_pre_relu",)),
        node("c_pre_relu/conv", "Conv2D", ("pool", "c_w"), **whole),
        node("c_pre_relu", "BiasAdd", ("c_pre_relu/conv", "c_b")),
        node("c", "Relu", ("c_pre_relu",)),
        node("axis", "Const", value=np.array(3, np.int32)),
        node("mixed4a", "Concat", ("axis", "b", "c")),
        node("avgpool0", "AvgPool", ("mixed4a",)),
        node("softmax", "Softmax", ("avgpool0",)),
    )


def windows(x: np.ndarray, size: int, stride: int, value: float) -> np.ndarray:
    """TensorFlow's SAME windows (rows, columns, size, size, channels) of a map (rows, columns, channels)."""
    pads = []
    for length in x.shape[:2]:
        out = -(-length // stride)
        total = max((out - 1) * stride + size - length, 0)
        pads.append((total // 2, total - total // 2))
    x = np.pad(x, [*pads, (0, 0)], constant_values=value)
    rows, columns = ((side - size) // stride + 1 for side in x.shape[:2])
    return np.stack(
        [
            [x[i * stride : i * stride + size, j * stride : j * stride + size] for j in range(columns)]
            for i in range(rows)
        ]
    )


def by_hand(image: np.ndarray) -> dict[str, np.ndarray]:
    """The small graph on one image (rows, columns, colours), in numpy."""
    x = np.einsum("ijklc,klcd->ijd", windows(image * 255.0 - 117.0, 3, 2, 0.0), STEM) + BIASES[0]
    a = np.maximum(x, 0)
    radius, normed = LRN["depth_radius"], np.empty_like(a)
    for channel in range(6):
        near = a[..., max(0, channel - radius) : channel + radius + 1]
        normed[..., channel] = a[..., channel] / (LRN["bias"] + LRN["alpha"] * (near**2).sum(-1)) ** LRN["beta"]
    pool = windows(normed, 3, 2, -np.inf).max((2, 3))
    b, c = (pool @ weight[0, 0] + bias for weight, bias in zip((LEFT, RIGHT), BIASES[1:], strict=True))
    mixed = np.concatenate([b, c], axis=-1)
    return {"a": a, "norm": normed, "pool": pool, "mixed4a": mixed, "relu": np.maximum(mixed, 0)}


@pytest.mark.parametrize("size", [(16, 16), (13, 18), (7, 5)])
def test_a_graph_file_computes_what_its_nodes_say(path: Path, size: tuple[int, int]) -> None:
    images = torch.rand(2, 3, *size, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    network = load_inception(path)
    maps = network.giving(("a", "norm", "pool", "mixed4a"))(images)
    (rectified,) = load_inception(path, pre_relu=False)(images)
    for number, image in enumerate(images):
        expected = by_hand(image.permute(1, 2, 0).numpy())
        for name, found in zip(("a", "norm", "pool", "mixed4a", "relu"), [*maps, rectified], strict=True):
            torch.testing.assert_close(found[number].permute(1, 2, 0), torch.from_numpy(expected[name]))
    assert (maps[-1] < 0).any() and (rectified == 0).any()


def test_it_says_what_it_is(path: Path) -> None:
    network = load_inception(path)
    assert network.description == "Inception v1, small.pb"
    assert network.layers == ("mixed4a",)
    names = network.layer_names()
    assert names[0] == "a_pre_relu/conv" and names[-1] == "mixed4a"
    assert "small.pb" in repr(network)
    assert not list(network.parameters())


def test_a_loss_excites_a_channel_by_name(path: Path) -> None:
    loss = ActivationLoss(load_inception(path), "b_pre_relu", 1, overflow_weight=0.0)
    image = torch.rand(1, 3, 16, 16, generator=torch.Generator().manual_seed(3), requires_grad=True)
    loss(image).sum().backward()
    assert image.grad is not None and image.grad.any()
    assert loss.features.layers == ("b_pre_relu",)


def test_the_published_architecture() -> None:
    """All of it, at an eighth of the width: sizes of maps, and the blocks' channels side by side."""
    network = InceptionV1.untrained(share=1 / 8)
    layers = ("conv2d0", "conv2d2", *BRANCHES)
    maps = network.giving(layers)(torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0)))
    assert [tuple(found.shape[-2:]) for found in maps] == [(n, n) for n in (32, 16, 8, 8, 4, 4, 4, 4, 4, 2, 2)]
    for found, widths in zip(maps[2:], BRANCHES.values(), strict=True):
        assert found.shape[1] == sum(round(widths[branch] / 8) for branch in (0, 2, 4, 5))
        assert found.isfinite().all() and found.std() > 0
    sums = {block: sum(widths[branch] for branch in (0, 2, 4, 5)) for block, widths in BRANCHES.items()}
    assert list(sums.values()) == [256, 480, 508, 512, 512, 528, 832, 832, 1024]  # as the model zoo lists them


def test_what_cannot_be(path: Path, tmp_path: Path) -> None:
    network = load_inception(path)
    for layers in (("mixed4z",), (), ("input",)):
        with pytest.raises(ValueError, match="`layers` must be some of"):
            network.giving(layers)
    with pytest.raises(ValueError, match="`layers` must not need 'avgpool0', which is of the kind 'AvgPool'"):
        network.giving(("avgpool0",))
    other = write(tmp_path / "other.pb", node("input", "Placeholder"), node("x", "Relu", ("input",)))
    with pytest.raises(WeightsFileError, match="must be the graph of an Inception v1"):
        load_inception(other)
    cut = write(
        tmp_path / "cut.pb",
        node("axis", "Const", value=np.array(3, np.int32)),
        node("mixed4a", "Concat", ("axis", "b")),
    )
    with pytest.raises(WeightsFileError, match="'b', which is missing"):
        load_inception(cut)
    ring = [node("mixed4a", "Relu", ("a", "b")), node("a", "Relu", ("b",)), node("b", "Relu", ("mixed4a",))]
    with pytest.raises(WeightsFileError, match="which needs itself"):
        load_inception(write(tmp_path / "ring.pb", *ring))


@pytest.mark.usefixtures("as_released")
def test_what_is_no_image(path: Path) -> None:
    for images in (torch.zeros(1, 4, 8, 8), torch.zeros(3, 8, 8), torch.zeros(1, 3, 8, 8, dtype=torch.int32)):
        with pytest.raises(ValueError, match="`images` must be float images"):
            load_inception(path)(images)
