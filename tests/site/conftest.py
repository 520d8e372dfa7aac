"""The site, built without what takes long or other tests hold: no tutorials, no reference."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from filelock import FileLock

ROOT = Path(__file__).parents[2]
HOOKS = ("mathml", "playground", "gallery", "pages", "theme")
LEFT_OUT = ("hooks", "tables.py", "result_tables", "tutorials", "api")


@pytest.fixture(scope="session")
def site(tmp_path_factory: Any) -> Path:
    """The folder of the site; processes that test side by side build it once."""
    for package in ("material", "latex2mathml"):
        pytest.importorskip(package)
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    folder = shared / "site"
    with FileLock(shared / "site.lock"):
        if not (folder / "index.html").exists():
            config = {
                "INHERIT": str(ROOT / "mkdocs.yml"),
                "docs_dir": str(ROOT / "docs"),
                "site_dir": str(folder),
                "exclude_docs": "\n".join(LEFT_OUT),
                "hooks": [str(ROOT / f"docs/hooks/{name}.py") for name in HOOKS],
                "plugins": ["search"],
            }
            path = shared / "mkdocs.yml"
            path.write_text(yaml.safe_dump(config), encoding="utf-8")
            subprocess.run([sys.executable, "-m", "mkdocs", "build", "--quiet", "-f", path], cwd=ROOT, check=True)
    return folder
