"""Says whether a result that was run again is what the documentation shows.

    python experiments/isonca/symmetry.py
    python docs/compare.py out/symmetry             # with docs/results/symmetry
    python docs/compare.py out/texture_damage       # each rule's folder in it with docs/results/texture_damage_RULE

Entry by entry of `metrics.json`. What is not the same up to rounding is still `within` what was published if it is a
list of runs whose median lies between the published quartiles, or of words of which each is as frequent as the interval
of its published rate allows; all else differs, is listed, and is a failure. Seconds differ from machine to machine.
Series that are not published are counted as such.
"""

import json
import math
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from graphnca.evaluation.intervals import quartiles, rate_interval

RESULTS = Path(__file__).parent / "results"
FILE = "metrics.json"
SAID_ELSEWHERE = ("command", "machine")
CLOSE = 0.005  # of a number, or of one where numbers are small: what is rounded differs in its last digit
RUNS = 3  # numbers that have quartiles

SAME, WITHIN, UNPUBLISHED, DIFFERS = "same", "within", "not published", "differs"


def compared(published: Any, again: Any, place: str = "") -> Iterator[tuple[str, str]]:
    """Each entry's place, and whether it is the same, within what was published, not published, or differs."""
    if isinstance(published, dict) and isinstance(again, dict):
        for name in published | again:
            inside = f"{place}/{name}" if place else str(name)
            if name in published and name in again:
                yield from compared(published[name], again[name], inside)
            elif name in published:
                yield f"{inside} is not there any more", DIFFERS
            else:
                yield inside, UNPUBLISHED
    elif isinstance(published, list) and isinstance(again, list) and len(published) == len(again):
        inside = [list(compared(published[k], again[k], f"{place}/{k}")) for k in range(len(again))]
        if any(word == DIFFERS for entries in inside for _, word in entries) and _are_alike(published, again):
            yield place, WITHIN
        else:
            yield from (entry for entries in inside for entry in entries)
    else:
        there = f"{place}: {str(published)[:60]} published, {str(again)[:60]} now"
        yield (place, SAME) if _is_same(published, again) else (there, DIFFERS)


def _is_same(published: Any, again: Any) -> bool:
    if _are_numbers([published, again]):
        return math.isclose(published, again, rel_tol=CLOSE, abs_tol=CLOSE)
    return published == again


def _are_alike(published: list[Any], again: list[Any]) -> bool:
    """Whether runs are as the published ones were, in numbers or in words."""
    if _are_numbers(published) and _are_numbers(again) and len(published) >= RUNS:
        low, _, high = quartiles(published)
        return low <= quartiles(again)[1] <= high
    if all(isinstance(word, str) for word in published + again):
        before, now, runs = Counter(published), Counter(again), len(again)
        intervals = {word: rate_interval(before[word], runs) for word in before | now}
        return all(low <= now[word] / runs <= high for word, (low, high) in intervals.items())
    return False


def _are_numbers(values: list[Any]) -> bool:
    return all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)


def pairs(folder: Path) -> dict[str, tuple[Path, Path]]:
    """The published metrics and the new ones of a result, or of each rule's result in a folder, by name.

    Raises:
        SystemExit: There are none.
    """
    inside = {folder.name: folder / FILE} if (folder / FILE).is_file() else {}
    found = inside or {f"{folder.name}_{path.parent.name}": path for path in sorted(folder.glob(f"*/{FILE}"))}
    if not found:
        raise SystemExit(f"{folder}: expected a folder with a {FILE}, or with folders that have one.")
    if unpublished := [name for name in found if not (RESULTS / name / FILE).is_file()]:
        raise SystemExit(f"{folder}: nothing is published under {', '.join(unpublished)}.")
    return {name: (RESULTS / name / FILE, path) for name, path in found.items()}


def read(path: Path) -> dict[str, Any]:
    """What was measured, without what says how and where."""
    metrics = json.loads(path.read_text(encoding="utf-8"))
    metrics.get("config", {}).pop("out", None)
    return {name: entry for name, entry in metrics.items() if name not in SAID_ELSEWHERE}


def main(folders: list[str]) -> None:
    """Compares, lists what differs, and fails if anything does."""
    failed = False
    for folder in folders:
        for name, (published, again) in pairs(Path(folder)).items():
            entries = list(compared(read(published), read(again)))
            count = Counter(word for _, word in entries)
            found = f"{count[SAME]} the same, {count[WITHIN]} within, {count[DIFFERS]} differ"
            print(f"{name}: {found}, {count[UNPUBLISHED]} not published.")
            print("".join(f"    {place}\n" for place, word in entries if word == DIFFERS), end="")
            failed |= count[DIFFERS] > 0
    if failed:
        sys.exit(1)


if __name__ == "__main__":
    main(sys.argv[1:] or sys.exit(__doc__))
