"""From geometry to `Data`: order, rounding, the check before and after it."""

from typing import Any

import networkx as nx
import numpy as np
import pytest
import torch

from topologies import FIELDS, TopologyError, from_networkx, square_grid
from topologies.assemble import assemble


def _shuffled_parts(seed: int) -> dict[str, Any]:
    """The geometry of a 4 x 5 torus (exact in float32) with its edges in random order."""
    data = square_grid(4, 5)
    order = np.random.default_rng(seed).permutation(4 * 5 * 8)
    return {
        "pos": data["pos"].double().numpy(),
        "edge_index": data["edge_index"].numpy()[:, order],
        "vectors": data["edge_attr"].double().numpy()[order],
        "weights": data["edge_weight"].double().numpy()[order],
        "area": data["area"].double().numpy(),
        "extent": (5.0, 4.0),
        "periodic": True,
    }


def test_edges_may_come_in_any_order() -> None:
    expected = square_grid(4, 5)
    for seed in range(3):
        data = assemble(**_shuffled_parts(seed))
        assert all(torch.equal(data[name], expected[name]) for name in FIELDS)


def test_laws_are_checked_before_rounding() -> None:
    parts = _shuffled_parts(0)
    parts["vectors"] = parts["vectors"] * (1 + 1e-8)  # lost in float32
    with pytest.raises(TopologyError, match="`edge_attr` must"):
        assemble(**parts)


BROKEN_BY_ROUNDING = {
    "two cells fall together": ("pos", (2, 3 + 1e-13)),
    "a weight is lost": ("weight", 1e300),
    "an area has no number": ("extent", (1e30, 1e30)),
}


@pytest.mark.parametrize("what", BROKEN_BY_ROUNDING)
def test_laws_are_checked_after_rounding(what: str) -> None:
    graph, (attribute, value) = nx.grid_2d_graph(5, 5), BROKEN_BY_ROUNDING[what]
    nx.set_node_attributes(graph, {node: node for node in graph}, "pos")
    if attribute == "extent":
        graph.graph["extent"] = value
    else:
        (graph.nodes[2, 2] if attribute == "pos" else graph.edges[(2, 2), (2, 3)])[attribute] = value
    with pytest.raises(TopologyError, match="`.*` must .*, got .* after rounding to float32"):
        from_networkx(graph)
