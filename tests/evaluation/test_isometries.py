"""The isometries of seeds, and the worst of them."""

from graphnca.evaluation.isometries import ISOMETRIES, TURNS, UNTURNED, worst_ratios


def test_the_worst_ratio_is_that_of_the_worst_angle() -> None:
    rows = [{"steps": {"9": {"plain": 2.0, "smoothed": 1.0, "as landed": 0.5}}} for _ in ISOMETRIES]
    assert worst_ratios(rows, "9")["turned"] == {"plain": 1.0, "smoothed": 1.0, "as landed": 1.0}
    rows[ISOMETRIES.index(TURNS[7])]["steps"]["9"] = {"plain": 5.0, "smoothed": 1.2, "as landed": 0.4}
    assert worst_ratios(rows, "9")["turned"] == {"plain": 2.5, "smoothed": 1.2, "as landed": 1.0}
    assert worst_ratios(rows, "9")["mirrored"] == {"plain": 1.0, "smoothed": 1.0, "as landed": 1.0}


def test_there_are_twelve_turns_an_odd_angle_and_reflections() -> None:
    assert [isometry.degrees for isometry in TURNS] == [30 * step for step in range(12)]
    assert UNTURNED in TURNS
    assert sum(isometry.mirror for isometry in ISOMETRIES) >= 3
    assert any(isometry.degrees % 30 and isometry.degrees % 45 for isometry in ISOMETRIES if not isometry.mirror)
