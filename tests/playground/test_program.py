"""What a person does on the page, in a real browser: grow, wipe, switch, turn, look, share, save; by hand, by keys."""

import re
from pathlib import Path
from typing import Any

import pytest
import torch

from graphnca.models import texture_nca
from graphnca.playground import export_page
from graphnca.playground.browser import GROW, PHONE, WITHOUT_GL, launched, opened
from topologies import square_grid

LIVING = "app.organism.engine.numLiving"
COLOURS = """Array.from({ length: app.organism.substrate.cells }, (_, i) =>
    Array.from(app.organism.engine.read().slice(16 * i, 16 * i + 4)))"""


def colours(page: Any) -> torch.Tensor:
    return torch.tensor(page.evaluate(COLOURS))


def least_difference(one: torch.Tensor, other: torch.Tensor, reach: int = 6) -> float:
    """The mean square between two patterns on the square substrate, where one may have moved by a few cells."""
    grid, still = one.view(48, 48, 4), other.view(48, 48, 4)
    shifts = [(down, right) for down in range(-reach, reach + 1) for right in range(-reach, reach + 1)]
    return min(float((grid.roll(shift, (0, 1)) - still).square().mean()) for shift in shifts)


def choose(page: Any, name: str) -> None:
    page.get_by_role("radio", name=name, exact=True).check()


def drag(page: Any, *shares: tuple[float, float]) -> None:
    """Moves the pressed mouse over points of the substrate, given in shares of its sides."""
    box = page.locator("#canvas").bounding_box()
    points = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in shares]
    page.mouse.move(*points[0])
    page.mouse.down()
    for point in points[1:]:
        page.mouse.move(*point)
    page.mouse.up()


def test_it_runs_by_itself_and_pauses(open_lizard: Any) -> None:
    page = open_lizard("engine=cpu&seed=1")
    page.wait_for_function("app.organism.steps > 3")
    page.get_by_role("button", name="Pause").click()
    steps = page.evaluate("app.organism.steps")
    assert page.get_by_role("status").inner_text().startswith("Paused at step")
    page.get_by_role("button", name="Step").click()
    assert page.evaluate("app.organism.steps") == steps + 1
    page.get_by_role("button", name="Reset").click()
    assert page.evaluate("[app.organism.steps, app.running]") == [0, False]


def test_a_lizard_grows_is_wiped_and_recovers(open_lizard: Any) -> None:
    page = open_lizard()
    page.evaluate(GROW, 200)
    whole = colours(page)
    living = page.evaluate(LIVING)
    assert living > 300
    for x in (0.62, 0.78, 0.94):
        drag(page, (x, 0.02), (x, 0.98))
    wiped = colours(page)
    assert page.evaluate(LIVING) < 0.7 * living
    assert re.match(r"Erased [\d,]+ cells\.", page.get_by_role("status").inner_text())
    page.evaluate(GROW, 250)
    assert 0.85 * living < page.evaluate(LIVING) < 1.15 * living
    assert least_difference(colours(page), whole) < 0.3 * (wiped - whole).square().mean()


def test_another_substrate_takes_the_state_over(open_lizard: Any) -> None:
    page = open_lizard()
    page.evaluate(GROW, 120)
    living = page.evaluate(LIVING)
    for name, cells in (("Hexagons", 48 * 42), ("Voronoi", None), ("Squares", 48 * 48)):
        choose(page, name)
        assert page.evaluate("app.organism.substrate.name") == name
        assert cells is None or page.evaluate("app.organism.substrate.cells") == cells
        assert 0.6 * living < page.evaluate(LIVING) < 1.4 * living
        page.evaluate(GROW, 2)
    assert page.evaluate("app.organism.steps") == 126


def test_a_seed_is_planted_where_the_hand_is(open_lizard: Any) -> None:
    page = open_lizard()
    choose(page, "Seed")
    drag(page, (0.25, 0.25))
    state = colours(page)
    alive = (state[:, 3] > 0).nonzero().flatten().tolist()
    assert alive == [12 * 48 + 12, 24 * 48 + 24]
    assert page.get_by_role("status").inner_text() == "Planted 1 cell."


def test_the_keys_do_what_the_hand_does(open_lizard: Any) -> None:
    page = open_lizard()
    page.evaluate(GROW, 40)
    page.locator("#canvas").focus()
    living = page.evaluate(LIVING)
    for key in ("e", "]", "ArrowRight", "Enter"):
        page.keyboard.press(key)
    assert page.evaluate(LIVING) < living
    assert page.evaluate("app.controls.brushes.erase") == 7
    page.keyboard.press("2")
    assert page.evaluate("app.organism.substrateNumber") == 1
    page.keyboard.press("+")
    assert page.evaluate("app.camera.zoom") > 1
    centre = page.evaluate("app.camera.centre")
    page.keyboard.press("Shift+ArrowLeft")
    assert page.evaluate("app.camera.centre") != centre
    page.keyboard.press("0")
    assert page.evaluate("app.camera.zoom") == 1
    page.keyboard.press(" ")
    assert page.evaluate("app.running") is True


