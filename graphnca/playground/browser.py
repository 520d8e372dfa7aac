"""The playground's page in a headless Chromium, drawn in software: for its tests, pictures and measurements."""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from PIL import Image
from torch import Tensor
from torch_geometric.data import Data

from ..engine.rollout import rollout
from ..layers import NCAConv, fire_key

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserType, Page, Playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
# WebGL2 without a graphics card; in a container Chromium's own sandbox cannot start.
FLAGS = (
    "--no-sandbox",
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--ignore-gpu-blocklist",
)
TIMEOUT = 90_000  # milliseconds; a machine that does much else is slow
SCREEN = {"viewport": {"width": 1280, "height": 860}}
PHONE = {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 2, "is_mobile": True, "has_touch": True}
# Steps at once, so that the page stays responsive; drawing is not waited for.
GROW = "steps => { for (let k = 0; k < steps; k++) app.organism.step(); app.changed(); }"
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
WITHOUT_GL = ("--no-sandbox", "--disable-gpu", "--disable-3d-apis")

_running: list["Playwright"] = []


def missing() -> str | None:
    """What keeps a page from being opened on this machine, in words; None if nothing does."""
    try:
        import playwright.sync_api  # noqa: F401
    except ImportError:
        return "the Python package playwright is not installed"
    return None if any(map(shutil.which, NAMES)) else f"there is none of {', '.join(NAMES)}"


@contextmanager
def browser(flags: Sequence[str] = FLAGS) -> Iterator["Browser"]:
    """The system's Chromium, closed at the end.

    Raises:
        SystemExit: If it or Playwright is not installed.
    """
    if (reason := missing()) is not None:
        raise SystemExit(f"The page needs Chromium and Playwright, but {reason}.")
    from playwright.sync_api import sync_playwright

    if _running:  # a process can have one Playwright at a time
        with launched(_running[0].chromium, flags) as chromium:
            yield chromium
        return
    with sync_playwright() as playwright:
        _running.append(playwright)
        try:
            with launched(playwright.chromium, flags) as chromium:
                yield chromium
        finally:
            _running.clear()


@contextmanager
def launched(kind: "BrowserType", flags: Sequence[str]) -> Iterator["Browser"]:
    """The system's Chromium with other flags, of a Playwright that runs already."""
    program = next(path for name in NAMES if (path := shutil.which(name)))
    chromium = kind.launch(executable_path=program, args=list(flags))
    try:
        yield chromium
    finally:
        chromium.close()


@contextmanager
def opened(chromium: "Browser", path: Path, settings: str = "", **options: Any) -> Iterator[tuple["Page", list[str]]]:
    """A page that has started, and the errors and warnings of its console as they come.

    Args:
        chromium: The browser.
        path: The page's file.
        settings: What stands behind the # of its address.
        options: Of the browser's context, e.g. `viewport`.
    """
    context = chromium.new_context(**options)
    context.set_default_timeout(TIMEOUT)
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    try:
        page.goto(f"{path.resolve().as_uri()}#{settings}")
        page.evaluate("() => playground.then(({ app }) => { globalThis.app = app; })")
        yield page, complaints
    finally:
        context.close()


def stepped(
    page: "Page", state: Tensor, keys: Sequence[int], *, engine: str, substrate: int = 0, **options: Any
) -> tuple[Tensor, float]:
    """A state after one step for each key in the page, and how many milliseconds the steps took.

    Args:
        page: An open page.
        state: `(N, C)`.
        keys: Of the steps, as `fire_key` draws them.
        engine: `"cpu"` or `"gpu"`.
        substrate: Number of the substrate in the page.
        options: `rule` (its number), `fireRate`, `angle`.
    """
    arguments = {"engine": engine, "substrate": substrate, "state": state.flatten().tolist(), "keys": list(keys)}
    result = page.evaluate("options => playground.then(({ run }) => run(options))", {**arguments, **options})
    return torch.tensor(result["state"]).view_as(state), result["milliseconds"]


def speed(page: "Page", seconds: float) -> dict[str, Any]:
    """Steps and pictures a second when it runs as fast as it can, its engine, the living cells, what draws it."""
    return {**page.evaluate(RATE, seconds), "drawn with": page.evaluate("app.view.name")}


def settle(page: "Page") -> None:
    """Waits until what has changed is drawn."""
    page.wait_for_function("!app.stale")
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")


def picture_of(screenshot: bytes) -> Image.Image:
    """A photograph in RGB."""
    return Image.open(BytesIO(screenshot)).convert("RGB")


def cells_of(page: "Page", side: int = 420) -> Image.Image:
    """A photograph of the cells alone, in so many pixels."""
    settle(page)
    page.mouse.move(2, 2)
    return picture_of(page.locator("#frame").screenshot()).resize((side, side))


def drawn_keys(steps: int, seed: int) -> list[int]:
    """The keys that a rollout of so many steps draws from a generator with a seed."""
    generator = torch.Generator().manual_seed(seed)
    return [int(fire_key(generator)) for _ in range(steps)]


def difference(
    page: "Page", nca: NCAConv, topology: Data, start: Tensor, *, steps: int, seed: int, engine: str, **options: Any
) -> float:
    """The largest difference of any channel of any cell between page and library, after steps with the same masks.

    Args:
        page: An open page that holds rule and topology.
        nca: The rule; its number in the page is the option `rule`.
        topology: The substrate.
        start: `(N, C)`.
        steps: How many.
        seed: Of the steps' keys.
        engine: `"cpu"` or `"gpu"`.
        options: As for `stepped`; `angle` and `fireRate` go to the library too.
    """
    turned = {"angle": options.get("angle"), "fire_rate": options.get("fireRate")}
    with torch.no_grad():
        expected = rollout(nca, start, topology, steps, generator=torch.Generator().manual_seed(seed), **turned)
    found, _ = stepped(page, start, drawn_keys(steps, seed), engine=engine, **options)
    return float((found - expected).abs().max())
