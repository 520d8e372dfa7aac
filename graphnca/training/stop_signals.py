"""Ctrl-c, SIGTERM and SIGHUP as a wish that a training ends after the iteration it is in."""

import signal
import threading
from types import FrameType

STOPPING = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))


class StoppedError(KeyboardInterrupt):
    """A training was stopped by a signal, after it had saved where it stands.

    Attributes:
        signal: Its number.
    """

    def __init__(self, number: int, sentence: str) -> None:
        super().__init__(sentence)
        self.signal = number


class StopSignals:
    """While entered, a first such signal is only noted; a second one interrupts at once, as ctrl-c does.

    A signal that is ignored stays so (`nohup`), and outside of the main thread, where Python delivers none, nothing
    changes.

    Attributes:
        received: The number of the first one, or 0.
    """

    def __init__(self) -> None:
        self.received = 0
        self._before: dict[int, object] = {}

    def __enter__(self) -> "StopSignals":
        if threading.current_thread() is threading.main_thread():
            for number in STOPPING:
                if signal.getsignal(number) not in (signal.SIG_IGN, None):  # None: set by another language
                    self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(self, *error: object) -> None:
        while self._before:
            signal.signal(*self._before.popitem())  # pyright: ignore[reportArgumentType]

    def _note(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002
        if self.received:
            raise KeyboardInterrupt
        self.received = number
