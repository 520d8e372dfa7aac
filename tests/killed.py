"""Kills programs at random moments while they train, draw, export and save, and looks at what they leave.

    python tests/killed.py 100                # a few minutes

A job runs in a process of its own, which is killed by SIGKILL somewhere between its beginning and the end that it would
have had. Then every file in its folder must be whole; after the same job has run again, undisturbed, the folder must
hold the files of a run that nobody disturbed, no others, with the same content to the last bit.
"""

import io
import json
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import redirect_stderr, redirect_stdout, suppress
from pathlib import Path

import torch
from PIL import Image

from graphnca import load_rule, save_rule
from graphnca.cli import main
from graphnca.losses import PixelLoss
from graphnca.models import isonca
from graphnca.rasterizers import NearestCell
from graphnca.seeds import point_seed
from graphnca.targets import load_target
from graphnca.training import (
    PoolPolicy,
    Training,
    TrainingConfig,
    World,
    grown_and_still,
    load_checkpoint,
    run_and_save,
)
from topologies import load_topology, save_topology, square_grid, voronoi_mesh

INSIDE, LATE = ", in the middle of a file", ", too late"  # what is counted beside the job
PART = ".part"  # what a killed writer may leave behind until the next one takes it


def train(folder: Path) -> None:
    """A few iterations, each with a checkpoint and a picture of the pool."""
    torch.manual_seed(0)
    grid = square_grid(10, 10)
    loss = PixelLoss(load_target("heart", size=8, padding=1), rasterizer=NearestCell(grid))
    config = TrainingConfig(
        iterations=6, batch_size=2, steps=(2, 4), pool=PoolPolicy(size=4), checkpoint_seconds=0.0, snapshot_every=2
    )
    world = World(grid, point_seed(grid), grown_and_still(loss), loss)
    run_and_save(Training(isonca(), world, config, folder / "run"), "heart", {})


def draw(folder: Path) -> None:
    """A picture and an animation, and a mesh with colours."""
    heart, few = ["grow", "isonca-heart"], ["--size", "12", "--steps", "6"]
    main([*heart, *few, "--scale", "4", "--out", str(folder / "heart")])
    main([*heart, *few, "--substrate", "sphere", "--cells", "200", "--out", str(folder / "ball.glb")])


def export(folder: Path) -> None:
    """A page."""
    main(["export", "isonca-heart", "--size", "12", "--out", str(folder / "heart.html")])


def save(folder: Path) -> None:
    """A substrate and a rule, several times over."""
    for seed in range(3):
        save_topology(voronoi_mesh(10, 10, seed=seed), folder / "mesh.safetensors")
        save_rule(load_rule("growing-lizard"), folder / "rule.safetensors", {"seed": seed})


JOBS: dict[str, Callable[[Path], None]] = {job.__name__: job for job in (train, draw, export, save)}


def started(job: Callable[[Path], None], folder: Path) -> int:
    """The process that does the job. Forked: what is imported here need not be imported again."""
    if child := os.fork():
        return child
    try:
        with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
            job(folder)
    except BaseException as error:
        print(f"{job.__name__}: {error!r}", file=sys.__stderr__, flush=True)
        os._exit(1)
    os._exit(0)


def undisturbed(job: Callable[[Path], None], folder: Path) -> float:
    """Does the job and returns how long it took.

    Raises:
        RuntimeError: If it failed.
    """
    begin = time.monotonic()
    if os.waitpid(started(job, folder), 0)[1]:
        raise RuntimeError(f"{job.__name__} failed")
    return time.monotonic() - begin


def files_of(folder: Path) -> set[str]:
    """All files, by their path in the folder."""
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def whole(path: Path) -> None:
    """Reads a file to its end.

    Raises:
        Exception: If it is not whole.
    """
    content = path.read_bytes()
    if path.suffix == ".safetensors":
        load_topology(path) if path.stem == "mesh" else load_rule(path)
    elif path.suffix == ".pt":
        load_checkpoint(path)
    elif path.suffix in (".png", ".webp"):
        with Image.open(io.BytesIO(content)) as picture:
            for frame in range(getattr(picture, "n_frames", 1)):
                picture.seek(frame)
                picture.load()
    elif path.suffix == ".json":
        json.loads(content)
    elif path.suffix == ".html" and not content.rstrip().endswith(b"</html>"):
        raise ValueError("the page has no end")
    elif path.suffix == ".glb" and int.from_bytes(content[8:12], "little") != len(content):
        raise ValueError("the mesh has another length than it says")


def content_of(folder: Path) -> Mapping[str, object]:
    """What must be the same bits: of what a training leaves, whose files tell the time that it took, the parameters."""
    found: dict[str, object] = {}
    for name in sorted(files_of(folder)):
        path = folder / name
        if not name.startswith("run/"):
            found[name] = path.read_bytes()
        elif path.suffix == ".safetensors":
            rule = load_rule(path).state_dict()
            found[name] = [(key, tensor.numpy().tobytes()) for key, tensor in rule.items()]
        else:
            found[name] = None
    return found


def outcome(name: str, folder: Path, after: float) -> str:
    """Kills a job after so many seconds, looks at what it left, and says what happened.

    Raises:
        Exception: If a file is not whole.
    """
    child = started(JOBS[name], folder)
    time.sleep(after)
    with suppress(ProcessLookupError):
        os.kill(child, signal.SIGKILL)
    killed = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) < 0
    files = files_of(folder)
    for file in files:
        if not file.endswith(PART):
            whole(folder / file)
    inside = any(file.endswith(PART) for file in files)
    return f"{name}{(INSIDE if inside else '') if killed else LATE}"


def kill_at_random(times: int, seed: int = 0, names: tuple[str, ...] = tuple(JOBS)) -> Counter[str]:
    """Kills jobs so many times and counts what happened; a job that was done when it was to be killed is no kill.

    Raises:
        AssertionError: If a file is not whole, or what comes out at last is not what an undisturbed run leaves.
    """
    draws, counts = random.Random(seed), Counter[str]()
    with tempfile.TemporaryDirectory() as place:
        wanted, seconds = {}, {}
        for name in names:
            folder = Path(place, name)
            folder.mkdir()
            seconds[name] = undisturbed(JOBS[name], folder)
            wanted[name] = content_of(folder)
        while (left := times - counts["kills"]) > 0:
            name = draws.choice(names)
            folder = Path(tempfile.mkdtemp(dir=place))
            for _ in range(min(left, draws.randint(1, 3))):
                what = outcome(name, folder, draws.uniform(0.0, seconds[name]))
                counts[what] += 1
                counts["kills"] += not what.endswith(LATE)
            seconds[name] = min(seconds[name], undisturbed(JOBS[name], folder))
            found = content_of(folder)
            if found != wanted[name]:
                differing = {file for file in {*found, *wanted[name]} if found.get(file) != wanted[name].get(file)}
                raise AssertionError(f"{name}, {counts['kills']} kills, seed {seed}: {sorted(differing)} differ")
            print(f"{counts['kills']} of {times} kills, the last of them of {name}: all is as it should be", flush=True)
    return counts


if __name__ == "__main__":
    torch.set_num_threads(1)
    print(json.dumps(kill_at_random(int(sys.argv[1]) if sys.argv[1:] else 20)))
