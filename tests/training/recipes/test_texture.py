"""The recipe of textures, small: its numbers, the card, and that it learns and resumes."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn
from torch_geometric.data import Data

from graphnca import load_rule
from graphnca.losses import TextureLoss
from graphnca.rasterizers import TangentPatches
from graphnca.rules import describe_rule
from graphnca.training import load_checkpoint
from graphnca.training.recipes import TextureRecipe, texture
from topologies import sampled_substrate, sampled_torus

SMALL: dict[str, Any] = {
    "size": 16, "num_channels": 6, "hidden_size": 8, "steps": (3, 6), "pool_size": 8, "snapshot_every": 0,
}  # fmt: skip


class Colours(nn.Module):
    """The smallest features: the image itself and its half."""

    description = "the colours alone"

    def forward(self, images: Tensor) -> list[Tensor]:
        return [images, nn.functional.avg_pool2d(images, 2)]


@pytest.fixture(autouse=True)
def _small_features(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(texture, "load_features", lambda name, precision: Colours())


def train(template: str, out: Path, **options: Any) -> Path:
    return TextureRecipe(template=template, out=str(out), **{**SMALL, **options}).train(sampled_torus, "")


def test_the_numbers_are_published() -> None:
    """Niklasson et al. 2021, PyTorch revision."""
    recipe = TextureRecipe(template="dotted")
    config = recipe.config()
    assert (recipe.num_channels, recipe.hidden_size, recipe.statistic) == (12, 96, "sliced_ot")
    assert (config.iterations, config.batch_size, config.steps) == (5000, 4, (32, 96))
    assert (config.pool.size, config.pool.seed_every, config.pool.damage_every) == (256, 8, 0)
    assert [config.schedule(iteration) for iteration in (0, 1000, 2000)] == pytest.approx([1e-3, 3e-4, 9e-5])
    assert recipe.shortened() == recipe
    assert TextureRecipe(template="dotted", iterations=50).shortened().milestones == (10, 20)


def test_the_pool_is_divided_among_the_substrates() -> None:
    kinds = ("square", "hex", "voronoi")
    assert TextureRecipe(template="dotted", substrate=kinds).config().pool.size == 85
    assert TextureRecipe(template="dotted", pool_size=2).config().pool.size == 4


def test_a_world_starts_from_nothing_and_noise_is_a_disk_within_the_bound(topology: Data) -> None:
    recipe = TextureRecipe(template="dotted", num_channels=6, damage_every=3)
    world = recipe.world("here", topology, 1.0, recipe.untrained(), torch.Generator().manual_seed(0))
    assert world.start().shape == (topology.num_nodes, 6) and not world.start().any()
    assert world.loss(torch.zeros(2, topology.num_nodes, 6)).shape == (2,)
    assert world.damage is not None
    noisy = world.damage(torch.full((2, topology.num_nodes, 6), 5.0), torch.Generator().manual_seed(0))
    changed = (noisy != 5.0).all(-1)
    assert changed.any(-1).all() and not changed.all(-1).any()
    assert noisy[changed].abs().max() <= 1.0
    config = recipe.config()
    assert (config.pool.damage_every, config.pool.damage_count) == (3, 1)
    assert config.explosion > TextureRecipe(template="dotted").config().explosion


@pytest.mark.parametrize("statistic", ["sliced_ot", "gram"])
def test_a_trained_rules_card_says_its_texture(tmp_path: Path, statistic: str) -> None:
    path = train("banded", tmp_path, iterations=3, statistic=statistic)
    rule, card = load_rule(path), describe_rule(path)["card"]
    assert rule.config["life_mask"] is None and not rule.config["output_bias"]
    assert (card["template"], card["rgb_offset"], card["size"]) == ("banded", 0.5, 16)
    assert card["statistic"] == statistic and card["features"] == "the colours alone"
    pool = card["configuration"]["pool"]
    assert (pool["seed_every"], pool["seed_always_until"], pool["damage_every"]) == (8, 0, 0)
    assert "factor=0.3" in card["configuration"]["schedule"]


def test_a_rule_learns_the_colours(tmp_path: Path) -> None:
    """The loss falls by half on a picture of one colour, from the published seed."""
    Image.new("RGB", (16, 16), (204, 51, 102)).save(tmp_path / "plain.png")
    longer = {"steps": (12, 24), "hidden_size": 32, "iterations": 70, "rate": 5e-4, "milestones": (30, 50)}
    train(str(tmp_path / "plain.png"), tmp_path / "run", **longer)
    history = load_checkpoint(tmp_path / "run" / "checkpoint.pt")["history"]
    assert history[-10:].mean() < history[:3].mean() / 2


def test_several_kinds_of_cells_share_the_pool(tmp_path: Path) -> None:
    kinds = ("square", "hex", "voronoi")
    card = describe_rule(train("dotted", tmp_path, substrate=kinds, renew_every=1, iterations=3, pool_size=12))["card"]
    assert card["substrate"] == "16x16 units: square,hex,voronoi"
    assert card["iterations between two new substrates"] == 1
    pools = load_checkpoint(tmp_path / "checkpoint.pt")["pools"]
    assert [len(pool["occupied"]) for pool in pools] == [4, 4, 4]


def test_a_resumed_run_gives_the_same_rule(tmp_path: Path) -> None:
    """The directions of the transport too are drawn from what the checkpoint holds, on new meshes as well."""
    meshes = {"substrate": ("square", "voronoi"), "renew_every": 2}
    whole = train("bubbly", tmp_path / "whole", iterations=6, **meshes)
    train("bubbly", tmp_path / "parts", iterations=3, **meshes)
    torch.manual_seed(99)
    parts = train("bubbly", tmp_path / "parts", iterations=6, **meshes)
    for name, value in load_rule(whole).state_dict().items():
        torch.testing.assert_close(load_rule(parts).state_dict()[name], value, rtol=0, atol=0)


def test_a_run_may_go_on_from_a_rule_in_8_bits(tmp_path: Path) -> None:
    """The rule that comes out steps in 8 bits, and has moved from where it started."""
    first = train("banded", tmp_path / "float", iterations=3)
    second = train("bubbly", tmp_path / "bytes", iterations=2, start=str(first), eight_bits=True)
    assert describe_rule(second)["card"]["started from"]["template"] == "banded"
    rule, before = load_rule(second), load_rule(first)
    assert (before.arithmetic, rule.arithmetic) == ("float", "quantised")
    assert not torch.equal(rule.update_rule.output.weight, before.update_rule.output.weight)
    assert rule.weight_steps is None  # they follow the weights, which are not rounded themselves


def test_steps_are_two_numbers() -> None:
    with pytest.raises(ValueError, match="`steps` must be two numbers, got '32'"):
        TextureRecipe(template="dotted", steps=(32,)).config()


def test_a_sphere_is_seen_in_patches_with_as_many_pixels_as_the_plane(tmp_path: Path) -> None:
    recipe = TextureRecipe(template="dotted", substrate=("sphere",), **SMALL)
    topology, gain = recipe.sample(sampled_substrate, "sphere", np.random.default_rng(0))
    assert float(topology["area"].sum()) == pytest.approx(16**2, rel=0.06)
    generator = torch.Generator().manual_seed(0)
    world = recipe.world("sphere", topology, gain, recipe.untrained(), generator)
    assert isinstance(world.loss, TextureLoss) and isinstance(world.loss.rasterizer, TangentPatches)
    assert world.loss.rasterizer(world.seed).shape == (4, 6, 8, 8)
    assert world.loss.rasterizer.generator is generator  # a checkpoint has its state
    assert world.loss(torch.zeros(3, len(world.seed), 6)).shape == (3,)


def test_a_texture_is_trained_on_a_surface_and_in_the_plane_by_turns(tmp_path: Path) -> None:
    kinds = {"substrate": ("sphere", "square"), "renew_every": 2}

    def run(iterations: int, folder: str) -> Path:
        recipe = TextureRecipe(
            template="dotted", out=str(tmp_path / folder), iterations=iterations, **{**SMALL, **kinds}
        )
        return recipe.train(sampled_substrate, "")

    whole = run(5, "whole")
    run(2, "parts")
    torch.manual_seed(99)
    parts = run(5, "parts")
    for name, value in load_rule(whole).state_dict().items():
        torch.testing.assert_close(load_rule(parts).state_dict()[name], value, rtol=0, atol=0)


def test_a_material_is_learnt_with_its_height_and_roughness(tmp_path: Path) -> None:
    path = train("scaly", tmp_path, iterations=3, maps=True)
    card = describe_rule(path)["card"]
    assert (card["height"], card["roughness"], card["deepest"]) == (3, 4, 8.0)
    world = TextureRecipe(template="scaly", maps=True, **SMALL).world(
        "here", sampled_substrate("square", (16, 16), np.random.default_rng(0), counted="units", gain_noise=0.0)[0],
        1.0, load_rule(path), torch.Generator().manual_seed(0),
    )  # fmt: skip
    states = torch.zeros(1, 256, 6).requires_grad_()
    world.loss(states).sum().backward()
    assert states.grad is not None
    assert states.grad[..., :5].abs().amax((0, 1)).min() > 0 and not states.grad[..., 5:].any()
    with pytest.raises(ValueError, match="`name` must be one of"):
        train("banded", tmp_path / "flat", iterations=1, maps=True)


def test_a_picture_that_is_to_move_is_compared_with_an_earlier_one(topology: Data) -> None:
    """By as many units as the steps between the two say, on any cells; of the height of a material nothing is asked."""
    recipe = TextureRecipe(template="dotted", motion=(0.0, -0.125), num_channels=6)
    world = recipe.world("here", topology, 1.0, recipe.untrained(), torch.Generator().manual_seed(0))
    assert world.record == (texture.EARLIER, texture.LATER)
    found = recipe.moving(topology)
    x, y = (float(number) for number in (found.later.grid.points() - found.earlier.grid.points())[0, 0])
    assert (x, y) == pytest.approx((0.0, -0.125 * (texture.LATER - texture.EARLIER)))


def test_motion_is_in_the_card_and_needs_long_enough_rollouts(tmp_path: Path) -> None:
    card = describe_rule(train("dotted", tmp_path, iterations=2, motion=(0.1, 0.0), steps=(32, 34)))["card"]
    assert card["motion"] == [0.1, 0.0]
    assert "motion" not in describe_rule(train("dotted", tmp_path / "still", iterations=1))["card"]
    with pytest.raises(ValueError, match="`steps` must be at least 32 where there is `motion`, got 16"):
        TextureRecipe(template="dotted", motion=(0.1, 0.0), steps=(16, 34)).config()


def test_motion_is_not_learnt_on_surfaces() -> None:
    recipe = TextureRecipe(template="dotted", motion=(0.1, 0.0), **SMALL)
    ball, _ = recipe.sample(sampled_substrate, "sphere", np.random.default_rng(0))
    with pytest.raises(ValueError, match="`motion` is learnt in the plane"):
        recipe.moving(ball)


def test_the_precision_is_that_of_the_features() -> None:
    assert TextureRecipe(template="dotted", precision="bfloat16").config().precision == "float32"
