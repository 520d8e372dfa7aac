"""What a release says of itself is so, and the names of its packages are its own."""

import json
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
import tomllib

import graphnca
import graphnca.topologies
import topologies
from graphnca.cli.cards import grows
from graphnca.rules import shipped_rules
from graphnca.shipped import shipped_description
from graphnca.targets import target_names
from graphnca.targets.load import DRAWINGS
from graphnca.templates import template_names

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def test_the_version_is_one() -> None:
    assert graphnca.__version__ == version("graphnca") == PROJECT["version"]
    assert f"\nversion: {PROJECT['version']}\n" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"\n## {PROJECT['version']}\n" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_only_tested_versions_are_claimed() -> None:
    """The Python and the PyTorch of constraints.txt, and no other."""
    tested = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    claimed = [line.rpartition(" ")[2] for line in PROJECT["classifiers"] if "Python :: 3" in line]
    assert all(f"Python {one}," in tested for one in claimed) and PROJECT["requires-python"] == f">={claimed[0]}"
    (torch,) = (one.partition(">=")[2] for one in PROJECT["dependencies"] if one.startswith("torch>"))
    assert f"\ntorch=={torch}\n" in tested
    ci = (ROOT / ".ci/run").read_text(encoding="utf-8")
    assert 'name, oldest = need.split(">=")' in ci  # which installs each at its lower bound


def test_extras_that_are_named_can_be_installed() -> None:
    programs = [path for package in ("graphnca", "topologies") for path in (ROOT / package).rglob("*.py")]
    texts = [
        path.read_text(encoding="utf-8") for path in (*programs, *(ROOT / "docs").glob("*.md"), ROOT / "README.md")
    ]
    named = {name for text in texts for name in re.findall(r"graphnca\[(\w+)\]", text)}
    assert {"h5", "hub", "onnx", "surface", "video"} <= named <= {*PROJECT["optional-dependencies"]}


@pytest.mark.parametrize("name", shipped_rules())
def test_the_licence_of_what_a_rule_grows_is_said(name: str) -> None:
    """docs/releases.md speaks of emoji, of our own drawings and templates, and of units that features see."""
    card = shipped_description(name)["card"]
    if "unit" in card:
        return
    emoji = {path.stem for path in (ROOT / "graphnca/targets/emoji").glob("*.png")}
    assert emoji | {*DRAWINGS} == {*target_names()}
    for target in grows(card).split(", "):
        assert target in emoji | {*DRAWINGS, *template_names(), "shell"}, target


def test_topologies_has_a_name_that_is_nobody_elses() -> None:
    assert graphnca.topologies.square_grid is topologies.square_grid
    assert graphnca.topologies.__all__ == list(topologies.__all__)
    assert dir(graphnca.topologies) == sorted(topologies.__all__)
    with pytest.raises(AttributeError, match="no attribute 'circles'"):
        _ = graphnca.topologies.circles


@pytest.mark.parametrize(
    "program", ["import graphnca.topologies", "from graphnca.cli import main; main(['info', 'x.pt'])"]
)
def test_the_package_of_another_project_is_recognised(program: str, tmp_path: Path) -> None:
    (tmp_path / "topologies").mkdir()
    (tmp_path / "topologies/__init__.py").write_text("knots = 3\n")
    (tmp_path / "x.pt").write_bytes(b"")
    code = f"import sys; sys.path[:0] = [{str(tmp_path)!r}, {str(ROOT)!r}]; {program}"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert f"finds here, {tmp_path}/topologies/__init__.py, is another project's" in done.stderr
    assert ("Traceback" in done.stderr) == ("main" not in program), done.stderr


def test_every_page_and_file_of_a_release_is_linked() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for name in ("docs/releases.md", "docs/troubleshooting.md", "CONTRIBUTING.md"):
        assert name in readme and (ROOT / name).is_file()
    include = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["hatch"]["build"]["targets"]["sdist"]
    for name in ("CHANGELOG.md", "CITATION.cff", "CONTRIBUTING.md", "SECURITY.md"):
        assert (ROOT / name).is_file() and f"/{name}" in include["include"]


def test_a_recorded_card_is_json() -> None:
    for name in shipped_rules():
        json.dumps(shipped_description(name), allow_nan=False)


def test_every_test_that_is_named_on_a_page_is_there() -> None:
    page = (ROOT / "docs/robustness.md").read_text(encoding="utf-8")
    named = re.findall(r"`([\w/]+\.py)::(test_\w+)`", page)
    assert len(named) > 30
    for file, name in named:
        assert f"\ndef {name}(" in (ROOT / "tests" / file).read_text(encoding="utf-8"), (file, name)
