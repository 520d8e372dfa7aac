"""How fast and how lean everything is, against the dense programs of `graphnca.evaluation.dense_program`, in one run.

    python experiments/speed/benchmark.py                           # about twenty minutes on two cores
    python experiments/speed/benchmark.py --only isonca share       # some of it
    python experiments/speed/benchmark.py --publish                 # and into docs/results/benchmark
    python experiments/speed/benchmark.py --device cuda --publish   # the GPU's two tables

Each measurement is a file of `measurements/`, and its function's docstring says what it times. Programs
that do the same work run in turns in one process, after one unmeasured run each, so that the machine's moods hit all of
them; the tables give medians. Peak memory is measured in a process of its own for each program (Linux).

Written to `--out`:
    metrics.json    seconds and megabytes of every run, written after each measurement
    tables.json     a table a measurement, and the goals
    figure.webp     what a step costs as substrate and pattern grow

A Voronoi mesh of a million cells is built last, once, and kept there; `--large 0` leaves it out.
"""

import json
import subprocess
import sys
from dataclasses import asdict, fields
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import torch
from measurements import COMPARISONS, MEASUREMENTS, ON_CUDA, QUICK, Config, Section, megabytes_of

from graphnca.atomic_file import write_atomically
from graphnca.drawing import montage, save_image
from graphnca.results.light_metrics import significant
from graphnca.results.options import from_command_line
from graphnca.results.readable_json import readable_json
from graphnca.results.table import Table, write_tables
from graphnca.training import machine

ROOT = Path(__file__).parents[2]
PUBLISHED = ROOT / "docs" / "results"


def chosen(config: Config) -> list[str]:
    """Names of the measurements to run."""
    if unknown := [name for name in config.only if name not in MEASUREMENTS]:
        raise SystemExit(f"--only: expected names among {', '.join(MEASUREMENTS)}, got {', '.join(unknown)}.")
    if config.only:
        return list(config.only)
    if config.device.startswith("cuda"):
        return list(ON_CUDA)
    return [name for name in MEASUREMENTS if name != "wide" and (name != "large_mesh" or config.large)]


def measure(config: Config) -> dict[str, Any]:
    """Runs the measurements, writing the metrics after each, so that a run that is killed leaves what it has."""
    out = Path(config.out)
    out.mkdir(parents=True, exist_ok=True)
    hardware = machine()
    if config.device.startswith("cuda"):
        hardware = f"{torch.cuda.get_device_name()}, {hardware}"
    begun = datetime.now(timezone.utc).isoformat(timespec="seconds")
    origin = {"begun": begun, "machine": hardware, "repeats": config.repeats}
    metrics: dict[str, Any] = {"config": asdict(config), "sections": {}}
    for name in chosen(config):
        section = MEASUREMENTS[name](config)
        if section.plots:
            save_image(out / "figure.webp", montage(section.plots, columns=len(section.plots), pad=6))
        entry = {field.name: getattr(section, field.name) for field in fields(Section) if field.name != "plots"}
        metrics["sections"][name] = entry | {"claims": [asdict(claim) for claim in section.claims]} | origin
        write(out, metrics)
        print(f"\n{section.title}\n{tables(metrics)[name].text()}", flush=True)
    return metrics


def tables(metrics: dict[str, Any]) -> dict[str, Table]:
    """One table a measurement, and what the library is to reach beside what it reached."""
    sections = metrics["sections"]
    found = {
        name: Table(
            section["header"],
            section["rows"],
            f"{section['setting']} {section['machine']}; medians of {section['repeats']}.",
        )
        for name, section in sections.items()
    }
    claims = [claim for section in sections.values() for claim in section["claims"]]
    rows = [[claim["measure"], claim["goal"], claim["measured"], "yes" if claim["met"] else "no"] for claim in claims]
    runs = len({section["begun"] for section in sections.values()})
    caption = "One run." if runs == 1 else f"From {runs} runs."
    return found | {"goals": Table(["measure", "goal", "measured", "reached"], rows, caption)}


def write(folder: Path, metrics: dict[str, Any]) -> None:
    """The metrics and their tables."""
    write_atomically(folder / "metrics.json", (readable_json(significant(metrics)) + "\n").encode())
    write_tables(folder, tables(metrics))


def publish(metrics: dict[str, Any], out: Path, results: Path = PUBLISHED) -> Path:
    """Copies the measurements into the docs, where those of an earlier run that this one left out stay."""
    folder = results / ("benchmark_cuda" if metrics["config"]["device"].startswith("cuda") else "benchmark")
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "metrics.json"
    kept = json.loads(path.read_text(encoding="utf-8"))["sections"] if path.exists() else {}
    both = kept | metrics["sections"]
    write(folder, {**metrics, "sections": {name: both[name] for name in MEASUREMENTS if name in both}})
    if "scaling" in metrics["sections"]:
        write_atomically(folder / "figure.webp", (out / "figure.webp").read_bytes())
    return folder


def main(config: Config) -> None:
    """Measures, or tells another process of this script the memory of one program."""
    torch.set_num_threads(config.threads)
    if config.memory_of:
        comparison, _, name = config.memory_of.partition("/")
        print(megabytes_of(COMPARISONS[comparison](config).programs[name], config.device))
        return
    metrics = measure(config)
    if config.publish:
        publish(metrics, Path(config.out))
        subprocess.run([sys.executable, str(ROOT / "docs" / "tables.py")], check=True)


if __name__ == "__main__":
    main(from_command_line(Config, __doc__, default=QUICK if "--quick" in sys.argv else Config()))
