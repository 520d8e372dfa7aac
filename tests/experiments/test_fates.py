"""Fates of the shipped rules: what is kept is not run again, what is shown is known before, both readings."""

from pathlib import Path

import pytest
from fates import Config, confusion, drawn, main, subjects, tables

from graphnca.results.result import Result


def test_what_is_known_is_not_run_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = Config(
        rule=("isonca-spiderweb",), substrate=("square",), steps=(2, 3), runs=2, size=16, shown=1, out=str(tmp_path)
    )
    result = Result("fates", tmp_path)
    main(config, result)
    monkeypatch.setattr("fates.measured", lambda *_: pytest.fail("measured again"))
    again = Result("fates", tmp_path)
    main(config, again)
    assert again.metrics["rules"] == result.metrics["rules"]
    monkeypatch.setattr("fates.weights_of", lambda _: "those of another rule of that name")
    with pytest.raises(pytest.fail.Exception, match="measured again"):
        main(config, Result("fates", tmp_path))
    made = tables({**result.metrics, "config": {"steps": [2, 3], "substrate": ["square"]}})
    assert list(made) == ["fates", "kinds"]
    assert made["kinds"].rows[0][0] == "square"


def test_textures_alone_have_their_own_tables() -> None:
    entry = {"fates": {"2": ["whole", "flat"]}, "motion": {}}
    metrics = {"rules": {"a": {"square": entry}}, "shown": {}, "config": {"steps": [2], "substrate": ["square"]}}
    made = tables(metrics)
    assert list(made) == ["textures", "texture_kinds"]
    assert made["texture_kinds"].rows == [("square", made["textures"].rows[0][2].split("; ")[0])]


def test_a_rule_without_a_seed_is_left_out_and_genomes_are_each_one() -> None:
    found, left_out = subjects(Config(rule=("growing-shell", "growing-flowers")))
    assert list(left_out) == ["growing-shell"]
    assert list(found) == [f"growing-flowers ({name})" for name in ("rose", "blossom", "tulip")]


def test_what_is_shown_is_known_before() -> None:
    config = Config(runs=20, shown=30)
    first = drawn(["a", "b, c"], config)
    assert first == drawn(["a", "b, c"], config)
    assert len(set(first)) == 30
    assert len(drawn(["a"], Config(runs=1, shown=30))) == 3


def test_both_readings() -> None:
    shown = {
        "1": {"fate": "whole", "by eye": "whole"},
        "2": {"fate": "whole", "by eye": "deformed"},
        "3": {"fate": "died", "by eye": ""},
    }
    table = confusion(shown)
    assert table.caption == "They agree on 1 of 2."
    assert table.header == ("by definition", "whole by eye", "deformed by eye")
    assert table.rows == [("whole", "1", "1")]


def test_textures_have_tables_of_their_own() -> None:
    rules = {
        "bone": {"square": {"area": {}, "fates": {"2": ["whole", "died"]}, "motion": {}}},
        "dots": {"square": {"fates": {"2": ["flat", "flat"]}, "motion": {}}},
    }
    made = tables({"config": {"steps": [2], "substrate": ["square"]}, "rules": rules, "shown": {}})
    assert made["fates"].rows == [("bone", "square", "1 of 2 (1 to 99 %); 1 died", "")]
    assert made["textures"].rows == [("dots", "square", "0 of 2 (0 to 84 %); 2 flat", "")]
    assert made["kinds"].rows == [("square", "1 of 2 (1 to 99 %)")]
    assert made["texture_kinds"].rows == [("square", "0 of 2 (0 to 84 %)")]
