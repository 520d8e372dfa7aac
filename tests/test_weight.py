"""The script by which .ci/run keeps the repository light."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).parents[1] / ".ci/weight.py"


@pytest.fixture
def weight(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    spec = importlib.util.spec_from_file_location("weight", SCRIPT)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "ROOT", tmp_path)  # no checkout of git: every file counts
    (tmp_path / "docs").mkdir()
    return module


def test_light_files_are_welcome(weight: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "docs/figure.webp").write_bytes(bytes(300_000))
    assert weight.of_files() == []


def test_a_heavy_file_is_named(weight: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "docs/figure.webp").write_bytes(bytes(300_001))
    (sentence,) = weight.of_files()
    assert sentence.startswith("docs/figure.webp has 300 kB, more than 300")
    monkeypatch.setattr(weight, "HEAVY", {"docs/figure.webp": "a reason"})
    assert weight.of_files() == []
    (tmp_path / "docs/figure.webp").unlink()
    assert weight.of_files() == ["HEAVY names docs/figure.webp, which is light or gone."]


def test_many_light_files_are_too_much(weight: ModuleType, tmp_path: Path) -> None:
    for number in range(57):
        (tmp_path / f"docs/{number}.webp").write_bytes(bytes(300_000))
    (sentence,) = weight.of_files()
    assert sentence.startswith("docs/ has 17.1 MB, more than 17")


@pytest.mark.parametrize(("name", "most"), [("a.whl", 2_500_000), ("a.tar.gz", 6_000_000)])
def test_packages(weight: ModuleType, tmp_path: Path, name: str, most: int) -> None:
    path = tmp_path / name
    path.write_bytes(bytes(most))
    assert weight.of_package(path) == []
    path.write_bytes(bytes(most + 100_000))
    assert "more than" in weight.of_package(path)[0]
    assert "is no package" in weight.of_package(tmp_path / "a.zip")[0]
