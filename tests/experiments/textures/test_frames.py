"""What has no direction is measured no further."""

from pathlib import Path

from textures.frames import Config, measure, tables

from graphnca.evaluation.subject import Subject
from graphnca.models import texture_nca
from graphnca.results.result import Result


def test_a_texture_without_a_direction_is_measured_no_further(tmp_path: Path) -> None:
    result = Result("even", tmp_path)
    measure(Subject("even", texture_nca()), Config(steps=6, size=32, runs=2), result)  # untrained: nothing happens
    assert not result.metrics["has a direction"] and "angles" not in result.metrics
    assert result.metrics["straight"]["square"]["anisotropy"] == 0
    assert tables(result.metrics)["directions"].rows[0][-1] == "left out"
    assert not list(tmp_path.iterdir())
