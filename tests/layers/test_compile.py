"""`torch.compile` of the plain layer: one graph, traced once, with the values and gradients of the eager layer.

The type checks of the tests are off here: a compiler is to see the layer as users have it.
"""

import logging
import os
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
from torch import Tensor
from torch._dynamo.testing import CompileCounterWithBackend
from torch_geometric.data import Data

from graphnca.layers import FILTERS, NCAConv, fire_key, neighbourhood

PERCEPTIONS = ("sobel", "laplacian", "isonca", tuple(FILTERS))
BARE = ("isonca", {"edge_attr": None, "stencil_index": None})
COMPILER = shutil.which(os.environ.get("CXX", "g++"))


# What PyTorch warns about while it compiles is its own doing.
pytestmark = [
    pytest.mark.usefixtures("as_released"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning:torch", "ignore::UserWarning:torch"),
]


@pytest.fixture(autouse=True)
def nothing_compiled(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Every test traces anew, and without the log of it that pytest would keep."""
    monkeypatch.setattr(logging.getLogger("torch.__trace"), "disabled", True)
    torch._dynamo.reset()
    yield
    torch._dynamo.reset()


@pytest.fixture
def mesh(substrates: dict[str, Data]) -> Data:
    return substrates["voronoi"]


def geometry(mesh: Data) -> dict[str, Tensor]:
    return neighbourhood(mesh)


def some_state(*shape: int) -> Tensor:
    """Random states of which about a third of the cells are alive."""
    x = torch.where(torch.rand(*shape[:-1], 1) < 0.15, torch.rand(shape), torch.zeros(shape))
    return x.requires_grad_()


def assert_equal_to_eager(
    compiled: Callable[..., Tensor], rule: NCAConv, x: Tensor, seed: int, **arguments: Any
) -> None:
    """One step of both, one with the key and one with the generator that it is drawn from, and all gradients."""
    key = fire_key(torch.Generator().manual_seed(seed))
    found = compiled(x, key=key, **arguments)
    wanted = rule(x, generator=torch.Generator().manual_seed(seed), **arguments)
    torch.testing.assert_close(found, wanted, rtol=1e-5, atol=1e-5)
    assert (wanted != x).any()
    towards, of = torch.rand_like(x), [x, *rule.parameters()]
    pairs = zip(torch.autograd.grad(found, of, towards), torch.autograd.grad(wanted, of, towards), strict=True)
    for one, other in pairs:
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("fire_per", ["cell", "channel"])
@pytest.mark.parametrize("life_mask", ["pre", "pre_post", "post", None])
@pytest.mark.parametrize("perception", PERCEPTIONS, ids=str)
def test_every_architecture_is_one_graph_equal_to_the_eager_layer(
    perception: Any, life_mask: str | None, fire_per: str, mesh: Data, random_rule: Callable[..., NCAConv]
) -> None:
    rule = random_rule(6, 12, perception, life_mask=life_mask, fire_per=fire_per)
    backend = CompileCounterWithBackend("aot_eager" if life_mask == "pre_post" else "eager")
    compiled = torch.compile(rule, fullgraph=True, backend=backend)
    for seed in range(2):
        assert_equal_to_eager(compiled, rule, some_state(len(mesh["pos"]), 6), seed, **geometry(mesh))
    assert backend.frame_count == 1


@pytest.mark.parametrize(
    "changed",
    [
        {"stencil_index": None},
        {"stencil_index": None, "edge_attr": None},
        {"stencil_index": None, "edge_attr": None, "edge_weight": None},
        {"angle": torch.tensor(0.3)},
        {"angle": torch.linspace(-3, 3, 200)},
        {"fire_rate": torch.tensor(0.9)},
        {"fire_rate": torch.linspace(0, 1, 200)},
        {"regions": torch.arange(200) % 3},
    ],
    ids=lambda changed: ", ".join(
        f"{name} {None if value is None else value.dim()}" for name, value in changed.items()
    ),
)
def test_every_argument_of_the_step_is_traced(
    changed: dict[str, Tensor | None], mesh: Data, random_rule: Callable[..., NCAConv]
) -> None:
    rule = random_rule(6, 12, "isonca" if "edge_attr" in changed else "sobel")
    number = len(mesh["pos"])
    cut = {name: value if value is None or not value.dim() else value[:number] for name, value in changed.items()}
    compiled = torch.compile(rule, fullgraph=True, backend="aot_eager")
    assert_equal_to_eager(compiled, rule, some_state(2, number, 6), 0, **{**geometry(mesh), **cut})


@pytest.mark.parametrize("with_gradients", [False, True])
def test_any_number_of_steps_is_compiled_once(
    with_gradients: bool, mesh: Data, random_rule: Callable[..., NCAConv]
) -> None:
    """With gradients twice: the start has no history, the states that follow have one."""
    rule = random_rule(6, 12, "sobel")
    backend = CompileCounterWithBackend("eager")
    compiled = torch.compile(rule, fullgraph=True, backend=backend)
    start = some_state(len(mesh["pos"]), 6).detach()
    with torch.set_grad_enabled(with_gradients):
        for steps in (5, 50, 7):
            keys, generator = (torch.Generator().manual_seed(steps) for _ in range(2))
            x = y = start
            for _ in range(steps):
                x = compiled(x, key=fire_key(keys), **geometry(mesh))
                y = rule(y, generator=generator, **geometry(mesh))
            assert torch.equal(x, y)
            assert (x != start).any()
            assert backend.frame_count == 1 + with_gradients


def test_angles_and_rates_that_are_tensors_may_change(mesh: Data, random_rule: Callable[..., NCAConv]) -> None:
    """Numbers are part of the compiled program, so each new one is compiled anew; tensors are its arguments."""
    rule = random_rule(6, 12, "sobel")
    backend = CompileCounterWithBackend("eager")
    compiled = torch.compile(rule, fullgraph=True, backend=backend)
    for seed in range(4):
        changing = {"angle": torch.rand(()), "fire_rate": torch.rand(())}
        assert_equal_to_eager(compiled, rule, some_state(len(mesh["pos"]), 6), seed, **geometry(mesh), **changing)
    assert backend.frame_count == 1


def test_a_function_around_the_layer_is_compiled_once(mesh: Data, random_rule: Callable[..., NCAConv]) -> None:
    """What users write: a step with something of their own, compiled, and a loop around it in Python."""
    rule = random_rule(6, 12, "isonca")
    backend = CompileCounterWithBackend("aot_eager")

    def step(x: Tensor, key: Tensor) -> tuple[Tensor, Tensor]:
        after = rule(x, mesh["edge_index"], mesh["edge_weight"], key=key)
        return after, (after - x).abs().mean()

    compiled = torch.compile(step, fullgraph=True, backend=backend)
    start = some_state(len(mesh["pos"]), 6)
    for steps in (3, 12):
        ends = []
        for function in (step, compiled):
            x, change, generator = start, torch.zeros(()), torch.Generator().manual_seed(steps)
            for _ in range(steps):
                x, more = function(x, fire_key(generator))
                change = change + more
            ends.append((x, torch.autograd.grad(x.sum() + change, start)[0]))
        torch.testing.assert_close(ends[0], ends[1])
    assert backend.frame_count <= 2  # the start asks for a gradient, and is a leaf; what follows is not


def test_without_a_key_the_default_generator_is_drawn_from(mesh: Data, random_rule: Callable[..., NCAConv]) -> None:
    rule = random_rule(6, 12, "isonca")
    compiled = torch.compile(rule, fullgraph=True, backend="aot_eager")
    x = some_state(len(mesh["pos"]), 6)
    ends = []
    for layer in (rule, compiled):
        torch.manual_seed(4)
        ends.append([layer(x, **geometry(mesh)) for _ in range(3)])
    torch.testing.assert_close(ends[0], ends[1])
    assert not torch.equal(ends[0][0], ends[0][1])


def test_a_generator_cannot_be_traced(mesh: Data, random_rule: Callable[..., NCAConv]) -> None:
    """The reason for `key`. When this fails, PyTorch has learned it: then the key can be taken out of the guide."""
    compiled = torch.compile(random_rule(6, 12, "isonca"), fullgraph=True, backend="eager")
    with pytest.raises(torch._dynamo.exc.Unsupported):
        compiled(some_state(len(mesh["pos"]), 6), **geometry(mesh), generator=torch.Generator())


@pytest.mark.skipif(COMPILER is None, reason="torch.compile writes C++, and there is no compiler for it")
def test_the_machine_code_computes_the_same(mesh: Data, random_rule: Callable[..., NCAConv]) -> None:
    """PyTorch's own backend, which writes C++: the hash must not rest on what C++ leaves undefined."""
    rule = random_rule(6, 12, "sobel", fire_rate=0.4)
    compiled = torch.compile(rule, fullgraph=True)
    for seed in range(3):
        assert_equal_to_eager(compiled, rule, some_state(len(mesh["pos"]), 6), seed, **geometry(mesh))
