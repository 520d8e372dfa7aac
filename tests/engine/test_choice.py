import pytest
import torch

from graphnca.engine.choice import SWITCH, choose_engine
from graphnca.engine.lists import ListEngine
from graphnca.engine.native import Native, load_library
from graphnca.engine.patches import Patches

CPU, CUDA, FLOAT, DOUBLE, BF16 = (
    torch.device("cpu"),
    torch.device("cuda"),
    torch.float32,
    torch.float64,
    torch.bfloat16,
)


@pytest.fixture(autouse=True)
def no_wish(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(SWITCH, raising=False)


@pytest.mark.parametrize("dtype", [FLOAT, DOUBLE])
def test_the_processor_gets_the_compiled_engine_where_it_can_be_compiled(dtype: torch.dtype) -> None:
    expected = ListEngine if load_library() is None else Native
    assert choose_engine(CPU, dtype, dtype) is expected


def test_low_precision_on_the_processor_takes_lists() -> None:
    assert choose_engine(CPU, FLOAT, BF16) is ListEngine


@pytest.mark.parametrize("precision", [FLOAT, BF16])
def test_an_accelerator_takes_patches(precision: torch.dtype) -> None:
    assert choose_engine(CUDA, FLOAT, precision) is Patches


@pytest.mark.parametrize(("name", "expected"), [("lists", ListEngine), ("patches", Patches)])
def test_a_wish_is_heard(name: str, expected: type, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SWITCH, name)
    assert choose_engine(CPU, FLOAT, FLOAT) is expected
    assert choose_engine(CUDA, FLOAT, FLOAT) is expected


def test_the_compiled_engine_is_not_forced_where_it_can_not_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SWITCH, "native")
    assert choose_engine(CPU, FLOAT, BF16) is ListEngine
    assert choose_engine(CUDA, FLOAT, FLOAT) is Patches


@pytest.mark.parametrize("wish", ["", "lists", "native", "patches"])
def test_where_cells_keep_values_patches_take_the_place_of_lists(wish: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SWITCH, wish)
    native = load_library() is not None and wish in ("", "native")
    assert choose_engine(CPU, FLOAT, FLOAT, keeps=True) is (Native if native else Patches)
    assert choose_engine(CPU, FLOAT, BF16, keeps=True) is Patches


def test_an_unknown_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SWITCH, "steam")
    with pytest.raises(ValueError, match=r"must be one of \['lists', 'native', 'patches'\], got 'steam'"):
        choose_engine(CPU, FLOAT, FLOAT)
