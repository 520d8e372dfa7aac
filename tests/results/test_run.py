"""From a command line to a published result: one result, or one for each rule; what cannot be done is a sentence."""

import json
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from PIL import Image

from graphnca import save_rule
from graphnca.evaluation.subject import Subject, SubjectError
from graphnca.models import isonca, texture_nca
from graphnca.results import result as module
from graphnca.results.options import OfRules, Options
from graphnca.results.result import Result
from graphnca.results.run import as_written, carry_out, carry_out_each, run, run_each
from graphnca.results.table import Table, read_tables


@dataclass(frozen=True, kw_only=True)
class Config(OfRules, Options):
    steps: int = 3
    """How many."""
    out: str = "out/growth"


def measure(subject: Subject, config: Config, result: Result) -> None:
    result.record({"losses": {5: 1.5}, "steps": config.steps})
    result.figure(Image.new("RGB", (40, 30)))


def tables(metrics: dict) -> dict[str, Table]:
    return {"losses": Table(["step", "loss"], metrics["losses"].items())}


def saved(folder: Path, name: str, rule=None) -> str:
    path = folder / f"{name}.safetensors"
    save_rule(rule or isonca(), path, {"target": "heart"})
    return str(path)


def test_every_rule_has_a_folder_and_a_published_result_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(module, "published_folder", lambda: tmp_path / "docs")
    rules = [saved(tmp_path, name) for name in ("one", "other")]
    words = ["growth.py", "--rule", *rules, "--steps", "7", "--out", str(tmp_path / "growth"), "--publish"]
    monkeypatch.setattr("sys.argv", words)
    run_each(measure, Config, "Grows.", subjects="isotropic", tables=tables)
    for name in ("one", "other"):
        folder = tmp_path / "growth" / name
        metrics = json.loads((folder / "metrics.json").read_text())
        assert list(metrics) == ["command", "machine", "config", "rule", "losses", "steps"]
        assert metrics["rule"] == metrics["config"]["rule"] == name and metrics["steps"] == 7
        assert not {"publish", "threads"} & metrics["config"].keys()
        assert metrics["config"]["out"] == "growth"  # where it lay says nothing elsewhere
        assert read_tables(folder)["losses"].rows == [("5", "1.5")]  # of the metrics as a reader finds them
        published = tmp_path / "docs" / f"growth_{name}"
        assert {path.name for path in published.iterdir()} == {"metrics.json", "tables.json", "figure.webp"}
    assert read_tables(folder)["losses"].text() in capsys.readouterr().out


def test_one_result_goes_by_the_name_of_its_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["growth.py", "--out", str(tmp_path / "bones")])

    def main(config: Config, result: Result) -> None:
        assert result.name == "bones"
        result.substrate("square", {"cells": 4})

    run(main, Config, "Grows.")
    assert json.loads((tmp_path / "bones" / "metrics.json").read_text())["substrates"] == {"square": {"cells": 4}}
    assert not (tmp_path / "bones" / "tables.json").exists()


def test_subjects_may_be_given(tmp_path: Path) -> None:
    seen = []

    def note(subject: Subject, config: Config, result: Result) -> None:
        seen.append((subject.name, result.folder.name))

    config = Config(out=str(tmp_path / "growth"))
    carry_out_each(note, config, subjects=lambda config: [Subject("own", isonca())])
    assert seen == [("own", "own")]


def test_what_cannot_be_measured_is_a_sentence(tmp_path: Path) -> None:
    config = Config(rule=(saved(tmp_path, "dots", texture_nca()),), out=str(tmp_path / "growth"))
    with pytest.raises(SystemExit, match="with a life mask is expected here, and dots has none"):
        carry_out_each(measure, config, subjects="isotropic")
    with pytest.raises(SystemExit, match="no rule is called 'hart'"):
        carry_out_each(measure, Config(rule=("hart",), out=str(tmp_path / "growth")), subjects="isotropic")

    def fails(config: Config, result: Result) -> None:
        raise SubjectError("nothing to see")

    with pytest.raises(SystemExit, match="nothing to see"):
        carry_out(fails, config)
    assert not (tmp_path / "growth").exists()


@pytest.mark.parametrize("below", ["", "results"])
def test_a_file_where_results_should_go_is_said_before_anything_is_measured(tmp_path: Path, below: str) -> None:
    (tmp_path / "growth").touch()
    with pytest.raises(SystemExit, match="'[^']*growth' is a file"):
        carry_out(lambda config, result: pytest.fail("it was measured"), Config(out=str(tmp_path / "growth" / below)))


def test_threads_are_those_asked_for(tmp_path: Path) -> None:
    before = torch.get_num_threads()
    try:
        carry_out(
            lambda config, result: result.record({"n": torch.get_num_threads()}),
            Config(threads=2, out=str(tmp_path / "x")),
        )
        assert json.loads((tmp_path / "x" / "metrics.json").read_text())["n"] == 2
    finally:
        torch.set_num_threads(before)


def test_where_files_lay_is_not_published(tmp_path: Path) -> None:
    written = as_written(Config(rule=(str(tmp_path / "one.json"), "growing-lizard"), out=str(tmp_path / "growth")))
    assert written["rule"] == ["one.json", "growing-lizard"]
    assert written["out"] == "growth"
