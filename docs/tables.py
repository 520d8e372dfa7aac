"""Writes the tables of README.md and docs/ from what the experiments have measured; no number in them is typed by hand.

python docs/tables.py            # rewrites every block between `<!-- table: NAME -->` and `<!-- /table -->`
python docs/tables.py --check    # fails if one of them is not what the measurements say
"""

import json
import re
import sys
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from graphnca.rules import describe_rule, shipped_rules

ROOT = Path(__file__).parents[1]
NOT_MEASURED = "Not measured yet."
BLOCK = re.compile(r"(<!-- table: (\w+) -->\n).*?(<!-- /table -->)", re.DOTALL)


def table(header: list[str], rows: list[list[Any]]) -> str:
    """A Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def transfer() -> str:
    """The shipped lizard on every substrate."""
    sheets = describe_rule("isonca-lizard")["card"]["measured"]["sheets"]
    rows = []
    for name, numbers in sheets.items():
        early, late = numbers["step 1000"], numbers["step 3000"]
        gone = sum(late["verdicts"].get(word, 0) for word in ("died", "exploded"))
        rows.append(
            [
                name,
                f"{numbers['cells']:,}",
                f"{early['median loss']:.2f}",
                ", ".join(f"{loss:.1f}" for loss in early["losses"]),
                f"{median(early['alive']):.0f}",
                f"{late['median loss']:.2f}",
                gone,
            ]
        )
    header = ["substrate", "cells", "median at step 1000", "the five runs", "living cells", "median at step 3000"]
    return table([*header, "died or exploded by 3000"], rows)


def published() -> str:
    """The published lizard through the main job, where its results are kept."""
    metrics = json.loads((ROOT / "docs/results/published_lizard/metrics.json").read_text(encoding="utf-8"))
    rows = [
        [
            name,
            f"{entry['cells']:,}",
            f"{entry['median loss']:.2f}",
            ", ".join(f"{run['loss']:.1f}" for run in entry["runs"]),
            f"{median(run['alive'] for run in entry['runs']):.0f}",
        ]
        for name, entry in metrics["substrates"].items()
    ]
    return table(["substrate", "cells", "median at step 1000", "the five runs", "living cells"], rows)


def stages(card: dict[str, Any]) -> list[dict[str, Any]]:
    """The cards of a rule's training stages, the first one first."""
    before = card.get("started from")
    return [*(stages(before) if before else []), card]


def rules() -> str:
    """Every shipped rule with what its card says of its training."""
    rows = []
    for name in shipped_rules():
        description = describe_rule(name)
        parts = stages(description["card"])
        rows.append(
            [
                f"`{name}`",
                f"{description['parameters']:,}",
                parts[-1]["substrate"],
                f"{sum(part['iterations'] for part in parts):,}",
                f"{sum(part['hours'] for part in parts):.2f}",
                "<br>".join(f"`{part['trained by']}`" for part in parts),
            ]
        )
    return table(["rule", "parameters", "trained on", "iterations", "hours", "commands, one a stage"], rows)


def result(name: str) -> dict[str, Any]:
    """The published numbers of a result, `docs/results/NAME/metrics.json`; empty where there are none yet."""
    path = ROOT / "docs/results" / name / "metrics.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def transfer_matrix() -> str:
    """Every rule on every kind of cells."""
    matrix = result("transfer").get("matrix")
    if matrix is None:
        return NOT_MEASURED
    kinds = list(next(iter(matrix.values()))["median loss"])
    rows = [[row, *(f"{entry['median loss'][kind]:.2f}" for kind in kinds)] for row, entry in matrix.items()]
    return table(["rule", *kinds], rows)


