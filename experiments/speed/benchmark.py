"""How fast and how lean everything is, against the dense programs of `dense_program.py`, in one run.

    python experiments/speed/benchmark.py                           # about twenty minutes on two cores
    python experiments/speed/benchmark.py --only isonca,share       # some of it
    python experiments/speed/benchmark.py --publish                 # and into docs/results/benchmark
    python experiments/speed/benchmark.py --device cuda --publish   # the GPU's two tables

Each measurement is a file of `measurements/`, and its function's docstring says what it times. Programs
that do the same work run in turns in one process, after one unmeasured run each, so that the machine's moods hit all of
them; the tables give medians. Peak memory is measured in a process of its own for each program (Linux).

Writes `benchmark.json`, `benchmark.md` and two plots into `--out`. A Voronoi mesh of a million cells is built last,
once, and kept there; `--large 0` leaves it out.
"""

import argparse
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
from graphnca.drawing import save_image
from graphnca.training import machine

ROOT = Path(__file__).parents[2]
PUBLISHED = ROOT / "docs" / "results" / "benchmark"


def chosen(config: Config) -> list[str]:
    """Names of the measurements to run."""
    names = [name for name in config.only.split(",") if name]
    if unknown := [name for name in names if name not in MEASUREMENTS]:
        raise SystemExit(f"--only: expected names among {', '.join(MEASUREMENTS)}, got {', '.join(unknown)}.")
    if names:
        return names
    if config.device.startswith("cuda"):
        return list(ON_CUDA)
    return [name for name in MEASUREMENTS if name != "wide" and (name != "large_mesh" or config.large)]


def measure(config: Config) -> dict[str, Any]:
    """Runs the measurements, writing the report after each, so that a run that is killed leaves what it has."""
    out = Path(config.out)
    out.mkdir(parents=True, exist_ok=True)
    hardware = machine()
    if config.device.startswith("cuda"):
        hardware = f"{torch.cuda.get_device_name()}, {hardware}"
    report: dict[str, Any] = {
        "begun": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "machine": hardware,
        "config": asdict(config),
        "sections": {},
    }
    for name in chosen(config):
        section = MEASUREMENTS[name](config)
        for file, picture in section.plots.items():
            save_image(out / file, picture)
        entry = {field.name: getattr(section, field.name) for field in fields(Section) if field.name != "plots"}
        entry["claims"] = [asdict(claim) for claim in section.claims]
        report["sections"][name] = entry | {"plots": sorted(section.plots)}
        write_atomically(out / "benchmark.json", (json.dumps(report, indent=1) + "\n").encode())
        write_atomically(out / "benchmark.md", page(report).encode())
        print(as_text(entry), flush=True)
    return report


def page(report: dict[str, Any]) -> str:
    """All tables, one below the other."""
    parts = [f"{report['machine']}; begun {report['begun']}; medians of {report['config']['repeats']}"]
    for section in report["sections"].values():
        parts += [as_text(section)]
    return "\n".join(parts)


def as_text(section: dict[str, Any]) -> str:
    """A section in Markdown, with what it was to show."""
    lines = [f"\n## {section['title']}\n", section["setting"], ""]
    lines += ["| " + " | ".join(line) + " |" for line in (section["header"], ["---"] * len(section["header"]))]
    lines += ["| " + " | ".join(row) + " |" for row in section["rows"]]
    for claim in section["claims"]:
        lines += ["", f"{claim['measure']}: {claim['measured']} (goal: {claim['goal']})"]
    return "\n".join(lines)


def publish(report: dict[str, Any], out: Path, folder: Path = PUBLISHED) -> None:
    """Copies the measurements into the docs, where those of an earlier run that this one left out stay."""
    name = "cuda.json" if report["config"]["device"].startswith("cuda") else "benchmark.json"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    kept = json.loads(path.read_text(encoding="utf-8"))["sections"] if path.exists() else {}
    origin = {"begun": report["begun"], "machine": report["machine"], "repeats": report["config"]["repeats"]}
    fresh = {key: section | origin for key, section in report["sections"].items()}
    merged = {key: fresh.get(key) or kept[key] for key in MEASUREMENTS if key in fresh or key in kept}
    for section in fresh.values():
        for file in section["plots"]:
            write_atomically(folder / file, (out / file).read_bytes())
    write_atomically(path, (json.dumps({"sections": merged}, indent=1) + "\n").encode())


def main() -> None:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    given = QUICK if "--quick" in sys.argv else Config()
    for name, default in vars(given).items():
        kind = (lambda text: text.lower() in ("true", "1", "yes")) if isinstance(default, bool) else type(default)
        parser.add_argument(f"--{name.replace('_', '-')}", type=kind, default=default, help=f"{default!r}")
    parser.add_argument("--quick", action="store_true", help="tiny sizes: does it run?")
    parser.add_argument("--publish", action="store_true", help="copy the results into the docs")
    parser.add_argument("--memory-of", default="", help="COMPARISON/PROGRAM: print its megabytes and end")
    arguments = vars(parser.parse_args())
    _, to_docs, program = (arguments.pop(name) for name in ("quick", "publish", "memory_of"))
    config = Config(**arguments)
    torch.set_num_threads(config.threads)
    if program:
        comparison, _, name = program.partition("/")
        print(megabytes_of(COMPARISONS[comparison](config).programs[name], config.device))
        return
    report = measure(config)
    if to_docs:
        publish(report, Path(config.out))
        subprocess.run([sys.executable, str(ROOT / "docs" / "tables.py")], check=True)


if __name__ == "__main__":
    main()
