"""Several worlds in one training: who is drawn, who is replaced, and that a resumed run goes the same way."""

from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
import torch
from torch import Tensor

from graphnca import Trajectory, trajectory
from graphnca.models import isonca
from graphnca.pool import SamplePool
from graphnca.seeds import point_seed
from graphnca.training import (
    PoolPolicy,
    Renewal,
    Training,
    TrainingConfig,
    World,
    carried_over,
    grown_and_still,
    loop,
)
from graphnca.training.worlds import Worlds
from topologies import hex_grid, sphere, square_grid, voronoi_mesh

SQUARE, HEX = square_grid(8, 8), hex_grid(8, 8)


def loss(states: Tensor) -> Tensor:
    return (states[..., :4] - 0.5).square().mean((-2, -1))


def world_on(topology, **parts) -> World:
    return World(topology, point_seed(topology, 6), grown_and_still(loss), loss, **parts)


def single(world: World) -> SamplePool:
    """A pool of one entry."""
    return SamplePool(world.start(), 1)


def mesh_world(number: int) -> World:
    return world_on(voronoi_mesh(9, 9, seed=number), name=f"voronoi {number}")


def make_training(folder: Path, iterations: int) -> Training:
    torch.manual_seed(0)
    rule = isonca(6, 12)
    torch.nn.init.normal_(rule.update_rule.output.weight, std=0.05)
    pool = PoolPolicy(size=6, seed_always_until=2, seed_every=3)
    config = TrainingConfig(iterations=iterations, batch_size=2, steps=(3, 6), schedule=lambda _: 1e-3, pool=pool)
    worlds = [world_on(SQUARE, name="square"), mesh_world(1000), world_on(HEX, name="hex"), mesh_world(1001)]
    return Training(rule, worlds, config, folder, renewal=Renewal(mesh_world, slots=(1, 3), every=3))


def test_a_resumed_run_goes_the_same_way(tmp_path: Path) -> None:
    whole = make_training(tmp_path / "whole", 12)
    whole.run()
    for iterations in (1, 3, 4, 8, 12):  # stopped before, at and after a renewal
        parts = make_training(tmp_path / "parts", iterations)
        parts.run()
    assert [world.name for world in parts.worlds.worlds] == [world.name for world in whole.worlds.worlds]
    assert [world.name for world in parts.worlds.worlds] == ["square", "voronoi 3", "hex", "voronoi 2"]
    for name, value in whole.rule.state_dict().items():
        assert torch.equal(value, parts.rule.state_dict()[name])
    for one, two in zip(whole.worlds.pools, parts.worlds.pools, strict=True):
        assert torch.equal(one.states, two.states)
    assert whole.history == parts.history


def test_every_world_is_trained_on(tmp_path: Path) -> None:
    training = make_training(tmp_path, 1)
    names = {training.step()[1].name.split()[0] for _ in range(20)}
    assert names == {"square", "hex", "voronoi"}


def test_worlds_are_drawn_by_their_shares() -> None:
    worlds = Worlds([world_on(SQUARE, share=3.0), world_on(HEX)], single)
    generator = torch.Generator().manual_seed(0)
    drawn = [worlds.draw(generator) for _ in range(1000)]
    assert drawn.count(0) == pytest.approx(750, abs=50)


def test_a_single_world_takes_no_random_number() -> None:
    generator = torch.Generator().manual_seed(0)
    before = generator.get_state()
    Worlds([world_on(SQUARE)], single).draw(generator)
    assert torch.equal(generator.get_state(), before)


@pytest.mark.parametrize("every", [1, 2, 5])
def test_who_is_present_is_who_came_last(every: int) -> None:
    renewal = Renewal(mesh_world, slots=(4, 7, 9), every=every)
    present: dict[int, int] = {}
    for iteration in range(40):
        assert renewal.present(iteration) == present
        due = renewal.due(iteration)
        if due is not None:
            slot, number = due
            present[slot] = number


