import torch
from torch import nn

from graphnca.training import ParameterAverage


def test_it_is_the_weighted_mean_of_all_that_was_taken_in() -> None:
    """Weights (1 - d) d^age, normalised: no bias towards a start."""
    module, decay, history = nn.Linear(3, 2).double(), 0.8, []
    average = ParameterAverage(module, decay)
    for _ in range(7):
        nn.init.normal_(module.weight)
        average.update()
        history.append(module.weight.detach().clone())
    ages = torch.arange(6, -1, -1, dtype=torch.float64)
    weights = decay**ages / (decay**ages).sum()
    torch.testing.assert_close(average.values["weight"], (weights[:, None, None] * torch.stack(history)).sum(0))


def test_the_first_update_is_the_value_itself() -> None:
    module = nn.Linear(3, 2)
    average = ParameterAverage(module, 0.995)
    nn.init.normal_(module.weight)
    average.update()
    assert torch.equal(average.values["weight"], module.weight)


def test_of_a_constant_it_is_the_constant() -> None:
    module = nn.Linear(3, 2)
    average = ParameterAverage(module, 0.9)
    for _ in range(50):
        average.update()
    torch.testing.assert_close(average.values["bias"], module.bias.detach())


def test_before_any_update_it_is_the_start_and_a_copy() -> None:
    module = nn.Linear(3, 2)
    average, before = ParameterAverage(module), module.weight.detach().clone()
    nn.init.zeros_(module.weight)
    assert torch.equal(average.values["weight"], before)


def test_it_goes_on_where_it_was() -> None:
    module = nn.Linear(3, 2)
    one, two = ParameterAverage(module, 0.9), ParameterAverage(module, 0.9)
    one.update()
    nn.init.normal_(module.weight)
    two.load_state_dict(one.state_dict())
    one.update()
    two.update()
    assert torch.equal(one.values["weight"], two.values["weight"])
