"""Where results go."""

import json
from pathlib import Path

import pytest

from graphnca.results import result as report


def test_metrics_are_headed_by_how_they_came_about(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report.sys, "argv", ["/somewhere/experiments/result.py", "--runs", "2"])
    report.write_metrics(tmp_path, {"loss": 1.5})
    metrics = json.loads((tmp_path / "metrics.json").read_text())
    assert list(metrics) == ["command", "machine", "loss"]
    assert metrics["command"] == "python experiments/result.py --runs 2"
    assert "torch" in metrics["machine"]


def test_a_command_does_not_tell_where_files_lay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        report.sys, "argv", ["/a/experiments/result.py", "--weights", "/home/me/weights.h5", "--rule", "runs/a/rule"]
    )
    assert report.command() == "python experiments/result.py --weights weights.h5 --rule runs/a/rule"


def test_metrics_must_be_numbers(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="JSON"):
        report.write_metrics(tmp_path, {"loss": float("nan")})
    assert not list(tmp_path.iterdir())


def test_publishing_replaces_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report, "published_folder", lambda: tmp_path / "docs")
    out = tmp_path / "out"
    out.mkdir()
    for name in ("metrics.json", "figure.png", "checkpoint.pt"):
        (out / name).write_text(name)
    (tmp_path / "docs" / "growth").mkdir(parents=True)
    (tmp_path / "docs" / "growth" / "old.png").write_text("old")
    folder = report.publish(out, "growth")
    assert sorted(path.name for path in folder.iterdir()) == ["figure.png", "metrics.json"]
