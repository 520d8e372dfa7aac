"""The playground measured and photographed: the same rule as the library's, fast enough, and what it looks like.

    python experiments/playground/page.py                  # some minutes on two cores
    python experiments/playground/page.py --rule growing-lizard --only match     # or speed, or pictures

Exports one page with a rule on squares, hexagons and a Voronoi mesh of about 5,184 cells each, opens it in the system's
Chromium (headless, drawn in software by SwiftShader, so that no graphics card is needed), and

    match       steps a grown pattern 100 times with the same firing masks in the page and in the library, on each
                kind of cells, on both engines: the largest difference of any channel of any cell. Expect about 1e-6.
    speed       steps as fast as it can with the pattern grown, drawing every frame: with the engine that the page
                chooses for itself, with each of the two drawn with WebGL2, and in a browser without it. Expect the CPU
                and the plain canvas to be the faster ones in software.
    pictures    wipes half of the pattern away with the mouse and waits, on each kind of cells

Written to `--out`:
    figure.webp     before, wiped, recovered: rows are squares, hexagons, Voronoi cells; below it close up, a channel,
                    the principal components of the hidden channels
    screen.webp     the page as it opens on a screen
    phone.webp      the page on a phone, light and dark
    page.html, pictured.html  the two pages
    metrics.json    size of the file, differences, speeds and the load of the machine while they were measured
    tables.json     the same
"""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from PIL import Image
from torch_geometric.data import Data

from graphnca import rollout
from graphnca.drawing import montage
from graphnca.evaluation.named import read_subject
from graphnca.playground import export_page
from graphnca.playground.browser import (
    FLAGS,
    GROW,
    PHONE,
    SCREEN,
    WITHOUT_GL,
    browser,
    cells_of,
    difference,
    opened,
    picture_of,
    settle,
    speed,
)
from graphnca.results.options import Options
from graphnca.results.result import METRICS, Result
from graphnca.results.run import run
from graphnca.results.table import Table
from topologies import substrate_of_cells

if TYPE_CHECKING:
    from playwright.sync_api import Page

ENGINES = ("cpu", "gpu")
PARTS = ("match", "speed", "pictures")
LARGEST = 1.5e6  # bytes of a page with one rule on three substrates of 72x72 cells
GOALS = {"as it opens": 30, "without WebGL2": 10}  # steps a second on two cores, drawn in software
WAYS = {
    "as it opens": "as it opens",
    "cpu": "on the CPU, drawn with WebGL2",
    "gpu": "on the GPU, drawn with WebGL2",
    "without WebGL2": "in a browser without WebGL2",
}


@dataclass(frozen=True, kw_only=True)
class Config(Options):
    """What the command line can change."""

    rule: str = "isonca-lizard-any"
    """A shipped rule or a .safetensors file, which is exported, compared and timed."""
    pictured: str = "growing-lizard"
    """The rule in the pictures: one that grows back from its half."""
    cells: int = 5184
    """Cells of each substrate, about."""
    only: tuple[str, ...] = PARTS
    """What is done; the numbers of the other parts are kept."""
    steps: int = 100
    """Steps of the comparison."""
    grown: int = 300
    """Steps before anything is measured or wiped."""
    healed: int = 400
    """Steps after the wipe."""
    seconds: float = 5.0
    """Length of each measurement of speed."""
    seed: int = 1000
    """Of mesh and runs."""
    threads: int = 1
    out: str = "out/playground"


def substrates(config: Config) -> dict[str, Data]:
    """The three substrates by the names that the page shows."""
    return {
        "Squares": substrate_of_cells("square", config.cells),
        "Hexagons": substrate_of_cells("hex", config.cells),
        "Voronoi": substrate_of_cells("voronoi", config.cells, seed=config.seed),
    }


