"""Every experiment, run small from its command line, writes exactly the files that its docstring promises."""

import ast
import json
import re
import runpy
import shlex
from collections.abc import Callable
from fnmatch import fnmatch
from pathlib import Path

import pytest
from PIL import Image

from graphnca import save_rule
from graphnca.models import isonca
from graphnca.results import result
from graphnca.results.table import read_tables

ROOT = Path(__file__).parents[2]
BROWSERS = {
    ROOT / f"experiments/playground/{name}.py" for name in ("home", "page", "surface")
}  # tested on their own: slow
SCRIPTS = sorted(
    path
    for path in (ROOT / "experiments").rglob("*.py")
    if "graphnca.results.run" in path.read_text(encoding="utf-8") and path not in BROWSERS
)
SECTION = re.compile(r"Written to `--out`(/\w+)?[^\n]*:\n((?: +.*\n?)+)")
FILE = re.compile(r"^    (\S+(?:, \S+)*)  ", re.MULTILINE)


def promised(script: Path) -> tuple[bool, set[str]]:
    """Whether each rule has a folder of its own, and the files that the docstring promises; NAME stands for any."""
    docstring = ast.get_docstring(ast.parse(script.read_text(encoding="utf-8"))) or ""
    section = SECTION.search(f"{docstring}\n")
    assert section, f"{script} must say what is written to `--out`"
    names = [name for names in FILE.findall(section[2]) for name in names.split(", ")]
    return bool(section[1]), {name.replace("NAME", "*") for name in names}


def small(script: Path, folder: Path, write_atlas: Callable[..., Path]) -> list[str]:
    """The arguments of the smallest run, from `small.json` in the folder of the tests.

    TRAINING is the folder of a run, ATLAS a published atlas of textures.
    """
    arguments = json.loads(
        (Path(__file__).parent / script.parent.relative_to(ROOT / "experiments") / "small.json").read_text(
            encoding="utf-8"
        )
    )
    assert script.stem in arguments, f"{script.stem} must have small arguments"
    line = arguments[script.stem].replace("TRAINING", str(trained(folder / "training")))
    return shlex.split(line.replace("ATLAS", str(write_atlas(folder / "models.json"))))


def trained(folder: Path) -> Path:
    """What a training leaves: a rule and its snapshots."""
    (folder / "snapshots").mkdir(parents=True)
    card = {"target": "heart", "trained by": "a test"}
    for path in (folder / "rule.safetensors", folder / "snapshots" / "000500.safetensors"):
        save_rule(isonca(), path, card)
    return folder


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_what_is_promised_is_written(
    script: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    write_atlas: Callable[..., Path],
) -> None:
    each, names = promised(script)
    out, docs = tmp_path / "some_result", tmp_path / "docs"
    monkeypatch.setattr(
        "sys.argv", [str(script), *small(script, tmp_path, write_atlas), "--out", str(out), "--publish"]
    )
    monkeypatch.syspath_prepend(str(script.parent))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(result, "published_folder", lambda: docs)
    runpy.run_path(str(script), run_name="__main__")
    printed = capsys.readouterr().out
    folders = sorted(path for path in out.iterdir() if path.is_dir()) if each else [out]
    assert folders
    for folder in folders:
        files = {path.name for path in folder.iterdir() if path.is_file()}
        assert not [file for file in files if not any(fnmatch(file, name) for name in names)]
        assert not [name for name in names if not any(fnmatch(file, name) for file in files)]
        metrics = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
        assert metrics["command"].startswith(f"python {script.relative_to(ROOT)} ")
        for table in read_tables(folder).values() if "tables.json" in files else ():
            assert table.text() in printed
        for file in files:
            if file.endswith(".webp"):
                with Image.open(folder / file) as picture:
                    assert min(picture.size) > 30
        name = f"some_result_{folder.name}" if each else "some_result"
        published = {path.name for path in (docs / name).iterdir()}
        assert published == files & set(result.PUBLISHED)


def test_the_index_has_every_script_and_no_other() -> None:
    folder = ROOT / "experiments"
    index = (folder / "README.md").read_text(encoding="utf-8")
    named = set(re.findall(r"^\| \[`([\w/]+\.py)`\]", index, re.MULTILINE))
    scripts = [path for path in folder.rglob("*.py") if '__name__ == "__main__"' in path.read_text(encoding="utf-8")]
    assert named == {str(path.relative_to(folder)) for path in scripts}
    assert not [link for link in re.findall(r"\]\(([\w./]+)\)", index) if not (folder / link).exists()]
