"""A gradient through many steps: memory and time a step, with and without keeping states."""

from collections.abc import Callable

from graphnca import trajectory
from graphnca.results.section import Section, at_most, short
from topologies import square_grid

from .comparison import Comparison, compare
from .config import Config
from .patterns import isonca_pattern


def long_gradient_comparison(config: Config) -> Comparison:
    """The published number of steps, then many, then many with checkpoints."""
    topology = square_grid(config.side, config.side).to(config.device)
    pattern = isonca_pattern(topology, config)

    def program(steps: int, every: int | None = None) -> Callable[[], None]:
        def run() -> None:
            pattern.rule.zero_grad()
            result = trajectory(pattern.rule, pattern.states, topology, steps, checkpoint_every=every)
            (result.final[..., :4].square().mean() + result.overflow.sum() + result.change.mean()).backward()

        return run

    many, every = config.long_steps, config.checkpoint_every
    programs = {
        f"{config.steps} steps": program(config.steps),
        f"{many:,} steps": program(many),
        f"{many:,} steps, a state kept every {every}": program(many, every),
    }
    work = (
        f"Forward and backward, {config.side}x{config.side} torus, batch {config.batch}, {pattern.words}; the loss is "
        "the last state's mean square, with overflow and change of every step."
    )
    return Comparison("A gradient through many steps", work, programs)


def long_gradient(config: Config) -> Section:
    """Seconds, milliseconds a step relative to the short rollout, and memory."""
    outcome = compare("long_gradient", long_gradient_comparison(config), config)
    steps = [config.steps, config.long_steps, config.long_steps]
    each = {name: seconds / count for (name, seconds), count in zip(outcome.times.items(), steps, strict=True)}
    header = ["gradient through", "seconds", "ms a step", "to the first"] + (["MB"] if outcome.megabytes else [])
    rows = []
    for name, seconds in outcome.times.items():
        row = [name, short(seconds), short(each[name] * 1e3), f"{each[name] / each[outcome.base]:.2f}"]
        rows.append(row + ([f"{outcome.megabytes[name]:,.0f}"] if outcome.megabytes else []))
    _, plain, kept = outcome.times
    measure = f"gradient through {config.long_steps:,} steps, {config.side}x{config.side}, batch {config.batch}"
    best = plain  # the leaner of the two, if it keeps the time; else the other
    if outcome.megabytes and outcome.megabytes[plain] > 2000:
        best = kept
    claims = [at_most(f"{measure}, time a step", 1.5, each[best] / each[outcome.base], "x that of the short one")]
    if outcome.megabytes:
        claims.append(at_most(f"{measure}, memory", 2000, outcome.megabytes[best], " MB"))
    return Section(outcome.comparison.title, outcome.setting, header, rows, outcome.numbers, claims)
