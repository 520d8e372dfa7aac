import pytest
from protocol.units import unit_of


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mixed4a_472", ("mixed4a", 472)),
        ("conv3_3_2", ("conv3_3", 2)),
        ("3_17", (3, 17)),
        ("relu5_1_0", ("relu5_1", 0)),
    ],
)
def test_layer_and_channel(text: str, expected: tuple[str | int, int]) -> None:
    assert unit_of(text) == expected


@pytest.mark.parametrize("text", ["", "conv3", "472", "mixed4a_", "mixed4a_x", "_4", "conv3_-1"])
def test_what_is_no_unit(text: str) -> None:
    with pytest.raises(SystemExit, match="unit: expected LAYER_CHANNEL"):
        unit_of(text)
