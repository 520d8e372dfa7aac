"""The table of the articles: every row names what is there, and says how it compares."""

import re
from pathlib import Path

import pytest

from graphnca.cli.program import VERBS

DOCS = Path(__file__).parents[1] / "docs"
VERDICT = re.compile(r"\*\*(same|stronger|weaker|not built)\*\*(.*)")
LINK = re.compile(r"\]\(([^)#]*)(?:#([^)]*))?\)")
NEEDS_A_REASON = ("weaker", "not built")


def rows() -> list[list[str]]:
    lines = (DOCS / "articles.md").read_text(encoding="utf-8").splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("| ")]
    return [row for row in cells if row[0] != "they show"]


def anchors(page: Path) -> set[str]:
    """Anchors of a page's headings, as the site writes them: a second one of a name ends in _1."""
    found: set[str] = set()
    for heading in re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE):
        plain = re.sub(r"[^\w\s-]", "", heading).strip().lower()
        name = re.sub(r"[-\s]+", "-", plain)
        found.add(name if name not in found else f"{name}_1")
    return found


def runs(command: str) -> bool:
    """Whether what a command starts is there."""
    words = command.split()
    if words[0] == "graphnca":
        return words[1] in VERBS
    return words[0] == "python" and (DOCS.parent / words[1]).is_file()


@pytest.mark.parametrize("row", rows(), ids=lambda row: row[0][:40])
def test_a_row_is_true(row: list[str]) -> None:
    """Its pages and headings are there, its command's script is, and what falls short says why."""
    assert len(row) == 4
    _, here, command, comparison = row
    for page, anchor in LINK.findall(here + comparison):
        assert (DOCS / page).is_file(), page
        assert not anchor or anchor in anchors(DOCS / page), f"{page}#{anchor}"
    assert all(runs(one) for one in re.findall(r"`([^`]+)`", command)), command
    verdict = VERDICT.match(comparison)
    assert verdict, comparison
    assert verdict[1] == "not built" or (here and command)
    assert verdict[1] not in NEEDS_A_REASON or verdict[2].startswith(": "), comparison


def test_what_is_missing_is_noticed() -> None:
    assert not runs("python experiments/no_such.py")
    assert not runs("graphnca dance")
    assert "two-speeds" in anchors(DOCS / "texture_frames.md")
    assert "three-speeds" not in anchors(DOCS / "texture_frames.md")
