"""What a training says of where it is."""

import math

import pytest

from graphnca.training.narration import Narrator, duration, forecast, numbers_in_words


def test_after_twenty_iterations_it_says_how_long_it_will_take_and_what_a_good_loss_is(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with Narrator(120, 0, 0.5) as narrator:
        for iteration in range(1, 21):
            assert not capsys.readouterr().out
            narrator.note([0.4] * iteration, 3.0, math.inf)
    said = capsys.readouterr().out
    assert "100 iterations are left, about 5 minutes." in said
    assert "an empty substrate has 0.5; the picture is recognisable below 0.05 and good below 0.01." in said


def test_of_what_its_time_does_not_allow_nothing_is_promised() -> None:
    assert (
        forecast(1000, 3000.0, 600.0)
        == "It will end when its time is over, in about 10 minutes; it would go on for longer."
    )


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.2, "1 seconds"), (89, "89 seconds"), (600, "10 minutes"), (9000, "2.5 hours")]
)
def test_durations(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_losses_are_shares_of_an_empty_substrate() -> None:
    assert numbers_in_words([0.3, math.nan, 0.1], 0.4) == "loss 0.1, last 100 0.2 (50.0% of an empty substrate's)"
    assert numbers_in_words([0.3], None) == "loss 0.3, last 100 0.3"


def test_of_many_events_few_are_said(capsys: pytest.CaptureFixture[str]) -> None:
    with Narrator(1000, 0, None) as narrator:
        for iteration in range(1, 201):
            narrator.note([0.4] * iteration, 0.1, math.inf, "1 dead of 8")
    said = [line for line in capsys.readouterr().out.splitlines() if "1 dead" in line]
    assert [line.split(":")[0] for line in said] == [f"iteration {number}" for number in (1, 2, 3, 100, 200)]
