"""The benchmark runs from end to end at tiny sizes; what it says of time is nobody's business here."""

import json
from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path

import benchmark
import jaxtyping
import pytest
import torch
from measurements import COMPARISONS, MEASUREMENTS, QUICK, Claim, Config, megabytes_of
from measurements.share import PARTS, iteration_of, timed_iteration
from result_tables import join

from graphnca.evaluation.timing import in_turns
from graphnca.results.light_metrics import significant
from graphnca.results.section import at_least, at_most, short
from graphnca.results.table import read_tables


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[dict, Path]]:
    """One run of everything; without the type checks, which take most of the time."""
    out = tmp_path_factory.mktemp("benchmark")
    jaxtyping.config.update("jaxtyping_disable", True)
    report = benchmark.measure(replace(QUICK, only=tuple(MEASUREMENTS), out=str(out)))
    jaxtyping.config.update("jaxtyping_disable", False)
    return report, out


def test_every_measurement_reports_a_table(run: tuple[dict, Path]) -> None:
    metrics, out = run
    assert list(metrics["sections"]) == list(MEASUREMENTS)
    assert json.loads((out / "metrics.json").read_text()) == significant(json.loads(json.dumps(metrics)))
    tables = read_tables(out)
    assert list(tables) == [*MEASUREMENTS, "goals"]
    assert all(table.rows for table in tables.values())
    assert tables["goals"].caption == "One run."
    assert (out / "figure.webp").stat().st_size > 1000


def test_what_was_promised_is_measured(run: tuple[dict, Path]) -> None:
    claims = [claim["measure"] for section in run[0]["sections"].values() for claim in section["claims"]]
    words = ("IsoNCA training", "inference", "Growing", "texture", "hexagons", "network", "gradient", "share", "VGG-16")
    for word in words:
        assert any(word in claim for claim in claims), word
    assert any("lizard on" in claim for claim in claims)  # the large mesh


def test_publishing_keeps_what_was_not_measured_again(
    run: tuple[dict, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    metrics, out = run
    folder = benchmark.publish(metrics, out, tmp_path)
    again = {name: entry | {"begun": "later"} for name, entry in metrics["sections"].items() if name == "share"}
    benchmark.publish({**metrics, "sections": again}, out, tmp_path)
    sections = json.loads((folder / "metrics.json").read_text())["sections"]
    assert list(sections) == list(MEASUREMENTS)
    assert sections["share"]["begun"] == "later"
    assert sections["isonca"]["begun"] == metrics["sections"]["isonca"]["begun"]
    assert read_tables(folder)["goals"].caption == "From 2 runs."
    assert (folder / "figure.webp").exists()
    monkeypatch.setattr(join, "RESULTS", tmp_path)
    assert "| measure | goal | measured | reached |" in join.shown("benchmark/goals")
    assert join.shown("benchmark_cuda/isonca") == join.NOT_MEASURED


def test_only_known_measurements_can_be_asked_for() -> None:
    assert benchmark.chosen(Config(only=("share", "isonca"))) == ["share", "isonca"]
    assert "large_mesh" not in benchmark.chosen(Config(large=0))
    assert benchmark.chosen(Config(device="cuda")) == ["isonca", "wide"]
    with pytest.raises(SystemExit, match="got shares"):
        benchmark.chosen(Config(only=("shares",)))


def test_every_comparison_is_a_measurement_of_that_name() -> None:
    """Memory is measured in another process, which finds the program by these names."""
    assert COMPARISONS.keys() <= MEASUREMENTS.keys()
    comparison = COMPARISONS["long_gradient"](QUICK)
    assert list(comparison.programs) == ["4 steps", "12 steps", "12 steps, a state kept every 4"]


def test_programs_run_in_turns_and_one_that_cannot_is_named() -> None:
    order = []

    def broken() -> None:
        raise RuntimeError("no compiler\nat all")

    programs = {"a": lambda: order.append("a"), "b": broken, "c": lambda: order.append("c")}
    seconds, failed = in_turns(programs, 2, may_fail=("b",))
    assert order == ["a", "c"] * 3
    assert {name: len(values) for name, values in seconds.items()} == {"a": 2, "c": 2}
    assert failed == {"b": "RuntimeError: no compiler"}
    with pytest.raises(RuntimeError, match="no compiler"):
        in_turns({"b": broken}, 1)


def test_another_clock_can_count_the_seconds() -> None:
    ticks = count()
    seconds, _ = in_turns({"a": lambda: None, "b": lambda: next(ticks)}, 2, clock=lambda: float(next(ticks)))
    assert seconds == {"a": [1.0, 1.0], "b": [2.0, 2.0]}


def test_memory_is_that_of_the_program() -> None:
    held = []
    used = megabytes_of(lambda: torch.ones(40, 2**18).sum())  # 40 MB for a moment
    assert 35 < used < 60
    kept = megabytes_of(lambda: held.append(torch.ones(20, 2**18)))  # 20 MB, kept twice
    assert 35 < kept < 60


def test_the_parts_of_an_iteration_are_all_of_it(tmp_path: Path) -> None:
    training = iteration_of(QUICK, str(tmp_path))
    before = [parameter.clone() for parameter in training.rule.parameters()]
    parts = timed_iteration(training)
    assert tuple(parts) == PARTS
    assert all(seconds > 0 for seconds in parts.values())
    assert training.iteration == 1
    assert any(not torch.equal(old, new) for old, new in zip(before, training.rule.parameters(), strict=True))


def test_claims_say_whether_they_hold() -> None:
    assert at_least("m", 15, 20.04, "x faster") == Claim("m", "at least 15x faster", "20.0x faster", True)
    assert not at_least("m", 15, 14.9, "x").met
    assert at_most("m", 1.5, 1.2, "x").met
    assert not at_most("m", 1.5, 1.6, "x").met


@pytest.mark.parametrize(
    ("value", "text"), [(1234.5, "1,234"), (56.78, "56.8"), (3.456, "3.46"), (0.1234, "0.123"), (-2.0, "-2.00")]
)
def test_numbers_have_three_digits(value: float, text: str) -> None:
    assert short(value) == text
