"""A MkDocs hook that ends the build when a public name has no entry in the reference.

A page of docs/api names modules (`::: MODULE`); public is what a module has in `__all__`, or, without one, every
function and class that it defines. Their entries are read back from the site's inventory, objects.inv. A function that
is called as its own module needs a line for itself (`::: graphnca.drawing.montage.montage`): the module hides it.
"""

import re
import zlib
from collections.abc import Iterable
from pathlib import Path
from pkgutil import resolve_name
from types import ModuleType
from typing import Any

PAGES = Path(__file__).parents[1] / "api"
DOCUMENTED = re.compile(r"^::: (\S+)$", re.MULTILINE)


def shown() -> list[str]:
    """What the pages of the reference name."""
    return sorted({name for page in PAGES.glob("*.md") for name in DOCUMENTED.findall(page.read_text("utf-8"))})


def public_names(module: ModuleType) -> dict[str, set[str]]:
    """What a module offers, and under which names it may be found: there, or where it is defined."""
    names = getattr(module, "__all__", None)
    if names is None:
        names = [
            name
            for name, value in vars(module).items()
            if not name.startswith("_") and callable(value) and getattr(value, "__module__", "") == module.__name__
        ]
    homes = {name: getattr(getattr(module, name), "__module__", module.__name__) for name in names}
    return {f"{module.__name__}.{name}": {f"{module.__name__}.{name}", f"{homes[name]}.{name}"} for name in names}


def missing(entries: Iterable[str]) -> list[str]:
    """The public names that are not among the entries of an inventory."""
    known, wanted = set(entries), {}
    for name in shown():
        if isinstance(module := resolve_name(name), ModuleType):
            wanted |= public_names(module)
    return [name for name, places in wanted.items() if not places & known]


def entries_of(inventory: bytes) -> list[str]:
    """The names in a Sphinx inventory: four lines of text, then a line an object, compressed."""
    compressed = inventory.split(b"\n", 4)[4]
    return [line.split(" ", 1)[0] for line in zlib.decompress(compressed).decode().splitlines()]


def on_post_build(config: Any, **_: Any) -> None:
    """Raises where the site that was built lacks a public name."""
    absent = missing(entries_of((Path(config["site_dir"]) / "objects.inv").read_bytes()))
    if absent:
        raise ValueError(f"the reference must have an entry for every public name, and has none for {absent}.")
