"""The net: what the program computes, to the bit, so that a change of its form is seen to change nothing else.

    python tests/net/net.py record              writes net.json beside this file
    python tests/net/net.py check               computes everything again and prints what differs (then exits with 1)
    python tests/net/net.py check --only steps  a group, or several, or single keys by their beginning
    python tests/net/net.py record --only steps --because "the sum over edges runs in another order"

Every value belongs to a key, GROUP/..., and is a hash of bytes (shape and type included), numbers as exact hexadecimal
floats, or both. Float32 on one thread of a CPU; `machine` in net.json says of which kind, and other kinds may differ in
last bits. Where an order of sums must change, `steps` measures by how much: one step from states that are the same
whatever the library does. Twenty seconds.

What the library and the scripts call things stands in names.py: it may be adapted, keys and values stay.
"""

import argparse
import json
import platform
import sys
from pathlib import Path
from time import perf_counter

import torch

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parents[1]), str(HERE.parents[1] / "experiments")]  # this tree, whatever is installed

from values import GROUPS  # noqa: E402


def computed(only: list[str]) -> dict[str, str]:
    """All values by key, or those whose keys begin in one of these ways."""
    values = {}
    for group in GROUPS:
        name, begun = group.__name__, perf_counter()
        if only and not any(f"{name}/".startswith(f"{part}/"[: len(name) + 1]) for part in only):
            continue
        values |= {f"{name}/{key}": value for key, value in group()}
        print(f"{name}: {perf_counter() - begun:.0f} s", file=sys.stderr)
    return {key: value for key, value in values.items() if not only or key.startswith(tuple(only))}


def difference(old: str, new: str) -> str:
    """How two values of a key differ; of a state, the first number is the sum, the second the largest size."""
    pairs = list(zip(old.split(), new.split(), strict=False))
    gaps = [abs(float.fromhex(a) - float.fromhex(b)) for a, b in pairs if "0x" in a and "0x" in b]
    return f"other bits, numbers by {' '.join(f'{gap:.2g}' for gap in gaps)}" if gaps else "other bits"


def main() -> int:
    """Reads the command line; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("action", choices=("record", "check"))
    parser.add_argument("--only", nargs="+", default=[], help="beginnings of keys")
    parser.add_argument("--because", default="", help="why recorded values may change; kept in the file")
    parser.add_argument("--file", type=Path, default=HERE / "net.json")
    given = parser.parse_args()
    sys.argv = [sys.argv[0]]
    torch.set_num_threads(1)
    here = f"{platform.machine()}, {torch.backends.cpu.get_cpu_capability()}, torch {torch.__version__}"
    stored = json.loads(given.file.read_text()) if given.file.exists() else {"values": {}}
    old = {key: value for key, value in stored["values"].items() if not given.only or key.startswith(tuple(given.only))}
    new = computed(given.only)
    found = {key: difference(old[key], new[key]) for key in old.keys() & new.keys() if old[key] != new[key]}
    found |= dict.fromkeys(new.keys() - old.keys(), "not recorded") if given.action == "check" else {}
    found |= dict.fromkeys(old.keys() - new.keys(), "no longer computed")
    for key in sorted(found):
        print(f"{key}: {found[key]}")
    if given.action == "check":
        if stored.get("machine") != here:
            print(f"Recorded on {stored.get('machine')}, this is {here}.")
        print(f"{len(new)} values, {len(found)} differ.")
        return int(bool(found))
    if found and not given.because:
        print("These have been recorded otherwise: say why with --because.")
        return 1
    kept = {key: value for key, value in stored["values"].items() if key not in old}
    changes = stored.get("changes", []) + ([{"because": given.because, "keys": found}] if found else [])
    content = {"machine": here, "threads": 1, "changes": changes, "values": dict(sorted((kept | new).items()))}
    given.file.write_text(json.dumps(content, indent=1) + "\n")
    print(f"{len(new)} values are in {given.file}.")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
