"""Opens a rule's page in the browser."""

import os
import re
import sys
import tempfile
import webbrowser
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from torch_geometric.data import Data

from ..arguments import checked
from ..layers import NCAConv
from .page import export_page

MOST_NAMES = 3  # of rules in the name of the file
SHARED = "Downloads"  # in the home folder: what a browser from a Snap or a Flatpak may read, unlike temporary folders


@checked
def play(
    rules: Sequence[NCAConv | str | os.PathLike[str]], topologies: Mapping[str, Data], **options: Any
) -> tuple[Path, bool]:
    """Writes the page where a browser can read it and opens it.

    On Linux, where browsers may be confined, that is the folder for downloads or else the home folder, and a page of
    the same rules is replaced; where there is neither, and on other systems, a new temporary folder. The file is left
    where it is: the browser reads it after this function has returned.

    Args:
        rules: As for `export_page`.
        topologies: As for `export_page`.
        options: Further arguments of `export_page`.

    Returns:
        The path of the page, and whether a browser could be asked to show it; if not, open the path by hand.

    Raises:
        ValueError: As for `export_page`.
        FileNotFoundError: As for `export_page`.
    """
    names = options.get("names") or ["rule" if isinstance(rule, NCAConv) else Path(rule).stem for rule in rules]
    file = "-".join(["graphnca", *(re.sub(r"[^\w.-]+", "_", name) for name in names[:MOST_NAMES])]) + ".html"
    path = export_page(rules, topologies, _readable_folder() / file, **options)
    return path, webbrowser.open(path.resolve().as_uri())


def _readable_folder() -> Path:
    """A folder that may be written into here and read by a confined browser, if there is one."""
    if sys.platform.startswith("linux"):
        for folder in (Path.home() / SHARED, Path.home()):
            if folder.is_dir() and os.access(folder, os.W_OK):
                return folder
    return Path(tempfile.mkdtemp(prefix="graphnca-"))
