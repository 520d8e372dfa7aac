import copy

import pytest
import torch
from torch import Tensor
from torch.nn.functional import conv2d, max_pool2d, mse_loss

from graphnca import rollout
from graphnca.layers import NCAConv
from graphnca.models import explainer_nca, feature_nca, growing_nca, isonca, texture_nca
from topologies import square_grid


def count(rule: NCAConv) -> int:
    return sum(parameter.numel() for parameter in rule.parameters())


@pytest.mark.parametrize(
    ("make", "parameters"),
    [(growing_nca, 8_336), (explainer_nca, 8_320), (isonca, 9_408), (texture_nca, 5_856)],
)
def test_they_have_the_published_number_of_parameters(make: type[NCAConv], parameters: int) -> None:
    assert count(make()) == parameters


def test_growing_nca() -> None:
    """State and Sobel pair / 8, masks before and after, both layers biased, drawn as Keras does."""
    rule = growing_nca()
    assert rule.perception.filters == ("identity", "gradient")
    assert rule.perception.gains == {"gradient": 1 / 8}
    assert (rule.life_mask, rule.fire_rate, rule.fire_per, rule.alive_threshold) == ("pre_post", 0.5, "cell", 0.1)
    assert rule.update_rule.output.bias is not None
    assert not rule.update_rule.hidden.bias.any()
    assert rule.update_rule.hidden.weight.abs().max() > 48**-0.5 * 1.05  # wider than PyTorch's own


def explained_step(rule: NCAConv, x: Tensor) -> Tensor:
    """A step of all cells as the explainer's listing has it."""
    sobel = torch.tensor([[-1.0, 0.0, 1.0], [-2.0, 0.0, 2.0], [-1.0, 0.0, 1.0]])
    identity = torch.tensor([[0.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 0.0]])
    layers = [conv2d(x, kernel.expand(16, 1, 3, 3), padding=1, groups=16) for kernel in (identity, sobel, sobel.mT)]
    hidden, output = rule.update_rule.hidden, rule.update_rule.output
    update = conv2d(torch.cat(layers, dim=1), hidden.weight[:, :, None, None], hidden.bias).relu()
    x = x + conv2d(update, output.weight[:, :, None, None])
    return x * (max_pool2d(x[:, 3:4], 3, stride=1, padding=1) > 0.05)


def test_explainer_nca_may_perceive_less() -> None:
    rule = explainer_nca(perception=("identity",), gains={})
    assert (rule.perception.filters, rule.life_mask, count(rule)) == (("identity",), "post", 8_320 - 2 * 16 * 128)


def test_explainer_nca_is_the_explainers_program() -> None:
    """States of fourteen steps from its seed, and the weights after an iteration of its training, clipped at 1."""
    torch.manual_seed(5)
    rule, grid = explainer_nca(fire_rate=1.0), square_grid(33, 33, periodic=False)
    assert 0.009 < rule.update_rule.output.weight.std() < 0.011
    twin = copy.deepcopy(rule)
    target, seed = torch.rand(33 * 33, 4), torch.zeros(1, 16, 33, 33)
    seed[:, 3:, 16, 16] = 1.0
    plain = seed
    for _ in range(14):
        plain = explained_step(twin, plain)
    ours = rollout(rule, seed.flatten(2)[0].T.contiguous(), grid, 14)
    assert (ours[:, 3] > 0.05).sum() > 50  # it lives, and has not reached the border
    torch.testing.assert_close(ours, plain.flatten(2)[0].T)
    for model, state in ((rule, ours), (twin, plain.flatten(2)[0].T)):
        optimiser = torch.optim.Adam(model.parameters(), lr=1e-3)
        (1e3 * mse_loss(state[:, :4], target)).backward()  # so large that it is clipped
        assert torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm=1.0) > 1.0
        optimiser.step()
    for ours_after, theirs in zip(rule.parameters(), twin.parameters(), strict=True):
        torch.testing.assert_close(ours_after, theirs, rtol=1e-4, atol=1e-5)


def test_isonca() -> None:
    """State and raw Laplacian, mask from the state before the step, no output bias."""
    rule = isonca()
    assert rule.perception.filters == ("identity", "laplacian")
    assert rule.perception.gains == {"laplacian": 1.0}
    assert (rule.life_mask, rule.fire_rate, rule.fire_per, rule.alive_threshold) == ("pre", 0.5, "cell", 0.1)
    assert rule.update_rule.output.bias is None
    assert rule.update_rule.hidden.bias.any()


def test_texture_nca() -> None:
    """State, raw Sobel pair, raw Laplacian, no life."""
    rule = texture_nca()
    assert rule.perception.filters == ("identity", "gradient", "laplacian")
    assert set(rule.perception.gains.values()) == {1.0}
    assert (rule.life_mask, rule.fire_rate, rule.fire_per) == (None, 0.5, "cell")
    assert rule.update_rule.output.bias is None


def test_feature_nca() -> None:
    """Whatever the features are: neighbours count 1 together, no channel is life, and twice the same comes out."""
    rule = feature_nca(3, 8).eval()
    torch.nn.init.normal_(rule.update_rule.output.weight)
    x, edge_index = -torch.rand(5, 3), torch.tensor([[0, 1, 2, 3, 4, 1], [1, 2, 3, 4, 0, 0]])
    together = torch.stack([x[edge_index[0][edge_index[1] == cell]].mean(0) for cell in range(5)])
    update = rule.update_rule(torch.cat([x, together - x], dim=1))
    torch.testing.assert_close(rule(x, edge_index), x + update)


@pytest.mark.parametrize("make", [feature_nca, growing_nca, isonca, texture_nca])
def test_options_go_to_the_layer(make: type[NCAConv]) -> None:
    rule = make(8, 32, fire_rate=0.8, life_mask="post", output_bias=True, hidden_init="uniform")
    assert (rule.num_channels, rule.hidden_size, rule.fire_rate, rule.life_mask) == (8, 32, 0.8, "post")
    assert rule.update_rule.output.bias is not None
    assert not torch.cat([parameter.flatten() for parameter in rule.update_rule.output.parameters()]).any()