def transfer_goals() -> str:
    """What the rule for any cells was to reach, beside what it reached."""
    entry = result("transfer").get("matrix", {}).get("isonca-lizard-any")
    if entry is None:
        return NOT_MEASURED
    losses = entry["median loss"]
    ratio = losses["voronoi"] / losses["square"]
    rows = [
        ["median loss on five unseen Voronoi meshes", "at most 7", f"{losses['voronoi']:.2f}", losses["voronoi"] <= 7],
        ["relative to the square grid", "at most 1.2", f"{ratio:.2f}", ratio <= 1.2],
    ]
    for gain in ("0.85", "1.15"):
        held = sum(entry["runs that hold a pattern"][f"gain {gain}"].values())
        runs = sum(entry["runs that hold a pattern"]["gain 1"].values())
        rows.append([f"runs that hold a pattern at {gain} of the gain", f"{runs}, as at 1", str(held), held >= runs])
    return table(["measure", "goal", "measured", "reached"], [[*row[:3], "yes" if row[3] else "no"] for row in rows])


def transfer_gain() -> str:
    """How many runs hold a pattern under every gain."""
    metrics = result("transfer")
    if not metrics:
        return NOT_MEASURED
    matrix = metrics["matrix"]
    gains = list(next(iter(matrix.values()))["runs that hold a pattern"])
    rows = [
        [row, *(sum(entry["runs that hold a pattern"][gain].values()) for gain in gains)]
        for row, entry in matrix.items()
    ]
    total = 3 * metrics["runs on each sheet"]
    return "\n".join(
        [f"Of {total} runs, {metrics['runs on each sheet']} on each kind of cells.", "", table(["rule", *gains], rows)]
    )


def symmetry() -> str:
    """How long synchronous runs keep their symmetry, in float and in fixed point."""
    runs = result("symmetry").get("runs")
    if runs is None:
        return NOT_MEASURED
    moments = list(max((run["living"] for run in runs), key=len))
    rows = [
        [
            run["rule"],
            f"{run['sheet']}, {run['symmetries']}",
            run["arithmetic"],
            *("never" if run[key] is None else run[key] for key in ("first difference", "visible")),
            f"{run['largest asymmetry']:.2g}",
            *(f"{run['living'][moment]:,}" if moment in run["living"] else "exploded" for moment in moments),
        ]
        for run in runs
    ]
    header = ["rule", "sheet, symmetries", "arithmetic", "differs at step", "visible at step", "largest asymmetry"]
    return table([*header, f"living cells at step {moments[0]}", *moments[1:]], rows)


STRUCTURED = ("lizard", "dancer")
"""The targets that are grown from structured seeds."""

OFF = 20  # degrees between seed and pattern that no rounding explains
EXPLODED = 10.0  # |x| beyond which a run counts as exploded, as in experiments/protocol/scores.py


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
        exploded = sum(not row["largest"] < EXPLODED for row in isometries)
        rows.append(
            [
                sheet,
                f"{entry['angles']['chirality right']} of {entry['angles']['runs']}",
                f"{median(beyond):.1f}°",
                f"{off} of {len(beyond)}",
                f"{exploded} of {len(isometries)}",
                f"{lands['in the middle']['turn, rms']:.1f}° ({lands['in the middle']['turn, largest']:.1f}°)",
                f"{lands['where put']['turn, rms']:.1f}° ({lands['where put']['turn, largest']:.1f}°)",
                f"{lands['where put']['with two points on one cell']} of {lands['orientations']}",
            ]
        )
    header = ["sheet", "chirality right", "pattern from seed, median", f"more than {OFF}° off"]
    header += ["orientations with an exploded run", "seeds turned by the cells in the middle", "where they are put"]
    return table([*header, "seeds with two points on a cell"], rows) if rows else NOT_MEASURED


def structured_mutations(target: str) -> str:
    """How far what a mutated seed grows is from the target."""
    mutants = result(f"structured_{target}").get("mutations", {})
    rows = [[name, *(f"{loss:.1f}" for loss in losses.values())] for name, losses in mutants.items()]
    steps = [f"step {int(step):,}" for losses in list(mutants.values())[:1] for step in losses]
    return table(["seed", *steps], rows) if rows else NOT_MEASURED


