"""The large substrate, small: every stage is timed, and a saved mesh serves again."""

import json
from pathlib import Path

import pytest
from million_cells import Config, main, tables

from graphnca.models import isonca
from graphnca.results.run import carry_out
from graphnca.rules import save_rule
from topologies import check_topology, load_topology


def test_every_stage_is_written_down_and_in_the_table(tmp_path: Path) -> None:
    carry_out(main, Config(cells=1000, steps=40, seeds=3, out=str(tmp_path)))
    metrics = json.loads((tmp_path / "metrics.json").read_text())
    assert metrics["cells"] == pytest.approx(1000, rel=0.05)
    assert metrics["living cells"] > 20
    assert list(metrics["stages"]) == ["build", "check", "save", "load", "first steps", "growth", "drawing"]
    assert all(entry["seconds"] >= 0 and entry["peak megabytes"] > 0 for entry in metrics["stages"].values())
    check_topology(load_topology(tmp_path / "mesh.safetensors"))
    assert sum(metrics["fates"].values()) == 3
    assert " of 3 (" in tables(metrics)["seeds"].rows[0][0]
    table = tables(metrics)["stages"]
    assert [row[0] for row in table.rows] == list(metrics["stages"])
    assert f"{metrics['cells']:,} cells" in table.caption


def test_a_saved_mesh_is_used_again_and_a_dead_substrate_is_drawn(tmp_path: Path) -> None:
    save_rule(isonca(life_mask="post", alive_threshold=1e6), tmp_path / "rule.safetensors", {"origin": "a test"})
    carry_out(main, Config(cells=300, steps=1, seeds=0, out=str(tmp_path / "one")))
    mesh = str(tmp_path / "one" / "mesh.safetensors")
    carry_out(
        main, Config(rule=str(tmp_path / "rule.safetensors"), steps=2, seeds=0, mesh=mesh, out=str(tmp_path / "two"))
    )
    metrics = json.loads((tmp_path / "two" / "metrics.json").read_text())
    assert next(iter(metrics["stages"])) == "load first"
    assert metrics["living cells"] == 0
    assert (tmp_path / "two" / "figure.webp").is_file()
    assert (tmp_path / "two" / "mesh.safetensors").read_bytes() == Path(mesh).read_bytes()


def test_a_rule_that_is_not_there_is_said_before_the_mesh_is_built(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="no rule is called 'isonca-lizzard'"):
        carry_out(main, Config(rule="isonca-lizzard", out=str(tmp_path / "out")))
    assert not (tmp_path / "out").exists()
