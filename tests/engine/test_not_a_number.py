"""What has diverged is seen: a state of NaN doesn't pass for dead, whatever takes the steps."""

import pytest
import torch

from graphnca import rollout
from graphnca.engine import ENGINES
from graphnca.engine.choice import SWITCH
from graphnca.engine.task import Task
from graphnca.layers import NCAConv, neighbourhood
from topologies import square_grid


@pytest.mark.parametrize("life_mask", ["pre", "pre_post", "post"])
@pytest.mark.parametrize("everywhere", [True, False])
@pytest.mark.parametrize("engine", ENGINES, ids=lambda engine: engine.name)
def test_it_stays(engine: type, everywhere: bool, life_mask: str, monkeypatch: pytest.MonkeyPatch) -> None:
    grid, rule = square_grid(9, 9), NCAConv(4, 8, "isonca", life_mask=life_mask, fire_rate=1.0)  # type: ignore[arg-type]
    torch.nn.init.normal_(rule.update_rule.output.weight, generator=torch.Generator().manual_seed(1))
    x = torch.zeros(81, 4)
    x[slice(None) if everywhere else 40] = torch.nan
    if engine.takes(Task(rule, grid, x.shape, x.dtype, x.device)) is not None:
        pytest.skip("there is no compiler for it")
    monkeypatch.setenv(SWITCH, engine.name)
    expected = x
    for _ in range(2):
        expected = rule(expected, **neighbourhood(grid))
    found = rollout(rule, x, grid, 2)
    assert torch.equal(found.isnan(), expected.isnan())
    assert found[40].isnan().all()
    assert found.isnan().all() == everywhere
