"""The built site in Chromium: all can use its pages, its figures live, and its home loads no more than it shows."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("mkdocs", reason="the extra docs is not installed")

from hooks.playground import FRAME, PAGES
from playground.home import QUIET, measured, served

from graphnca.playground.browser import PHONE, TIMEOUT, browser, missing

DOCS = Path(__file__).parents[2] / "docs"
READ = (
    "",
    "gallery/",
    "any_cells/",
    "mathematics/",
    "at_home/",
)  # home, grid, article, formulas, results with wide tables
LIVES = """() => globalThis.playground?.then(({ app }) => {
    globalThis.app = app;
    return app.frames > 0 && (app.organism.steps > 2 || !app.running);
})"""

pytestmark = pytest.mark.skipif(missing() is not None, reason=f"no page can be opened here: {missing()}")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with browser() as found:
        yield found


@pytest.fixture(scope="module")
def address(site: Path) -> Iterator[str]:
    with served(site) as found:
        yield found


@pytest.fixture
def open_page(chromium: Any, address: str) -> Iterator[Any]:
    """Opens a page of the site; nothing may be missing, and its console must be silent."""
    contexts, complaints = [], []

    def open_it(name: str, *, figures: bool = True, **options: Any) -> Any:
        contexts.append(chromium.new_context(**options))
        contexts[-1].set_default_timeout(TIMEOUT)
        page = contexts[-1].new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("response", lambda answer: complaints.append(answer.url) if answer.status >= 400 else None)
        if not figures:
            page.route("**/playground/*.html", lambda route: route.fulfill(body="<title>A figure</title>"))
        page.goto(f"{address}{name}")
        return page

    yield open_it
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", READ)
def test_nothing_keeps_anyone_from_reading(name: str, scheme: str, open_page: Any) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    found = axe.run(open_page(name, figures=False, color_scheme=scheme))
    assert found.violations_count == 0, found.generate_report()


@pytest.mark.parametrize("name", READ)
def test_on_a_phone_no_page_is_wider_than_the_screen(name: str, open_page: Any) -> None:
    page = open_page(name, figures=False, **PHONE)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize(("name", "file"), [("", "index.md"), ("any_cells/", "any_cells.md")])
def test_every_figure_lives_and_says_what_is_to_be_seen(name: str, file: str, open_page: Any) -> None:
    figures = FRAME.findall((DOCS / file).read_text("utf-8"))
    page = open_page(name)
    frames = page.locator(".living iframe")
    assert frames.count() == len(figures) >= 1
    for number, figure in enumerate(figures):
        frame = frames.nth(number)
        frame.scroll_into_view_if_needed()
        assert frame.get_attribute("title") == PAGES[figure].shows
        inside = frame.element_handle().content_frame()
        inside.wait_for_function(LIVES)
        assert inside.evaluate("app.organism.rules.length") == len(set(PAGES[figure].rules))
        assert inside.evaluate(
            "document.documentElement.scrollWidth <= innerWidth && !document.querySelector('h1').checkVisibility()"
        )


def test_where_less_motion_is_asked_for_a_figure_shows_what_has_grown(open_page: Any) -> None:
    frame = open_page("", reduced_motion="reduce").locator(".living iframe").element_handle().content_frame()
    frame.wait_for_function(LIVES)
    assert frame.evaluate("app.running") is False
    frame.wait_for_function("app.organism.steps > 200 && app.organism.engine.numLiving > 100")


def test_the_index_of_the_search_waits_until_someone_searches(open_page: Any) -> None:
    page = open_page("", figures=False)
    asked = []
    page.on("request", lambda request: asked.append(request.url.rsplit("/", 1)[1]))
    page.reload()
    page.wait_for_timeout(QUIET)
    assert "search_index.json" not in asked
    page.get_by_label("Search", exact=True).first.click()
    page.locator(".md-search__input").press_sequentially("Sobel")  # the theme listens to keys, not to the text
    page.locator(".md-search-result__item a").first.wait_for()
    assert "search_index.json" in asked


def test_the_home_is_light(site: Path) -> None:
    assert measured(site)["bytes"] < 1.5e6
