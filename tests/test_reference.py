"""The reference: every package has its page, every page its names, and the site is read back."""

import sys
import zlib
from pathlib import Path
from pkgutil import resolve_name
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[1]
sys.path.append(str(ROOT / "docs"))

from hooks.reference import entries_of, missing, public_names, shown  # noqa: E402

INSIDE = {"graphnca.cli", "graphnca.engine"}  # one is a command, the other the inside of `graphnca.rollout`


def test_every_package_has_a_page() -> None:
    packages = {f"graphnca.{path.parent.name}" for path in (ROOT / "graphnca").glob("*/__init__.py")} - INSIDE
    named = shown()
    assert {"graphnca", "topologies"} <= {*named}
    assert not [package for package in packages if not any(name.startswith(package) for name in named)]


@pytest.mark.parametrize("name", shown())
def test_what_a_page_names_is_there_and_a_package_says_what_it_offers(name: str) -> None:
    """Names that a package hands on are shown only if its `__all__` has them."""
    found = resolve_name(name)
    if isinstance(found, ModuleType):
        assert public_names(found)
        assert "__all__" in vars(found) or not hasattr(found, "__path__")


def test_a_name_without_an_entry_is_found() -> None:
    everything = {
        place
        for name in shown()
        if isinstance(m := resolve_name(name), ModuleType)
        for places in public_names(m).values()
        for place in places
    }
    assert missing(everything) == []
    assert missing(everything - {"graphnca.layers.NCAConv", "graphnca.layers.nca_conv.NCAConv"}) == [
        "graphnca.layers.NCAConv"
    ]


def test_an_inventory_is_read() -> None:
    lines = "graphnca.rollout py:function 1 api/rollout/#$ -\ngraphnca.seeds py:module 1 api/pool/#$ -\n"
    head = "# Sphinx inventory version 2\n# Project: x\n# Version: 0\n# The remainder is compressed using zlib.\n"
    assert entries_of(head.encode() + zlib.compress(lines.encode())) == ["graphnca.rollout", "graphnca.seeds"]
