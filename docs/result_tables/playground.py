"""The playground's page: the same rule as the library's, and how fast it steps."""

from result_tables.markdown import NOT_MEASURED, Tables, result, table

NAME = "playground"
LARGEST = 1.5e6  # bytes of a page with one rule on three substrates of 72x72 cells
GOALS = {"as it opens": 30, "without WebGL2": 10}  # steps a second on two cores, drawn in software
ENGINES = {"cpu": "CPU", "gpu": "GPU (WebGL2)"}
WAYS = {
    "as it opens": "as it opens",
    "cpu": "on the CPU, drawn with WebGL2",
    "gpu": "on the GPU, drawn with WebGL2",
    "without WebGL2": "in a browser without WebGL2",
}


def playground_match() -> str:
    """The largest difference from the library, by cells and engine."""
    match = result(NAME).get("match")
    if match is None:
        return NOT_MEASURED
    found = match["largest difference"]
    rows = [[cells, *(f"{entry[engine]:.1e}" for engine in ENGINES)] for cells, entry in found.items()]
    return table([f"after {match['steps']} steps", *ENGINES.values()], rows)


def playground_speed() -> str:
    """Steps a second, the goal, and how busy the machine was."""
    speed = result(NAME).get("speed")
    if speed is None:
        return NOT_MEASURED
    rows = [
        [
            words,
            speed[way]["engine"],
            f"{speed[way]['steps']:.0f}",
            f"at least {GOALS[way]}" if way in GOALS else "",
            f"{speed[way]['frames']:.0f}",
            f"{speed[way]['load'][0]:.1f}",
        ]
        for way, words in WAYS.items()
    ]
    return table(["page", "engine", "steps a second", "goal", "pictures a second", "load of the two cores"], rows)


def playground_size() -> str:
    """Bytes of the exported file beside the limit."""
    measured = result(NAME)
    if "bytes" not in measured:
        return NOT_MEASURED
    cells = ", ".join(f"{count:,} {name}" for name, count in measured["cells"].items())
    return (
        f"The page of `{measured['rule']}` on {cells}: {measured['bytes'] / 1e6:.2f} MB (the goal: below "
        f"{LARGEST / 1e6:.1f} MB)."
    )


def playground_wiped() -> str:
    """How many cells lived before the wipe, after it, and at the end."""
    living = result(NAME).get("living cells")
    if living is None:
        return NOT_MEASURED
    return table(
        ["living cells", "before", "wiped", "recovered"], [[name, *row.values()] for name, row in living.items()]
    )


TABLES: Tables = {
    "playground_match": playground_match,
    "playground_speed": playground_speed,
    "playground_size": playground_size,
    "playground_wiped": playground_wiped,
}
