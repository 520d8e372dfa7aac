"""The documentation's hook writes the living figures and their frames."""

import re
from pathlib import Path

import pytest

from graphnca.rules import shipped_rules

pytest.importorskip("mkdocs", reason="the extra docs is not installed")

from hooks import playground

DOCS = Path(__file__).parents[2] / "docs"


def test_every_living_figure_is_shown_somewhere() -> None:
    shown = {name for page in DOCS.rglob("*.md") for name in playground.FRAME.findall(page.read_text("utf-8"))}
    assert shown == set(playground.PAGES)


def test_a_page_has_the_shipped_rules_of_its_names() -> None:
    assert playground.rules_of(playground.PAGES["lizard"]) == ["growing-lizard", "isonca-lizard-any"]
    textures = [name for name in shipped_rules() if name.startswith("texture-")]
    assert playground.rules_of(playground.PAGES["texture"]) == textures


def test_a_frame_shows_the_figure_and_leads_to_the_page() -> None:
    found = playground.on_page_content("<p>before</p><!-- live: lizard -->")
    assert re.search(r'<iframe src="lizard.html#figure" title="A lizard grows [^"]+" loading="lazy"', found)
    assert '<a href="lizard.html">' in found
    assert 'src="regimes.html#figure&choice"' in playground.on_page_content("<!-- live: regimes -->")


def test_an_unknown_page_is_refused() -> None:
    with pytest.raises(ValueError, match="dragon"):
        playground.on_page_content("<!-- live: dragon -->")


def test_a_page_without_a_shipped_rule_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(playground, "PAGES", {"none": playground.Live("None", ("no-rule-",), "Nothing.")})
    assert "No rule of this kind" in playground.on_page_content("<!-- live: none -->")
    playground.on_post_build({"site_dir": str(tmp_path)})
    assert not list((tmp_path / playground.FOLDER).iterdir())


def test_the_pages_are_written_and_know_that_they_may_be_figures(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(playground, "SIDE", 44)  # the dancer's seed needs 40
    few = {name: playground.PAGES[name] for name in ("lizard", "seeds")}
    monkeypatch.setattr(playground, "PAGES", few)
    playground.on_post_build({"site_dir": str(tmp_path)})
    written = {path.stem: path.read_text("utf-8") for path in (tmp_path / playground.FOLDER).iterdir()}
    assert written.keys() == few.keys()
    assert all(text.count(":root.figure") == 1 and text.count("IntersectionObserver") == 1 for text in written.values())