def test_states_keep_their_place_on_another_substrate() -> None:
    """A disk in the middle of squares is a disk of the same size in the middle of a larger mesh."""
    old, new = square_grid(24, 24), voronoi_mesh(30, 30, seed=1)
    states = torch.zeros(2, 576, 6)
    centre = torch.tensor([12.0, 12.0])
    states[0, (old.pos - centre).norm(dim=1) < 6] = 1.0
    carried = carried_over(states, old, new)
    distance = (new.pos - torch.tensor([15.0, 15.0])).norm(dim=1)
    assert carried.shape == (2, len(new.pos), 6)
    assert (carried[0, distance < 4.5] == 1).all()
    assert (carried[0, (distance > 7.5) & (distance < 11)] == 0).all()
    assert (carried[1] == 0).all()


def test_what_lies_outside_of_an_bounded_domain_is_empty() -> None:
    old, new = square_grid(8, 8, periodic=False), square_grid(12, 12, periodic=False)
    carried = carried_over(torch.ones(1, 64, 6), old, new)[0].view(12, 12, 6)
    assert (carried[2:10, 2:10] == 1).all()
    assert carried.sum() == 64 * 6


def test_on_a_surface_states_keep_their_place_in_space() -> None:
    old, new = sphere(500, seed=1), sphere(700, seed=2)
    states = torch.nn.functional.normalize(old["pos"], dim=1)[None]
    carried = carried_over(states, old, new)[0]
    away = (carried - torch.nn.functional.normalize(new["pos"], dim=1)).norm(dim=1)
    assert float(away.max()) < 1.5 / float(old["pos"].norm(dim=1).mean())  # units, in radii


def test_states_do_not_go_from_the_plane_to_a_surface() -> None:
    with pytest.raises(ValueError, match="`new` must lie in the plane if `old` does"):
        carried_over(torch.ones(1, 64, 6), SQUARE, sphere(100))


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: Worlds([], single), r"`worlds` must be one or several"),
        (
            lambda: Worlds([world_on(SQUARE, share=0.0)], single),
            r"`share` must be positive, got 0.0",
        ),
        (
            lambda: Worlds([world_on(SQUARE)], single, Renewal(mesh_world, slots=(1,))),
            r"`slots` must number some of the 1 worlds, got \[1\]",
        ),
        (lambda: Renewal(mesh_world, slots=()), "`slots` must name at least one"),
        (lambda: Renewal(mesh_world, slots=(0,), every=0), "`every` be at least 1"),
        (
            lambda: Worlds([world_on(SQUARE)], single).load_state_dict([], 0),
            "`pools` must be 1, one for each world, got 0",
        ),
    ],
)
def test_what_does_not_fit_is_named(build, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build()


def test_a_world_may_say_what_damage_is(tmp_path: Path) -> None:
    """The last rows of the batch, every second time."""
    damaged: list[int] = []

    def damage(states: Tensor, generator: torch.Generator) -> Tensor:
        torch.rand((), generator=generator)
        damaged.append(len(states))
        return states * 0 + 0.25

    pool = PoolPolicy(size=6, seed_always_until=0, seed_every=100, damage_every=2, damage_count=2)
    config = TrainingConfig(iterations=4, batch_size=4, steps=(3, 6), schedule=lambda _: 1e-3, pool=pool)
    torch.manual_seed(0)
    training = Training(isonca(6, 12), world_on(SQUARE, damage=damage), config, tmp_path)
    for iteration in range(4):
        sample = training.worlds.pools[0].sample(4, generator=training.generator)
        config.pool.prepare(sample, training.worlds.worlds[0], iteration, training.share)
        assert (sample.states[2:] == 0.25).all().item() is (iteration % 2 == 0)
        assert not (sample.states[:2] == 0.25).any()
    assert damaged == [2, 2]


@pytest.mark.parametrize(("steps", "expected"), [(None, {3, 4, 5}), ((9, 10), {9})])
def test_a_world_may_have_rollouts_of_its_own_length(
    tmp_path: Path, steps: tuple[int, int] | None, expected: set[int]
) -> None:
    pool = PoolPolicy(size=4, seed_always_until=0)
    config = TrainingConfig(iterations=9, batch_size=2, steps=(3, 6), schedule=lambda _: 1e-3, pool=pool)
    torch.manual_seed(0)
    lengths: set[int] = set()

    def watched(*parts: Any, **options: Any) -> Trajectory:
        lengths.add(parts[3])
        return trajectory(*parts, **options)

    with patch.object(loop, "trajectory", watched):
        Training(isonca(6, 12), world_on(SQUARE, steps=steps), config, tmp_path).run()
    assert lengths == expected
