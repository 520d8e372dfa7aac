"""Names like the one that was typed."""

from collections.abc import Iterable
from difflib import get_close_matches

LIKENESS = 0.6  # of two names, out of 1, from which one counts as the other misspelt
PART = 3  # letters from which on a name counts as a part of another
MOST = 3  # suggestions at a time


def suggestion(typed: str, known: Iterable[str]) -> str:
    """' Did you mean ...?' with the likeliest of the known names, or an empty text."""
    names = list(known)
    typed = typed.lower()
    close = get_close_matches(typed, names, MOST, LIKENESS)
    if not close and len(typed) >= PART:
        close = [name for name in names if typed in name]
    return f" Did you mean {' or '.join(close[:MOST])}?" if close else ""
