import numpy as np
import pytest

from graphnca.drawing import draw_curves
from graphnca.drawing.curves import _log_ticks, _rows, _running_median, _ticks


def blue(picture: object) -> np.ndarray:
    """Where the first line is drawn."""
    pixels = np.asarray(picture).astype(int)
    return (pixels[..., 2] - pixels[..., 0] > 60) & (pixels[..., 2] > 120)


def test_a_rising_line_rises() -> None:
    rows, columns = np.nonzero(blue(draw_curves(np.linspace(0.0, 5.0, 50))))
    assert np.corrcoef(columns, rows)[0, 1] < -0.99


def test_an_exponential_is_straight_on_a_logarithmic_axis() -> None:
    rows, columns = np.nonzero(blue(draw_curves(np.exp(-np.linspace(0.0, 9.0, 80)), log_y=True)))
    residual = rows - np.polyval(np.polyfit(columns, rows, 1), columns)
    assert np.abs(residual).max() < 3


def test_a_power_law_is_straight_on_two_logarithmic_axes() -> None:
    x = np.geomspace(1.0, 1e4, 60)
    rows, columns = np.nonzero(blue(draw_curves({"": (x, 3.0 * x**1.5)}, log_x=True, log_y=True)))
    residual = rows - np.polyval(np.polyfit(columns, rows, 1), columns)
    assert np.abs(residual).max() < 3


def test_an_x_that_is_not_positive_leaves_a_gap_on_a_logarithmic_axis() -> None:
    x = np.geomspace(1.0, 1e4, 100)
    x[40:60] = -1.0
    columns = np.flatnonzero(blue(draw_curves({"": (x, np.ones(100))}, log_x=True)).any(0))
    assert np.diff(columns).max() > 0.15 * (columns.max() - columns.min())


def test_dots_mark_the_values() -> None:
    x, y = [0.0, 1.0, 2.0], [1.0, 1.0, 1.0]
    line, dotted = (blue(draw_curves({"": (x, y)}, dots=dots)).sum(0) for dots in (False, True))
    assert line.max() <= 3
    groups = np.flatnonzero(np.diff(np.r_[0, (dotted > 4).astype(int)]) == 1)
    assert len(groups) == 3
    np.testing.assert_allclose(np.diff(groups), np.diff(groups)[0], atol=1)


def test_values_that_cannot_be_shown_leave_a_gap() -> None:
    y = np.ones(100)
    y[40:60] = np.nan
    y[45], y[50], y[55] = -1.0, 0.0, np.inf
    columns = np.flatnonzero(blue(draw_curves(y, log_y=True)).any(0))
    assert np.diff(columns).max() > 0.15 * (columns.max() - columns.min())


def test_x_values_and_names_are_used() -> None:
    with_gap = draw_curves({"": (np.r_[0:10, 90:100], np.ones(20))})
    np.testing.assert_array_equal(np.asarray(draw_curves(np.ones(5))).shape, (420, 720, 3))
    assert blue(with_gap).any()
    named = np.asarray(draw_curves({"loss": [1.0, 2.0]}))
    assert (named != np.asarray(draw_curves([1.0, 2.0]))).any()


def test_labels_and_size() -> None:
    picture = draw_curves({"a": [1, 2], "b": [2, 1]}, size=(400, 250), title="T", x_label="x", y_label="y", smooth=3)
    assert picture.size == (400, 250)


def test_a_long_legend_takes_several_rows() -> None:
    """No name is cut off at the left."""
    names = {f"a rather long name, {number}": [1.0, 2.0] for number in range(4)}
    ink = np.asarray(draw_curves(names, size=(400, 300)).convert("L")) < 128
    assert not ink[:, 0].any()
    rows = _rows({"a": 3.0, "b": 3.0, "c": 3.0, "much too wide": 9.0}, 7.0, 4.0)
    assert rows == [["a"], ["b", "c"], ["much too wide"]]


def test_a_single_value_is_a_dot() -> None:
    assert 3 < blue(draw_curves([7.0])).sum() < 200


def test_running_median_passes_over_outliers_and_gaps() -> None:
    y = np.arange(20.0)
    y[10], y[15] = 1000.0, np.nan
    smooth = _running_median(y, 5)
    assert np.abs(smooth - np.arange(20.0)).max() <= 1.5
    np.testing.assert_array_equal(_running_median(y, 1), y)
    assert np.isnan(_running_median(np.full(9, np.nan), 3)).all()


@pytest.mark.parametrize(("low", "high"), [(0.0, 1.0), (-3.0, 17.0), (1e-6, 3e-6), (5.0, 5e8), (-1e12, 1e12)])
def test_ticks_are_round_within_range_and_distinct(low: float, high: float) -> None:
    ticks = _ticks(low, high, 5)
    values, labels = zip(*ticks, strict=True)
    assert 2 <= len(ticks) <= 8
    assert min(values) >= low - 1e-9 * abs(low)
    assert max(values) <= high * (1 + 1e-9)
    assert len(set(labels)) == len(labels)


@pytest.mark.parametrize(("low", "high"), [(0.0, 1.0), (-9.0, 5.0), (0.68, 0.72), (0.4, 1.9), (-30.0, 30.0)])
def test_logarithmic_ticks_lie_within_range_and_say_their_value(low: float, high: float) -> None:
    ticks = _log_ticks(low, high)
    assert 1 <= len(ticks) <= 10
    for value, label in ticks:
        assert low - 1e-9 <= value <= high + 1e-9
        assert 10.0**value == pytest.approx(float(label.replace(",", "")), rel=1e-3)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"series": {}}, "`series` must have at least one finite value"),
        ({"series": [float("nan")]}, "`series` must have at least one finite value"),
        ({"series": [-1.0, 0.0], "log_y": True}, "`series` must have at least one finite value"),
        ({"series": {"a": ([0.0, -1.0], [1.0, 2.0])}, "log_x": True}, "`series` must have at least one finite value"),
        ({"series": {"a": ([1.0, 2.0], [1.0])}}, "`series` must have one x for each y"),
        ({"smooth": 0}, "`smooth` must be at least 1"),
        ({"size": (60, 40)}, "`size` must leave room"),
    ],
)
def test_bad_arguments_are_named(arguments: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        draw_curves(**{"series": [1.0, 2.0], **arguments})
