import copy
import re
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn

from graphnca import rollout
from graphnca.engine import ENGINES, Task, choose_engine
from graphnca.engine.active_list import ActiveList
from graphnca.engine.choice import SWITCH
from graphnca.engine.native import Native, load_library
from graphnca.engine.patches import Patches
from graphnca.engine.plain import Plain
from graphnca.layers import NCAConv
from topologies import square_grid

HALF: dict[str, Any] = {"precision": torch.bfloat16}
CUDA = {"device": torch.device("cuda")}
LIBRARY = load_library()
ON_CPU = ActiveList if LIBRARY is None else Native
IN_HALF = Native if LIBRARY is not None and LIBRARY.graphnca_has_half_products() else ActiveList


@pytest.fixture(autouse=True)
def no_wish(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(SWITCH, raising=False)


def task(rule: NCAConv | None = None, **asked: Any) -> Task:
    given: dict[str, Any] = {"shape": torch.Size((2, 16, 6)), "dtype": torch.float32, "device": torch.device("cpu")}
    return Task(rule or NCAConv(6, 8, arithmetic=asked.pop("arithmetic", "float")), square_grid(4, 4), **given | asked)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({}, ON_CPU),
        ({"dtype": torch.float64}, ON_CPU),
        ({"regions": torch.zeros(16, dtype=torch.int64)}, Patches if ON_CPU is ActiveList else Native),
        ({"arithmetic": "quantised"}, Plain if ON_CPU is ActiveList else Native),
        (HALF, IN_HALF),
        (HALF | {"regions": torch.zeros(16, dtype=torch.int64)}, Patches if IN_HALF is ActiveList else Native),
        (HALF | {"arithmetic": "quantised"}, Plain),
        (CUDA, Patches),
        (CUDA | HALF, Patches),
        (CUDA | {"arithmetic": "quantised"}, Plain),
        ({"arithmetic": "fixed_point"}, Plain),
        ({"angle": torch.zeros(2, 16)}, Plain),
        ({"angle": torch.zeros(16, requires_grad=True)}, Plain),
        ({"shape": torch.Size((0, 16, 6))}, Plain),
        ({"shape": torch.Size((2**27, 16, 6))}, Plain),
    ],
    ids=str,
)
def test_the_first_that_takes_a_task_does_it(asked: dict[str, Any], expected: type) -> None:
    assert choose_engine(task(**asked)) is expected


def test_a_network_of_the_users_own_takes_the_layers_steps() -> None:
    rule = NCAConv(6, 8)
    rule.update_rule = nn.Sequential(copy.deepcopy(rule.update_rule))  # type: ignore[assignment]
    assert choose_engine(task(rule)) is Plain


@pytest.mark.parametrize("wanted", [engine for engine in ENGINES if engine is not Native], ids=lambda kind: kind.name)
def test_a_wish_is_heard(wanted: type, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SWITCH, wanted.name)
    assert choose_engine(task()) is wanted


@pytest.mark.parametrize(
    ("engine", "asked", "reason"),
    [
        ("native", HALF | {"dtype": torch.float64}, "states are torch.float64, .*and for products in bfloat16 float32"),
        ("native", {"precision": torch.float64}, "products are torch.float64, which must be torch.float32"),
        ("native", HALF | {"arithmetic": "quantised"}, "'quantised', whose products can't be in bfloat16"),
        ("native", CUDA, "the states are on cuda"),
        ("native", {"arithmetic": "fixed_point"}, "the rule's arithmetic is 'fixed_point'"),
        ("active_list", CUDA, "on cuda, every step would wait for the length of its list"),
        ("active_list", {"regions": torch.zeros(16, dtype=torch.int64)}, "some cells keep what they hold"),
        ("patches", {"arithmetic": "quantised"}, "the rule's arithmetic is 'quantised'"),
        ("patches", {"angle": torch.zeros(2, 16)}, "the frame of gradients differs between samples or is trained"),
        ("patches", {"shape": torch.Size((0, 16, 6))}, "there are no states"),
    ],
)
def test_an_engine_that_can_not_says_why(
    engine: str, asked: dict[str, Any], reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SWITCH, engine)
    with pytest.raises(ValueError, match=f"{SWITCH}={engine}, but this engine does not take the rollout: .*{reason}"):
        choose_engine(task(**asked))


@pytest.mark.skipif(LIBRARY is None, reason="there is no C++ compiler on this machine")
def test_a_processor_without_bfloat16(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load_library(), "graphnca_has_half_products", lambda: 0)
    assert choose_engine(task(**HALF)) is ActiveList
    monkeypatch.setenv(SWITCH, "native")
    with pytest.raises(ValueError, match="the processor has no products in bfloat16"):
        choose_engine(task(**HALF))


def test_an_unknown_engine(monkeypatch: pytest.MonkeyPatch, random_rule: Callable[..., NCAConv]) -> None:
    monkeypatch.setenv(SWITCH, "steam")
    grid = square_grid(4, 4)
    names = re.escape(str(sorted(kind.name for kind in ENGINES)))
    with pytest.raises(ValueError, match=f"{SWITCH} must be one of {names}, got 'steam'"):
        rollout(random_rule(6, 8), torch.zeros(16, 6), grid, 1)
