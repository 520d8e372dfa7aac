"""Sampled environments by number: always the same."""

import numpy as np

from graphnca.seeds import point_seed
from graphnca.training import World, last_state, sampled_environments
from topologies import square_grid


def loss(states):
    return states.square().mean((-2, -1))


def make(kind: str, rng: np.random.Generator) -> World:
    topology = square_grid(4, 4)
    return World(topology, point_seed(topology, 4), last_state(loss), loss, name=f"{kind} {rng.random():.6f}")


def test_a_number_is_always_the_same_world() -> None:
    worlds, renewal = sampled_environments(("a", "b"), make, every=5, seed=3)
    again, _ = sampled_environments(("a", "b"), make, every=5, seed=3)
    other, _ = sampled_environments(("a", "b"), make, every=5, seed=4)
    assert [world.name for world in worlds] == [world.name for world in again]
    assert {world.name for world in worlds}.isdisjoint(world.name for world in other)
    assert renewal is not None and renewal.make(2).name == renewal.make(2).name
    names = [world.name for world in worlds] + [renewal.make(number).name for number in range(1, 5)]
    assert [name[0] for name in names] == list("ababab") and len(set(names)) == 6


def test_without_a_period_nothing_is_replaced() -> None:
    assert sampled_environments(("a",), make)[1] is None
