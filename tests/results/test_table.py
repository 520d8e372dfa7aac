"""Tables are the same rows in a terminal, in a file and in Markdown."""

from pathlib import Path

import pytest

from graphnca.results.table import Table, read_tables, write_tables

TABLE = Table(["rule", "loss"], [["a|b", 1.5], ["longer", None]], "Of 2 runs.")


def test_text_is_aligned() -> None:
    assert TABLE.text().splitlines() == ["Of 2 runs.", "rule    loss", "------  ----", "a|b     1.5", "longer"]


def test_markdown() -> None:
    shown = "| rule | loss |\n| --- | --- |\n| a\\|b | 1.5 |\n| longer |  |"
    assert TABLE.markdown() == f"Of 2 runs.\n\n{shown}"
    assert Table(TABLE.header, TABLE.rows).markdown() == shown


def test_what_is_written_is_read(tmp_path: Path) -> None:
    write_tables(tmp_path, {"losses": TABLE, "none": Table(["x"], [])})
    read = read_tables(tmp_path)
    assert list(read) == ["losses", "none"]
    assert read["losses"].markdown() == TABLE.markdown()
    assert read["none"].text() == "x\n-"


def test_a_row_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match=r"`rows` must have 2 entries each, \('a', 'b'\), got \('1',\)"):
        Table(["a", "b"], [[1]])
