"""Genomes: seeds that are trained together with the rule that reads them."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from graphnca import rollout
from graphnca.models import growing_nca
from graphnca.pool import SamplePool
from graphnca.rules import load_genomes
from graphnca.seeds import point_seed, with_genome
from graphnca.training import (
    CheckpointError,
    Genome,
    PoolPolicy,
    Renewal,
    Training,
    TrainingConfig,
    World,
    last_state,
)
from graphnca.training.worlds import Worlds
from topologies import square_grid

GRID = square_grid(8, 8)
LEVELS = {"dark": 0.2, "light": 0.8}


def world_of(genome: Genome | None, level: float = 0.5, **parts: Any) -> World:
    def loss(states: Tensor) -> Tensor:
        return (states[..., :4] - level).square().mean((-2, -1))

    return World(GRID, point_seed(GRID, 6), last_state(loss), loss, genome=genome, **parts)


def pair(world: World) -> SamplePool:
    """A pool of two entries."""
    return SamplePool(world.start(), 2)


def make_training(folder: Path, iterations: int = 8, names: tuple[str, ...] = ("dark", "light")) -> Training:
    torch.manual_seed(0)
    rule, generator = growing_nca(6, 8), torch.Generator().manual_seed(1)
    torch.nn.init.normal_(rule.update_rule.output.weight, std=0.05)
    worlds = [world_of(Genome(name, 6, generator=generator), LEVELS[name], name=name) for name in names]
    pool = PoolPolicy(size=4, seed_always_until=0, seed_every=1, damage_every=0, rank=True)
    config = TrainingConfig(iterations, 4, (3, 6), schedule=lambda _: 1e-2, pool=pool)
    return Training(rule, worlds, config, folder)


def test_it_is_what_the_seed_carries() -> None:
    genome = Genome("rose", 6, generator=torch.Generator().manual_seed(0))
    start = world_of(genome).start()
    assert torch.equal(start.detach(), with_genome(point_seed(GRID, 6), genome.hidden.detach()))
    start.square().sum().backward()
    torch.testing.assert_close(genome.hidden.grad, 2 * genome.hidden.detach())


def test_a_world_without_one_starts_from_its_seed() -> None:
    world = world_of(None)
    assert world.start() is world.seed


def test_two_are_different_from_the_start() -> None:
    generator = torch.Generator().manual_seed(0)
    one, two = (Genome(name, 16, generator=generator).hidden for name in ("rose", "tulip"))
    assert (one - two).norm() > 1


def test_it_needs_a_hidden_channel() -> None:
    with pytest.raises(ValueError, match="`num_channels` must be at least 5"):
        Genome("rose", 4)


def test_only_the_genome_of_the_iterations_world_moves(tmp_path: Path) -> None:
    training = make_training(tmp_path)
    seen = set()
    for _ in range(8):
        before = {name: value.clone() for name, value in training.genomes.state_dict().items()}
        _, world, _ = training.step()
        moved = [name for name, value in training.genomes.state_dict().items() if not torch.equal(value, before[name])]
        assert moved == [f"{world.name}.hidden"]
        seen.add(world.name)
    assert seen == set(LEVELS)


def test_its_gradient_is_normalised_like_the_others(tmp_path: Path) -> None:
    training = make_training(tmp_path)
    _, world, _ = training.step()
    assert world.genome is not None and world.genome.hidden.grad is not None
    norms = [parameter.grad.norm() for parameter in (world.genome.hidden, *training.rule.parameters())]
    torch.testing.assert_close(torch.stack(norms), torch.ones(5), rtol=1e-3, atol=0)


def test_a_rollout_is_differentiable_in_it(tmp_path: Path) -> None:
    """By central differences, through four steps of growth."""
    training = make_training(tmp_path, names=("dark",))
    training.rule.double()
    world = training.worlds.worlds[0]
    assert world.genome is not None
    world.genome.double()
    seed = world.seed.double()

    def loss(hidden: Tensor) -> Tensor:
        final = rollout(training.rule, with_genome(seed, hidden), GRID, 4, generator=torch.Generator().manual_seed(3))
        return world.loss(final)

    hidden = world.genome.hidden.detach().clone()
    analytic = torch.autograd.functional.jacobian(loss, hidden)
    assert isinstance(analytic, Tensor) and analytic.abs().max() > 1e-6
    for channel in range(2):
        nudge = torch.zeros(2, dtype=torch.double)
        nudge[channel] = 1e-6
        numeric = (loss(hidden + nudge) - loss(hidden - nudge)) / 2e-6
        torch.testing.assert_close(analytic[channel], numeric.detach(), rtol=1e-4, atol=1e-8)


def test_a_resumed_run_goes_the_same_way(tmp_path: Path) -> None:
    whole = make_training(tmp_path / "whole")
    whole.run()
    for iterations in (3, 5, 8):
        parts = make_training(tmp_path / "parts", iterations)
        parts.run()
    for one, two in ((whole.genomes, parts.genomes), (whole.rule, parts.rule)):
        for name, value in one.state_dict().items():
            assert torch.equal(value, two.state_dict()[name])
    for name, value in whole.averaged_genomes().items():
        assert torch.equal(value, parts.averaged_genomes()[name])
        assert not torch.equal(value, whole.genomes.state_dict()[f"{name}.hidden"])


def test_snapshots_keep_the_averaged_genomes(tmp_path: Path) -> None:
    training = make_training(tmp_path, 2)
    training.run()
    training.snapshot()
    kept = load_genomes(tmp_path / "snapshots" / "000002.safetensors")
    assert list(kept) == sorted(LEVELS)
    assert all(torch.equal(kept[name], value) for name, value in training.averaged_genomes().items())


@pytest.mark.parametrize("names", [("dark",), ()])
def test_a_checkpoint_of_other_genomes(tmp_path: Path, names: tuple[str, ...]) -> None:
    make_training(tmp_path, 2).save()
    other = make_training(tmp_path, names=names or ("dark",))
    if not names:
        other = Training(growing_nca(6, 8), world_of(None), other.config, tmp_path)
    with pytest.raises(CheckpointError, match=r"of other genomes \(checkpoint, this run\): \['dark.hidden', 'light"):
        other.run()


def test_worlds_may_share_a_genome_but_not_a_name() -> None:
    genome = Genome("rose", 6)
    assert Worlds([world_of(genome), world_of(genome), world_of(None)], pair).genomes == {"rose": genome}
    with pytest.raises(ValueError, match=r"`genome` must have another name in each, got \['rose', 'rose'\]"):
        Worlds([world_of(genome), world_of(Genome("rose", 6))], pair)


def test_a_new_world_brings_no_new_genome() -> None:
    genome = Genome("rose", 6)
    for new, allowed in ((genome, True), (None, True), (Genome("rose", 6), False), (Genome("tulip", 6), False)):
        worlds = Worlds([world_of(genome)], pair, Renewal(lambda _, new=new: world_of(new), slots=(0,), every=1))
        if allowed:
            worlds.renew(1)
            assert worlds.worlds[0].genome is new
        else:
            with pytest.raises(ValueError, match="`make` must give genomes of the first worlds"):
                worlds.renew(1)


def test_the_guard_puts_the_genome_into_the_pool(tmp_path: Path) -> None:
    training = make_training(tmp_path)
    torch.nn.init.constant_(training.rule.update_rule.output.bias, 100.0)
    sentence, world, _ = training.step()
    assert "replaced by the seed" in sentence
    (pool,) = [
        pool for pool, other in zip(training.worlds.pools, training.worlds.worlds, strict=True) if other is world
    ]
    hidden = pool.states[pool.states[..., 3] > 0][:, 4:]
    assert hidden.shape == (4, 2) and hidden.abs().max() < 10


def test_weight_decay_pulls_to_zero(tmp_path: Path) -> None:
    """Adam's first step has the sign of gradient + decay * parameter: with a huge decay, that of the parameter."""
    training = make_training(tmp_path)
    training = Training(training.rule, training.worlds.worlds, replace(training.config, weight_decay=1e4), tmp_path)
    before = training.rule.update_rule.hidden.weight.detach().clone()
    training.step()
    step = training.rule.update_rule.hidden.weight.detach() - before
    assert (step.sign() == -before.sign()).float().mean() > 0.99
