"""The result on symmetry, small: float runs lose it, fixed-point runs keep it."""

from pathlib import Path

from isonca.symmetry import Config, main, tables

from graphnca.results.result import Result


def test_float_loses_the_symmetry_and_fixed_point_keeps_it(tmp_path: Path) -> None:
    result = Result("symmetry", tmp_path)
    main(Config(rule=("isonca-lizard",), cells=150, steps=60, every=10), result)
    runs = result.metrics["runs"]
    assert [(run["substrate"], run["arithmetic"]) for run in runs] == [
        ("square", "float"),
        ("square", "fixed point"),
        ("hexagons", "float"),
        ("hexagons", "fixed point"),
    ]
    for run, row in zip(runs, tables(result.metrics)["runs"].rows, strict=True):
        assert run["rule"] == "isonca-lizard"
        assert run["symmetries"] == (8 if run["substrate"] == "square" else 12)
        assert max(run["living"].values()) > 20
        if run["arithmetic"] == "float":
            assert 0 < run["first difference"] <= 20
            assert run["largest asymmetry"] > 0
        else:
            assert run["first difference"] is run["visible"] is None
            assert run["largest asymmetry"] == 0
            assert row[3] == "never"