def test_every_control_has_a_name_and_can_be_reached(open_lizard: Any) -> None:
    page = open_lizard()
    page.evaluate("document.querySelectorAll('details').forEach((part) => { part.open = true; })")
    unnamed = page.evaluate("""
        [...document.querySelectorAll("button, input, select, canvas, summary")]
            .filter((control) => !(control.ariaLabel || control.getAttribute("aria-label") ||
                (control.labels?.length && [...control.labels].some((label) => label.textContent.trim())) ||
                control.textContent.trim()))
            .map((control) => control.outerHTML)""")
    assert unnamed == []
    reached = set()
    for _ in range(40):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.id || document.activeElement.name"))
    controls = {"canvas", "play", "step", "reset", "tool", "brush", "rule", "cells", "show", "speed", "rate", "turn"}
    assert controls | {"field", "zoom", "save", "share", "theme", "engine"} <= reached


def test_the_pattern_turns_with_its_frame(open_lizard: Any) -> None:
    """A lizard turned by 90 degrees on squares is the lizard turned."""
    page = open_lizard("engine=cpu&paused=1&seed=1&rate=1&turn=90")
    page.evaluate(GROW, 60)
    turned = colours(page).view(48, 48, 4)
    page.locator("#turn").fill("0")
    page.evaluate("app.organism.reset(1)")
    page.evaluate(GROW, 60)
    plain = colours(page).view(48, 48, 4)
    # clockwise by 90 degrees about the seed's cell (24, 24)
    rows, columns = torch.meshgrid(torch.arange(1, 48), torch.arange(1, 48), indexing="ij")
    torch.testing.assert_close(turned[columns, 48 - rows], plain[rows, columns], rtol=0, atol=0.05)
    assert (turned - plain).abs().max() > 0.3


def test_fields_turn_every_cell_by_itself(open_lizard: Any) -> None:
    page = open_lizard()
    choose(page, "outwards")
    right, below = page.evaluate(
        "[24 * 48 + 40, 40 * 48 + 24].map((cell) => app.organism.turnAt(cell) * 180 / Math.PI)"
    )
    assert right == pytest.approx(90, abs=3)
    assert abs(below) == pytest.approx(180, abs=3)
    choose(page, "poles")
    page.evaluate(GROW, 3)
    assert page.evaluate("app.organism.frame.field") == "bipolar"


def test_isotropic_rules_have_no_frame_to_turn(open_lizard: Any) -> None:
    page = open_lizard()
    assert page.locator("#frame-row").is_visible()
    choose(page, "isonca-lizard-any")
    assert not page.locator("#frame-row").is_visible()
    assert page.evaluate("app.organism.rule.name") == "isonca-lizard-any"


def test_channels_and_components_are_other_pictures(open_lizard: Any) -> None:
    page = open_lizard()
    page.evaluate(GROW, 60)
    pictures = set()
    for shown in ("pattern", "5", "hidden"):
        page.locator("#show").select_option(shown)
        page.wait_for_function("!app.stale")
        pictures.add(page.locator("#canvas").screenshot())
    assert len(pictures) == 3


def test_a_texture_has_the_colours_of_its_card(chromium: Any, tmp_path: Path) -> None:
    card = {"rgb_scale": 0.5, "rgb_offset": 0.25}
    path = export_page([texture_nca()], {"Squares": square_grid(8, 8)}, tmp_path / "page.html", cards=[card])
    with opened(chromium, path, "engine=cpu&paused=1") as (page, complaints):
        colour = page.evaluate("app.lens.colourOf(new Float32Array(12).fill(0.5), 0, [0, 0, 0])")
        assert complaints == []
    assert colour == [127.5] * 3


def test_components_are_the_states_principal_axes(open_lizard: Any) -> None:
    page = open_lizard()
    page.evaluate(GROW, 40)
    page.evaluate("app.setShow('hidden'); app.lens.look(app.organism.engine.read())")
    cells = page.evaluate("app.organism.substrate.cells")
    state = torch.tensor(page.evaluate("Array.from(app.organism.engine.read())")).view(cells, 16).double()
    hidden = state[state[:, 3] > 0.1, 4:]
    rows = torch.tensor(page.evaluate("app.lens.rows.map((row) => Array.from(row.slice(4, 16)))")).double()
    axes = torch.linalg.eigh(torch.cov(hidden.T, correction=0)).eigenvectors.flip(1)[:, :3].T
    along = (torch.nn.functional.normalize(rows, dim=1) * axes).sum(1).abs()
    torch.testing.assert_close(along, torch.ones(3, dtype=torch.float64), rtol=0, atol=1e-3)


