"""The main job, small."""

from pathlib import Path

import pytest
from isonca_voronoi import Config, main, subject_of, tables

from graphnca.results.result import Result


def test_every_substrate_is_measured_from_the_same_seeds(tmp_path: Path) -> None:
    result = Result("isonca_voronoi", tmp_path)
    config = Config(cells=150, steps=10, runs=2, meshes=2)
    main(config, result)
    assert list(result.metrics["substrates"]) == ["square", "hex", "voronoi 1", "voronoi 2"]
    assert all(len(entry["runs"]) == 2 for entry in result.metrics["substrates"].values())
    assert result.metrics["loss of the empty substrate"] == pytest.approx(38.5, abs=0.5)
    made = tables({**result.metrics, "config": vars(config)})
    assert (len(made["runs"].rows), len(made["medians"].rows)) == (8, 4)


def test_only_the_substrates_asked_for_are_grown_on(tmp_path: Path) -> None:
    result = Result("isonca_voronoi", tmp_path)
    main(Config(cells=150, steps=5, runs=1, substrate=("hex",)), result)
    assert list(result.metrics["substrates"]) == ["hex"]


def test_a_published_model_file_is_read_by_its_content(conformance: Path) -> None:
    rule = subject_of(Config(rule=str(conformance / "isonca_lizard" / "cadata.json"))).rule
    assert sum(parameter.numel() for parameter in rule.parameters()) == 9408
