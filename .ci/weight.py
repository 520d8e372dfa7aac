"""What the repository weighs, and that it stays light.

    python .ci/weight.py            # the tracked files, and docs/
    python .ci/weight.py dist/*     # built packages: an sdist (.tar.gz), a wheel (.whl)

A clone carries every version of every file for ever, so what is published of a result is a light copy
(`graphnca.results.light`). A larger file needs a line in `HEAVY`.
"""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
KB, MB = 1_000, 1_000_000
FILE = 300 * KB
DOCS = 17 * MB
PACKAGES = {".tar.gz": ("sdist", 6 * MB), ".whl": ("wheel", 2.5 * MB)}  # engines for two processors: 0.3
HEAVY: dict[str, str] = {}  # path of a tracked file that may be larger: why


def tracked() -> dict[str, int]:
    """The bytes of every file that git tracks, or that lies here where there is no git, by path."""
    listed = subprocess.run(["git", "-C", ROOT, "ls-files", "-z"], capture_output=True, text=True, check=False)
    if listed.returncode == 0:
        names = listed.stdout.split("\0")[:-1]
    else:
        names = [str(path.relative_to(ROOT)) for path in ROOT.rglob("*") if path.is_file()]
    return {name: (ROOT / name).stat().st_size for name in sorted(names) if (ROOT / name).is_file()}


def of_files() -> list[str]:
    """Prints the sizes of the tracked files and says what is too much."""
    files = tracked()
    docs = sum(size for name, size in files.items() if name.startswith("docs/"))
    print(f"{len(files)} files, {sum(files.values()) / MB:.1f} MB; docs/ {docs / MB:.1f} of {DOCS / MB:.0f} MB")
    wrong = [
        f"{name} has {size / KB:,.0f} kB, more than {FILE / KB:.0f}: make it lighter, or give the reason in HEAVY."
        for name, size in files.items()
        if size > FILE and name not in HEAVY
    ]
    wrong += [f"HEAVY names {name}, which is light or gone." for name in HEAVY if files.get(name, 0) <= FILE]
    if docs > DOCS:
        wrong.append(
            f"docs/ has {docs / MB:.1f} MB, more than {DOCS / MB:.0f}: publish fewer pictures, or lighter ones."
        )
    return wrong


def of_package(path: Path) -> list[str]:
    """Prints the size of a package and says whether it is too much."""
    ending = next((ending for ending in PACKAGES if path.name.endswith(ending)), None)
    if ending is None:
        return [f"{path.name} is no package: expected {' or '.join(PACKAGES)}."]
    (kind, most), size = PACKAGES[ending], path.stat().st_size
    print(f"{kind} {size / MB:.2f} of {most / MB:g} MB")
    return [f"The {kind} {path.name} has {size / MB:.1f} MB, more than {most / MB:g}."] if size > most else []


if __name__ == "__main__":
    packages = [Path(argument) for argument in sys.argv[1:]]
    if wrong := [sentence for path in packages for sentence in of_package(path)] if packages else of_files():
        sys.exit("\n".join(wrong))
