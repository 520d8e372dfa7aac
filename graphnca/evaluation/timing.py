"""Programs that do the same work, timed in turns, so that the machine's moods hit all of them."""

from collections.abc import Callable, Collection, Mapping
from statistics import median
from time import perf_counter
from typing import Any

import torch
from tqdm import tqdm

Program = Callable[[], Any]


def seconds_of(program: Program, device: str = "cpu", clock: Callable[[], float] = perf_counter) -> float:
    """Seconds of one run by the clock (the wall's), to the end of what it left to the device."""
    _finish(device)
    started = clock()
    program()
    _finish(device)
    return clock() - started


def _finish(device: str) -> None:
    if device.startswith("cuda"):
        torch.cuda.synchronize()


def in_turns(
    programs: Mapping[str, Program],
    repeats: int,
    *,
    device: str = "cpu",
    title: str = "",
    may_fail: Collection[str] = (),
    clock: Callable[[], float] = perf_counter,
) -> tuple[dict[str, list[float]], dict[str, str]]:
    """Runs every program once unmeasured, then all of them one after the other, `repeats` times.

    `clock` tells the seconds: the wall's, or `time.process_time`, which other programs on the machine hardly change.

    Returns:
        The seconds of every run by program, and for the programs of `may_fail` that raised, why.
    """
    failed: dict[str, str] = {}
    with tqdm(total=len(programs) * (1 + repeats), desc=title, unit="run", dynamic_ncols=True, disable=None) as bar:
        for name, program in programs.items():
            try:
                program()
            except Exception as error:
                if name not in may_fail:
                    raise
                failed[name] = f"{type(error).__name__}: {str(error).strip().splitlines()[0][:200]}"
            bar.update()
        seconds: dict[str, list[float]] = {name: [] for name in programs if name not in failed}
        for _ in range(repeats):
            for name in seconds:
                seconds[name].append(seconds_of(programs[name], device, clock))
                bar.update()
    return seconds, failed


def medians(seconds: Mapping[str, list[float]]) -> dict[str, float]:
    """The median of each program's runs."""
    return {name: median(values) for name, values in seconds.items()}