def test_a_link_brings_the_settings_back(open_lizard: Any) -> None:
    page = open_lizard()
    choose(page, "Hexagons")
    page.locator("#rate").fill("0.8")
    page.locator("#turn").fill("45")
    page.locator("#show").select_option("hidden")
    page.get_by_role("button", name="Dark colours").click()
    page.get_by_role("button", name="Copy link").click()
    page.wait_for_function("location.hash.includes('cells')")
    again = open_lizard(page.evaluate("location.hash.slice(1)"))
    found = again.evaluate("""[app.organism.substrate.name, app.organism.fireRate, app.organism.frame.turn,
        app.lens.show, document.documentElement.dataset.theme, app.organism.seed, app.running]""")
    assert found == ["Hexagons", 0.8, 45, "hidden", "dark", 1, False]


def test_settings_that_make_no_sense_are_left_aside(open_lizard: Any) -> None:
    page = open_lizard("rule=none&cells=none&rate=many&show=99&turn=1e9&view=1,2&paused=1&engine=cpu&seed=x")
    found = page.evaluate("[app.organism.rule.name, app.organism.fireRate, app.lens.show, app.organism.frame.turn]")
    assert found == ["growing-lizard", 0.5, "pattern", 180]


def test_a_picture_is_saved(open_lizard: Any) -> None:
    page = open_lizard()
    page.evaluate(GROW, 20)
    with page.expect_download() as download:
        page.get_by_role("button", name="Save picture").click()
    assert download.value.suggested_filename == "growing-lizard-Squares-20.png"
    assert Path(download.value.path()).read_bytes()[:4] == b"\x89PNG"


def test_the_wheel_zooms_and_what_is_under_the_pointer_stays(open_lizard: Any) -> None:
    page = open_lizard()
    box = page.locator("#canvas").bounding_box()
    page.mouse.move(box["x"] + 0.3 * box["width"], box["y"] + 0.4 * box["height"])
    page.wait_for_function("app.controls.hand.cursor !== null")
    before = page.evaluate("app.controls.hand.placeOf([0.3, 0.4])")
    page.mouse.wheel(0, -400)
    page.wait_for_function("app.camera.zoom > 1.2")
    assert page.evaluate("app.controls.hand.placeOf([0.3, 0.4])") == pytest.approx(before, abs=0.2)


def test_on_a_phone_nothing_is_cut_off_and_a_finger_erases(open_lizard: Any) -> None:
    page = open_lizard(**PHONE)
    page.evaluate(GROW, 60)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    small = page.evaluate("""[...document.querySelectorAll("button, select, .segments label")]
        .filter((control) => control.offsetParent && control.getBoundingClientRect().height < 40)
        .map((control) => control.outerHTML)""")
    assert small == []
    living = page.evaluate(LIVING)
    box = page.locator("#canvas").bounding_box()
    page.touchscreen.tap(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.wait_for_function("document.getElementById('status').textContent.startsWith('Erased')")
    assert page.evaluate(LIVING) < living


def test_the_engine_on_the_gpu_runs_the_page_too(open_lizard: Any) -> None:
    page = open_lizard("engine=gpu&paused=1&seed=1")
    page.evaluate(GROW, 12)
    shown = colours(page)
    assert page.evaluate("app.organism.engine.name") == "GPU"
    living = page.evaluate(LIVING)
    page.locator("#show").select_option("hidden")
    page.wait_for_function("!app.stale")
    page.evaluate("app.controls.setEngine('cpu')")
    assert page.evaluate("app.organism.engine.name") == "CPU"
    assert page.evaluate(LIVING) == living
    torch.testing.assert_close(colours(page), shown, rtol=0, atol=0)


def test_the_faster_engine_is_chosen_by_measurement(open_lizard: Any) -> None:
    page = open_lizard("paused=1")
    timings = page.evaluate("[...app.organism.timings.values()][0]")
    chosen = page.evaluate("app.organism.engine.name")
    assert chosen == min(timings, key=timings.__getitem__)
    assert f"Runs on the {chosen}" in page.locator("#engine-note").text_content()


def test_without_webgl_it_grows_on_a_plain_canvas(lizard_path: Path, chromium: Any) -> None:
    with (
        launched(chromium.browser_type, WITHOUT_GL) as plain,
        opened(plain, lizard_path, "paused=1&seed=1") as (page, complaints),
    ):
        assert page.evaluate("[app.view.name, app.organism.engine.name]") == ["a plain canvas", "CPU"]
        page.evaluate(GROW, 40)
        page.wait_for_function("!app.stale")
        assert page.evaluate(LIVING) > 50
        green = page.evaluate("""(() => {
            const { data } = app.view.context.getImageData(0, 0, app.canvas.width, app.canvas.height);
            let count = 0;
            for (let k = 0; k < data.length; k += 4) if (data[k + 1] > data[k] + 40) count++;
            return count;
        })()""")
        assert green > 100
        assert complaints == []


def test_less_motion_is_respected(open_lizard: Any) -> None:
    page = open_lizard("engine=cpu", reduced_motion="reduce")
    assert page.evaluate("app.running") is False
    assert "less motion" in page.get_by_role("status").inner_text()
