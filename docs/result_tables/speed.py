"""Speed and memory, from the benchmark."""

import json
from functools import partial
from typing import Any

from result_tables.markdown import NOT_MEASURED, ROOT, Tables, table

MEASUREMENTS = (
    "isonca",
    "inference",
    "growing",
    "texture",
    "substrates",
    "network",
    "long_gradient",
    "share",
    "texture_loss",
    "scaling",
    "peers",
    "large_mesh",
)
"""The sections of a run of the benchmark on the CPU, in the order of docs/speed.md."""


def measurements(file: str = "benchmark.json") -> dict[str, Any]:
    """The sections of the benchmark's last published run, by name."""
    path = ROOT / "docs/results/benchmark" / file
    return json.loads(path.read_text(encoding="utf-8"))["sections"] if path.exists() else {}


def benchmark(name: str = "isonca", file: str = "benchmark.json") -> str:
    """One section of the benchmark: what was measured on what, and its table."""
    section = measurements(file).get(name)
    if section is None:
        return NOT_MEASURED
    setting = f"{section['setting']} {section['machine']}; medians of {section['repeats']}."
    return "\n".join([setting, "", table(section["header"], section["rows"])])


def goals() -> str:
    """What the library is to reach, beside what it reached."""
    sections = [measurements().get(name, {}) for name in MEASUREMENTS] + list(measurements("cuda.json").values())
    claims = [claim for section in sections for claim in section.get("claims", [])]
    rows = [[claim["measure"], claim["goal"], claim["measured"], "yes" if claim["met"] else "no"] for claim in claims]
    runs = {section["begun"] for section in sections if section}
    words = "One run." if len(runs) == 1 else f"From {len(runs)} runs."
    return "\n".join([words, "", table(["measure", "goal", "measured", "reached"], rows)])


TABLES: Tables = {
    "benchmark": benchmark,
    "goals": goals,
    **{f"speed_{name}": partial(benchmark, name) for name in MEASUREMENTS},
    **{f"speed_cuda_{name}": partial(benchmark, name, "cuda.json") for name in ("isonca", "wide")},
}