MEASUREMENTS = (
    "isonca",
    "inference",
    "growing",
    "texture",
    "substrates",
    "network",
    "long_gradient",
    "share",
    "scaling",
    "peers",
    "large_mesh",
)
"""The sections of a run of the benchmark on the CPU, in the order of docs/speed.md."""


def measurements(file: str = "benchmark.json") -> dict[str, Any]:
    """The sections of the benchmark's last published run, by name."""
    path = ROOT / "docs/results/benchmark" / file
    return json.loads(path.read_text(encoding="utf-8"))["sections"] if path.exists() else {}


def benchmark(name: str = "isonca", file: str = "benchmark.json") -> str:
    """One section of the benchmark: what was measured on what, and its table."""
    section = measurements(file).get(name)
    if section is None:
        return NOT_MEASURED
    setting = f"{section['setting']} {section['machine']}; medians of {section['repeats']}."
    return "\n".join([setting, "", table(section["header"], section["rows"])])


def goals() -> str:
    """What the library is to reach, beside what it reached."""
    sections = [measurements().get(name, {}) for name in MEASUREMENTS] + list(measurements("cuda.json").values())
    claims = [claim for section in sections for claim in section.get("claims", [])]
    rows = [[claim["measure"], claim["goal"], claim["measured"], "yes" if claim["met"] else "no"] for claim in claims]
    runs = {section["begun"] for section in sections if section}
    words = "One run." if len(runs) == 1 else f"From {len(runs)} runs."
    return "\n".join([words, "", table(["measure", "goal", "measured", "reached"], rows)])


def results_of_rules(prefix: str) -> dict[str, dict[str, Any]]:
    """The published numbers of a result that has a folder for each rule, by rule."""
    paths = sorted((ROOT / "docs/results").glob(f"{prefix}_*/metrics.json"))
    return {path.parent.name.removeprefix(f"{prefix}_"): result(path.parent.name) for path in paths}


def pictures(prefix: str, file: str, words: str) -> str:
    """One picture of each rule of such a result, under its name."""
    shown = [name for name in results_of_rules(prefix) if (ROOT / f"docs/results/{prefix}_{name}/{file}").exists()]
    return "\n\n".join(f"`{name}`:\n\n![{words}](results/{prefix}_{name}/{file})" for name in shown) or NOT_MEASURED


def other_grids() -> str:
    """Every rule on squares, hexagons and five meshes."""
    results = results_of_rules("other_grids")
    if not results:
        return NOT_MEASURED
    rows = []
    for name, metrics in results.items():
        sheets = metrics["sheets"].values()
        runs = [run for sheet in sheets for run in sheet["step 3000"]["verdicts"].items()]
        grown, total = sum(count for word, count in runs if word == "grown"), sum(count for _, count in runs)
        losses = [f"{sheet['step 1000']['median loss']:.2f}" for sheet in sheets]
        more = [f"{metrics['median loss on meshes']:.2f}", f"{metrics['times that on squares']:.2f}"]
        rows.append([f"`{name}`", metrics["loss of the empty sheet"], *losses, *more, f"{grown} of {total}"])
    sheets = [*next(iter(results.values()))["sheets"]]
    header = ["rule", "empty sheet", *sheets, "all meshes", "times square"]
    return table([*header, "runs that show the target at step 3,000"], rows)


def long_run() -> str:
    """Every rule over 10,000 steps, one row a sheet."""
    results = results_of_rules("long_run")
    if not results:
        return NOT_MEASURED
    rows = []
    for name, metrics in results.items():
        for sheet, numbers in metrics["sheets"].items():
            turns = ", ".join(f"{run['rotation']:+.1f}" for run in numbers["runs"] if "rotation" in run)
            fates = ", ".join(f"{count} {fate}" for fate, count in numbers["fates"].items())
            stayed = [run for run in numbers["runs"] if "rotation" in run]
            fast = [run[key] for run in stayed for key in ("period of living cells", "period of change") if run[key]]
            slow = [run["slow period of living cells"] for run in stayed if run["slow period of living cells"]]
            periods = [
                f"{len(found)} of {number}" + "".join(f", {period['steps']:.0f}" for period in found)
                for found, number in ((fast, 2 * len(stayed)), (slow, len(stayed)))
            ]
            middle = [numbers[key] for key in ("median loss", "median loss around the seed", "median drift")]
            shown = ["" if value is None else f"{value:.2f}" for value in middle]
            rows.append([f"`{name}`", sheet, fates, *shown, turns, *periods])
    header = ["rule", "sheet", "runs after 10,000 steps", "median loss where it is", "around the seed"]
    return table([*header, "drift", "rotation of each run", "fast periods", "slow periods"], rows)


