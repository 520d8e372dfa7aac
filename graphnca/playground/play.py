"""Opens a rule's page in the browser."""

import os
import tempfile
import webbrowser
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from torch_geometric.data import Data

from ..arguments import checked
from ..layers import NCAConv
from .page import export_page


@checked
def play(
    rules: Sequence[NCAConv | str | os.PathLike[str]], topologies: Mapping[str, Data], **options: Any
) -> tuple[Path, bool]:
    """Writes the page into a new temporary folder and opens it in the browser.

    The file is left where it is: the browser reads it after this function has returned.

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
    folder = Path(tempfile.mkdtemp(prefix="graphnca-"))
    path = export_page(rules, topologies, folder / "page.html", **options)
    return path, webbrowser.open(path.resolve().as_uri())
