"""The tables of README and docs say what was measured."""

from result_tables.markdown import table
from tables import pages, rewritten


def test_every_table_is_current() -> None:
    for page in pages():
        text = page.read_text(encoding="utf-8")
        assert rewritten(text) == text, f"{page.name} has a table that is out of date; run python docs/tables.py."


def test_an_outdated_table_is_rewritten() -> None:
    old = "before\n<!-- table: benchmark -->\n| 1 |\n<!-- /table -->\nafter"
    assert "| 1 |" not in rewritten(old)
    assert rewritten(rewritten(old)) == rewritten(old)


def test_a_table_is_markdown() -> None:
    assert table(["a", "b"], [[1, 2]]) == "| a | b |\n| --- | --- |\n| 1 | 2 |"
