"""What the page says and offers: the rule's name, its regime, what it can grow, hints, counts that are right."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphnca.playground import export_page
from graphnca.playground.browser import GROW, TIMEOUT
from graphnca.playground.pictures import picture_of
from graphnca.rules import load_genomes
from topologies import square_grid

RULES = ("growing-lizard-naive", "growing-flowers", "texture-dotted")
LIVING = "app.organism.engine.numLiving"


@pytest.fixture(scope="module")
def path(tmp_path_factory: Any) -> Path:
    topologies = {"Squares": square_grid(48, 48), "Large": square_grid(200, 200)}
    return export_page(RULES, topologies, tmp_path_factory.mktemp("choices") / "page.html")


def choose(page: Any, name: str) -> None:
    page.get_by_role("radio", name=name, exact=True).check()


def test_the_heading_is_the_rule_that_runs(open_page: Any) -> None:
    page = open_page()
    assert page.get_by_role("heading", level=1).inner_text() == "growing-lizard-naive"
    choose(page, "texture-dotted")
    assert page.get_by_role("heading", level=1).inner_text() == page.title() == "texture-dotted"


def test_what_a_rule_was_trained_on_is_shown_and_said(open_page: Any) -> None:
    page = open_page()
    assert "nothing else" in page.locator("#original-text").inner_text()
    page.wait_for_function("document.getElementById('original-picture').naturalWidth > 50")
    choose(page, "texture-dotted")
    assert page.locator("#original-text").inner_text() == "The original that it was trained on."


def test_pictures_are_those_of_shipped_targets_alone() -> None:
    assert picture_of({"target": "lizard"}) is not None and picture_of({"template": "dotted"}) is not None
    np.testing.assert_array_equal(picture_of({"targets": ["rose", "tulip"]}), picture_of({"target": "rose"}))
    assert picture_of({"target": "/etc/passwd"}) is None and picture_of({}) is None


def test_all_that_a_rule_can_grow_is_offered(open_page: Any) -> None:
    page = open_page("rule=growing-flowers")
    genomes = load_genomes("growing-flowers")
    assert page.locator("#kinds label").all_inner_texts() == list(genomes)
    for name, genome in genomes.items():
        choose(page, name)
        seed = page.evaluate("Array.from(app.organism.engine.read().slice(16 * (24 * 48 + 24), 16 * (24 * 48 + 25)))")
        assert seed[4:] == pytest.approx(genome.tolist())
        planted = page.evaluate("Array.from(app.organism.rule.seedCell([0, 0, 0], app.organism.genome))")
        assert planted[4:] == pytest.approx(genome.tolist())
    assert "kind=tulip" in page.evaluate("String(app.controls.link.settings())")
    choose(page, "growing-lizard-naive")
    assert not page.locator("#kinds").is_visible()


def test_a_cell_that_is_erased_twice_counts_once(open_page: Any) -> None:
    page = open_page("rule=texture-dotted")
    box = page.locator("#canvas").bounding_box()
    page.evaluate("app.controls.brushes.erase = 30")
    page.mouse.move(box["x"] + 5, box["y"] + 5)
    page.mouse.down()
    for k in range(1, 6):
        page.mouse.move(box["x"] + 5 + k * (box["width"] - 10) / 5, box["y"] + 5 + k * (box["height"] - 10) / 5)
    page.mouse.up()
    said = page.get_by_role("status").inner_text()
    assert int(said.removeprefix("Erased ").removesuffix(" cells.").replace(",", "")) <= 48 * 48


def test_where_nothing_lives_the_page_says_what_to_do(open_page: Any) -> None:
    page = open_page()
    assert page.locator("#hint").inner_text().startswith("Wipe a part away")
    page.evaluate("app.controls.brushes.erase = 30")
    page.locator("#canvas").click()
    assert page.evaluate(LIVING) == 0
    page.wait_for_function("document.getElementById('hint').textContent.startsWith('Nothing lives here now')")


def test_a_double_click_plants_a_seed(open_page: Any) -> None:
    page = open_page()
    page.evaluate("app.controls.brushes.erase = 30")
    box = page.locator("#canvas").bounding_box()
    page.locator("#canvas").dblclick(position={"x": box["width"] / 4, "y": box["height"] / 4})
    assert page.evaluate(LIVING) == 9
    assert page.get_by_role("status").inner_text() == "Planted 1 cell."


def test_no_pixel_of_many_squares_is_left_out(open_page: Any) -> None:
    """Where the border of two polygons runs through the middle of a row of pixels, either may have it."""
    for ratio in (1, 2):
        page = open_page("draw=canvas&cells=Large", viewport={"width": 1280, "height": 800}, device_scale_factor=ratio)
        page.wait_for_function("!app.stale")
        assert page.evaluate("app.view.place.every((place) => place >= 0)")


@pytest.mark.parametrize("engine", ["cpu", "gpu"])
def test_a_lost_graphics_processor_comes_back(engine: str, open_page: Any) -> None:
    page = open_page(f"draw=webgl&engine={engine}")
    page.evaluate(GROW, 30)
    page.evaluate("app.organism.remember()")
    before = page.evaluate("Array.from(app.organism.engine.read())")
    page.evaluate("app.lose = app.gl.getExtension('WEBGL_lose_context'); app.lose.loseContext()")
    page.wait_for_function("app.organism.lost === true")
    assert page.evaluate("app.organism.engine.name") == "CPU"
    page.evaluate(GROW, 5)
    page.evaluate("app.lose.restoreContext()")
    page.wait_for_function("app.organism.lost === false && !app.stale")
    assert page.evaluate("app.organism.engine.name") == engine.upper()
    after = page.evaluate("Array.from(app.organism.engine.read())")
    assert before != after and page.evaluate(LIVING) > 20
    picture = page.evaluate(
        """() => { app.draw(); const other = new OffscreenCanvas(48, 48).getContext("2d");
        other.drawImage(app.canvas, 0, 0, 48, 48); return Array.from(other.getImageData(0, 0, 48, 48).data); }"""
    )
    assert len(set(picture)) > 10


def test_where_floats_cannot_be_drawn_halves_are(chromium: Any, path: Path) -> None:
    """The states then have 11 bits: a lizard of much the same size grows."""
    context = chromium.new_context()
    context.set_default_timeout(TIMEOUT)
    page = context.new_page()
    page.add_init_script(
        """{ const all = WebGL2RenderingContext.prototype, found = all.getExtension;
        const missing = "EXT_color_buffer_float";
        all.getExtension = function (name) { return name === missing ? null : found.call(this, name); }; }"""
    )
    living = []
    for engine in ("gpu", "cpu"):
        page.goto("about:blank")
        page.goto(f"{path.resolve().as_uri()}#engine={engine}&paused=1&seed=1&draw=webgl")
        page.evaluate("() => playground.then(({ app }) => { globalThis.app = app; })")
        page.evaluate(GROW, 60)
        living.append(page.evaluate(LIVING))
        assert page.evaluate("app.organism.engine.name") == engine.upper()
    assert page.evaluate("app.gl.getExtension('EXT_color_buffer_float')") is None
    assert living[0] == pytest.approx(living[1], rel=0.1)
    context.close()
