"""An opponent: a rule that sees its neighbours in directions of space, without weights and without frames.

Written from the idea of MeshNCA (Pajouheshgar et al., "Mesh Neural Cellular Automata", 2024), whose code was not looked
at: a cell of a mesh perceives the sum of the differences to its one ring of neighbours, and the same sum with every
difference times one component of the unit direction to the neighbour, x, y and z in space.

    p_i = [s_i,  sum_j (s_j - s_i),  sum_j d_ij (s_j - s_i)],   d_ij = (pos_j - pos_i) / |pos_j - pos_i|

It needs no field of frames, and knows nothing of distances, of angles between neighbours or of the surface's own sides.
"""

from dataclasses import dataclass, replace
from typing import ClassVar

import torch
from jaxtyping import Bool, Float
from scipy.sparse import coo_array
from torch import Tensor
from torch.nn.functional import normalize
from torch_geometric.data import Data

from graphnca.layers import NCAConv, UpdateRule
from graphnca.layers.coefficients import Neighbourhood
from graphnca.rasterizers.sparse_map import SparseMap
from graphnca.training import World
from graphnca.training.recipes import TextureRecipe

SUMS = 4  # of the differences, and of these times x, y and z


class Network(UpdateRule):
    """The usual update network; not being `UpdateRule` itself it has the layer's own steps, which perceive as below."""


class GlobalDirections(NCAConv):
    """A texture's rule with that perception, on substrates `in_space`.

    Args:
        num_channels: State channels.
        hidden_size: Width of the update network.
    """

    def __init__(self, num_channels: int, hidden_size: int) -> None:
        super().__init__(num_channels, hidden_size, "isonca", life_mask=None, output_bias=False)
        self.update_rule = Network((1 + SUMS) * num_channels, hidden_size, num_channels, output_bias=False)
        self._sums: dict[int, tuple[Tensor, SparseMap]] = {}  # of each substrate; the tensor keeps its number taken

    def _perceive(
        self,
        state: Float[Tensor, "*b n c"],
        through: Neighbourhood,
        asked: Bool[Tensor, "*b n"] | None = None,  # noqa: ARG002 (all are told)
    ) -> Float[Tensor, "*b n p"]:
        *batch, cells, channels = state.shape
        columns = state.reshape(-1, cells, channels).transpose(0, 1).reshape(cells, -1)
        sums = self._of(through)(columns).view(cells, SUMS, -1, channels).permute(2, 0, 1, 3)
        return torch.cat([state, sums.reshape(*batch, cells, SUMS * channels)], dim=-1)

    def _of(self, through: Neighbourhood) -> SparseMap:
        key = id(through.edge_index)
        if key not in self._sums:
            self._sums[key] = (through.edge_index, _sums(through))
        return self._sums[key][1]


def in_space(topology: Data) -> Data:
    """A substrate whose edges are unit directions in space, x and y in `edge_attr` and z in `edge_weight`.

    The plane is seen from its outer side, as everywhere: y points down there, and up in space.
    """
    neighbour, cell = topology["edge_index"]
    if "frame" in topology:
        direction = normalize(topology["pos"][neighbour] - topology["pos"][cell], dim=1)
    else:
        flat = normalize(topology["edge_attr"], dim=1)
        direction = torch.cat([flat * flat.new_tensor([1.0, -1.0]), torch.zeros_like(flat[:, :1])], dim=1)
    return Data(
        pos=topology["pos"],
        edge_index=topology["edge_index"],
        edge_attr=direction[:, :2],
        edge_weight=direction[:, 2],
    )


def _sums(through: Neighbourhood) -> SparseMap:
    """Rows 4 i to 4 i + 3 are the sums of cell i."""
    neighbour, cell = through.edge_index.numpy()
    if through.edge_attr is None or through.edge_weight is None:
        raise ValueError("`topology` must be one that `in_space` has made.")
    flat = through.edge_attr.double()
    values = torch.stack([torch.ones_like(flat[:, 0]), *flat.T, through.edge_weight.double()]).numpy()
    size = int(max(neighbour.max(), cell.max())) + 1
    parts = [
        coo_array((sign * values[number], (SUMS * cell + number, column)), shape=(SUMS * size, size)).tocsr()
        for number in range(SUMS)
        for sign, column in ((1.0, neighbour), (-1.0, cell))
    ]
    return SparseMap(sum(parts[1:], parts[0]))


@dataclass(frozen=True, kw_only=True)
class OpponentRecipe(TextureRecipe):
    """The recipe of a texture, for a rule with the opponent's perception."""

    summary: ClassVar[str] = ""

    def untrained(self) -> NCAConv:
        """The opponent."""
        return GlobalDirections(self.num_channels, self.hidden_size)

    def world(self, kind: str, topology: Data, gain: float, rule: NCAConv, generator: torch.Generator) -> World:
        """What a texture lives in, with directions in space; the picture is seen as every rule's."""
        world = super().world(kind, topology, gain, rule, generator)
        return replace(world, topology=in_space(topology))
