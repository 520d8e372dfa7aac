"""The texture notebook's rules, written here in both of its formats."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from graphnca.importers import load_published, load_texture_pytorch
from topologies import square_grid

CHANNELS, HIDDEN = 5, 9
SHAPES = {"w1": (HIDDEN, 4 * CHANNELS), "b1": (HIDDEN,), "w2": (CHANNELS, HIDDEN)}
KERNELS = torch.tensor(
    [
        [[0.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 0.0]],
        [[-1.0, 0.0, 1.0], [-2.0, 0.0, 2.0], [-1.0, 0.0, 1.0]],
        [[-1.0, -2.0, -1.0], [0.0, 0.0, 0.0], [1.0, 2.0, 1.0]],
        [[1.0, 2.0, 1.0], [2.0, -12.0, 2.0], [1.0, 2.0, 1.0]],
    ]
)


def arrays(seed: int = 0) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    return {name: rng.normal(size=shape).astype(np.float32) for name, shape in SHAPES.items()}


class Notebook(nn.Module):
    """The published step: a depthwise convolution with four kernels a channel, then two of 1x1."""

    def __init__(self) -> None:
        super().__init__()
        self.w1 = nn.Conv2d(4 * CHANNELS, HIDDEN, 1)
        self.w2 = nn.Conv2d(HIDDEN, CHANNELS, 1, bias=False)

    def forward(self, x):  # (B, C, H, W), every cell fires
        kernels = KERNELS.repeat(CHANNELS, 1, 1)[:, None].to(x)
        perceived = nn.functional.conv2d(nn.functional.pad(x, [1] * 4, "circular"), kernels, groups=CHANNELS)
        return x + self.w2(torch.relu(self.w1(perceived)))


def notebook() -> Notebook:
    module = Notebook()
    values = arrays()
    with torch.no_grad():
        module.w1.weight.copy_(torch.from_numpy(values["w1"])[:, :, None, None])
        module.w1.bias.copy_(torch.from_numpy(values["b1"]))
        module.w2.weight.copy_(torch.from_numpy(values["w2"])[:, :, None, None])
    return module


def written(folder: Path, kind: str) -> Path:
    path = folder / f"rule.{kind}"
    if kind == "npz":
        np.savez(path, **arrays())
    else:
        torch.save(notebook().state_dict(), path, _use_new_zipfile_serialization=kind == "pt")
    return path


@pytest.mark.parametrize("kind", ["npz", "pt", "pth"])
def test_a_step_is_the_notebooks(tmp_path: Path, kind: str) -> None:
    rule, grid = load_texture_pytorch(written(tmp_path, kind)), square_grid(6, 8)
    assert rule.arithmetic == "float" and rule.config["output_bias"] is False
    x = torch.rand(48, CHANNELS, generator=torch.Generator().manual_seed(1)) - 0.5
    step = rule(x, grid["edge_index"], grid["edge_weight"], grid["edge_attr"], fire_rate=1.0)
    expected = notebook()(x.T.reshape(1, CHANNELS, 6, 8))[0].reshape(CHANNELS, 48).T
    torch.testing.assert_close(step, expected, rtol=1e-4, atol=1e-4)
    same = load_published(tmp_path / f"rule.{kind}")  # the content says which format it is
    assert torch.equal(same.update_rule.hidden.weight, rule.update_rule.hidden.weight)


def test_a_pickled_module_is_not_run(tmp_path: Path) -> None:
    torch.save(nn.Linear(2, 2), tmp_path / "module.pt")
    with pytest.raises(ValueError, match=r"whole pickled module has to be saved again as its `state_dict\(\)`"):
        load_texture_pytorch(tmp_path / "module.pt")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"none at .*nothing\.npz"):
        load_texture_pytorch(tmp_path / "nothing.npz")


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"w1": np.zeros((HIDDEN, 4 * CHANNELS + 1))}, "must hold w1 .* got"),
        ({"b1": np.zeros(HIDDEN + 1)}, "must hold w1 .* got"),
        ({"w2": np.zeros((CHANNELS, HIDDEN), int)}, "'w2' must have 2 axes of floats"),
        ({"w1": np.full(SHAPES["w1"], np.nan)}, r"'hidden\.weight' must be finite"),
        ({"w1": np.zeros((HIDDEN, 8)), "w2": np.zeros((2, HIDDEN))}, "at least 3 channels"),
    ],
)
def test_arrays_that_do_not_fit(tmp_path: Path, changed: dict, message: str) -> None:
    np.savez(tmp_path / "rule.npz", **(arrays() | changed))
    with pytest.raises(ValueError, match=message):
        load_texture_pytorch(tmp_path / "rule.npz")


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"w2.bias": torch.zeros(CHANNELS)}, r"a state dict of \['w1.bias', 'w1.weight', 'w2.weight'\], got .*w2.bias"),
        ({"w1.bias": 3.0}, "'w1.bias' must be a tensor of floats, got float"),
        ({"w1.weight": torch.zeros(HIDDEN, 4 * CHANNELS, 3, 3)}, "must have 2 axes and then 1x1"),
        ({"w1.bias": torch.zeros(HIDDEN, dtype=torch.int64)}, "must be a tensor of floats"),
    ],
)
def test_states_that_do_not_fit(tmp_path: Path, changed: dict, message: str) -> None:
    torch.save(notebook().state_dict() | changed, tmp_path / "rule.pt")
    with pytest.raises(ValueError, match=message):
        load_texture_pytorch(tmp_path / "rule.pt")


@pytest.mark.parametrize("name", ["texture_pytorch_dots.npz", "texture_pytorch_dots_chess.npz"])
def test_the_published_ones(conformance: Path, name: str) -> None:
    rule = load_published(conformance / "published" / name)
    assert sum(parameter.numel() for parameter in rule.parameters()) == 5856
