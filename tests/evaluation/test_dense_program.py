"""The dense program of the benchmark computes what the library computes: the comparison is of equals."""

import pytest
import torch

from graphnca import trajectory
from graphnca.evaluation.dense_program import DenseNCA, as_images, dense_rollout, dense_trajectory
from graphnca.layers import NCAConv, neighbourhood
from graphnca.models import growing_nca, isonca, texture_nca
from graphnca.seeds import point_seed
from topologies import square_grid

SIDE = 16
RULES = {"growing": growing_nca, "isonca": isonca, "texture": texture_nca}


def moving(name: str, fire_rate: float = 1.0) -> NCAConv:
    torch.manual_seed(1)
    rule = RULES[name](fire_rate=fire_rate)
    torch.nn.init.normal_(rule.update_rule.output.weight, std=0.02)
    return rule


def start(rule: NCAConv) -> torch.Tensor:
    """A seed, whose pattern spreads; of textures, noise."""
    torch.manual_seed(2)
    if rule.life_mask is None:
        return torch.rand(2, SIDE * SIDE, rule.num_channels) - 0.5
    return point_seed(square_grid(SIDE, SIDE)).repeat(2, 1, 1) * torch.tensor([1.0, 0.7])[:, None, None]


@pytest.mark.parametrize("padding", ["circular", "zero"])
@pytest.mark.parametrize("name", sorted(RULES))
def test_one_step_equals_the_layer(name: str, padding: str) -> None:
    """Zero padding equals the torus as long as nothing lives at the border."""
    rule, grid = moving(name), square_grid(SIDE, SIDE)
    states = start(rule)
    if rule.life_mask is None and padding == "zero":
        states = torch.zeros_like(states).index_copy_(1, torch.tensor([SIDE * 8 + 8]), states[:, :1])
    expected = rule(states, **neighbourhood(grid))
    found = DenseNCA(rule, padding)(as_images(states, SIDE, SIDE)).flatten(2).mT
    interior = torch.ones(SIDE, SIDE, dtype=torch.bool)
    if padding == "zero":
        interior[[0, -1]] = interior[:, [0, -1]] = False
    torch.testing.assert_close(found[:, interior.flatten()], expected[:, interior.flatten()], atol=1e-5, rtol=1e-5)
    assert (expected - states).abs().max() > 1e-3


@pytest.mark.parametrize("name", sorted(RULES))
def test_a_trajectory_and_its_gradient_equal_the_library(name: str) -> None:
    rule, grid = moving(name), square_grid(SIDE, SIDE)
    states, dense = start(rule), DenseNCA(rule)
    grown = trajectory(rule, states, grid, 6, record=(1,))
    first, last, overflow, change = dense_trajectory(dense, as_images(states, SIDE, SIDE), 6)
    for images, expected in ((first, grown.states[1]), (last, grown.final)):
        torch.testing.assert_close(images.flatten(2).mT, expected, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(overflow, grown.overflow, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(change, grown.change, atol=1e-5, rtol=1e-4)

    (grown.final.square().mean() + grown.overflow.sum() + grown.change.sum()).backward()
    (last.square().mean() + overflow.sum() + change.sum()).backward()
    expected, found = rule.update_rule.output.weight.grad, dense.output_weight.grad
    assert expected is not None and found is not None
    torch.testing.assert_close(found[:, :, 0, 0], expected, atol=1e-4 * float(expected.abs().max()), rtol=1e-3)


def test_a_rollout_is_the_trajectory_without_its_measures() -> None:
    rule = moving("isonca")
    dense, images = DenseNCA(rule), as_images(start(rule), SIDE, SIDE)
    assert torch.equal(dense_rollout(dense, images, 5), dense_trajectory(dense, images, 5)[1])


def test_half_of_the_cells_fire() -> None:
    rule = moving("texture", fire_rate=0.5)
    states = start(rule)
    after = DenseNCA(rule)(as_images(states, SIDE, SIDE)).flatten(2).mT
    still = (after == states).all(-1).float().mean()
    assert 0.35 < still < 0.65


def test_under_autocast_the_state_keeps_its_precision() -> None:
    rule = moving("texture")
    dense, images = DenseNCA(rule), as_images(start(rule), SIDE, SIDE)
    with torch.autocast("cpu", torch.bfloat16):
        half = dense(images)
    assert half.dtype == torch.float32
    torch.testing.assert_close(half, dense(images), atol=0.05, rtol=0.05)


def test_images_are_the_states_themselves() -> None:
    states = torch.rand(2, 12, 5)
    images = as_images(states, 3, 4)
    assert images.is_contiguous(memory_format=torch.channels_last)
    assert images.data_ptr() == states.data_ptr()
    assert torch.equal(images[1, :, 2, 3], states[1, 11])


def test_a_perception_that_it_has_not_is_refused() -> None:
    with pytest.raises(ValueError, match="`rule` must perceive its state"):
        DenseNCA(NCAConv(8, 8, ("identity", "gradient_norm")))
