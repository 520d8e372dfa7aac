"""Seeds of several points."""

from functools import partial
from statistics import median

from result_tables.markdown import NOT_MEASURED, Tables, result, table

STRUCTURED = ("lizard", "dancer")
"""The targets that are grown from structured seeds."""

OFF = 20  # degrees between seed and pattern that no rounding explains


def structured_isometries(target: str) -> str:
    """Loss of the seed that was not turned, and how much larger it is at worst when the seed is turned or mirrored."""
    measured = result(f"structured_{target}")
    rows = []
    for sheet, entry in measured.get("sheets", {}).items():
        for step, worst in entry["worst"].items():
            groups = [worst[group] for group in ("turned", "odd angle", "mirrored")]
            pairs = [entry["unturned"][step], *groups, entry["the target painted on the cells"]]
            met = [all(group[kind] <= measured["goal"] for group in groups) for kind in ("plain", "smoothed")]
            rows.append(
                [
                    sheet,
                    f"{int(step):,}",
                    *(f"{pair['plain']:.2f} ({pair['smoothed']:.2f})" for pair in pairs),
                    "{} ({})".format(*("yes" if here else "no" for here in met)),
                ]
            )
    header = ["sheet", "step", "loss not turned", "worst of 12 angles", "77°", "worst of 5 reflections"]
    header += ["loss of a perfect pattern"]
    return table([*header, f"all at most {measured['goal']:g}"], rows) if rows else NOT_MEASURED


def structured_angles(target: str) -> str:
    """How exactly the pattern follows its seed, and how exactly the seed lies on the cells."""
    rows = []
    for sheet, entry in result(f"structured_{target}").get("sheets", {}).items():
        isometries, lands = entry["isometries"], entry["landing"]
        beyond = [abs(degrees) for row in isometries for degrees in row["degrees beyond the seed"]]
        off = sum(degrees > OFF for degrees in beyond)
        exploded = sum(row["exploded"] for row in isometries)
        rows.append(
            [
                sheet,
                f"{entry['angles']['chirality right']} of {entry['angles']['runs']}",
                f"{median(beyond):.1f}°",
                f"{off} of {len(beyond)}",
                f"{exploded} of {len(beyond)}",
                f"{lands['in the middle']['turn, rms']:.1f}° ({lands['in the middle']['turn, largest']:.1f}°)",
                f"{lands['where put']['turn, rms']:.1f}° ({lands['where put']['turn, largest']:.1f}°)",
                f"{lands['where put']['with two points on one cell']} of {lands['orientations']}",
            ]
        )
    header = ["sheet", "chirality right", "pattern from seed, median", f"more than {OFF}° off"]
    header += ["exploded", "seeds turned by the cells in the middle", "where they are put"]
    return table([*header, "seeds with two points on a cell"], rows) if rows else NOT_MEASURED


def structured_mutations(target: str) -> str:
    """How far what a mutated seed grows is from the target."""
    mutants = result(f"structured_{target}").get("mutations", {})
    rows = [[name, *(f"{loss:.1f}" for loss in losses.values())] for name, losses in mutants.items()]
    steps = [f"step {int(step):,}" for losses in list(mutants.values())[:1] for step in losses]
    return table(["seed", *steps], rows) if rows else NOT_MEASURED


TABLES: Tables = {
    **{
        f"structured_{target}_{part.__name__.removeprefix('structured_')}": partial(part, target)
        for target in STRUCTURED
        for part in (structured_isometries, structured_angles, structured_mutations)
    },
}