def long_run_fates() -> str:
    """How many runs of every rule stayed, died or exploded."""
    rows = []
    for name, metrics in results_of_rules("long_run").items():
        fates = metrics["fates"]
        counts = [fates.get(word, 0) for word in ("grown", "unlike", "died", "exploded")]
        rows.append([f"`{name}`", sum(counts), *counts])
    return table(["rule", "runs", "show the target", "unlike it", "died", "exploded"], rows) if rows else NOT_MEASURED


def unfolding() -> str:
    """Ten runs of every single-seed rule: losses over time, living cells, chirality."""
    rows = []
    for metrics in results_of_rules("unfolding").values():
        steps, goal = metrics["steps"], metrics["goal"]
        runs = steps["1000"]["runs"]
        losses = [f"{steps[step]['median relative loss']:.3f}" for step in ("100", "200", "1000", "5000")]
        last = steps["5000"]["runs"]
        gone = sum(run["verdict"] in ("died", "exploded") for run in last)
        rows.append(
            [
                f"`{metrics['config']['rule']}`",
                ", ".join(metrics["auxiliary channels trained"]).replace("hidden", "none"),
                *losses,
                f"{min(run['relative'] for run in runs):.3f} to {max(run['relative'] for run in runs):.3f}",
                f"{median(run['alive'] for run in last):,.0f}",
                f"{gone} of {len(last)}",
                "yes" if goal["met"] else "no",
            ]
        )
    header = ["rule", "auxiliary channels", "median at step 100", "200", "1,000", "5,000", "all runs at 1,000"]
    header += ["living cells at 5,000", "died or exploded", "goal reached"]
    return table(header, rows) if rows else NOT_MEASURED


def orientations() -> str:
    """How the runs of every single-seed rule lie, early and late."""
    rows = []
    for metrics in results_of_rules("unfolding").values():
        for step in ("200", "1000", "5000"):
            runs = metrics["steps"][step]["runs"]
            angles = ", ".join(f"{run['angle']}°{' m' if run['mirrored'] else ''}" for run in runs)
            rows.append([f"`{metrics['config']['rule']}`", f"{int(step):,}", angles])
    return table(["rule", "step", "angle of each run (m: mirrored)"], rows) if rows else NOT_MEASURED


def evolution() -> str:
    """Snapshots of every training that was kept: median losses and fates."""
    rows = []
    for target, metrics in results_of_rules("evolution").items():
        for iteration, entry in metrics["iterations"].items():
            losses = [f"{entry[step]['median relative loss']:.3f}" for step in ("100", "200", "1000")]
            last, end = list(entry.items())[-1]
            gone = sum(end["verdicts"].get(word, 0) for word in ("died", "exploded"))
            late = f"{end['median relative loss']:.3f} ({int(last):,})"
            rows.append([target, f"{int(iteration):,}", *losses, late, gone])
    header = ["target", "iteration", "median at step 100", "200", "1,000", "last step", "runs that died or exploded"]
    return table(header, rows) if rows else NOT_MEASURED


