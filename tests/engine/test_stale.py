"""A substrate that was changed by hand no longer has the stencil that was made for it, and a rollout says so."""

from collections.abc import Callable

import pytest
import torch
from torch_geometric.data import Data
from torch_geometric.transforms import AddSelfLoops, RandomJitter

from graphnca import rollout
from graphnca.engine.stale import check_belongs
from graphnca.layers import NCAConv
from topologies import KINDS, OPERATORS, sphere, voronoi_mesh, with_frames, with_operators


def fewer(mesh: Data) -> Data:
    return mesh.subgraph(torch.arange(30, len(mesh["pos"])))


def renumbered(mesh: Data) -> Data:
    order = torch.randperm(len(mesh["pos"]), generator=torch.Generator().manual_seed(0))
    return mesh.update({"pos": mesh["pos"][order]})


CHANGES: dict[str, Callable[[Data], Data]] = {
    "half of the cells": fewer,
    "cells in another order": renumbered,
    "positions shaken": RandomJitter(0.1),
    "another size": lambda mesh: mesh.update({"pos": mesh["pos"] * 1.5, "extent": mesh["extent"] * 1.5}),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_by_hand_is_noticed(change: str) -> None:
    mesh = CHANGES[change](voronoi_mesh(12, 12))
    with pytest.raises(ValueError, match=r"`(stencil_\w+|edge_attr)` must .*topologies.with_operators"):
        rollout(NCAConv(4, 8), torch.rand(len(mesh["pos"]), 4), mesh, 1)


@pytest.mark.parametrize("kind", KINDS)
def test_what_transforms_do_to_edges_and_positions_is_noticed(kind: str) -> None:
    """On squares too, which have no stencil."""
    cells, rule = KINDS[kind].make(12, 12), NCAConv(4, 8, "isonca")
    for change in (AddSelfLoops("edge_attr", 0.0), AddSelfLoops(), RandomJitter(0.1)):
        changed = change(cells.clone())
        with pytest.raises(ValueError, match=r"`(stencil_gradient|edge_attr|edge_index|edge_weight)` must"):
            rollout(rule, torch.rand(len(changed["pos"]), 4), changed, 1)


@pytest.mark.parametrize("fading", [False, True])
def test_a_surface_that_was_changed_by_hand_is_noticed_and_one_whose_gradient_fades_is_not(fading: bool) -> None:
    """On so small a ball, frames that are carried from a cell disagree nearly everywhere."""
    ball = with_frames(sphere(200), 0, fading=fading)
    check_belongs(ball, ball.num_nodes)
    changes = (renumbered, RandomJitter(1.0), lambda mesh: mesh.update({"pos": mesh["pos"] / 2}))
    for change in changes:
        with pytest.raises(ValueError, match=r"`(stencil_gradient|edge_attr)` must"):
            check_belongs(change(ball.clone()), ball.num_nodes)


@pytest.mark.parametrize("operators", OPERATORS)
def test_every_choice_belongs(operators: str, topology: Data) -> None:
    check_belongs(with_operators(topology, operators), len(topology["pos"]))


def test_every_substrate_belongs_to_itself_and_so_does_what_has_no_positions(topology: Data) -> None:
    cells = len(topology["pos"])
    check_belongs(topology, cells)
    del topology["pos"]
    check_belongs(topology, cells)
