"""The figures of results: states drawn as cells in rows, curves side by side, and which run stands for all."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from statistics import median_low
from typing import Any, TypeVar

from PIL import Image
from torch import Tensor
from torch_geometric.data import Data

from ..drawing import CellCanvas, draw_curves, montage
from ..drawing.curves import Series
from ..evaluation.subject import Subject

Window = tuple[float, float, float, float]
CURVE_SIZE = (560, 330)
Item = TypeVar("Item")


def median_run(values: Sequence[float]) -> int:
    """Which run is the one in the middle by its value, the lower of two: the one that is shown."""
    return list(values).index(median_low(values))


def spread(items: Sequence[Item], count: int) -> list[Item]:
    """About so many of them, evenly spread, the first and the last among them."""
    places = {round(number * (len(items) - 1) / max(1, count - 1)) for number in range(count)}
    return [items[place] for place in sorted(places)]


class Strips:
    """Draws states of one subject side by side, each with its caption; of every substrate it keeps one canvas.

        strips = Strips(subject, scale=1.75)
        picture = strips([(topology, state, "step 20"), ...], columns=4)

    Args:
        subject: Whose states they are.
        scale: Pixels per unit.
        window: The part (x0, y0, x1, y1) of every substrate that is shown, in units, or what gives it; by default the
            whole.
        options: Of `montage`: `pad`, `font_size`.
    """

    def __init__(
        self,
        subject: Subject,
        *,
        scale: float = 2.0,
        window: Window | Callable[[Data], Window] | None = None,
        **options: Any,
    ) -> None:
        self.subject, self.scale, self.window = subject, scale, window
        self.options = {"pad": 5, "font_size": 11, **options}
        self._canvases: dict[int, tuple[Data, CellCanvas]] = {}

    def __call__(
        self,
        tiles: Iterable[tuple[Data, Tensor, str]],
        *,
        columns: int | None = None,
        title: str | None = None,
    ) -> Image.Image:
        """States (N, C) of some substrates with their captions, in rows of so many."""
        pictures, captions = [], []
        for topology, state, caption in tiles:
            pictures.append(self.subject.picture(self.canvas(topology), state))
            captions.append(caption)
        return montage(pictures, captions=captions, columns=columns, title=title, **self.options)

    def canvas(self, topology: Data) -> CellCanvas:
        """What states of a substrate are drawn on."""
        if id(topology) not in self._canvases:
            window = self.window(topology) if callable(self.window) else self.window
            self._canvases[id(topology)] = topology, CellCanvas(topology, scale=self.scale, window=window)
        return self._canvases[id(topology)][1]


def curves(
    plots: Mapping[str, Mapping[str, Series]],
    *,
    columns: int = 3,
    size: tuple[int, int] = CURVE_SIZE,
    **options: Any,
) -> Image.Image:
    """Plots side by side.

    Args:
        plots: By title, the lines of each, by name.
        columns: Plots in a row, at most.
        size: Of each, in pixels.
        options: Of `draw_curves`.
    """
    drawn = [draw_curves(lines, size=size, title=title, **options) for title, lines in plots.items()]
    return montage(drawn, columns=min(columns, len(drawn)), pad=6)
