"""Programs that do the same work, with the time and the memory each takes."""

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import torch

from graphnca.evaluation.timing import Program, in_turns, medians

from .config import Config

SCRIPT = Path(__file__).parents[1] / "benchmark.py"


@dataclass(frozen=True)
class Comparison:
    """The same work by several programs, the first of which is what the others are compared with."""

    title: str
    work: str
    programs: Mapping[str, Program]
    compiled: tuple[str, ...] = ()
    """Those that `torch.compile` makes; where it cannot, they are left out with its word for it."""


@dataclass(frozen=True)
class Outcome:
    """What each program of a comparison took."""

    comparison: Comparison
    seconds: dict[str, list[float]]
    megabytes: dict[str, float]
    failed: dict[str, str]
    times: dict[str, float] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "times", medians(self.seconds))

    @property
    def base(self) -> str:
        """The program that the others are compared with."""
        return next(iter(self.comparison.programs))

    @property
    def numbers(self) -> dict[str, Any]:
        """As plain data."""
        return {"seconds": self.seconds, "megabytes": self.megabytes, "failed": self.failed}

    @property
    def setting(self) -> str:
        """The work in words, and which programs could not be run."""
        words = [f"`{name}` did not run here ({reason})." for name, reason in self.failed.items()]
        return " ".join([self.comparison.work, *words])

    def faster(self, name: str, than: str | None = None) -> float:
        """How many times faster a program is than another, by default the first."""
        return self.times[than or self.base] / self.times[name]

    def leaner(self, name: str, than: str | None = None) -> float:
        """How much of another program's memory a program takes, by default of the first's."""
        return self.megabytes[name] / self.megabytes[than or self.base]


def compare(name: str, comparison: Comparison, config: Config) -> Outcome:
    """Times the programs in turns in this process, and takes the memory of each in another."""
    seconds, failed = in_turns(
        comparison.programs, config.repeats, device=config.device, title=comparison.title, may_fail=comparison.compiled
    )
    if config.compile and comparison.compiled:
        torch.compiler.reset()
    megabytes = {program: memory_in_a_process(name, program, config) for program in seconds} if config.memory else {}
    return Outcome(comparison, seconds, megabytes, failed)


def memory_in_a_process(name: str, program: str, config: Config) -> float:
    """Megabytes of one program, measured in a process of its own."""
    command = [sys.executable, str(SCRIPT)]
    for option, value in asdict(replace(config, memory_of=f"{name}/{program}", publish=False)).items():
        flag = option.replace("_", "-")
        if isinstance(value, bool):
            command.append(f"--{flag}" if value else f"--no-{flag}")
        elif value != ():
            command += [f"--{flag}", *map(str, value if isinstance(value, tuple) else (value,))]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{name}/{program} could not be measured on its own:\n{done.stderr[-2000:]}")
    return float(done.stdout.split()[-1])
