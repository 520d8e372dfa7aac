"""Where a result goes: pictures and `metrics.json` in a folder, and with `--publish` into the documentation."""

import json
import shlex
import shutil
import sys
from pathlib import Path
from typing import Any

from ..atomic_file import write_atomically
from ..training import machine


def project_folder() -> Path | None:
    """The folder above the `experiments` in which the running script lies; None for a script that lies elsewhere."""
    script = Path(sys.argv[0]).resolve()
    return next((folder.parent for folder in script.parents if folder.name == "experiments"), None)


def published_folder() -> Path:
    """Where results are published: `docs/results` beside the folder `experiments` of the running script.

    Raises:
        SystemExit: The script lies in no such folder.
    """
    project = project_folder()
    if project is None:
        raise SystemExit(f"--publish: expected a script in a folder `experiments`, got {sys.argv[0]!r}.")
    return project / "docs" / "results"


def command() -> str:
    """The command line of this process, as one would type it in the project's folder.

    An absolute path is cut to its name: where a file lay on the machine of the run says nothing anywhere else.
    """
    arguments = [Path(word).name if Path(word).is_absolute() else word for word in sys.argv[1:]]
    project, script = project_folder(), Path(sys.argv[0])
    shown = str(script.resolve().relative_to(project)) if project else script.name
    return shlex.join(["python", shown, *arguments])


def write_metrics(out: str | Path, metrics: dict[str, Any]) -> None:
    """Writes `metrics.json`, headed by the command and the machine; NaN and infinity are refused."""
    content = {"command": command(), "machine": machine(), **metrics}
    write_atomically(Path(out) / "metrics.json", (json.dumps(content, indent=2, allow_nan=False) + "\n").encode())


def publish(out: str | Path, name: str) -> Path:
    """Copies `metrics.json` and the pictures of a result into `docs/results/NAME`, in place of what was there."""
    folder = published_folder() / name
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    for path in sorted(Path(out).iterdir()):
        if path.suffix in (".json", ".png", ".gif", ".webp"):
            shutil.copyfile(path, folder / path.name)
    return folder
