"""Substrates: where cells are, who neighbours whom, and how strongly they diffuse."""

from topologies.contract import FIELDS as FIELDS
from topologies.contract import GRADIENT_GAIN as GRADIENT_GAIN
from topologies.contract import LAPLACIAN_GAIN as LAPLACIAN_GAIN
from topologies.contract import PLANE_FIELDS as PLANE_FIELDS
from topologies.contract import STENCIL_FIELDS as STENCIL_FIELDS
from topologies.contract import SURFACE_FIELDS as SURFACE_FIELDS
from topologies.contract import UNIT_LAW as UNIT_LAW
from topologies.contract import TopologyError as TopologyError
from topologies.contract import check_topology as check_topology
from topologies.contract import fields_of as fields_of
from topologies.flat_batch import flat_batch as flat_batch
from topologies.graph_positions import graph_positions as graph_positions
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
from topologies.long_range import with_long_range as with_long_range
from topologies.networks import from_networkx as from_networkx
from topologies.noise_gain import NOISE_GAIN as NOISE_GAIN
from topologies.operators import OPERATORS as OPERATORS
from topologies.operators import cells_of_lower_order as cells_of_lower_order
from topologies.operators import operators_of as operators_of
from topologies.operators import with_operators as with_operators
from topologies.refit import Refit as Refit
from topologies.refit import refit as refit
from topologies.sampled import sampled_substrate as sampled_substrate
from topologies.sampled import sampled_torus as sampled_torus
from topologies.square import square_grid as square_grid
from topologies.storage import load_topology as load_topology
from topologies.storage import save_topology as save_topology
from topologies.storage import upgraded as upgraded
from topologies.surfaces import SHAPES as SHAPES
from topologies.surfaces import SurfaceWarning as SurfaceWarning
from topologies.surfaces import bunny_mesh as bunny_mesh
from topologies.surfaces import icosphere as icosphere
from topologies.surfaces import is_surface as is_surface
from topologies.surfaces import sphere as sphere
from topologies.surfaces import surface as surface
from topologies.surfaces import surface_from_mesh as surface_from_mesh
from topologies.surfaces import surface_from_points as surface_from_points
from topologies.surfaces import surface_mesh as surface_mesh
from topologies.surfaces import torus as torus
from topologies.surfaces import with_frames as with_frames
from topologies.voronoi import voronoi_from_points as voronoi_from_points
from topologies.voronoi import voronoi_mesh as voronoi_mesh

__all__ = [
    "FIELDS",
    "GRADIENT_GAIN",
    "KINDS",
    "LAPLACIAN_GAIN",
    "NOISE_GAIN",
    "OPERATORS",
    "PLANE_FIELDS",
    "SHAPES",
    "STENCIL_FIELDS",
    "SURFACE_FIELDS",
    "UNIT_LAW",
    "Refit",
    "SurfaceWarning",
    "TopologyError",
    "bunny_mesh",
    "by_kind",
    "cells_of_lower_order",
    "cells_within",
    "check_topology",
    "fields_of",
    "first_of_each_kind",
    "flat_batch",
    "from_networkx",
    "graph_positions",
    "hex_grid",
    "hexagonal_patch",
    "icosphere",
    "is_surface",
    "load_topology",
    "operators_of",
    "refit",
    "sampled_substrate",
    "sampled_torus",
    "save_topology",
    "sphere",
    "square_grid",
    "substrate",
    "substrate_of_cells",
    "substrates",
    "surface",
    "surface_from_mesh",
    "surface_from_points",
    "surface_mesh",
    "torus",
    "upgraded",
    "varied_meshes",
    "voronoi_from_points",
    "voronoi_mesh",
    "with_frames",
    "with_long_range",
    "with_operators",
]
