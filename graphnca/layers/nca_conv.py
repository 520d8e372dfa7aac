"""The neural cellular automaton as a message-passing layer: a step."""

import math
from collections.abc import Mapping
from typing import Any, Literal

import torch
from jaxtyping import Float, Int
from torch import Tensor

from ..arguments import checked
from ..regions import protect
from .arithmetic import ARITHMETICS
from .coefficients import Neighbourhood
from .firing import fire_key, fires, hash_index
from .given import check_given
from .life import alive_mask, keep_alive
from .perceiving import Perceiving
from .perception import Perception
from .update import HiddenInit, UpdateRule

LIFE_MASKS = ("pre", "pre_post", "post", None)
FIRING = ("cell", "channel")


class NCAConv(Perceiving):
    r"""One step of a neural cellular automaton on any graph: C channels in, the same C channels out.

    Its second argument is the width of the hidden layer, not a number of output channels.

        p_i  = perceive(x_i, sum_j w_ij (x_j - x_i), sum_j g_ij (x_j - x_i))
        x_i' = alive_i * (x_i + fires_i * W_2 relu(W_1 p_i + b_1))

    after Mordvintsev et al., "Growing Neural Cellular Automata" (Distill 2020), Niklasson et al., "Self-Organising
    Textures" (Distill 2021) and Mordvintsev et al., "Growing Isotropic Neural Cellular Automata" (ALIFE 2022). The
    geometry enters through the coefficients w (Laplacian) and g (gradient) alone, those of the substrate's stencil or,
    without one, of its edges (`graphnca.layers.along_edges`): one rule runs on square, hexagonal and irregular cells.

    Features in place of pictures want four things known; `graphnca.models.feature_nca` is a layer that has seen to
    them. The default life mask takes channel 3 for life and zeroes the cells around which it is small: give
    `life_mask=None`. Cells fire at random in evaluation mode too, because that is what the rule is: `fire_rate=1.0`
    makes all of them fire, a generator the same ones. Where no weights are given, a cell's sum to 12, which suits
    pixels: `gains={"laplacian": 1 / 12}` makes it 1. And every column of `edge_index` counts: an edge that is there
    twice twice, one of a cell to itself as a neighbour without difference (without weights it takes its share of the
    12), and a cell without edges perceives its own state alone.

    Args:
        num_channels: State channels C; with a life mask at least 4 (premultiplied RGBA first, alpha is life).
        hidden_size: Width of the update network's hidden layer; what comes out has C channels in any case.
        perception: `"sobel"` = [x, d/dx, d/dy], `"laplacian"` = [x, d/dx, d/dy, lap], `"isonca"` = [x, lap], or a tuple
            of filters (see `Perception`).
        gains: Factor of each filter; stored with the rule, because the published rules disagree on them.
        fire_rate: Probability that a cell updates in a step.
        fire_per: `"cell"`: one draw for all channels of a cell (all works but one); `"channel"`: each channel on its
            own (Studying Growth, keep rate 0.8).
        life_mask: When cells that are not alive are zeroed: `"pre"` by the state before the step (IsoNCA), `"pre_post"`
            before and after (Growing NCA), `"post"` after it only, `None` never (textures).
        alive_threshold: Alpha above which a cell is mature and keeps itself and its neighbours alive.
        hidden_bias: Whether the hidden layer has a bias.
        output_bias: Whether the output layer has one.
        hidden_init: How the hidden layer starts (see `UpdateRule`).
        arithmetic: `"float"`; `"fixed_point"`: sums are exact, so that synchronous states keep the symmetries of their
            substrate to the last bit; `"quantised"`: whatever is computed is rounded to 8 bits. May be set on a rule,
            `rule.arithmetic = "fixed_point"`; see `graphnca.layers.arithmetic`, `in_fixed_point`, `in_8_bits`.
        weight_steps: For 8 bits, the steps of the two layers' weights (see `UpdateRule`).

    Shapes:
        - **x**: `(N, C)` or `(..., N, C)` with any number of leading batch axes.
        - **edge_index**: `(2, E)`, row 0 the neighbour j, row 1 the perceiving cell i.
        - **output**: as `x`.

    Raises:
        ValueError: For an argument outside its range, naming it.
    """

    @checked
    def __init__(
        self,
        num_channels: int = 16,
        hidden_size: int = 128,
        perception: str | tuple[str, ...] | list[str] = "sobel",
        *,
        gains: Mapping[str, float] | None = None,
        fire_rate: float = 0.5,
        fire_per: Literal["cell", "channel"] = "cell",
        life_mask: Literal["pre", "pre_post", "post"] | None = "pre_post",
        alive_threshold: float = 0.1,
        hidden_bias: bool = True,
        output_bias: bool = True,
        hidden_init: HiddenInit = "uniform",
        arithmetic: str = "float",
        weight_steps: tuple[float, float] | list[float] | None = None,
    ) -> None:
        filters = perception if isinstance(perception, str) else tuple(perception)
        super().__init__(Perception(filters, gains), arithmetic)
        if life_mask not in LIFE_MASKS:
            raise ValueError(f"`life_mask` must be one of {LIFE_MASKS}, got {life_mask!r}.")
        if fire_per not in FIRING:
            raise ValueError(f"`fire_per` must be one of {FIRING}, got {fire_per!r}.")
        if not 0.0 < fire_rate <= 1.0:
            raise ValueError(f"`fire_rate` must lie in (0, 1], got {fire_rate!r}.")
        least = 4 if life_mask else 1
        if num_channels < least or hidden_size < 1:
            raise ValueError(
                f"`num_channels` must be at least {least} with life mask {life_mask!r} and `hidden_size` at least 1, "
                f"got {num_channels} and {hidden_size}."
            )
        self.num_channels = num_channels
        self.hidden_size = hidden_size
        self.fire_rate = float(fire_rate)
        self.fire_per = fire_per
        self.life_mask = life_mask
        self.alive_threshold = float(alive_threshold)
        self.update_rule = UpdateRule(
            self.perception.num_bands * num_channels,
            hidden_size,
            num_channels,
            hidden_bias=hidden_bias,
            output_bias=output_bias,
            hidden_init=hidden_init,
            weight_steps=weight_steps,
        )

    @property
    def in_channels(self) -> int:
        """Channels of the states, by the name that PyTorch Geometric's layers have for it."""
        return self.num_channels

    @property
    def out_channels(self) -> int:
        """As many: a step leaves the states their channels."""
        return self.num_channels

    def __repr__(self) -> str:
        """Channels, hidden width and perception on one line, as PyTorch Geometric's layers show themselves."""
        return (
            f"{type(self).__name__}({self.num_channels}, hidden_size={self.hidden_size}, "
            f"perception=[{self.perception.extra_repr()}], fire_rate={self.fire_rate:g}, life_mask={self.life_mask!r})"
        )

    @property
    def weight_steps(self) -> tuple[float, float] | None:
        """The steps of the network's weights in 8 bits; None where they follow the weights."""
        return self.update_rule.weight_steps

    @property
    def config(self) -> dict[str, Any]:
        """The constructor's arguments as plain data: `NCAConv(**rule.config)` is a rule of the same architecture.

        `arithmetic` is left out where it is `"float"`, as it is in files and checkpoints from before there was another;
        so are `weight_steps` where they follow the weights.
        """
        return {
            "num_channels": self.num_channels,
            "hidden_size": self.hidden_size,
            "perception": list(self.perception.filters),
            "gains": dict(self.perception.gains),
            "fire_rate": self.fire_rate,
            "fire_per": self.fire_per,
            "life_mask": self.life_mask,
            "alive_threshold": self.alive_threshold,
            "hidden_bias": self.update_rule.hidden.bias is not None,
            "output_bias": self.update_rule.output.bias is not None,
            "hidden_init": self.update_rule.hidden_init,
            **({} if self.arithmetic == "float" else {"arithmetic": self.arithmetic}),
            **({} if self.weight_steps is None else {"weight_steps": list(self.weight_steps)}),
        }

    def reset_parameters(self) -> None:
        """Draws the update network anew; its output layer starts at zero."""
        super().reset_parameters()
        if hasattr(self, "update_rule"):
            self.update_rule.reset_parameters()

    def forward(
        self,
        x: Float[Tensor, "*b n c"],
        edge_index: Int[Tensor, "2 e"],
        edge_weight: Float[Tensor, " e"] | None = None,
        edge_attr: Float[Tensor, "e 2"] | None = None,
        *,
        stencil_index: Int[Tensor, "2 s"] | None = None,
        stencil_weight: Float[Tensor, " s"] | None = None,
        stencil_gradient: Float[Tensor, "s 2"] | None = None,
        angle: float | Float[Tensor, "*a"] | None = None,
        fire_rate: float | Float[Tensor, "*r"] | None = None,
        regions: Int[Tensor, "*g"] | None = None,
        generator: torch.Generator | None = None,
        key: Int[Tensor, ""] | None = None,
    ) -> Float[Tensor, "*b n c"]:
        """The state after one step.

        Args:
            x: States, `(..., N, C)`.
            edge_index: Neighbour j in row 0, perceiving cell i in row 1.
            edge_weight: Laplacian weights w_ij; without them every cell's weights are equal and sum to 12.
            edge_attr: Direction vectors pos_j - pos_i, x right and y down; without a stencil gradients need them.
            stencil_index: Cells that a substrate's cells read, j in row 0 and the perceiving cell i in row 1, in place
                of their neighbours; life goes along the edges all the same. Without it cells perceive along the edges.
            stencil_weight: Coefficients of x_j - x_i in the perceived Laplacian.
            stencil_gradient: Those in the perceived gradient; needed by gradient filters.
            angle: Radians by which the frame of the perceived gradient is turned, one for all or `(..., N)`: (d/dx,
                d/dy) become (cos d/dx - sin d/dy, sin d/dx + cos d/dy), as in Growing NCA.
            fire_rate: Overrides the rule's, one for all or `(..., N)`.
            regions: What may change, `(..., N)`: see `graphnca.regions`. What a cell keeps counts for its neighbours'
                life as it is, before and after the step.
            generator: Source of the step's random key; without one, PyTorch's default.
            key: The step's key itself, drawn beforehand by `fire_key`, in place of a generator: `torch.compile` cannot
                trace a `torch.Generator`, and a key is a tensor like any other.

        Raises:
            TypeError: For states of two kinds of nodes, or a sparse adjacency matrix in place of `edge_index`.
            ValueError: If the states are no floats or not of the rule's channels, lengths disagree, a gradient is
                perceived without `edge_attr` or a stencil, both `generator` and `key` are given, or the rule's
                arithmetic cannot hold the type of `x` or the weights.
        """
        through = Neighbourhood(
            edge_index, edge_weight, edge_attr, stencil_index, stencil_weight, stencil_gradient, angle
        )
        check_given(x, through, self.num_channels)
        arithmetic = ARITHMETICS[self.arithmetic]
        state = arithmetic.enter(x)
        before = self._alive(state, edge_index) if self.life_mask in ("pre", "pre_post") else None
        asked = arithmetic.asked(before) if self.life_mask == "pre" else None
        change = arithmetic.change(self.update_rule, self._perceive(state, through, asked), asked)
        following = arithmetic.add(state, change, self.draw_firing(state, fire_rate, generator, key))
        if regions is not None:
            following = protect(state, following, regions)  # so that a mask after the step sees what is there
        alive = before
        if self.life_mask in ("post", "pre_post"):
            after = self._alive(following, edge_index)
            alive = after if before is None else before & after
        if alive is not None:
            following = keep_alive(following, alive)
        if regions is not None:
            following = protect(state, following, regions)
        return arithmetic.leave(following).to(x.dtype)

    def _alive(self, state: Tensor, edge_index: Tensor) -> Tensor:
        return alive_mask(state, edge_index, self.alive_threshold * ARITHMETICS[self.arithmetic].levels)

    def draw_firing(
        self,
        x: Float[Tensor, "*b n c"],
        fire_rate: float | Float[Tensor, "*r"] | None = None,
        generator: torch.Generator | None = None,
        key: Int[Tensor, ""] | None = None,
    ) -> Tensor:
        """Which cells (`(..., N, 1)`) or channels (`(..., N, C)`) fire in this step.

        Draws one key from `generator`, unless `key` is given.
        """
        if key is None:
            key = fire_key(generator, x.device)
        elif generator is not None:
            raise ValueError("`generator` and `key` must not both be given: the key takes the place of a draw.")
        rate = self.fire_rate if fire_rate is None else fire_rate
        shape = x.shape if self.fire_per == "channel" else (*x.shape[:-1], 1)
        index = torch.arange(math.prod(shape), dtype=torch.int32, device=x.device).view(shape)
        return fires(key, hash_index(index), rate.unsqueeze(-1) if isinstance(rate, Tensor) else rate)
