"""Substrates: where cells are, who neighbours whom, and how strongly they diffuse."""

from topologies.contract import FIELDS as FIELDS
from topologies.contract import LAPLACIAN_GAIN as LAPLACIAN_GAIN
from topologies.contract import NOISE_GAIN as NOISE_GAIN
from topologies.contract import UNIT_LAW as UNIT_LAW
from topologies.contract import TopologyError as TopologyError
from topologies.contract import check_topology as check_topology
from topologies.hexagonal import hex_grid as hex_grid
from topologies.hexagonal_patch import hexagonal_patch as hexagonal_patch
from topologies.kinds import KINDS as KINDS
from topologies.kinds import by_kind as by_kind
from topologies.kinds import cells_within as cells_within
from topologies.kinds import first_of_each_kind as first_of_each_kind
from topologies.kinds import substrate as substrate
from topologies.kinds import substrate_of_cells as substrate_of_cells
from topologies.kinds import substrates as substrates
from topologies.kinds import varied_meshes as varied_meshes
from topologies.networks import from_networkx as from_networkx
from topologies.sampled import sampled_torus as sampled_torus
from topologies.square import square_grid as square_grid
from topologies.storage import load_topology as load_topology
from topologies.storage import save_topology as save_topology
from topologies.voronoi import voronoi_from_points as voronoi_from_points
from topologies.voronoi import voronoi_mesh as voronoi_mesh

__all__ = [
    "FIELDS",
    "KINDS",
    "LAPLACIAN_GAIN",
    "NOISE_GAIN",
    "UNIT_LAW",
    "TopologyError",
    "by_kind",
    "cells_within",
    "check_topology",
    "first_of_each_kind",
    "from_networkx",
    "hex_grid",
    "hexagonal_patch",
    "load_topology",
    "sampled_torus",
    "save_topology",
    "square_grid",
    "substrate",
    "substrate_of_cells",
    "substrates",
    "varied_meshes",
    "voronoi_from_points",
    "voronoi_mesh",
]
