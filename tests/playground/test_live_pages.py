"""The documentation's hook writes the live pages and their frames."""

from pathlib import Path

import pytest
from hooks import playground

from graphnca.rules import shipped_rules


def test_every_live_page_of_the_documentation_is_known() -> None:
    text = (Path(__file__).parents[2] / "docs/playground.md").read_text()
    assert playground.FRAME.findall(text) == list(playground.PAGES)


def test_a_page_has_the_shipped_rules_of_its_names() -> None:
    assert playground.rules_of(playground.PAGES["lizard"]) == ["growing-lizard", "isonca-lizard-any"]
    textures = [name for name in shipped_rules() if name.startswith("texture-")]
    assert playground.rules_of(playground.PAGES["texture"]) == textures


def test_a_frame_shows_the_page() -> None:
    found = playground.on_page_content("<p>before</p><!-- live: lizard -->")
    assert '<iframe class="playground" src="lizard.html" title="A lizard, live"' in found


def test_an_unknown_page_is_refused() -> None:
    with pytest.raises(ValueError, match="dragon"):
        playground.on_page_content("<!-- live: dragon -->")


def test_a_page_without_a_shipped_rule_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(playground, "PAGES", {"none": playground.Live("None", ("no-rule-",), {})})
    assert "No rule of this kind" in playground.on_page_content("<!-- live: none -->")
    playground.on_post_build({"site_dir": str(tmp_path)})
    assert not list((tmp_path / playground.FOLDER).iterdir())


def test_the_pages_are_written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(playground, "SIDE", 44)  # the dancer's seed needs 40
    playground.on_post_build({"site_dir": str(tmp_path)})
    written = {path.stem for path in (tmp_path / playground.FOLDER).iterdir()}
    assert written == {name for name, live in playground.PAGES.items() if playground.rules_of(live)}
