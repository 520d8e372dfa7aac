import pytest
import torch

from graphnca.layers import FILTERS, PRESETS, Perception


@pytest.fixture
def sums() -> dict[str, torch.Tensor]:
    return {name: torch.randn(2, 5, 3) for name in ("x", "laplacian", "along_x", "along_y")}


def perceived(perception: Perception, sums: dict[str, torch.Tensor]) -> torch.Tensor:
    return perception(sums["x"], [sums[name] for name in perception.operators])


@pytest.mark.parametrize(
    ("preset", "bands", "gains"),
    [
        ("sobel", ("x", "along_x", "along_y"), (1, 1 / 8, 1 / 8)),
        ("laplacian", ("x", "along_x", "along_y", "laplacian"), (1, 1, 1, 1)),
        ("isonca", ("x", "laplacian"), (1, 1)),
    ],
)
def test_presets_are_concatenated_band_by_band_with_the_published_gains(
    preset: str, bands: tuple[str, ...], gains: tuple[float, ...], sums: dict[str, torch.Tensor]
) -> None:
    perception = Perception(preset)
    assert perception.num_bands == len(bands)
    expected = torch.cat([gain * sums[band] for band, gain in zip(bands, gains, strict=True)], -1)
    torch.testing.assert_close(perceived(perception, sums), expected)


def test_a_preset_and_its_tuple_differ_in_the_gains_alone() -> None:
    assert Perception("sobel").filters == Perception(PRESETS["sobel"]).filters
    assert Perception("sobel").gains == {"gradient": 1 / 8}
    assert Perception(PRESETS["sobel"]).gains == {"gradient": 1.0}


def test_gains_multiply_and_the_order_is_the_callers(sums: dict[str, torch.Tensor]) -> None:
    perception = Perception(("gradient", "identity", "laplacian"), {"gradient": 0.25, "laplacian": -2.0})
    expected = [0.25 * sums["along_x"], 0.25 * sums["along_y"], sums["x"], -2.0 * sums["laplacian"]]
    torch.testing.assert_close(perceived(perception, sums), torch.cat(expected, -1))


def test_the_gradient_norm_does_not_feel_the_direction_and_has_a_gradient_at_zero() -> None:
    perception = Perception(("gradient_norm",), {"gradient_norm": 0.5})
    x = torch.zeros(4, 1)
    turn = torch.linspace(0, 6, 4)[:, None]
    length = perception(x, [3 * torch.cos(turn), 3 * torch.sin(turn)])
    torch.testing.assert_close(length, torch.full((4, 1), 1.5))
    flat = torch.zeros(4, 1, requires_grad=True)
    perception(x, [flat, flat]).sum().backward()
    assert flat.grad is not None
    assert flat.grad.isfinite().all()


def test_a_steered_gradient_has_two_parts_by_the_gradient_of_the_last_channel() -> None:
    perception = Perception(("steered_gradient",), {"steered_gradient": 0.5})
    along_x, along_y = torch.tensor([[1.0, -2.0, 0.6]]), torch.tensor([[3.0, 5.0, 0.8]])  # a guide of length 1
    both = [0.6 * along_x + 0.8 * along_y, 0.6 * along_y - 0.8 * along_x]
    torch.testing.assert_close(perception(along_x, [along_x, along_y]), 0.5 * torch.cat(both, -1))
    along_x[:, -1], along_y[:, -1] = 6.0, 8.0  # a longer one counts no more
    both = [0.6 * along_x + 0.8 * along_y, 0.6 * along_y - 0.8 * along_x]
    torch.testing.assert_close(perception(along_x, [along_x, along_y]), 0.5 * torch.cat(both, -1))
    along_x[:, -1], along_y[:, -1] = 0.06, 0.08  # a shorter one less
    both = [0.06 * along_x + 0.08 * along_y, 0.06 * along_y - 0.08 * along_x]
    torch.testing.assert_close(perception(along_x, [along_x, along_y]), 0.5 * torch.cat(both, -1))


def test_without_a_guide_a_steered_gradient_is_zero_and_has_a_gradient() -> None:
    flat = torch.zeros(4, 3, requires_grad=True)
    seen = Perception(("steered_gradient",))(flat, [flat, flat])
    seen.sum().backward()
    assert not seen.any()
    assert flat.grad is not None
    assert flat.grad.isfinite().all()


@pytest.mark.parametrize("filters", [*PRESETS, *((name,) for name in FILTERS)])
def test_what_is_needed_is_known(filters: str | tuple[str, ...]) -> None:
    perception = Perception(filters)
    names = PRESETS[filters] if isinstance(filters, str) else filters
    assert ("laplacian" in perception.operators) == ("laplacian" in names)
    assert perception.uses_gradient == any("gradient" in name for name in names)
    assert perception.has_direction == ("gradient" in names)


@pytest.mark.parametrize("filters", ["sobol", (), ("identity", "identity"), ("identity", "curl")])
def test_unknown_filters_are_answered_with_the_known_ones(filters: str | tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match=r"`perception` must be one of \['isonca', 'laplacian', 'sobel'\] or a tuple"):
        Perception(filters)


@pytest.mark.parametrize("name", ["laplacian", "identity", "curl"])
def test_a_gain_must_belong_to_the_perception(name: str) -> None:
    with pytest.raises(ValueError, match=r"`gains` may name \['gradient'\].*got"):
        Perception("sobel", {name: 2.0})


@pytest.mark.parametrize("filters", [("laplacian",), ("gradient",), ("gradient_norm",)])
def test_a_filter_without_its_operators(filters: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="`operated` must hold one tensor for each of"):
        Perception(filters)(torch.zeros(3, 2))


def test_it_prints_its_filters_and_gains() -> None:
    assert "identity, gradient x 0.125" in repr(Perception("sobel"))
