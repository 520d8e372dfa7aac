"""What the home page of the site weighs, when its lizard is first seen, and how long the site takes to build.

    python experiments/playground/home.py                    # builds the site, tutorials and all: some minutes
    python experiments/playground/home.py --site site        # measures one that is built already

Serves the site on this machine, uncompressed, and opens its home in the system's Chromium (headless, drawn in
software). Counted is all that is sent until nothing more is asked for. The goals: 1.5 MB, a picture within 2 s, a build
within 3 minutes, on two cores that do nothing else. Expect half a megabyte, most of it the lizard and the theme.

Written to `--out`:
    metrics.json    bytes by file, seconds to the first picture and of the build, the load of the machine meanwhile
    tables.json     the same
"""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from time import perf_counter
from typing import Any
from urllib.parse import urlsplit

from graphnca.playground.browser import SCREEN, TIMEOUT, browser
from graphnca.results.options import Options
from graphnca.results.result import Result
from graphnca.results.run import run
from graphnca.results.table import Table

BYTES, FIRST, BUILD = 1.5e6, 2.0, 180  # the goals: bytes and seconds
LIZARD = ".living iframe"
QUIET = 1000  # milliseconds without another file, after which all are there
DRAWN = "() => globalThis.playground?.then(({ app }) => app.frames > 0)"
# Seconds from the asking for the home to the lizard's first picture: the frame has a clock of its own.
SINCE = """async (start) => {
    const { app } = await playground;
    return (performance.timeOrigin - start + app.firstPicture) / 1000;
}"""


@dataclass(frozen=True, kw_only=True)
class Config(Options):
    """What the command line can change."""

    site: str = ""
    """A site that is built already; empty: it is built, in `--out`, and that is timed."""
    out: str = "out/home"


class Quiet(SimpleHTTPRequestHandler):
    """Serves files and says nothing."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Nothing."""


@contextmanager
def served(site: Path) -> Iterator[str]:
    """The address under which a folder is served."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(site)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()


def built(site: Path) -> dict[str, float]:
    """Builds the site into a folder; the seconds that it took, and those of the processor, whatever else it did."""
    started, before = perf_counter(), os.times()
    subprocess.run([sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", site], check=True)
    after = os.times()
    spent = after.children_user - before.children_user + after.children_system - before.children_system
    return {"seconds": perf_counter() - started, "of the processor": spent}


def measured(site: Path) -> dict[str, Any]:
    """Bytes by file, and seconds to the first picture."""
    sizes: dict[str, int] = {}
    with browser() as chromium, served(site) as address:
        screen: Any = SCREEN
        page: Any = chromium.new_page(**screen)
        page.set_default_timeout(TIMEOUT)

        def note(request: Any) -> None:
            if request.url.startswith(address):  # what the page makes for itself is not sent
                sizes[urlsplit(request.url).path] = request.sizes()["responseBodySize"]

        page.on("requestfinished", note)
        page.goto(address, wait_until="commit")
        frame = page.wait_for_selector(LIZARD).content_frame()
        frame.wait_for_function(DRAWN)
        seconds = frame.evaluate(SINCE, page.evaluate("performance.timeOrigin"))
        page.wait_for_load_state("load")
        seen = -1
        while seen < len(sizes):  # a frame that lives may keep the network from ever being called idle
            seen = len(sizes)
            page.wait_for_timeout(QUIET)
        page.close()
    files = dict(sorted(sizes.items(), key=lambda entry: -entry[1]))
    return {"bytes": sum(files.values()), "files": files, "first picture": seconds}


def main(config: Config, result: Result) -> None:
    """Builds the site if it must, and opens its home."""
    result.record({"load": round(os.getloadavg()[0], 2)})
    site = Path(config.site or result.folder / "site").resolve()
    if not config.site:
        result.record({"build": built(site)})
    elif not (site / "index.html").is_file():
        raise SystemExit(f"--site: expected the folder of a site that is built, got {config.site!r}.")
    result.record(measured(site))


def tables(metrics: dict[str, Any]) -> dict[str, Table]:
    """Bytes and seconds, beside the goals."""
    largest, size = next(iter(metrics["files"].items()))
    rows = [
        ["bytes", f"{metrics['bytes'] / 1e6:.2f} MB", f"at most {BYTES / 1e6:.1f} MB"],
        [f"the largest file, `{largest}`", f"{size / 1e6:.2f} MB", ""],
        ["first picture", f"{metrics['first picture']:.1f} s", f"within {FIRST:.0f} s"],
        ["load of the two cores before", f"{metrics['load']:.1f}", ""],
    ]
    if "build" in metrics:
        seconds = [f"{metrics['build'][key]:.0f} s" for key in ("seconds", "of the processor")]
        rows.insert(3, ["building the whole site", f"{seconds[0]}, {seconds[1]} of the processor", f"within {BUILD} s"])
    return {"home": Table(["home page", "found", "goal on two free cores"], rows)}


if __name__ == "__main__":
    run(main, Config, __doc__, tables=tables)
