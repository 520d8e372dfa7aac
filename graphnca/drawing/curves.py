"""Line plots of training curves, drawn with Pillow alone."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Num
from PIL import Image, ImageDraw, ImageFont

from ..arguments import at_least, checked
from .colours import parse_colour

INK = (38, 42, 48)
FAINT = (112, 118, 126)  # of tick labels
GRID = (230, 232, 235)
PALETTE = ("#2f6fa7", "#d9772f", "#3b8f5a", "#a8475c", "#7a5ba6", "#5f6b76")  # distinct also to the colour-blind
FINE = 4  # lines are drawn this much larger and scaled down: smooth edges
RAW_SHARE = 0.28  # strength of a noisy series behind its running median

Values = Sequence[float] | Num[np.ndarray, "p"]
Series = Values | tuple[Values, Values]  # y, or (x, y)


@checked
def draw_curves(
    series: Mapping[str, Series] | Series,
    *,
    size: tuple[int, int] = (720, 420),
    log_x: bool = False,
    log_y: bool = False,
    dots: bool = False,
    smooth: int = 1,
    x_label: str = "",
    y_label: str = "",
    title: str = "",
    font_size: int = 13,
) -> Image.Image:
    """Lines over a common x axis, with axes, ticks and a legend.

    Args:
        series: By name, either y values (x then counts 0, 1, ...) or a pair (x values, y values); or one
            nameless line. Values that are not finite, or not positive on a logarithmic axis, leave a gap.
        size: Width and height of the picture, in pixels.
        log_x: A logarithmic x axis: with `log_y`, a power law is a straight line.
        log_y: A logarithmic y axis: for losses.
        dots: Mark each value with a dot: for few, measured ones.
        smooth: Points over which the bold line is a running median; the series itself is then drawn faintly behind it.
        x_label: Text below the x axis.
        y_label: Text above the y axis.
        title: Text above all.
        font_size: In pixels.

    Raises:
        ValueError: Nothing to draw, x and y of different lengths, or an argument out of range.
    """
    at_least(1, font_size=font_size)
    if isinstance(series, bytes):
        raise TypeError(f"`series` must be numbers, got {series!r}.")
    if smooth < 1:
        raise ValueError(f"`smooth` must be at least 1 point, got {smooth}.")
    lines = _lines(series, log_x, log_y)
    font, title_font = ImageFont.load_default(font_size), ImageFont.load_default(round(font_size * 1.25))
    where = np.concatenate([x[np.isfinite(x)] for x, _ in lines.values()])
    x_low, x_high = _range(where, 0.03 if dots else 0.0)
    shown = np.concatenate([y[np.isfinite(y)] for _, y in lines.values()])
    y_low, y_high = _range(shown, 0.05)
    y_ticks = _log_ticks(y_low, y_high) if log_y else _ticks(y_low, y_high, max(3, size[1] // 50))
    x_ticks = _log_ticks(x_low, x_high) if log_x else _ticks(x_low, x_high, max(3, size[0] // 110))

    named = [name for name in lines if name]
    left = round(max(font.getlength(label) for _, label in y_ticks) + 2.2 * font_size)
    right, bottom = size[0] - round(1.6 * font_size), size[1] - round(font_size * (2.4 + 1.6 * bool(x_label)))
    label_width = font.getlength(y_label) + font_size if y_label else 0.0
    legend = _rows({name: font.getlength(name) + 2.6 * font_size for name in named}, right - left, label_width)
    top = round(font_size * (1.2 + 1.9 * bool(title) + 1.6 * (len(legend) or bool(y_label))))
    if right - left < 4 * font_size or bottom - top < 4 * font_size:
        raise ValueError(f"`size` must leave room for a plot beside its labels at font size {font_size}, got {size}.")

    def place(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        across = left + (x - x_low) / (x_high - x_low) * (right - left)
        down = bottom - (y - y_low) / (y_high - y_low) * (bottom - top)
        return np.stack([across, down], axis=1)

    picture = Image.new("RGB", size, "white")
    pen = ImageDraw.Draw(picture)
    for value, label in y_ticks:
        y = round(float(place(np.array([x_low]), np.array([value]))[0, 1]))
        pen.line([(left, y), (right, y)], GRID, 1)
        pen.text((left - 0.6 * font_size, y), label, FAINT, font, anchor="rm")
    for value, label in x_ticks:
        x = round(float(place(np.array([value]), np.array([y_low]))[0, 0]))
        pen.line([(x, bottom), (x, bottom + font_size // 3)], FAINT, 1)
        pen.text((x, bottom + 0.6 * font_size), label, FAINT, font, anchor="mt")
    pen.line([(left, bottom), (right, bottom)], FAINT, 1)

    for number, (x, y) in enumerate(lines.values()):
        colour = parse_colour("colour", PALETTE[number % len(PALETTE)])[:3]
        if smooth > 1:
            _paint(picture, place(x, y), colour, 1.0, RAW_SHARE, (left, top, right, bottom))
        bold = place(x, _running_median(y, smooth))
        _paint(picture, bold, colour, 1.8, 1.0, (left, top, right, bottom))
        if dots:
            _paint_dots(picture, bold, colour, 3.5)

    pen = ImageDraw.Draw(picture)
    line = round(1.9 * font_size) if title else 0
    if title:
        pen.text((left, 0.9 * font_size), title, INK, title_font, anchor="lt")
    head = 0.9 * font_size + line + 0.5 * font_size
    if y_label:
        pen.text((left, head), y_label, FAINT, font, anchor="lm")
    for row in legend:
        x = float(right)
        for name in reversed(row):
            x -= font.getlength(name)
            pen.text((x, head), name, INK, font, anchor="lm")
            x -= 1.6 * font_size
            colour = PALETTE[list(lines).index(name) % len(PALETTE)]
            pen.rounded_rectangle([x, head - 1.5, x + 1.2 * font_size, head + 1.5], 1.5, fill=colour)
            x -= font_size
        head += 1.6 * font_size
    if x_label:
        pen.text(((left + right) / 2, size[1] - 0.7 * font_size), x_label, FAINT, font, anchor="mb")
    return picture


def _rows(widths: Mapping[str, float], width: float, first: float) -> list[list[str]]:
    """Names in rows as wide as a plot, the first with less room; one that is too wide has a row for itself."""
    rows: list[list[str]] = []
    room = 0.0
    for name, wide in widths.items():
        if not rows or wide > room:
            rows.append([])
            room = width - (first if len(rows) == 1 else 0.0)
        rows[-1].append(name)
        room -= wide
    return rows


def _lines(series: Mapping[str, Series] | Series, log_x: bool, log_y: bool) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """The series as x and y in float64; on a logarithmic axis their log10, and NaN where there is none."""
    named = series if isinstance(series, Mapping) else {"": series}
    lines = {}
    for name, values in named.items():
        pair = isinstance(values, tuple) and len(values) == 2 and np.ndim(values[0]) == 1
        y = np.asarray(values[1] if pair else values, dtype=np.float64)
        x = np.asarray(values[0], dtype=np.float64) if pair else np.arange(float(y.size))
        if y.ndim != 1 or x.shape != y.shape:
            raise ValueError(f"`series` must have one x for each y in a line, got {x.shape} and {y.shape} in {name!r}.")
        y = np.where(np.isfinite(y), y, np.nan)
        if log_y:
            y = np.log10(np.where(y > 0, y, np.nan))
        if log_x:
            x = np.log10(np.where(x > 0, x, np.nan))
            y = np.where(np.isfinite(x), y, np.nan)
        lines[name] = (x, y)
    if not any(np.isfinite(y).any() for _, y in lines.values()):
        raise ValueError(
            "`series` must have at least one finite value to draw, positive on a logarithmic axis; got none."
        )
    return lines


def _range(values: np.ndarray, margin: float) -> tuple[float, float]:
    low, high = float(values.min()), float(values.max())
    if low == high:
        around = abs(low) * 0.1 or 1.0
        return low - around, high + around
    return low - margin * (high - low), high + margin * (high - low)


def _ticks(low: float, high: float, about: int) -> list[tuple[float, str]]:
    """Round values within [low, high], about so many, with their labels."""
    rough = (high - low) / about
    size = 10.0 ** math.floor(math.log10(rough))
    step = next(size * factor for factor in (1.0, 2.0, 5.0, 10.0) if size * factor >= rough)
    values = np.arange(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1) * step
    digits = max(0, -math.floor(math.log10(step) + 1e-9))
    return [(float(value), f"{value:,.{digits}f}" if abs(value) < 1e7 else f"{value:.3g}") for value in values]


def _log_ticks(low: float, high: float) -> list[tuple[float, str]]:
    """Values 1, 2, 5 of each decade within [low, high], in log10; whole decades, or some of them, if that is many."""
    decades = range(math.floor(low) - 1, math.ceil(high) + 1)
    for factors in ((1, 2, 5), (1,)):
        values = [
            (decade + math.log10(factor), f"{factor * 10.0**decade:,.6g}") for decade in decades for factor in factors
        ]
        values = [(value, label) for value, label in values if low <= value <= high]
        if 2 <= len(values) <= 10:
            return values
    if len(values) > 10:
        return values[:: math.ceil(len(values) / 8)]
    # Within less than a step of 1, 2, 5: ticks at round values of the plain axis, placed by their logarithm.
    return [(math.log10(value), label) for value, label in _ticks(10.0**low, 10.0**high, 4)]


def _running_median(y: np.ndarray, points: int) -> np.ndarray:
    """The median over a window of `points` around each value, shorter at the ends; NaN counts nothing."""
    if points == 1:
        return y
    before, after = (points - 1) // 2, points // 2
    padded = np.pad(y, (before, after), constant_values=np.nan)
    windows = np.lib.stride_tricks.sliding_window_view(padded, points)
    some = np.isfinite(windows).any(1)
    result = np.full(len(y), np.nan)
    result[some] = np.nanmedian(windows[some], axis=1)
    return result


def _paint_dots(picture: Image.Image, points: np.ndarray, colour: tuple[int, int, int], radius: float) -> None:
    """Fills a circle about each point (P, 2) that is a number, smooth."""
    mask = Image.new("L", (picture.width * FINE, picture.height * FINE), 0)
    pen = ImageDraw.Draw(mask)
    for x, y in points[np.isfinite(points).all(1)] * FINE:
        pen.ellipse([x - radius * FINE, y - radius * FINE, x + radius * FINE, y + radius * FINE], 255)
    mask = mask.resize(picture.size, Image.Resampling.BOX)
    picture.paste(colour, (0, 0), mask)


def _paint(
    picture: Image.Image,
    points: np.ndarray,
    colour: tuple[int, int, int],
    width: float,
    strength: float,
    box: tuple[int, int, int, int],
) -> None:
    """Draws a line through points (P, 2) with gaps at NaN, smooth, within `box`."""
    left, top, right, bottom = box
    mask = Image.new("L", ((right - left) * FINE, (bottom - top) * FINE), 0)
    pen = ImageDraw.Draw(mask)
    moved = (points - [left, top]) * FINE
    value, half = round(255 * strength), width * FINE / 2
    whole = np.isfinite(moved[:, 0]) & np.isfinite(moved[:, 1])
    for part in np.split(np.arange(len(moved)), np.flatnonzero(~whole)):
        run = [tuple(point) for point in moved[part[whole[part]]].tolist()]
        if len(run) > 1:
            joint = "curve" if len(run) < 2 * (right - left) else None  # of crowded points no joint is seen
            pen.line(run, value, round(width * FINE), joint=joint)
        elif run:
            (x, y) = run[0]
            pen.ellipse([x - 2 * half, y - 2 * half, x + 2 * half, y + 2 * half], value)
    mask = mask.resize((right - left, bottom - top), Image.Resampling.BOX)
    picture.paste(colour, (left, top), mask)
