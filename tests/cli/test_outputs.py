"""Where something is to be written is looked at first: nobody waits for a run whose result has no place."""

import os
from pathlib import Path

import pytest

from graphnca.cli import main
from graphnca.cli.errors import UsageError
from graphnca.cli.outputs import check_file_at, check_folder_at


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "folder.html").mkdir()
    return tmp_path


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (["grow", "isonca-heart", "--out", "file/heart"], "the folder 'file': 'file' is a file"),
        (["grow", "isonca-heart", "--out", "file/a/heart.png"], "the folder 'file/a': 'file' is a file"),
        (["grow", "isonca-heart", "--out", "folder.png"], "'folder.png' is a folder: folder.png/NAME writes into it"),
        (["grow", "isonca-heart", "--out", "folder"], "'folder.png' is a folder"),
        (["export", "isonca-heart", "--out", "folder.html"], "'folder.html' is a folder"),
        (["export", "isonca-heart", "--out", "file/a.html"], "'file' is a file"),
        (["train", "heart", "--out", "file"], "the folder 'file': 'file' is a file"),
        (["train", "heart", "--out", "file/run"], "the folder 'file/run': 'file' is a file"),
    ],
)
def test_what_is_in_the_way_is_said_before_anything_is_made(
    typed: list[str], said: str, here: Path, capsys: pytest.CaptureFixture[str], as_released: None
) -> None:
    before = sorted(here.rglob("*"))
    assert main(typed) == 2
    shown = capsys.readouterr()
    assert shown.err.startswith(f"graphnca {typed[0]}: --out") and said in shown.err and shown.out == ""
    assert sorted(here.rglob("*")) == before


def test_where_nobody_may_write(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(UsageError, match="cannot write into the folder '.'"):
        check_folder_at(Path("new/one"))


def test_what_is_free_is_welcome(here: Path) -> None:
    for path in ("file", "new", "new/one.png", "folder.png/a"):
        check_file_at(Path(path))
    for path in (".", "new/one", str(here / "folder.png")):
        check_folder_at(Path(path))
