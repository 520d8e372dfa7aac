"""How a training says where it is: a bar where somebody watches, or a line now and then."""

import math
import sys
from collections import deque
from collections.abc import Sequence
from time import perf_counter

from tqdm import tqdm

LOG_SECONDS = 60.0  # between two lines of progress where nobody watches a bar: in a file, one a step would be a flood
FORECAST = 20  # iterations from which the first estimate is made
SAID, SAID_EVERY = 3, 100  # events that are said one by one, and then every so many
RECENT = 100  # iterations: what the mean loss and the speed are taken over
RECOGNISABLE, GOOD = 0.1, 0.02  # of an empty substrate's loss
MINUTE, HOUR = 60.0, 3600.0  # seconds


class Narrator:
    """Says it on standard output, or shows a bar on a terminal.

    Args:
        total: Iterations of the training.
        done: Iterations before this start.
        empty: The loss of an empty substrate, by which others are judged; None where that says nothing (textures).
        silent: Of several processes one speaks.
    """

    def __init__(self, total: int, done: int, empty: float | None, *, silent: bool = False) -> None:
        self.total, self.first, self.empty, self.silent = total, done, empty, silent
        self.watched = sys.stderr.isatty() and not silent
        self.bar = tqdm(total=total, initial=done, unit="it", dynamic_ncols=True, disable=not self.watched)
        self.said = perf_counter()
        self.events = 0
        self.durations: deque[float] = deque(maxlen=RECENT)

    def __enter__(self) -> "Narrator":
        return self

    def __exit__(self, *error: object) -> None:
        self.bar.close()

    def say(self, sentence: str) -> None:
        """A sentence on a line of its own."""
        if not self.silent:
            self.bar.write(sentence)
            sys.stdout.flush()

    def note(self, history: Sequence[float], seconds: float, left: float, event: str = "") -> None:
        """Takes in an iteration.

        Args:
            history: The loss of every iteration.
            seconds: That this one took.
            left: Seconds of its time that are left to the training; infinite if it has all the time.
            event: What happened in it; of many, the first few are said, and then one now and then.
        """
        self.durations.append(seconds)
        if self.silent:
            return
        now, iteration = perf_counter(), len(history)
        remaining = min(left, (self.total - iteration) * sum(self.durations) / len(self.durations))
        self.bar.update()
        numbers = numbers_in_words(history, self.empty)
        self.bar.set_postfix_str(numbers, refresh=False)
        if iteration - self.first == FORECAST:
            self.say(forecast(self.total - iteration, remaining, left))
            if self.empty is not None:
                self.say(
                    f"loss: an empty substrate has {self.empty:.3g}; the picture is recognisable below "
                    f"{RECOGNISABLE * self.empty:.2g} and good below {GOOD * self.empty:.2g}."
                )
        if event:
            self.events += 1
            if self.events <= SAID or self.events % SAID_EVERY == 0:
                more = f" (number {self.events:,}; usual while it learns to live)" if self.events > SAID else ""
                self.say(f"iteration {iteration:,}: {event}{more}.")
        if not self.watched and (now - self.said > LOG_SECONDS or iteration == self.total):
            rest = f", about {duration(remaining)} left" if iteration < self.total else ""
            self.say(f"iteration {iteration:,} of {self.total:,}: {numbers}{rest}.")
            self.said = now


def numbers_in_words(history: Sequence[float], empty: float | None) -> str:
    """The last loss, and the mean of the last ones, also in shares of an empty substrate's."""
    recent = [loss for loss in history[-RECENT:] if math.isfinite(loss)]
    mean = sum(recent) / len(recent) if recent else math.nan
    share = f" ({mean / empty:.1%} of an empty substrate's)" if empty else ""
    return f"loss {history[-1]:.4g}, last {RECENT} {mean:.4g}{share}"


def forecast(iterations: int, seconds: float, left: float) -> str:
    """How long so many iterations will take that need so many seconds, of which at most `left` are given."""
    if seconds >= left:
        return f"It will end when its time is over, in about {duration(left)}; it would go on for longer."
    return f"{iterations:,} iterations are left, about {duration(seconds)}."


def duration(seconds: float) -> str:
    """Seconds as people say them."""
    if seconds < 1.5 * MINUTE:
        return f"{max(1, round(seconds))} seconds"
    if seconds < 1.5 * HOUR:
        return f"{round(seconds / MINUTE)} minutes"
    return f"{seconds / HOUR:.1f} hours"
