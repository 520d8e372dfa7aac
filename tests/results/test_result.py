"""Where results go."""

import json
from pathlib import Path

import pytest
from PIL import Image

from graphnca.results import result as report


def test_metrics_are_headed_by_how_they_came_about(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report.sys, "argv", ["/somewhere/experiments/result.py", "--runs", "2"])
    report.write_metrics(tmp_path, {"loss": 1.5})
    metrics = json.loads((tmp_path / "metrics.json").read_text())
    assert list(metrics) == ["command", "machine", "loss"]
    assert metrics["command"] == "python experiments/result.py --runs 2"
    assert "torch" in metrics["machine"]


def test_a_command_does_not_show_where_files_lay(monkeypatch: pytest.MonkeyPatch) -> None:
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
    for name in ("metrics.json", "tables.json", "close_up.webp", "checkpoint.pt"):
        (out / name).write_text(name)
    (tmp_path / "docs" / "growth").mkdir(parents=True)
    (tmp_path / "docs" / "growth" / "old.png").write_text("old")
    folder = report.publish(out, "growth")
    assert sorted(path.name for path in folder.iterdir()) == ["metrics.json", "tables.json"]


def test_a_result_is_a_folder_with_all_that_was_put_into_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    result = report.Result("growth", tmp_path / "growth")
    assert not result.folder.exists()  # nothing is made of a run that fails
    for name in result.progress(["square", "hex"]):
        result.substrate(name, {"cells": 4})
    result.record({"goal": 1.5})
    result.table("cells", ["substrate", "cells"], [["square", 4]], caption="Of one run.")
    result.figure(Image.new("RGB", (60, 40)), Image.new("RGB", (50, 30)))
    result.picture("more.webp", Image.new("RGB", (9, 9)))
    result.animation([Image.new("RGB", (40, 40), colour) for colour in ("red", "blue")], fps=5)
    result.finish()
    names = {"metrics.json", "tables.json", "figure.webp", "more.webp", "animation.webp"}
    assert {path.name for path in result.folder.iterdir()} == names
    metrics = json.loads((result.folder / "metrics.json").read_text())
    assert metrics["substrates"] == {"square": {"cells": 4}, "hex": {"cells": 4}} and metrics["goal"] == 1.5
    with Image.open(result.folder / "figure.webp") as figure:
        assert figure.size == (60 + 16, 40 + 30 + 24)
    printed = capsys.readouterr().out
    assert "Of one run." in printed and str(result.folder) in printed


def test_published_pictures_are_light_copies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report, "published_folder", lambda: tmp_path / "docs")
    noise = Image.effect_noise((600, 600), 90).convert("RGB")
    result = report.Result("noise", tmp_path / "out")
    result.figure(noise)
    result.animation([noise, noise.rotate(90)], fps=5)
    result.finish(publish_too=True)
    for name in ("figure.webp", "animation.webp"):
        light = tmp_path / "docs" / "noise" / name
        assert light.stat().st_size < (tmp_path / "out" / name).stat().st_size
        with Image.open(light) as picture:
            assert 300 < picture.width <= 600


def test_a_script_publishes_beside_its_folder_of_experiments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report.sys, "argv", [str(tmp_path / "experiments" / "textures" / "damage.py"), "--runs", "2"])
    assert report.published_folder() == tmp_path / "docs" / "results"
    assert report.command() == "python experiments/textures/damage.py --runs 2"
    monkeypatch.setattr(report.sys, "argv", [str(tmp_path / "damage.py")])
    with pytest.raises(SystemExit, match="--publish: expected a script in a folder `experiments`"):
        report.published_folder()
