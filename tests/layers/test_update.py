import pytest
import torch

from graphnca.layers import UpdateRule


def test_an_untrained_rule_changes_nothing() -> None:
    assert not UpdateRule(6, 7, 2)(torch.randn(3, 5, 6)).any()


@pytest.mark.parametrize("hidden_bias", [True, False])
@pytest.mark.parametrize("output_bias", [True, False])
def test_it_is_two_linear_layers_with_a_relu(hidden_bias: bool, output_bias: bool) -> None:
    rule = UpdateRule(6, 7, 2, hidden_bias=hidden_bias, output_bias=output_bias)
    for parameter in rule.parameters():
        torch.nn.init.normal_(parameter)
    perceived = torch.randn(4, 6)
    hidden = perceived @ rule.hidden.weight.T + (rule.hidden.bias if hidden_bias else 0)
    expected = hidden.clamp(min=0) @ rule.output.weight.T + (rule.output.bias if output_bias else 0)
    torch.testing.assert_close(rule(perceived), expected)
    count = 6 * 7 + 7 * 2 + 7 * hidden_bias + 2 * output_bias
    assert sum(parameter.numel() for parameter in rule.parameters()) == count


@pytest.mark.parametrize(("init", "bound"), [("uniform", 48**-0.5), ("glorot", (6 / (48 + 128)) ** 0.5)])
def test_the_hidden_layer_starts_as_published(init: str, bound: float) -> None:
    """IsoNCA: uniform +-1/sqrt(fan in), weight and bias; Growing NCA: Glorot uniform, bias 0."""
    rule = UpdateRule(48, 128, 16, hidden_init=init)  # type: ignore[arg-type]
    weight, bias = rule.hidden.weight, rule.hidden.bias
    assert 0.98 * bound < weight.abs().max() <= bound
    assert abs(weight.std().item() - bound / 3**0.5) < 0.02 * bound
    assert bias.any() == (init == "uniform")
    assert bias.abs().max() <= bound


def test_drawing_anew() -> None:
    rule = UpdateRule(6, 7, 2)
    before = rule.hidden.weight.clone()
    torch.nn.init.ones_(rule.output.weight)
    rule.reset_parameters()
    assert not torch.equal(rule.hidden.weight, before)
    assert not rule.output.weight.any()


@pytest.mark.usefixtures("as_released")
def test_an_unknown_start() -> None:
    with pytest.raises(ValueError, match="`hidden_init` must be one of 'uniform', 'glorot', got 'zeros'"):
        UpdateRule(6, 7, 2, hidden_init="zeros")  # type: ignore[arg-type]
