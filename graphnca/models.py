"""The three published architectures, an explainer's variant of the first, and one for features in place of pictures."""

from typing import Any

from torch import nn

from .arguments import checked
from .layers import NCAConv
from .layers.coefficients import LAPLACIAN_GAIN


@checked
def growing_nca(num_channels: int = 16, hidden_size: int = 128, **options: Any) -> NCAConv:
    """Growing NCA (Mordvintsev et al., Distill 2020): state and Sobel pair / 8, both layers biased; 8,336 parameters.

    Life mask before and after the step, hidden layer drawn as Keras does. `options` go to `NCAConv`.
    """
    return NCAConv(num_channels, hidden_size, "sobel", **{"life_mask": "pre_post", "hidden_init": "glorot", **options})


@checked
def explainer_nca(num_channels: int = 16, hidden_size: int = 128, **options: Any) -> NCAConv:
    """Growing NCA as an explainer of it writes it (Wach, "Growing Neural Cellular Automata", 2025); 8,320 parameters.

    State and raw Sobel pair, no output bias, life after the step alone and from an alpha of 0.05 on. Its output layer
    starts at N(0, 0.01^2), not at zero (`reset_parameters` makes it zero). Its training clips the gradient's norm at 1,
    and its image ends in zeros: an open square grid differs from that within a cell of its border. `options` go to
    `NCAConv`.
    """
    own = {"perception": "sobel", "gains": {"gradient": 1.0}, "output_bias": False}
    life = {"life_mask": "post", "alive_threshold": 0.05}
    rule = NCAConv(num_channels, hidden_size, **{**own, **life, **options})
    nn.init.normal_(rule.update_rule.output.weight, std=0.01)
    return rule


@checked
def isonca(num_channels: int = 16, hidden_size: int = 192, **options: Any) -> NCAConv:
    """Growing Isotropic NCA (Mordvintsev et al., ALIFE 2022): state and raw Laplacian; 9,408 parameters.

    Life mask from the state before the step, no output bias. `options` go to `NCAConv`.
    """
    return NCAConv(num_channels, hidden_size, "isonca", **{"life_mask": "pre", "output_bias": False, **options})


@checked
def texture_nca(num_channels: int = 12, hidden_size: int = 96, **options: Any) -> NCAConv:
    """Self-Organising Textures, PyTorch revision (Niklasson et al., Distill 2021, 2022-06); 5,856 parameters.

    State, raw Sobel pair and raw Laplacian, no life mask, no output bias; RGB is the first three channels + 0.5.
    `options` go to `NCAConv`.
    """
    return NCAConv(num_channels, hidden_size, "laplacian", **{"life_mask": None, "output_bias": False, **options})


@checked
def feature_nca(num_channels: int = 32, hidden_size: int = 64, **options: Any) -> NCAConv:
    """A layer for features on anyone's graph: state and Laplacian, no life mask, every cell fires.

    Where there are no weights, those of a node's neighbours sum to 1, in place of the 12 that suit pixels; weights that
    are given count a twelfth. `experiments/graph_learning.py` has measured both numbers. In training a `fire_rate` of
    0.5 acts like dropout, and stays random in evaluation mode. `options` go to `NCAConv`.
    """
    gains = {"laplacian": 1.0 / LAPLACIAN_GAIN}
    return NCAConv(
        num_channels, hidden_size, "isonca", **{"gains": gains, "fire_rate": 1.0, "life_mask": None, **options}
    )
