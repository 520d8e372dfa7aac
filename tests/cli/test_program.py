"""The command itself: versions, help, and how errors end it."""

import subprocess
import sys
from importlib.metadata import version

import pytest

from graphnca.cli import program, rules


def test_version(graphnca) -> None:
    assert graphnca("--version") == (0, f"graphnca {version('graphnca')}\n", "")


def test_without_a_verb_it_says_which_there_are(graphnca) -> None:
    outcome = graphnca()
    assert outcome.status == 2 and outcome.out == ""
    assert all(f"{verb} " in outcome.err and words in outcome.err for verb, words in program.VERBS.items())


@pytest.mark.parametrize("verb", program.VERBS)
def test_every_verb_has_help_with_an_example(verb: str, graphnca) -> None:
    outcome = graphnca(verb, "--help")
    assert outcome.status == 0 and f"\n  graphnca {verb} " in outcome.out


@pytest.mark.parametrize("arguments", [["sow"], ["grow"], ["grow", "isonca-heart", "--stepz", "3"]])
def test_bad_usage_is_status_2(arguments: list[str], graphnca) -> None:
    outcome = graphnca(*arguments)
    assert outcome.status == 2 and "usage:" in outcome.err and "Traceback" not in outcome.err


def test_a_failure_is_status_1_and_one_sentence(graphnca, tmp_path) -> None:
    (tmp_path / "broken.safetensors").write_bytes(b"nothing")
    outcome = graphnca("info", "broken.safetensors")
    assert outcome.status == 1 and outcome.out == ""
    assert outcome.err.startswith("graphnca info: broken.safetensors must be a whole safetensors file")


def test_a_traceback_can_be_asked_for(graphnca, tmp_path) -> None:
    (tmp_path / "broken.safetensors").write_bytes(b"nothing")
    with pytest.raises(ValueError, match="whole safetensors file"):
        graphnca("--traceback", "info", "broken.safetensors")


def test_the_keyboard_stops_it_without_a_traceback(graphnca, monkeypatch) -> None:
    def interrupted(given):
        raise KeyboardInterrupt

    monkeypatch.setattr(rules, "run", interrupted)
    outcome = graphnca("rules")
    assert outcome.status == 130 and outcome.err == "\nStopped.\n"


def test_python_can_run_it_as_a_module() -> None:
    done = subprocess.run([sys.executable, "-m", "graphnca", "rules", "nothing"], capture_output=True, text=True)
    assert done.returncode == 2 and "no shipped rule is called 'nothing'" in done.stderr
