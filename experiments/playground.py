"""The playground measured and photographed: the same rule as the library's, fast enough, and what it looks like.

    python experiments/playground.py                       # some minutes on two cores
    python experiments/playground.py --rule growing-lizard --only match     # or speed, or pictures

Exports one page with a rule on squares, hexagons and a Voronoi mesh of about 5,184 cells each, opens it in the system's
Chromium (headless, drawn in software by SwiftShader, so that no graphics card is needed), and

    match       steps a grown pattern 100 times with the same firing masks in the page and in the library, on each
                kind of cells, on both engines: the largest difference of any channel of any cell. Expect about 1e-6.
    speed       steps as fast as it can with the pattern grown, drawing every frame: with the engine that the page
                chooses for itself, with each of the two drawn with WebGL2, and in a browser without it. Expect the CPU
                and the plain canvas to be the faster ones in software.
    pictures    wipes half of the pattern away with the mouse and waits, on each kind of cells

Written to `--out`:
    page.png        the page as it opens on a screen
    healing.png     before, wiped, recovered: rows are squares, hexagons, Voronoi cells
    phone.png       the page on a phone, light and dark
    looks.png       close up, a channel, the principal components of the hidden channels
    metrics.json    size of the file, differences, speeds and the load of the machine while they were measured
"""

import json
import os
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from PIL import Image
from protocol.browser import FLAGS, WITHOUT_GL, browser, difference, opened
from torch_geometric.data import Data

from graphnca import load_rule, rollout
from graphnca.playground import export_page
from graphnca.results.options import from_command_line
from graphnca.results.result import publish, write_metrics
from graphnca.rules import describe_rule, starting_state
from topologies import substrate_of_cells
from topologies.kinds import CELLS

if TYPE_CHECKING:
    from playwright.sync_api import Page

ENGINES = ("cpu", "gpu")
PARTS = ("match", "speed", "pictures")
SCREEN = {"viewport": {"width": 1280, "height": 860}}
PHONE = {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 2, "is_mobile": True, "has_touch": True}
GAP = 10  # pixels between pictures that stand together
# Steps at once, so that the page stays responsive; drawing is not waited for.
GROW = """steps => { for (let k = 0; k < steps; k++) app.organism.step(); app.changed(); }"""
RATE = """async (seconds) => {
    app.controls.speed = SPEED_MOST; app.running = true;
    const frame = () => new Promise(requestAnimationFrame);
    await frame(); await frame();
    const start = performance.now(), before = app.organism.steps, frames = app.frames;
    while (performance.now() - start < 1000 * seconds) await frame();
    const passed = (performance.now() - start) / 1000;
    app.running = false;
    return { steps: (app.organism.steps - before) / passed, frames: (app.frames - frames) / passed,
             engine: app.organism.engine.name, living: app.organism.engine.numLiving };
}""".replace("SPEED_MOST", "8")


@dataclass(frozen=True)
class Config:
    """What the command line can change."""

    rule: str = "isonca-lizard-any"
    """A shipped rule or a .safetensors file, which is exported, compared and timed."""
    pictured: str = "growing-lizard"
    """The rule in the pictures: one that grows back from its half."""
    cells: int = CELLS
    """Cells of each sheet, about."""
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
    out: str = "out/playground"
    """Folder for the results."""
    publish: bool = False
    """Also copy them into docs/results."""


def substrates(config: Config) -> dict[str, Data]:
    """The three sheets by the names that the page shows."""
    return {
        "Squares": substrate_of_cells("square", config.cells),
        "Hexagons": substrate_of_cells("hex", config.cells),
        "Voronoi": substrate_of_cells("voronoi", config.cells, seed=config.seed),
    }


def matches(path: Path, topologies: dict[str, Data], config: Config) -> dict[str, Any]:
    """The largest difference between page and library, by cells and engine."""
    rule, card = load_rule(config.rule), describe_rule(config.rule)["card"]
    found: dict[str, Any] = {}
    with browser() as chromium, opened(chromium, path, "engine=cpu&paused=1") as (page, _):
        for number, (name, topology) in enumerate(topologies.items()):
            with torch.no_grad():
                generator = torch.Generator().manual_seed(config.seed)
                start = rollout(
                    rule, starting_state(rule, topology, card), topology, config.grown // 4, generator=generator
                )
            found[name] = {
                engine: difference(
                    page, rule, topology, start, steps=config.steps, seed=config.seed, engine=engine, substrate=number
                )
                for engine in ENGINES
            }
            print(f"{name:10}" + "".join(f"{engine:>6} {value:8.1e}" for engine, value in found[name].items()))
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
            found[name] = {**page.evaluate(RATE, config.seconds), "load": [round(before, 2)]}
            timings = page.evaluate("[...app.organism.timings.values()][0] ?? null")
            if timings:
                found[name]["milliseconds of a step when it opened"] = timings
            found[name]["drawn with"] = page.evaluate("app.view.name")
        print(
            f"{name:15} {found[name]['steps']:6.1f} steps/s, {found[name]['frames']:5.1f} pictures/s, load {before:.1f}"
        )
    return found


