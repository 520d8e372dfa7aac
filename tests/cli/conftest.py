"""What the tests of the command line share: a small rule, and the command in this process, in an empty folder."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from graphnca import save_rule


class Outcome(NamedTuple):
    """What a command left behind."""

    status: int
    out: str
    err: str


@pytest.fixture
def graphnca(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, as_released: None
) -> Callable[..., Outcome]:
    """Runs the command in an empty folder."""
    from graphnca.cli import main

    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> Outcome:
        capsys.readouterr()
        try:
            status = main(arguments)
        except SystemExit as end:  # argparse ends the process itself
            status = int(end.code or 0)
        return Outcome(status, *capsys.readouterr())

    return run


@pytest.fixture
def small_rule(tmp_path: Path, random_rule) -> Path:
    """A rule that perceives gradients and grows something, in a file."""
    path = tmp_path / "small.safetensors"
    rule = random_rule(8, 8, "sobel", life_mask="pre_post", std=0.05)
    save_rule(rule, path, {"target": "heart", "size": 8, "padding": 4, "substrate": "square torus"})
    return path
