"""A training from its command line."""

from dataclasses import replace
from pathlib import Path

import pytest

from graphnca.results.training import train_from_command_line, trained
from graphnca.rules import describe_rule
from graphnca.training.recipes import RECIPES, IsoNCARecipe
from topologies import sampled_torus

SMALL = ["--target", "heart", "--size", "8", "--padding", "2", "--iterations", "1", "--batch-size", "2"]


def test_what_is_typed_is_trained_and_recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    monkeypatch.setattr("sys.argv", ["training.py", *SMALL, "--substrate", "hex", "voronoi", "--out", str(tmp_path)])
    train_from_command_line(IsoNCARecipe, "A training.", sampled_torus)
    path = tmp_path / "rule.safetensors"
    assert f"The rule is at {path}." in capsys.readouterr().out
    card = describe_rule(path)["card"]
    assert card["trained by"].startswith("python training.py --target heart") and "hex,voronoi" in card["substrate"]


@pytest.mark.parametrize(
    ("words", "message"), [(["--batch-size", "0"], "`batch_size` must lie"), (["--precision", "half"], "`precision`")]
)
def test_what_cannot_be_is_said_without_a_traceback(
    words: list[str], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["training.py", *words])
    with pytest.raises(SystemExit, match=message):
        train_from_command_line(IsoNCARecipe, "A training.", sampled_torus)


@pytest.mark.parametrize("kind", RECIPES.values(), ids=RECIPES)
def test_every_option_is_explained(kind: type, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    monkeypatch.setattr("sys.argv", ["training.py", "--help"])
    with pytest.raises(SystemExit):
        train_from_command_line(kind, "A training.", sampled_torus)
    printed = capsys.readouterr().out
    for option in ("--snapshot-every", "--rate", "--start", "--substrate", "--renew-every"):
        assert option in printed


def test_what_an_experiment_needs_is_trained_once_and_no_other_training_is_taken_for_it(tmp_path: Path) -> None:
    recipe = IsoNCARecipe(target="heart", size=8, padding=2, iterations=2, batch_size=2, out=str(tmp_path / "run"))
    assert trained(recipe, sampled_torus) == tmp_path / "run"
    written = (tmp_path / "run" / "rule.safetensors").stat().st_mtime_ns
    trained(recipe, sampled_torus)
    assert (tmp_path / "run" / "rule.safetensors").stat().st_mtime_ns == written
    for other, said in (
        (replace(recipe, iterations=3), "iterations 2, not 3"),
        (replace(recipe, size=9), "size 8, not 9"),
    ):
        with pytest.raises(SystemExit, match=said):
            trained(other, sampled_torus)
