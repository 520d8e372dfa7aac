"""The large substrate, small: every stage, every file it promises."""

import json
from pathlib import Path

import pytest
from million_cells import Config, main
from PIL import Image

from graphnca.models import isonca
from graphnca.rules import save_rule
from topologies import check_topology, load_topology


def test_every_stage_runs_and_is_written_down(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    main(Config(cells=1000, steps=40, out=str(out)))
    metrics = json.loads((out / "metrics.json").read_text())
    assert metrics["cells"] == pytest.approx(1000, rel=0.05)
    assert metrics["living cells"] > 20
    assert list(metrics["stages"]) == ["build", "check", "save", "load", "first steps", "growth", "drawing"]
    assert all(entry["seconds"] >= 0 and entry["peak megabytes"] > 0 for entry in metrics["stages"].values())
    check_topology(load_topology(out / "mesh.safetensors"))
    with Image.open(out / "lizard.png") as picture:
        assert min(picture.size) > 14 * 12  # the margins alone
    assert f"{metrics['cells']:,} cells" in capsys.readouterr().out


def test_a_saved_mesh_is_used_again_and_a_dead_substrate_is_drawn(tmp_path: Path) -> None:
    save_rule(isonca(life_mask="post", alive_threshold=1e6), tmp_path / "rule.safetensors", {"origin": "a test"})
    main(Config(cells=300, steps=1, out=str(tmp_path / "one")))
    mesh = str(tmp_path / "one" / "mesh.safetensors")
    main(Config(rule=str(tmp_path / "rule.safetensors"), steps=2, mesh=mesh, out=str(tmp_path / "two")))
    metrics = json.loads((tmp_path / "two" / "metrics.json").read_text())
    assert next(iter(metrics["stages"])) == "load first"
    assert metrics["living cells"] == 0
    assert (tmp_path / "two" / "lizard.png").is_file()
    assert (tmp_path / "two" / "mesh.safetensors").read_bytes() == Path(mesh).read_bytes()
