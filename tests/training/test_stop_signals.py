"""Signals as a wish."""

import signal
import threading

import pytest

from graphnca.training.stop_signals import STOPPING, StopSignals


@pytest.mark.parametrize("number", STOPPING)
def test_the_first_is_noted_and_the_second_interrupts(number: int, request: pytest.FixtureRequest) -> None:
    usual = signal.signal(number, signal.SIG_DFL)  # tests in the background may ignore it
    request.addfinalizer(lambda: signal.signal(number, usual))
    before = signal.getsignal(number)
    with StopSignals() as stop:
        assert stop.received == 0
        signal.raise_signal(number)
        assert stop.received == number
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(number)
    assert signal.getsignal(number) is before


def test_what_is_ignored_stays_ignored() -> None:
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        with StopSignals() as stop:
            signal.raise_signal(signal.SIGTERM)
            assert stop.received == 0
    finally:
        signal.signal(signal.SIGTERM, before)


def test_outside_of_the_main_thread_nothing_changes() -> None:
    before, seen = signal.getsignal(signal.SIGTERM), []

    def enter() -> None:
        with StopSignals():
            seen.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()
    assert seen == [before]
