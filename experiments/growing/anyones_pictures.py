"""Twelve pictures that nothing was tuned on, each trained by `graphnca train PICTURE` as a newcomer would.

    python experiments/growing/anyones_pictures.py                            # thirty minutes each: six hours
    python experiments/growing/anyones_pictures.py --minutes 15 --threads 1   # a fourth of that work
    python experiments/growing/anyones_pictures.py --picture owl --minutes 10

Six emoji (drawn from Noto Color Emoji, none of those that are shipped), three icons and three photographs made by code
(`anyones_icons.py`). Pictures and seed were fixed before the first run. Every picture is trained by the same command in
a process of its own; one that was stopped goes on, and one that is done is not trained again: the same command resumes.

Expect a recognisable picture of most, by the verdict of the command itself: at most a tenth of an empty substrate's
squared error at step 500, in one body. Minutes are the clock's, so on a machine with other work fewer iterations fit
into them: the table says how many there were.

Beside what is written, `--out`/pictures has the pictures as files and `--out`/runs the folders of the trainings.

Written to `--out`:
    figure.webp     every picture, and what its rule has grown at step 500
    metrics.json    every verdict
    tables.json     a row a picture
"""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from anyones_icons import DRAWN
from PIL import Image

from graphnca.drawing import montage, to_picture
from graphnca.evaluation.named import read_subject
from graphnca.evaluation.scores import raster
from graphnca.evaluation.subject import Subject
from graphnca.evaluation.verdict import BODIES, GROWN, LONG, RECOGNISABLE, RUN_SEED
from graphnca.results.options import Options
from graphnca.results.result import Result
from graphnca.results.run import run
from graphnca.results.table import Table
from topologies import square_grid

EMOJI = Path(__file__).with_name("anyones_emoji")
PICTURES = (*sorted(path.stem for path in EMOJI.glob("*.png")), *DRAWN)
SCALE = 3  # pixels a unit


@dataclass(frozen=True, kw_only=True)
class Config(Options):
    """What the command line can change."""

    picture: tuple[str, ...] = PICTURES
    """Which of the twelve."""
    minutes: float = 30.0
    """Of each training."""
    seed: int = 0
    """Of each training."""
    size: int = 0
    """Pixels of each picture's longer side; 0: as the command chooses."""
    out: str = "out/anyones_pictures"


def saved(name: str, folder: Path) -> Path:
    """One of the pictures, in a file."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.png"
    image = DRAWN[name]() if name in DRAWN else Image.open(EMOJI / f"{name}.png")
    image.save(path)
    return path


def trained(name: str, config: Config) -> Subject:
    """The rule of a picture, trained where it is not yet.

    Raises:
        SystemExit: The training failed; what it said stands above.
    """
    folder = Path(config.out) / "runs" / name
    rule = folder / "rule.safetensors"
    if not rule.is_file() or "verdict" not in read_subject(str(rule)).card:
        options = [f"--minutes={config.minutes}", f"--seed={config.seed}", f"--out={folder}"]
        options += [f"--threads={config.threads}"] * bool(config.threads) + [f"--size={config.size}"] * bool(
            config.size
        )
        picture = saved(name, Path(config.out) / "pictures")
        done = subprocess.run([sys.executable, "-m", "graphnca", "train", str(picture), *options], check=False)
        if done.returncode:
            raise SystemExit(f"the training of {name} ended with status {done.returncode}; the same command goes on.")
    return read_subject(str(rule))


def main(config: Config, result: Result) -> None:
    """Trains, and gathers the verdicts."""
    unknown = [name for name in config.picture if name not in PICTURES]
    if unknown:
        raise SystemExit(f"--picture: expected some of {', '.join(PICTURES)}, got {', '.join(unknown)}.")
    found: dict[str, Any] = {}
    tiles, captions = [], []
    for name in result.progress(config.picture, "picture"):
        subject = trained(name, config)
        card, target = subject.card, subject.target
        found[name] = {
            "iterations": card["iterations"],
            "planned": card["configuration"]["iterations"],
            "minutes": round(60 * card["hours"], 1),
            "recognised": card.get("recognised", {}).get("minutes"),
            "ended early": card.get("ended early", ""),
            **card["verdict"],
        }
        grid = square_grid(*target.shape[-2:])
        state = subject.grow(grid, 1, (GROWN,), RUN_SEED)[GROWN][0]
        tiles += [to_picture(image, scale=SCALE) for image in (target, raster(grid, *target.shape[-2:])(state[:, :4]))]
        captions += [name, f"{found[name]['error']:.1%} of empty: {found[name]['word']}"]
        result.record({"pictures": found})
    result.figure(montage(tiles, captions=captions, columns=min(6, len(tiles)), pad=6))


def tables(metrics: Any) -> dict[str, Table]:
    """A row a picture."""
    rows = [
        [
            name,
            f"{one['iterations']:,} of {one['planned']:,}",
            f"{one['minutes']:g}",
            "" if one["recognised"] is None else f"{one['recognised']:g}",
            f"{one['error']:.1%}",
            f"{one[f'error at {LONG}']:.1%}",
            f"{one['error after a half']:.1%}",
            one["word"] + ", two-headed" * one["two-headed"],
        ]
        for name, one in metrics["pictures"].items()
    ]
    header = [
        "picture",
        "iterations",
        "minutes",
        "recognised after",
        f"error at {GROWN}",
        f"at {LONG:,}",
        "after a half",
        "verdict",
    ]
    words = [one["word"] for one in metrics["pictures"].values()]
    known = sum(word in ("good", "recognisable") for word in words)
    soon = [one["recognised"] for one in metrics["pictures"].values() if one["recognised"] is not None]
    first = f", the median of those that ever were after {median(soon):g} minutes" if soon else ""
    lasting = sum(
        one[f"error at {LONG}"] <= RECOGNISABLE and max(fates, key=fates.__getitem__) in BODIES
        for one in metrics["pictures"].values()
        for fates in [one[f"fates at {LONG}"]]
    )
    caption = (
        f"{len(words)} of the {len(PICTURES)} pictures were trained; {known} are recognisable{first}, {lasting} still "
        f"at step {LONG:,}. Errors are shares of an empty substrate's."
    )
    return {"pictures": Table(header, rows, caption)}


if __name__ == "__main__":
    run(main, Config, __doc__, tables=tables)
