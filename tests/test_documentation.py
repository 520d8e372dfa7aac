"""What README.md and docs/ tell people to type works: every Python block behind a line `<!-- run -->` is run here."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MARKED = re.compile(r"<!-- run -->\n+```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)
README_COMMAND = re.compile(r"<!-- ci: (\w+) -->\n```bash\n(.+)\n```")


def marked_blocks(text: str) -> list[str]:
    return MARKED.findall(text)


def examples() -> list[tuple[str, str]]:
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    return [
        (f"{page.relative_to(ROOT)} {number}", block)
        for page in pages
        for number, block in enumerate(marked_blocks(page.read_text(encoding="utf-8")), start=1)
    ]


def test_only_marked_blocks_are_found() -> None:
    text = "```python\n1 / 0\n```\n\n<!-- run -->\n\n```python\nx = 1\n\ny = x\n```\n\n```python\nz\n```\n"
    assert marked_blocks(text) == ["x = 1\n\ny = x\n"]


@pytest.mark.usefixtures("as_released")  # as readers run it; `torch.compile` cannot see through the type checks
@pytest.mark.parametrize(("name", "block"), examples(), ids=[name for name, _ in examples()])
def test_the_example_runs(name: str, block: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # what an example writes goes where nobody sees it
    exec(compile(block, name, "exec"), {"__name__": "__main__"})


def test_the_readme_has_the_two_commands_that_ci_runs() -> None:
    commands = dict(README_COMMAND.findall((ROOT / "README.md").read_text(encoding="utf-8")))
    assert commands.keys() == {"grow", "test"}
    assert all("pip install -c constraints.txt" in command for command in commands.values())
    assert commands["grow"].endswith("python experiments/isonca_voronoi.py")
    assert commands["test"].endswith("pytest -n auto")
