"""The library attacked at length: what its tests do in small, done often, and counted.

Rollouts of random rules on random graphs, each engine against the layer's own steps, in value and gradient; wrong
values for every argument of every public function; programs killed by SIGKILL at random moments; `graphnca train`
stopped by four signals; rollouts in other processes and threads; many rollouts on changing substrates. Each is a script
in `tests/`, in a process of its own.

    python experiments/attacks.py               # a quarter of an hour

Expected: nothing found. A script that finds something ends the experiment with what it says.

Written to `--out`:
    metrics.json    every count
    tables.json     how much was tried, and what was found
"""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from graphnca.results.options import Options
from graphnca.results.result import Result
from graphnca.results.run import run
from graphnca.results.table import Table

TESTS = Path(__file__).parents[1] / "tests"


@dataclass(frozen=True, kw_only=True)
class Config(Options):
    """What the command line can change."""

    attacks: tuple[str, ...] = ("graphs", "arguments", "kills", "stops", "processes", "rollouts")
    """Which of them."""
    graphs: int = 5000
    """Random graphs with a rule and a state each."""
    kills: int = 100
    """Programs killed while they train, draw, export and save."""
    stops: int = 50
    """Trainings stopped by kill -9, ctrl-c, SIGTERM and SIGHUP."""
    rollouts: int = 2000
    """On substrates that are each another."""
    out: str = "out/attacks"


SCRIPTS = {
    "graphs": "engine/test_any_graph.py",
    "arguments": "test_wrong_arguments.py",
    "kills": "killed.py",
    "stops": "stopped.py",
    "processes": "processes.py",
    "rollouts": "many_rollouts.py",
}
"""Each is told the configuration's number of its name, if there is one, and prints what it has counted at last."""


def counted(name: str, config: Config) -> dict[str, Any]:
    """What an attack has counted.

    Raises:
        SystemExit: If it ended with an error.
    """
    number = getattr(config, name, None)
    command = [sys.executable, "-u", str(TESTS / SCRIPTS[name]), *([] if number is None else [str(number)])]
    last = ""
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        for last in process.stdout or ():
            print(last, end="", flush=True)
    if process.returncode:
        raise SystemExit(f"{SCRIPTS[name]} has found something.")
    return json.loads(last)


def main(config: Config, result: Result) -> None:
    """One attack after the other."""
    result.record({"found": {name: counted(name, config) for name in config.attacks}})


def tables(metrics: dict[str, Any]) -> dict[str, Table]:
    """What was tried, and what was found."""
    rows = [ROWS[name](counts) for name, counts in metrics["found"].items()]
    return {"attacks": Table(["attack", "tried", "found"], rows)}


def _of_graphs(counts: dict[str, Any]) -> list[str]:
    rollouts = ", ".join(f"{number:,} `{name}`" for name, number in counts["rollouts"].items())
    return [
        "random graphs, rules and states against the layer's steps, in value and gradient",
        f"{counts['cases']:,} cases; rollouts: {rollouts}",
        f"{len(counts['counterexamples'])} that differ",
    ]


def _of_arguments(counts: dict[str, Any]) -> list[str]:
    raw = len(counts["errors from inside"])
    return [
        "wrong values for every argument of every public function",
        f"{counts['clear'] + counts['accepted'] + raw:,} for {counts['arguments']} arguments of "
        f"{counts['functions']} functions",
        f"{raw} errors from inside; {counts['clear']:,} named the argument, {counts['accepted']:,} values would do",
    ]


def _of_kills(counts: dict[str, int]) -> list[str]:
    inside = sum(number for name, number in counts.items() if name.endswith("in the middle of a file"))
    late = sum(number for name, number in counts.items() if name.endswith("too late"))
    return [
        "SIGKILL at a random moment of training, pictures, pages, rules and substrates",
        f"{counts['kills']} kills, {inside} of them in the middle of a file; {late} came too late",
        "0 files that are not whole, 0 left behind, 0 other bits after the next run",
    ]


def _of_stops(counts: dict[str, int]) -> list[str]:
    signals = ", ".join(f"{counts.get(name, 0)} {name}" for name in ("kill -9", "ctrl-c", "SIGTERM", "SIGHUP"))
    lost = counts.get("iterations lost by kill -9", 0)
    return [
        "`graphnca train` stopped at a random moment, and the same command again",
        f"{signals}, in {counts['trainings']} trainings",
        f"0 other bits at the end; 0 iterations lost but by kill -9 ({lost} in all)",
    ]


def _of_processes(outcomes: dict[str, str]) -> list[str]:
    wrong = sum(outcome != "the same bits" for outcome in outcomes.values())
    return ["rollouts elsewhere, after rollouts on two threads here", ", ".join(outcomes), f"{wrong} with other bits"]


def _of_rollouts(counts: dict[str, int]) -> list[str]:
    more = counts["bytes more"] / 2**20
    return [
        "rollouts on substrates that are each another",
        f"{counts['rollouts']:,}",
        f"{max(0.0, more):.1f} MB more memory than after a quarter of them",
    ]


ROWS: dict[str, Callable[[Any], list[str]]] = {
    "graphs": _of_graphs,
    "arguments": _of_arguments,
    "kills": _of_kills,
    "stops": _of_stops,
    "processes": _of_processes,
    "rollouts": _of_rollouts,
}


if __name__ == "__main__":
    run(main, Config, __doc__, tables=tables)
