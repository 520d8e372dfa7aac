"""What a result leaves: a folder with metrics, tables and pictures, and the part of it that documentation shows."""

import json
import shlex
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from time import perf_counter
from typing import Any, TypeVar

from tqdm import tqdm

from ..atomic_file import write_atomically
from ..drawing import montage, save_animation, save_image
from ..drawing.images import Picture
from ..training.hardware import machine
from .light import light_animation, light_figure
from .light_metrics import light_metrics, significant
from .readable_json import readable_json
from .table import Table, write_tables

Item = TypeVar("Item")
Tables = Callable[[Any], Mapping[str, Table]]
"""Makes the tables of what `metrics.json` holds, so that those of a published result can be made again."""

METRICS, TABLES, FIGURE, ANIMATION = "metrics.json", "tables.json", "figure.webp", "animation.webp"
PUBLISHED = (METRICS, TABLES, FIGURE, ANIMATION)
"""What is published; all else is made again by the command that `metrics.json` is headed by."""

LIGHT = {FIGURE: light_figure, ANIMATION: light_animation}


class Result:
    """One result as it comes about.

        for name, topology in result.progress(topologies.items()):
            result.substrate(name, {"cells": topology.num_nodes, "losses": losses})
        result.table("losses", ["substrate", "median loss"], rows)
        result.figure(picture)

    Attributes:
        name: Of the result, and of its folder in the documentation.
        folder: Where it is written.
        metrics: What `metrics.json` will hold; JSON values, without NaN.
        tables: What `tables.json` will hold.
    """

    def __init__(self, name: str, folder: str | Path) -> None:
        self.name, self.folder = name, Path(folder)
        self.metrics: dict[str, Any] = {}
        self.tables: dict[str, Table] = {}
        self._started = perf_counter()

    def progress(self, items: Iterable[Item], unit: str = "substrate") -> Iterator[Item]:
        """The same items, with a bar that counts them."""
        yield from tqdm(items, desc=self.name, unit=unit, disable=None)

    def record(self, entries: Mapping[str, Any]) -> None:
        """Adds entries to the metrics."""
        self.metrics.update(entries)

    def substrate(self, name: str, entry: Mapping[str, Any]) -> None:
        """Adds the numbers of one substrate, under `substrates`."""
        self.metrics.setdefault("substrates", {})[name] = dict(entry)

    def table(self, name: str, header: Iterable[str], rows: Iterable[Iterable[Any]], *, caption: str = "") -> None:
        """Prints a table and keeps it: the documentation shows these rows."""
        self.tables[name] = Table(header, rows, caption)
        print(f"\n{self.tables[name].text()}")

    def figure(self, first: Picture, *others: Picture) -> None:
        """Writes the figure, pictures below each other; a light copy of it is published."""
        self.picture(FIGURE, montage([first, *others], columns=1, pad=8) if others else first)

    def picture(self, name: str, picture: Picture) -> None:
        """Writes a further picture under a name with its ending; it stays in the folder."""
        save_image(self._place(name), picture)

    def animation(self, frames: Iterable[Picture], *, fps: float) -> None:
        """Writes the animation; a light copy of it is published."""
        save_animation(self._place(ANIMATION), frames, fps=fps)

    def finish(self, tables: Tables | None = None, *, publish_too: bool = False) -> None:
        """Writes metrics and tables, publishes if that is asked for, and says where everything is.

        Args:
            tables: Makes the tables of the metrics, as they are read from their file; beside those of `table`.
            publish_too: Whether to publish.
        """
        self._place(METRICS)
        written = write_metrics(self.folder, self.metrics)
        if tables is not None:
            for name, table in tables(written).items():
                self.table(name, table.header, table.rows, caption=table.caption)
        if self.tables:
            write_tables(self.folder, self.tables)
        print(f"Results are in {self.folder}/ ({perf_counter() - self._started:.0f} s).")
        if publish_too:
            print(f"Published in {publish(self.folder, self.name, tables)}.")

    def _place(self, name: str) -> Path:
        self.folder.mkdir(parents=True, exist_ok=True)
        return self.folder / name


def project_folder() -> Path | None:
    """The folder above the `experiments` in which the running script lies; None for a script that lies elsewhere."""
    script = Path(sys.argv[0]).resolve()
    return next((folder.parent for folder in script.parents if folder.name == "experiments"), None)


def published_folder() -> Path:
    """Where results are published: `docs/results` beside the folder `experiments` of the running script.

    Raises:
        SystemExit: The script lies in no such folder.
    """
    project = project_folder()
    if project is None:
        raise SystemExit(f"--publish: expected a script in a folder `experiments`, got {sys.argv[0]!r}.")
    return project / "docs" / "results"


def command() -> str:
    """The command line of this process, as one would type it in the project's folder.

    An absolute path is cut to its name: where a file lay on the machine of the run says nothing anywhere else.
    """
    arguments = [Path(word).name if Path(word).is_absolute() else word for word in sys.argv[1:]]
    project, script = project_folder(), Path(sys.argv[0])
    shown = str(script.resolve().relative_to(project)) if project else script.name
    return shlex.join(["python", shown, *arguments])


def write_metrics(out: str | Path, metrics: Mapping[str, Any]) -> dict[str, Any]:
    """Writes `metrics.json`, headed by the command and the machine, and returns what can be read from it.

    Raises:
        ValueError: NaN or infinity.
    """
    content = readable_json({"command": command(), "machine": machine(), **significant(metrics)})
    write_atomically(Path(out) / METRICS, (content + "\n").encode())
    return json.loads(content)


def publish(out: str | Path, name: str, tables: Tables | None = None) -> Path:
    """Copies metrics, tables, figure and animation of a result into `docs/results/NAME`, in place of what was there.

    The pictures are copied as `light_figure` and `light_animation` make them, and the metrics, if `tables` makes the
    tables of them, as `light_metrics` does.
    """
    folder = published_folder() / name
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    for file in PUBLISHED:
        if (path := Path(out) / file).is_file():
            LIGHT.get(file, shutil.copyfile)(path, folder / file)
    if tables is not None:
        light = light_metrics(json.loads((folder / METRICS).read_text(encoding="utf-8")), tables)
        write_atomically(folder / METRICS, (readable_json(light) + "\n").encode())
    return folder
