"""Other programs for the same work, where they are installed: CAX (JAX), a dense one."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

from graphnca import rollout
from graphnca.evaluation.timing import in_turns, medians
from graphnca.losses import PixelLoss
from graphnca.rasterizers import NearestCell
from graphnca.results.section import Section, short
from topologies import square_grid

from .config import Config
from .iteration import GRAPH
from .patterns import isonca_pattern, target_for

CAX_SCRIPT = Path(__file__).with_name("cax_iteration.py")


def peers(config: Config) -> Section:
    """One iteration of a network of IsoNCA's size on the squared error of the last state; CAX runs by itself."""
    topology = square_grid(config.side, config.side).to(config.device)
    pattern = isonca_pattern(topology, config)
    loss, raster = PixelLoss(target_for(config)[:4]), NearestCell(topology).to(config.device)

    def on_graph() -> None:
        pattern.rule.zero_grad()
        loss(raster(rollout(pattern.rule, pattern.states, topology, config.steps))[:, :4]).mean().backward()

    seconds, _ = in_turns({GRAPH: on_graph}, config.repeats, device=config.device, title="peers")
    found = {"program": GRAPH, "seconds": seconds[GRAPH]}
    reports, missing = [found], ""
    python = config.cax_python or (sys.executable if importlib.util.find_spec("cax") else "")
    if python:
        command = [python, str(CAX_SCRIPT), str(config.side), str(config.batch), str(config.steps)]
        command += [str(min(config.repeats, 3)), str(config.threads)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode == 0:
            reports.append(json.loads(done.stdout.splitlines()[-1]))
        else:
            words = done.stderr.strip().splitlines() or [f"it ended with status {done.returncode}"]
            missing = f" CAX did not run: {words[-1][:200]}."
    else:
        missing = " CAX is not installed here (`--cax-python` names a Python that has it)."
    times = {report["program"]: medians({"": report["seconds"]})[""] for report in reports}
    rows = [[name, short(value), f"{value / times[GRAPH]:.1f}x"] for name, value in times.items()]
    setting = (
        f"A training iteration of a network 32-192-16, {config.side}x{config.side}, batch {config.batch}, "
        f"{config.steps} steps, squared error of the last state; each program in a process of its own.{missing}"
    )
    return Section("Peers", setting, ["program", "seconds", "to graphnca"], rows, {"reports": reports})
