"""What every test shares: run-time type checks, one thread, substrates to hold laws on, the conformance files.

The packages are imported only after the hook is in place, so their jaxtyping annotations are checked by beartype here
and nowhere else.
"""

import base64
import io
import json
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import jaxtyping
import numpy as np
import pytest
import torch
from jaxtyping import install_import_hook
from PIL import Image
from torch_geometric.data import Data

# With the numeric tower of PEP 484: an int is a fine float.
TYPE_CHECKER = "beartype.beartype(conf=beartype.BeartypeConf(is_pep484_tower=True))"
install_import_hook(["graphnca", "topologies"], TYPE_CHECKER)

torch.set_num_threads(1)  # the tests' tensors are small, and sums then come in one order

CONFORMANCE = Path(__file__).parents[2] / "shared" / "conformance"  # beside the checkout, never inside it

KINDS = import_module("topologies").KINDS  # after the hook
SUBSTRATES = tuple(f"{kind}{domain}" for kind in KINDS for domain in ("", "_open"))


def build_substrate(name: str) -> Data:
    """Return a small substrate: about 150 cells, enough for every cell kind (interior, seam, border) to occur."""
    return KINDS[name.removesuffix("_open")].make(12, 14, periodic=not name.endswith("_open"), seed=3)


SLOW = (  # folders and files of this one, of which most tests take seconds
    "cli/test_grow.py",
    "cli/test_train.py",
    "engine/test_compiler.py",
    "engine/test_record.py",
    "engine/test_threads.py",
    "engine/test_without_waiting.py",
    "evaluation/test_tracking.py",
    "experiments",
    "features/test_frozen_graph.py",
    "layers/arithmetic/test_fixed_point.py",
    "layers/test_compile.py",
    "net",
    "playground",
    "results/test_light.py",
    "results/test_result.py",
    "site/test_in_a_browser.py",
    "test_documentation.py",
    "test_killed.py",
    "test_new_filter.py",
    "test_processes.py",
    "test_published_textures.py",
    "test_rollout.py",
    "test_surfaces.py",
    "topologies/surfaces/test_frames.py",
    "topologies/surfaces/test_from_mesh.py",
    "topologies/surfaces/test_perceived.py",
    "training/recipes",
    "training/test_distributed.py",
)


def is_slow(path: Path) -> bool:
    """Whether a file's tests are not among the fast ones."""
    here = path.relative_to(Path(__file__).parent)
    return any(here.is_relative_to(slow) for slow in SLOW)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """With `-m fast`, files of slow tests are not even imported."""
    below = Path(__file__).parent in collection_path.parents
    return True if config.option.markexpr == "fast" and below and is_slow(collection_path) else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every test that is not slow is fast."""
    for item in items:
        if item.get_closest_marker("slow") is None:
            item.add_marker("slow" if is_slow(item.path) else "fast")


@pytest.fixture
def unrounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Surfaces are built in float64 and stay so: for laws that hold before rounding to float32."""
    build, put_stencil = import_module("topologies.surfaces.build"), import_module("topologies.operators").put_stencil
    monkeypatch.setattr(build, "finished", lambda data, see: put_stencil(data, *see(data)))


@pytest.fixture(scope="session")
def substrates() -> dict[str, Data]:
    """All small substrates by name. Shared: clone one before changing it."""
    return {name: build_substrate(name) for name in SUBSTRATES}


@pytest.fixture(params=SUBSTRATES)
def topology(request: pytest.FixtureRequest, substrates: dict[str, Data]) -> Data:
    """Each small substrate in turn: torus and bounded domain of squares, hexagons and Voronoi cells."""
    return substrates[request.param].clone()


@pytest.fixture(params=[name for name in SUBSTRATES if not name.endswith("_open")])
def torus(request: pytest.FixtureRequest, substrates: dict[str, Data]) -> Data:
    """Each closed substrate in turn."""
    return substrates[request.param].clone()


@pytest.fixture(scope="session")
def conformance() -> Path:
    """The folder with the published lizard; the test is skipped where the checkout stands alone."""
    if not CONFORMANCE.is_dir():
        pytest.skip(f"no conformance files at {CONFORMANCE}")
    return CONFORMANCE


@pytest.fixture
def as_released() -> Iterator[None]:
    """Without the run-time type checks of the tests, so that the library's own errors are met."""
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)


@pytest.fixture(scope="session")
def write_atlas() -> Callable[..., Path]:
    """Writes two textures of 4 channels and 8 hidden units, random ones, in the format of the published demo."""

    def write(path: Path, names: tuple[str, str] = ("first", "second"), *, strength: float = 0.1) -> Path:
        rng = np.random.default_rng(0)
        layers = []
        for rows, outputs, size in ((17, 8, 0.5), (9, 4, strength)):
            models = [number * size * rng.normal(size=(rows, outputs)) for number in (1, 2)]
            scale = 2 * max(np.abs(model).max() for model in models)
            data = np.concatenate([np.clip(np.round(model / scale * 255 + 127), 0, 255) for model in models], axis=1)
            file = io.BytesIO()
            Image.fromarray(data.astype(np.uint8).reshape(rows, -1, 4)).save(file, "PNG")
            text = base64.b64encode(file.getvalue()).decode()
            layers.append({"scale": scale, "data": text, "shape": [rows, outputs], "layout": [2, 1]})
        path.write_text(json.dumps({"model_names": names, "layers": layers}))
        return path

    return write


@pytest.fixture
def random_rule() -> Callable[..., Any]:
    """Makes an `NCAConv` whose output layer, zero in an untrained rule, is small and random: patterns move and grow."""

    def make(*args: Any, std: float = 0.04, seed: int = 0, **options: Any) -> Any:
        from graphnca.layers import NCAConv  # after the hook

        state = torch.get_rng_state()
        torch.manual_seed(seed)
        rule = NCAConv(*args, **options)
        for parameter in rule.update_rule.output.parameters():
            torch.nn.init.normal_(parameter, std=std)
        torch.set_rng_state(state)
        return rule

    return make