def landscape() -> str:
    """The targets against their turned and mirrored selves, for every set of auxiliary channels."""
    rows = []
    for target, sets in result("isonca_landscape").get("targets", {}).items():
        for name, entry in sets.items():
            values = [entry["half turn"]["loss"], entry["halfway to the half turn"]]
            values += [entry["best mirror image"], entry["halfway to the mirror image"], entry["median"]]
            valley = entry["deepest valley"]
            words = f"{valley['angle']:.0f}°, {valley['barrier']:.3f}" if valley else "none"
            rows.append([target, name, *(f"{value:.3f}" for value in values), words])
    header = ["target", "auxiliary channels", "half turn", "halfway to it", "best mirror image", "halfway to it"]
    return table([*header, "median angle", "deepest valley: angle, barrier"], rows) if rows else NOT_MEASURED


def landscape_symmetry() -> str:
    """How symmetric the patterns of rules are that were trained without and with an auxiliary channel."""
    symmetry = result("isonca_landscape").get("symmetry")
    if symmetry is None:
        return NOT_MEASURED
    rows = [
        [f"the target itself, {name}", *(f"{score[kind]:.2f}" for kind in ("half turn", "mirror image")), "", ""]
        for name, score in symmetry["target"].items()
    ]
    for name, entry in symmetry["rules"].items():
        scores = []
        for kind in ("half turn", "mirror image"):
            known = [run[kind] for run in entry["runs"] if run[kind] is not None]
            listed = ", ".join(f"{value:.2f}" for value in known)
            scores.append(f"{entry[f'median {kind}']:.2f} ({listed})" if known else "nothing grown")
        rows.append([name, *scores, f"{entry['iterations']:,}", f"`{entry['trained by']}`"])
    return table(["rule", "half turn: median (runs)", "mirror image", "iterations", "trained by"], rows)


TABLES = {
    **{
        f"structured_{target}_{part.__name__.removeprefix('structured_')}": partial(part, target)
        for target in STRUCTURED
        for part in (structured_isometries, structured_angles, structured_mutations)
    },
    "transfer_matrix": transfer_matrix,
    "transfer_goals": transfer_goals,
    "transfer_gain": transfer_gain,
    "transfer": transfer,
    "rules": rules,
    "symmetry": symmetry,
    "unfolding": unfolding,
    "unfolding_pictures": partial(pictures, "unfolding", "unfolding.png", "Five runs from a single cell to step 5,000"),
    "unfolding_growth": partial(pictures, "unfolding", "growth.gif", "Five runs side by side"),
    "unfolding_finals": partial(pictures, "unfolding", "final.png", "Ten runs at step 5,000"),
    "orientations": orientations,
    "evolution": evolution,
    "evolution_pictures": partial(pictures, "evolution", "evolution.png", "What snapshots of the training grow"),
    "landscape": landscape,
    "landscape_symmetry": landscape_symmetry,
    "published": published,
    "other_grids": other_grids,
    "other_grids_pictures": partial(pictures, "other_grids", "figure.png", "Seven sheets, whole and close up"),
    "long_run": long_run,
    "long_run_fates": long_run_fates,
    "long_run_curves": partial(pictures, "long_run", "curves.png", "Loss, living cells, angle and distance over time"),
    "long_run_strips": partial(pictures, "long_run", "strip.png", "One run on each sheet over 10,000 steps"),
    "benchmark": benchmark,
    "goals": goals,
    **{f"speed_{name}": partial(benchmark, name) for name in MEASUREMENTS},
    **{f"speed_cuda_{name}": partial(benchmark, name, "cuda.json") for name in ("isonca", "sheet")},
}


def rewritten(text: str) -> str:
    """A page with its tables as they should be."""
    return BLOCK.sub(lambda found: f"{found[1]}{TABLES[found[2]]()}\n{found[3]}", text)


def pages() -> list[Path]:
    """Every page that may hold a table."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def main(check: bool) -> None:
    """Rewrites or compares."""
    for page in pages():
        text = page.read_text(encoding="utf-8")
        current = rewritten(text)
        if current == text:
            continue
        if check:
            sys.exit(f"{page.relative_to(ROOT)} has a table that is out of date; run python docs/tables.py.")
        page.write_text(current, encoding="utf-8")
        print("rewritten:", page.relative_to(ROOT))


if __name__ == "__main__":
    main("--check" in sys.argv[1:])