def pictures(path: Path, topologies: dict[str, Data], config: Config, out: Path) -> dict[str, Any]:
    """Photographs the page; returns how many cells lived before, after the wipe, and when it had healed."""
    living: dict[str, Any] = {}
    with browser() as chromium:
        with opened(chromium, path, f"engine=cpu&paused=1&draw=webgl&seed={config.seed}", **SCREEN) as (page, _):
            rows = []
            for name in topologies:
                page.get_by_role("radio", name=name).check(force=True)
                page.evaluate("seed => { app.organism.reset(seed); }", config.seed)
                page.evaluate(GROW, config.grown)
                shots = [sheet(page)]
                if not rows:
                    page.screenshot(path=str(out / "page.png"))
                counts = [page.evaluate("app.organism.engine.numLiving")]
                wipe(page)
                shots.append(sheet(page))
                counts.append(page.evaluate("app.organism.engine.numLiving"))
                page.evaluate(GROW, config.healed)
                shots.append(sheet(page))
                counts.append(page.evaluate("app.organism.engine.numLiving"))
                rows.append(beside(shots))
                living[name] = dict(zip(("before", "wiped", "recovered"), counts, strict=True))
            below(rows).save(out / "healing.png")
            page.evaluate("app.camera.zoomAt(app.organism.substrate, 100, 100, 0.5, 0.5, 4); app.redraw()")
            looks = [sheet(page)]
            page.evaluate("app.placeSubstrate(); app.setShow('4')")
            looks.append(sheet(page))
            page.evaluate("app.setShow('hidden')")
            looks.append(sheet(page))
            beside(looks).save(out / "looks.png")
        phones = []
        for theme in ("light", "dark"):
            settings = f"engine=cpu&paused=1&draw=webgl&seed={config.seed}&cells=Hexagons&theme={theme}"
            with opened(chromium, path, settings, **PHONE) as (page, _):
                page.evaluate(GROW, config.grown)
                settle(page)
                phones.append(page.screenshot(path=str(out / f"phone_{theme}.png")))
        beside([Image.open(out / f"phone_{theme}.png").convert("RGB") for theme in ("light", "dark")]).save(
            out / "phone.png"
        )
        for theme in ("light", "dark"):
            (out / f"phone_{theme}.png").unlink()
    for name in ("page", "healing", "phone", "looks"):
        compressed(out / f"{name}.png")
    return living


def settle(page: "Page") -> None:
    """Waits until what has changed is drawn."""
    page.wait_for_function("!app.stale")
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")


def sheet(page: "Page") -> Image.Image:
    """The sheet of cells alone."""
    from io import BytesIO

    settle(page)
    page.mouse.move(2, 2)
    return Image.open(BytesIO(page.locator("#frame").screenshot())).convert("RGB").resize((420, 420))


def wipe(page: "Page") -> None:
    """Strokes of the eraser over the right half of the sheet, with the mouse."""
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


def beside(images: list[Image.Image]) -> Image.Image:
    """Pictures of equal height in a row."""
    width = sum(image.width for image in images) + GAP * (len(images) - 1)
    row = Image.new("RGB", (width, images[0].height), "white")
    for k, image in enumerate(images):
        row.paste(image, (sum(other.width + GAP for other in images[:k]), 0))
    return row


def below(images: list[Image.Image]) -> Image.Image:
    """Pictures of equal width in a column."""
    column = Image.new("RGB", (images[0].width, sum(image.height + GAP for image in images) - GAP), "white")
    for k, image in enumerate(images):
        column.paste(image, (0, sum(other.height + GAP for other in images[:k])))
    return column


def compressed(path: Path) -> None:
    """Rewrites a picture with 256 colours."""
    with Image.open(path) as image:
        small = image.convert("RGB").quantize(256, dither=Image.Dither.NONE)
    small.save(path, optimize=True)


def main(config: Config) -> None:
    """Exports the page, then does what is asked for."""
    if unknown := sorted(set(config.only) - set(PARTS)):
        raise SystemExit(f"--only: expected some of {', '.join(PARTS)}, got {', '.join(unknown)}.")
    torch.set_num_threads(1)
    out = Path(config.out)
    out.mkdir(parents=True, exist_ok=True)
    topologies = substrates(config)
    start = time.perf_counter()
    path = export_page([config.rule], topologies, out / "page.html")
    print(f"{path}: {path.stat().st_size / 1e6:.2f} MB, written in {time.perf_counter() - start:.1f} s")
    before = out / "metrics.json"
    earlier = json.loads(before.read_text()) if before.exists() and set(config.only) != set(PARTS) else {}
    metrics: dict[str, Any] = {
        **{key: earlier[key] for key in ("match", "speed", "pictured", "living cells") if key in earlier},
        "rule": config.rule,
        "configuration": asdict(config),
        "bytes": path.stat().st_size,
        "cells": {name: len(topology["pos"]) for name, topology in topologies.items()},
    }
    with browser() as chromium:
        metrics["browser"] = f"Chromium {chromium.version}, headless, SwiftShader"
    if "match" in config.only:
        metrics["match"] = matches(path, topologies, config)
    if "speed" in config.only:
        metrics["speed"] = speeds(path, config)
    if "pictures" in config.only:
        shown = export_page([config.pictured], topologies, out / "pictured.html")
        metrics["pictured"] = config.pictured
        metrics["living cells"] = pictures(shown, topologies, config, out)
    write_metrics(out, metrics)
    if config.publish:
        publish(out, "playground")


if __name__ == "__main__":
    main(from_command_line(Config, __doc__))
