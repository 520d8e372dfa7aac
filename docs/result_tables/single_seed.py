"""From a single cell: unfolding, evolution, landscape."""

from statistics import median

from result_tables.markdown import NOT_MEASURED, Tables, result, results_of_rules, table


def unfolding() -> str:
    """Ten runs of every single-seed rule: losses over time, living cells, chirality."""
    rows = []
    for metrics in results_of_rules("unfolding").values():
        steps = metrics["steps"]
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
            ]
        )
    header = ["rule", "auxiliary channels", "median at step 100", "200", "1,000", "5,000", "all runs at 1,000"]
    header += ["living cells at 5,000", "died or exploded"]
    return table(header, rows) if rows else NOT_MEASURED


def around_the_seed() -> str:
    """The loss as published and with its rings around the seed, beside those of a perfect pattern."""
    rows = []
    for metrics in results_of_rules("unfolding").values():
        for around, name in (("", "as published"), (" around the seed", "around the seed")):
            goal = metrics[f"goal{around}"]
            perfect = metrics[f"relative loss of a perfect pattern{around}"]
            reached = f"{goal['reached']:.3f}", "yes" if goal["met"] else "no"
            rows.append([f"`{metrics['config']['rule']}`", name, f"{perfect:.3f}", *reached])
    return table(["rule", "rings", "a perfect pattern", "the rule", "at most 0.15"], rows) if rows else NOT_MEASURED


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


TABLES: Tables = {
    "unfolding": unfolding,
    "around_the_seed": around_the_seed,
    "orientations": orientations,
    "evolution": evolution,
    "landscape": landscape,
    "landscape_symmetry": landscape_symmetry,
}
