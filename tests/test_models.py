import pytest
import torch

from graphnca.layers import NCAConv
from graphnca.models import feature_nca, growing_nca, isonca, texture_nca


def count(rule: NCAConv) -> int:
    return sum(parameter.numel() for parameter in rule.parameters())


@pytest.mark.parametrize(("make", "parameters"), [(growing_nca, 8_336), (isonca, 9_408), (texture_nca, 5_856)])
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
