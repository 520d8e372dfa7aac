"""What the site's hooks make of a page: its picture first, wide tables folded, a gallery of all results."""

from pathlib import Path
from types import SimpleNamespace

import pytest

pytest.importorskip("mkdocs", reason="the extra docs is not installed")

import yaml
from hooks import gallery, pages

DOCS = Path(__file__).parents[2] / "docs"


class Navigation(yaml.SafeLoader):
    """mkdocs.yml, whose tags for Python's objects are passed over."""


Navigation.add_multi_constructor("tag:yaml.org,2002:python", lambda *_: None)


def navigation() -> dict[str, list]:
    parts = yaml.load((DOCS.parent / "mkdocs.yml").read_text("utf-8"), Navigation)["nav"]
    return {name: entries for part in parts for name, entries in part.items()}


def head_of(page: Path) -> dict[str, str]:
    _, head, _ = page.read_text("utf-8").split("---\n", 2)
    return yaml.safe_load(head)


def results() -> list[str]:
    subjects = navigation()["Gallery"][1:]
    return [
        file for subject in subjects for entries in subject.values() for entry in entries for file in entry.values()
    ]


def page_of(name: str) -> SimpleNamespace:
    return SimpleNamespace(
        meta=head_of(DOCS / name), file=SimpleNamespace(src_uri=name), url=f"{name.removesuffix('.md')}/"
    )


def test_the_navigation_has_four_parts() -> None:
    assert list(navigation()) == ["Home", "Learn", "Gallery", "Concepts", "Reference"]


@pytest.mark.parametrize("name", results())
def test_every_result_says_what_one_sees_in_a_sentence_and_shows_it(name: str, tmp_path: Path) -> None:
    head = head_of(DOCS / name)
    assert head["sees"].endswith(".") and head["sees"][0].isupper() and len(head["sees"]) < 250
    for crop in (head.get("crop"), head.get("thumb")):
        image = gallery.still(DOCS / head["picture"], crop, 480)
        assert max(image.size) <= 480 and min(image.size) > 60
        assert len(set(image.resize((24, 24)).get_flattened_data())) > 20  # not empty paper


def test_a_result_begins_with_its_picture() -> None:
    found = gallery.on_page_content("<h1>Ten</h1><p>text</p>", page_of("long_run.md"))
    assert found.index("</h1>") < found.index("../gallery/long_run-head.webp") < found.index('class="sees"')
    assert found.index('class="sees"') < found.index("<p>text</p>")


def test_a_moving_picture_stands_still_where_less_motion_is_asked_for() -> None:
    found = gallery.on_page_content("<h1>Shell</h1>", page_of("gnomonic_growth.md"))
    quiet = '<source media="(prefers-reduced-motion: reduce)" srcset="../gallery/gnomonic_growth-head.webp">'
    assert quiet in found and "results/gnomonic_growth/animation.webp" in found


def test_the_gallery_has_a_card_for_every_result() -> None:
    for name in results():
        gallery.on_page_content("<h1>x</h1>", page_of(name))
    page = SimpleNamespace(url="gallery/")
    config = {"nav": [{"Gallery": navigation()["Gallery"]}]}
    grid = gallery.on_post_page(f"<main>{gallery.MARK}</main>", page, config)
    assert grid.count('<a href="../') == len(results()) and gallery.MARK not in grid
    assert gallery.on_post_page("<main></main>", page, config) == "<main></main>"


def table(columns: int) -> str:
    names = "".join(f"<th>c{k}</th>" for k in range(columns))
    return f"<table><thead><tr>{names}</tr></thead><tbody><tr></tr><tr></tr></tbody></table>"


def test_wide_tables_fold_and_say_what_they_hold() -> None:
    wide, narrow = table(pages.WIDE), table(pages.WIDE - 1)
    found = pages.on_page_content(narrow + wide)
    assert found.startswith(narrow)
    assert f"<summary>The table: 2 rows by c0, with {pages.WIDE - 1} numbers each</summary>\n{wide}" in found


def test_pictures_after_the_first_are_loaded_when_they_are_near() -> None:
    found = pages.on_page_content('<img src="a"><img src="b"><img src="c">')
    assert found == '<img src="a"><img loading="lazy" src="b"><img loading="lazy" src="c">'
