"""Several rules on one substrate: each cell runs the one it was given, and free space goes to whom it borders on."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from graphnca.layers import NCAConv
from graphnca.playground import export_page
from graphnca.playground.browser import GROW, opened
from topologies import square_grid

RULES = ("growing-lizard", "growing-butterfly", "isonca-heart", "texture-dotted", "texture-banded")
STATE = "Array.from(app.organism.engine.read())"
SIDE = 48


@pytest.fixture(scope="module")
def path(tmp_path_factory: Any) -> Path:
    return export_page(RULES, {"Squares": square_grid(SIDE, SIDE)}, tmp_path_factory.mktemp("mixed") / "page.html")


@pytest.mark.parametrize("rule", ["growing-lizard", "isonca-heart", "texture-dotted"])
def test_cells_that_all_have_one_rule_step_as_it_does(rule: str, open_page: Any) -> None:
    """With every kind of life mask, in the cells of the first rule and of another."""
    page = open_page(f"rule={rule}")
    page.evaluate(GROW, 40)
    plain = torch.tensor(page.evaluate(STATE))
    page.evaluate(
        """number => { const { organism } = app;
        organism.reset(1);
        organism.given = new Uint8Array(organism.substrate.cells).fill(number);
        organism.settle(organism.startOf(organism.rule, 0)); }""",
        RULES.index(rule),
    )
    assert page.evaluate("app.organism.engine.engines.length") == 1
    page.evaluate(GROW, 40)
    torch.testing.assert_close(torch.tensor(page.evaluate(STATE)), plain, rtol=0, atol=0)


def test_far_from_a_border_textures_run_as_they_would_alone(open_page: Any) -> None:
    """In 6 steps nothing reaches farther than 6 cells."""
    alone = {}
    for rule in ("texture-dotted", "texture-banded"):
        page = open_page(f"rule={rule}")
        page.evaluate(GROW, 6)
        alone[rule] = torch.tensor(page.evaluate(STATE)).view(SIDE, SIDE, 12)
    page = open_page("rule=texture-dotted")
    page.evaluate(
        """number => { const { organism } = app; organism.brushRule = number;
        organism.own(Array.from({ length: organism.substrate.cells }, (_, i) => i).filter((i) => i % 48 >= 24));
        organism.settle(organism.engine.read()); }""",
        RULES.index("texture-banded"),
    )
    page.evaluate(GROW, 6)
    both = torch.tensor(page.evaluate(STATE)).view(SIDE, SIDE, 12)
    torch.testing.assert_close(both[:, 8:16], alone["texture-dotted"][:, 8:16], rtol=0, atol=0)
    torch.testing.assert_close(both[:, 32:40], alone["texture-banded"][:, 32:40], rtol=0, atol=0)


def test_seeds_of_two_rules_grow_beside_each_other(open_page: Any) -> None:
    page = open_page("rule=growing-lizard")
    page.locator("#brush-rule").select_option("growing-butterfly")
    page.get_by_role("radio", name="Seed", exact=True).check()
    box = page.locator("#canvas").bounding_box()
    page.locator("#canvas").click(position={"x": box["width"] / 8, "y": box["height"] / 8})
    page.evaluate(GROW, 30)
    alive = torch.tensor(page.evaluate(STATE)).view(-1, 16)[:, 3] > 0.1
    given = torch.tensor(page.evaluate("Array.from(app.organism.given)"))
    assert set(given[alive].tolist()) == {0, 1}
    assert min(int((given[alive] == number).sum()) for number in (0, 1)) > 30
    page.get_by_role("button", name="Reset").click()
    assert page.evaluate("app.organism.given") is None


def test_the_brush_gives_a_rule_and_leaves_the_state(open_page: Any) -> None:
    page = open_page("rule=texture-dotted")
    assert page.locator("#brush-rule option").all_inner_texts() == ["texture-dotted", "texture-banded"]
    page.evaluate(GROW, 5)
    before = page.evaluate(STATE)
    page.locator("#brush-rule").select_option("texture-banded")
    assert page.get_by_role("radio", name="Give").is_checked()
    page.locator("#canvas").click()
    cells = page.evaluate("app.organism.given.filter((number) => number === 4).length")
    assert cells > 50 and page.evaluate(STATE) == before
    assert page.get_by_role("status").inner_text() == f"texture-banded runs in {cells} more cells."


def test_one_rule_has_nothing_to_share(chromium: Any, tmp_path: Path, random_rule: Callable[..., NCAConv]) -> None:
    rules = [random_rule(8, 8, "isonca"), random_rule(12, 8, "isonca")]
    path = export_page(rules, {"Squares": square_grid(8, 8)}, tmp_path / "page.html", names=["eight", "twelve"])
    with opened(chromium, path, "engine=cpu&paused=1") as (page, _):
        assert not page.locator("#brush-rule").is_visible() and not page.get_by_role("radio", name="Give").is_visible()