def matches(path: Path, topologies: dict[str, Data], config: Config) -> dict[str, Any]:
    """The largest difference between page and library, by cells and engine."""
    subject = read_subject(config.rule)
    found: dict[str, Any] = {}
    with browser() as chromium, opened(chromium, path, "engine=cpu&paused=1") as (page, _):
        for number, (name, topology) in enumerate(topologies.items()):
            with torch.no_grad():
                generator = torch.Generator().manual_seed(config.seed)
                start = rollout(subject.rule, subject.seed(topology), topology, config.grown // 4, generator=generator)
            how = {"steps": config.steps, "seed": config.seed, "substrate": number}
            found[name] = {
                engine: difference(page, subject.rule, topology, start, engine=engine, **how) for engine in ENGINES
            }
    return {"steps": config.steps, "largest difference": found}


def speeds(path: Path, config: Config) -> dict[str, Any]:
    """Steps and pictures a second of the grown pattern, as the page chooses and with each engine."""
    found: dict[str, Any] = {}
    for name, settings, flags in (
        ("as it opens", "paused=1", FLAGS),
        ("cpu", "engine=cpu&paused=1&draw=webgl", FLAGS),
        ("gpu", "engine=gpu&paused=1&draw=webgl", FLAGS),
        ("without WebGL2", "paused=1", WITHOUT_GL),
    ):
        with browser(flags) as chromium, opened(chromium, path, settings, **SCREEN) as (page, _):
            page.evaluate(GROW, config.grown)
            before = os.getloadavg()[0]
            found[name] = {**speed(page, config.seconds), "load": [round(before, 2)]}
            timings = page.evaluate("[...app.organism.timings.values()][0] ?? null")
            if timings:
                found[name]["milliseconds of a step when it opened"] = timings
    return found


def pictures(path: Path, topologies: dict[str, Data], config: Config) -> tuple[dict[str, Any], dict[str, Image.Image]]:
    """How many cells lived before the wipe, after it, and when it had healed; and photographs of the page."""
    living: dict[str, Any] = {}
    shots: dict[str, Image.Image] = {}
    healing, phones = [], []
    with browser() as chromium:
        with opened(chromium, path, f"engine=cpu&paused=1&draw=webgl&seed={config.seed}", **SCREEN) as (page, _):
            for name in topologies:
                page.get_by_role("radio", name=name).check(force=True)
                page.evaluate("seed => { app.organism.reset(seed); }", config.seed)
                counts = []
                for act in (
                    lambda: page.evaluate(GROW, config.grown),
                    lambda: wipe(page),
                    lambda: page.evaluate(GROW, config.healed),
                ):
                    act()
                    healing.append(cells_of(page))
                    shots.setdefault("page", picture_of(page.screenshot()))
                    counts.append(page.evaluate("app.organism.engine.numLiving"))
                living[name] = dict(zip(("before", "wiped", "recovered"), counts, strict=True))
            looks = []
            for look in (
                "app.camera.zoomAt(app.organism.substrate, 100, 100, 0.5, 0.5, 4); app.redraw()",
                "app.placeSubstrate(); app.setShow('4')",
                "app.setShow('hidden')",
            ):
                page.evaluate(look)
                looks.append(cells_of(page))
        for theme in ("light", "dark"):
            settings = f"engine=cpu&paused=1&draw=webgl&seed={config.seed}&cells=Hexagons&theme={theme}"
            with opened(chromium, path, settings, **PHONE) as (page, _):
                page.evaluate(GROW, config.grown)
                settle(page)
                phones.append(picture_of(page.screenshot()))
    words = [f"{name}: {word}" for name in topologies for word in ("before", "wiped", "recovered")]
    shots["healing"] = montage(healing, captions=words, columns=3, pad=6)
    shots["looks"] = montage(looks, captions=["close up", "a channel", "principal components"], pad=6)
    return living, {**shots, "phone": montage(phones, pad=6)}


def wipe(page: "Page") -> None:
    """Strokes of the eraser over the right half of the cells, with the mouse."""
    box = page.locator("#canvas").bounding_box()
    assert box is not None
    strokes = 9
    page.evaluate("app.controls.brushes.erase = 5")
    page.get_by_role("radio", name="Erase").check(force=True)
    for k in range(strokes):
        x = box["x"] + box["width"] * (0.53 + 0.45 * k / (strokes - 1))
        page.mouse.move(x, box["y"] + 4)
        page.mouse.down()
        page.mouse.move(x, box["y"] + box["height"] - 4)
        page.mouse.up()


def main(config: Config, result: Result) -> None:
    """Exports the page, then does what is asked for."""
    if unknown := sorted(set(config.only) - set(PARTS)):
        raise SystemExit(f"--only: expected some of {', '.join(PARTS)}, got {', '.join(unknown)}.")
    topologies = substrates(config)
    result.folder.mkdir(parents=True, exist_ok=True)
    path = export_page([config.rule], topologies, result.folder / "page.html")
    before = result.folder / METRICS
    if before.exists() and set(config.only) != set(PARTS):
        earlier = json.loads(before.read_text(encoding="utf-8"))
        result.record({key: earlier[key] for key in ("match", "speed", "pictured", "living cells") if key in earlier})
    cells = {name: len(topology["pos"]) for name, topology in topologies.items()}
    result.record({"rule": config.rule, "bytes": path.stat().st_size, "cells": cells})
    with browser() as chromium:
        result.record({"browser": f"Chromium {chromium.version}, headless, SwiftShader"})
    if "match" in config.only:
        result.record({"match": matches(path, topologies, config)})
    if "speed" in config.only:
        result.record({"speed": speeds(path, config)})
    if "pictures" in config.only:
        shown = export_page([config.pictured], topologies, result.folder / "pictured.html")
        living, shots = pictures(shown, topologies, config)
        result.record({"pictured": config.pictured, "living cells": living})
        result.figure(shots["healing"], shots["looks"])
        result.picture("screen.webp", shots["page"])
        result.picture("phone.webp", shots["phone"])


def tables(metrics: dict[str, Any]) -> dict[str, Table]:
    """Size, differences from the library, steps a second, living cells."""
    cells = ", ".join(f"{count:,} {name}" for name, count in metrics["cells"].items())
    size = [f"`{metrics['rule']}`", cells, f"{metrics['bytes'] / 1e6:.2f} MB", f"below {LARGEST / 1e6:.1f} MB"]
    made = {"size": Table(["page of", "on", "size", "goal"], [size])}
    if "match" in metrics:
        found = metrics["match"]["largest difference"]
        rows = [[name, *(f"{entry[engine]:.1e}" for engine in ENGINES)] for name, entry in found.items()]
        made["match"] = Table([f"after {metrics['match']['steps']} steps", "CPU", "GPU (WebGL2)"], rows)
    if "speed" in metrics:
        rows = []
        for way, words in WAYS.items():
            entry = metrics["speed"][way]
            goal = f"at least {GOALS[way]}" if way in GOALS else ""
            numbers = [f"{entry['steps']:.0f}", goal, f"{entry['frames']:.0f}", f"{entry['load'][0]:.1f}"]
            rows.append([words, entry["engine"], *numbers])
        header = ["page", "engine", "steps a second", "goal", "pictures a second", "load of the two cores"]
        made["speed"] = Table(header, rows)
    if "living cells" in metrics:
        rows = [[name, *row.values()] for name, row in metrics["living cells"].items()]
        made["wiped"] = Table(["living cells", "before", "wiped", "recovered"], rows)
    return made


if __name__ == "__main__":
    run(main, Config, __doc__, tables=tables)
