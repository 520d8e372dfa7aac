"""What axe-core finds, and what the system asks for: on a screen and a phone, light and dark, in plane and space."""

from pathlib import Path
from typing import Any

import pytest

from graphnca.playground import export_page
from graphnca.playground.browser import PHONE, opened
from topologies import sphere, square_grid

OPEN = "document.querySelectorAll('details').forEach((part) => { part.open = true; })"


@pytest.fixture(scope="module")
def path(tmp_path_factory: Any) -> Path:
    rules = ["growing-lizard", "growing-flowers", "texture-dotted"]
    topologies = {"Squares": square_grid(24, 24), "Sphere": sphere(300)}
    return export_page(rules, topologies, tmp_path_factory.mktemp("axe") / "page.html")


@pytest.mark.parametrize("options", [{}, PHONE], ids=["screen", "phone"])
@pytest.mark.parametrize("settings", ["theme=light", "theme=dark", "theme=light&cells=Sphere&rule=growing-flowers"])
def test_nothing_is_found(settings: str, options: dict[str, Any], chromium: Any, path: Path) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    with opened(chromium, path, f"engine=cpu&paused=1&draw=canvas&{settings}", **options) as (page, _):
        page.evaluate(OPEN)
        found = axe.run(page)
        assert found.violations_count == 0, found.generate_report()


def test_a_fault_would_be_found(chromium: Any, path: Path) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    with opened(chromium, path, "engine=cpu&paused=1&draw=canvas") as (page, _):
        page.evaluate("document.getElementById('speed').removeAttribute('aria-label')")
        page.evaluate("document.querySelector('.panel').append(document.createElement('button'))")
        assert axe.run(page).violations_count > 0


def test_where_less_motion_is_asked_for_the_page_stands_still(chromium: Any, path: Path) -> None:
    with opened(chromium, path, "engine=cpu&seed=1", reduced_motion="reduce") as (page, _):
        assert page.evaluate("app.running") is False
        assert "less motion" in page.get_by_role("status").inner_text()
        page.get_by_role("button", name="Run").click()
        page.wait_for_function("app.organism.steps > 2")


def test_every_canvas_has_a_text(chromium: Any, path: Path) -> None:
    with opened(chromium, path, "engine=cpu&paused=1&cells=Sphere") as (page, _):
        labels = "[...document.querySelectorAll('canvas')].map((canvas) => canvas.getAttribute('aria-label'))"
        names = page.evaluate(labels)
    assert len(names) == 1 and names[0].startswith("growing-lizard on ") and names[0].endswith("(Sphere)")
