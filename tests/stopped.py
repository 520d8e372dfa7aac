"""Stops `graphnca train` at random moments by kill -9, ctrl-c, SIGTERM and SIGHUP, and has the same command go on.

    python tests/stopped.py 50                # a few minutes

A training of a small picture runs in a process of its own and gets a random signal somewhere between its beginning and
its end, again and again until it ends by itself. After every stop its files must be whole, and after any signal but
kill -9 the checkpoint must hold every iteration that was made. At last the rule and all of the checkpoint, optimiser,
pool, random numbers and every loss, must be those of a training that nobody stopped, to the last bit.
"""

import io
import json
import mmap
import os
import random
import signal
import struct
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout, suppress
from pathlib import Path
from typing import Any

import torch
from killed import PART, files_of, whole

from graphnca import load_rule
from graphnca.cli import main, recipes
from graphnca.training import Training, load_checkpoint

COMMAND = ("train", "heart", "--size", "6", "--iterations", "40", "--batch-size", "4", "--threads", "1", "--out")
SECONDS = 0.1  # between two checkpoints, so that there are some
SIGNALS = {signal.SIGKILL: "kill -9", signal.SIGINT: "ctrl-c", signal.SIGTERM: "SIGTERM", signal.SIGHUP: "SIGHUP"}
CLOCK = "seconds"  # of a checkpoint: how long it took, which is never the same
LOST = "iterations lost by kill -9"


def started(folder: Path, reached: mmap.mmap) -> int:
    """The process that trains, and notes the iteration that it has reached."""
    if child := os.fork():
        return child
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a process in the background ignores it, and so does a
    for number in (signal.SIGTERM, signal.SIGHUP):  # training then; the others `nohup` may have set
        signal.signal(number, signal.SIG_DFL)
    step = Training.step

    def counted(training: Training) -> Any:
        outcome = step(training)
        reached[:] = struct.pack("q", training.iteration)
        return outcome

    Training.step, recipes.CHECKPOINTS = counted, SECONDS
    try:
        with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()) as said:
            status = main([*COMMAND, str(folder)])
        if status == 1:
            print(said.getvalue(), file=sys.__stderr__, flush=True)
        os._exit(status)
    except BaseException as error:
        print(repr(error), file=sys.__stderr__, flush=True)
        os._exit(1)


def saved(folder: Path) -> int:
    """The iteration of the checkpoint."""
    path = folder / "checkpoint.pt"
    return load_checkpoint(path)["iteration"] if path.exists() else 0


def bits(value: Any) -> Any:
    """Anything in a checkpoint as what can be compared, bit by bit, but for the clock's numbers."""
    if isinstance(value, torch.Tensor):
        return str(value.dtype), tuple(value.shape), value.numpy().tobytes()
    if isinstance(value, Mapping):
        return {key: bits(part) for key, part in value.items() if key != CLOCK}
    return [bits(part) for part in value] if isinstance(value, Sequence) and not isinstance(value, str) else value


def left(folder: Path) -> dict[str, Any]:
    """What must be the same: the rule, all of the checkpoint, and which files there are."""
    rule = bits(load_rule(folder / "rule.safetensors").state_dict())
    return {"rule": rule, "checkpoint": bits(load_checkpoint(folder / "checkpoint.pt")), "files": files_of(folder)}


def stopped(folder: Path, number: signal.Signals, after: float, reached: mmap.mmap, counts: Counter[str]) -> bool:
    """Starts a training, sends it a signal, looks at what it left, and says whether that stopped it.

    Raises:
        AssertionError: If it failed, or iterations were lost that must not be.
        Exception: If a file is not whole.
    """
    reached[:] = struct.pack("q", saved(folder) if folder.exists() else 0)
    child = started(folder, reached)
    time.sleep(after)
    with suppress(ProcessLookupError):
        os.kill(child, number)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if status not in (0, -number, 128 + number):
        raise AssertionError(f"{SIGNALS[number]}: the training ended with status {status}")
    for file in files_of(folder) if folder.exists() else ():
        if not file.endswith(PART):
            whole(folder / file)
    lost = struct.unpack("q", reached[:])[0] - (saved(folder) if folder.exists() else 0)
    if lost and number != signal.SIGKILL:
        raise AssertionError(f"{SIGNALS[number]}: {lost} iterations are lost")
    counts[SIGNALS[number]] += status != 0
    counts[LOST] += lost
    return status != 0


def stop_at_random(times: int, seed: int = 0) -> Counter[str]:
    """Stops trainings so many times and counts by what; a signal that came when all was done is none.

    Raises:
        AssertionError: If something is lost, or another training comes out than one that nobody stopped.
    """
    draws, counts, reached = random.Random(seed), Counter[str](), mmap.mmap(-1, struct.calcsize("q"))
    with tempfile.TemporaryDirectory() as place:
        begin = time.monotonic()
        os.waitpid(started(Path(place, "whole"), reached), 0)
        seconds, wanted = time.monotonic() - begin, left(Path(place, "whole"))
        while counts["stops"] < times:
            folder = Path(place, str(counts["trainings"]))
            while counts["stops"] < times:
                if not stopped(folder, draws.choice(list(SIGNALS)), draws.uniform(0.0, seconds), reached, counts):
                    break
                counts["stops"] += 1
            os.waitpid(started(folder, reached), 0)
            found = left(folder)
            if different := [name for name in wanted if found[name] != wanted[name]]:
                raise AssertionError(f"{counts['stops']} stops, seed {seed}: {', '.join(different)} differ")
            counts["trainings"] += 1
            print(f"{counts['stops']} of {times} stops, {counts['trainings']} trainings: the same bits", flush=True)
    return counts


if __name__ == "__main__":
    torch.set_num_threads(1)
    print(json.dumps(stop_at_random(int(sys.argv[1]) if sys.argv[1:] else 20)))
