"""The same part of the plane is damaged on every substrate; a run has recovered once it stays so."""

import math

import pytest
import torch
from textures.damage import DISKS, MOMENTS, WHOLE, damaged, in_disks, in_half, recovery

from topologies import substrates


def test_every_substrate_loses_the_same_part_of_the_plane() -> None:
    share = sum(math.pi * radius**2 for _, _, radius in DISKS)
    for topology in substrates(size=48, meshes=1).values():
        assert float(in_disks(topology).float().mean()) == pytest.approx(share, abs=0.01)
        assert float(in_half(topology).float().mean()) == pytest.approx(0.5, abs=0.03)
        assert float(topology.pos[in_half(topology), 0].min()) > float(topology.extent[0, 0]) / 2


def test_damage_is_where_it_should_be() -> None:
    topology = substrates(("square",), size=24)["square"]
    states = torch.full((2, 576, 12), 0.3)
    hole, half = in_disks(topology), in_half(topology)
    kinds = damaged(states, topology, 0)
    assert torch.equal(kinds[WHOLE], states)
    for kind, mask in (("disks erased", hole), ("disks of noise", hole), ("half erased", half)):
        assert torch.equal(kinds[kind][:, ~mask], states[:, ~mask])
        assert not (kinds[kind][:, mask] == 0.3).any()
    noise = kinds["disks of noise"][:, hole]
    assert -1 <= noise.min() < -0.9 and 0.9 < noise.max() <= 1
    assert not kinds["half erased"][:, half].any()


def test_a_run_has_recovered_once_it_stays_so() -> None:
    later = [1.0] * (len(MOMENTS) - 3)
    assert recovery([2.0, 1.2, 2.0, *later]) == MOMENTS[3]
    assert recovery([1.0] * len(MOMENTS)) == 0
    assert recovery([1.0] * (len(MOMENTS) - 1) + [1.3]) is None
