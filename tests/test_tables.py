"""The tables of README and docs say what was measured."""

from pathlib import Path

import pytest
from result_tables import join
from result_tables.markdown import table
from tables import pages, rewritten

from graphnca.results.table import Table, write_tables


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two results of one experiment, and one of another."""
    monkeypatch.setattr(join, "RESULTS", tmp_path)
    for name, value, caption in (
        ("healed_hare", 1, "Of 2 runs."),
        ("healed_tortoise", 2, "Of 2 runs."),
        ("run", 3, ""),
    ):
        (tmp_path / name).mkdir()
        write_tables(tmp_path / name, {"losses": Table(["cells", "loss"], [["hex", value]], caption)})
    (tmp_path / "healed_hare" / "figure.webp").touch()
    return tmp_path


def test_every_table_is_current() -> None:
    for page in pages():
        text = page.read_text(encoding="utf-8")
        assert rewritten(text) == text, f"{page.name} has a table that is out of date; run python docs/tables.py."


def test_an_outdated_table_is_rewritten() -> None:
    old = "before\n<!-- table: benchmark/isonca -->\n| 1 |\n<!-- /table -->\nafter"
    assert "| 1 |" not in rewritten(old)
    assert rewritten(rewritten(old)) == rewritten(old)


def test_a_table_is_markdown() -> None:
    assert table(["a", "b"], [[1, 2]]) == "| a | b |\n| --- | --- |\n| 1 | 2 |"


def test_the_table_of_one_result(results: Path) -> None:
    assert rewritten("<!-- table: run/losses -->\n<!-- /table -->") == (
        "<!-- table: run/losses -->\n| cells | loss |\n| --- | --- |\n| hex | 3 |\n<!-- /table -->"
    )


def test_tables_of_several_results_are_joined(results: Path) -> None:
    assert join.shown("healed_*/losses by rule").splitlines() == [
        "Of 2 runs.",
        "",
        "| rule | cells | loss |",
        "| --- | --- | --- |",
        "| `hare` | hex | 1 |",
        "| `tortoise` | hex | 2 |",
    ]
    assert join.shown("healed_*/losses side by side").splitlines()[2::2] == [
        "| cells | `hare` | `tortoise` |",
        "| hex | 1 | 2 |",
    ]
    assert join.shown("healed_*/losses apart").startswith("`hare`:\n\nOf 2 runs.\n\n| cells | loss |")


def test_what_is_not_there_yet(results: Path) -> None:
    assert join.shown("swum_*/losses by rule") == join.NOT_MEASURED
    assert (
        rewritten("<!-- pictures: run/figure.webp A hare -->\n<!-- /pictures -->").splitlines()[1] == join.NOT_MEASURED
    )


def test_pictures_of_those_that_have_one(results: Path) -> None:
    assert join.pictures("healed_*/figure.webp A hare") == "`hare`:\n\n![A hare](results/healed_hare/figure.webp)"
    assert join.pictures("healed_hare/figure.webp A hare") == "![A hare](results/healed_hare/figure.webp)"


def test_what_cannot_be_joined_is_refused(results: Path) -> None:
    write_tables(results / "run", {"losses": Table(["cells", "error"], [["square", 3]])})
    for reference, reason in (
        ("healed/losses/more", "must be RESULT/TABLE"),
        ("healed_*/losses", "must say how several tables are joined"),
        ("*/losses by rule", "must have one header"),
        ("*/losses side by side", "must have one first column"),
        ("run/errors", r"must name a table of every result, .* none in .'run'."),
    ):
        with pytest.raises(ValueError, match=reason):
            join.shown(reference)
    (results / "healed_hare" / "tables.json").unlink()
    (results / "healed_hare" / "metrics.json").touch()
    with pytest.raises(ValueError, match="none in"):
        join.shown("healed_*/losses by rule")
    with pytest.raises(ValueError, match="must be RESULT/FILE and words"):
        join.pictures("healed_*/figure.webp")
