"""The command itself: versions, help, and how errors end it."""

import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from graphnca.cli import memory, program, rules


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


@pytest.mark.parametrize(
    ("arguments", "reported"),
    [
        (["--seed", "99999999999999999999"], "at most 9223372036854775807, got '99999999999999999999'"),
        (["--size", "1000000"], "at most 100000, got '1000000'"),
        (
            ["--size", "100000"],
            "10,000,000,000 cells, and those about 30,000 GB of memory; this machine has 8 GB",
        ),
        (["--scale", "100000"], "--scale 100000 makes 800,000 pixels of 8 units; a picture has at most 16,383"),
        (["--angle", "nan"], "expected a number, got 'nan'"),
        (["--angle", "1e400"], "expected a number, got '1e400'"),
        (["--out", "."], "--out must name a file, and '.' is a folder: NAME writes into it"),
        (["--out", "/"], "--out must name a file, and '/' is a folder: /NAME writes into it"),
        (["--out", "pictures/"], "'pictures/' is a folder: pictures/NAME writes into it"),
        (["--substrate", "text.txt"], "text.txt must hold a PyG Data written by torch.save, but it cannot be read"),
    ],
)
def test_numbers_and_names_that_no_machine_can_do(arguments: list[str], reported: str, graphnca, monkeypatch) -> None:
    monkeypatch.setattr(memory, "memory", lambda: 8 * 10**9)
    Path("text.txt").write_text("hello")
    outcome = graphnca("grow", "isonca-heart", "--steps", "1", "--size", "8", *arguments)
    assert outcome.status in (1, 2) and reported in outcome.err and "Traceback" not in outcome.err, outcome
    assert [path.name for path in Path().iterdir()] == ["text.txt"]


def test_this_machine_has_some_memory() -> None:
    assert memory.memory() is None or 10**8 < memory.memory() < 10**15


@pytest.mark.parametrize(
    "error", [MemoryError("Unable to allocate"), RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried")]
)
def test_what_does_not_fit_into_memory_is_a_sentence(error: Exception, graphnca, monkeypatch) -> None:
    def greedy(given):
        raise error

    monkeypatch.setattr(rules, "run", greedy)
    outcome = graphnca("rules")
    assert outcome.status == 1 and "there is not enough memory for this" in outcome.err


def test_a_fault_of_the_program_keeps_its_traceback(graphnca, monkeypatch) -> None:
    def faulty(given):
        raise RuntimeError("a fault")

    monkeypatch.setattr(rules, "run", faulty)
    with pytest.raises(RuntimeError, match="a fault"):
        graphnca("rules")
