"""A result that is run again is the same, within what was published, or it differs, and each is told apart."""

import json
from pathlib import Path
from typing import Any

import compare
import pytest

PUBLISHED = {
    "command": "python experiments/growth.py --publish",
    "config": {"out": "elsewhere/growth", "runs": 20},
    "loss": 12.5,
    "losses": [1.0, 2.0, 3.0, 4.0],
    "fates": ["whole"] * 18 + ["died"] * 2,
}


def words(**again: Any) -> dict[str, str]:
    """What is said of each entry that isn't the same."""
    found = compare.compared(PUBLISHED, {**PUBLISHED, **again})
    return {place.partition(":")[0]: word for place, word in found if word != compare.SAME}


def test_rounding_is_no_difference() -> None:
    assert words(loss=12.51, losses=[1.001, 2.0, 3.0, 4.0]) == {}
    assert words(loss=12.7) == {"loss": compare.DIFFERS}


def test_runs_may_differ_by_what_runs_differ_by() -> None:
    assert words(losses=[3.0, 2.0, 1.5, 9.0]) == {"losses": compare.WITHIN}
    assert set(words(losses=[5.0, 6.0, 7.0, 8.0]).values()) == {compare.DIFFERS}


def test_words_of_runs_may_differ_by_what_their_interval_allows() -> None:
    assert words(fates=["whole"] * 16 + ["died"] * 4) == {"fates": compare.WITHIN}
    assert set(words(fates=["whole"] * 9 + ["died"] * 11).values()) == {compare.DIFFERS}
    assert set(words(fates=["whole"] * 10 + ["exploded"] * 10).values()) == {compare.DIFFERS}


def test_a_series_may_be_unpublished_and_nothing_may_be_missing() -> None:
    assert words(more=[1, 2]) == {"more": compare.UNPUBLISHED}
    assert list(compare.compared({"less": 1}, {})) == [("less is not there any more", compare.DIFFERS)]


def test_a_result_and_those_of_several_rules_are_found_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(compare, "RESULTS", tmp_path / "published")
    again = {**PUBLISHED, "command": "python experiments/growth.py", "config": {"out": "out/growth", "runs": 20}}
    for folder, metrics in (
        ("published/growth", PUBLISHED),
        ("out/growth", again),
        ("published/healed_hare", {"loss": 1}),
        ("out/healed/hare", {"loss": 2}),
    ):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "metrics.json").write_text(json.dumps(metrics), encoding="utf-8")
    compare.main([str(tmp_path / "out" / "growth")])
    assert capsys.readouterr().out == "growth: 26 the same, 0 within, 0 differ, 0 not published.\n"
    with pytest.raises(SystemExit, match="1"):
        compare.main([str(tmp_path / "out" / "healed")])
    assert (
        "healed_hare: 0 the same, 0 within, 1 differ, 0 not published.\n    loss: 1 published, 2 now\n"
        in capsys.readouterr().out
    )
    (tmp_path / "out" / "growth").rename(tmp_path / "out" / "other")
    with pytest.raises(SystemExit, match="nothing is published under other"):
        compare.main([str(tmp_path / "out" / "other")])
    with pytest.raises(SystemExit, match="expected a folder with a metrics.json"):
        compare.main([str(tmp_path)])
