"""Many steps without a gradient, from a grown pattern."""

import torch

from graphnca import rollout
from graphnca.evaluation.dense_program import DenseNCA, as_images, dense_rollout
from graphnca.evaluation.timing import Program
from graphnca.results.section import Section, at_least
from topologies import square_grid

from .comparison import Comparison, compare
from .config import Config
from .iteration import COMPILED, DENSE, GRAPH, GRAPH_HALF, against_dense
from .patterns import isonca_pattern


def inference_comparison(config: Config) -> Comparison:
    """The published use of a trained rule: let it run."""
    topology = square_grid(config.side, config.side).to(config.device)
    pattern = isonca_pattern(topology, config)
    rule, states, steps = pattern.rule, pattern.states, config.inference_steps
    dense, images = DenseNCA(rule), as_images(states, config.side, config.side)

    @torch.inference_mode()
    def by_convolution() -> None:
        dense_rollout(dense, images, steps)

    @torch.no_grad()
    def on_graph(precision: torch.dtype | None = None) -> None:
        rollout(rule, states, topology, steps, precision=precision)

    programs: dict[str, Program] = {DENSE: by_convolution}
    if config.compile:
        compiled = torch.compile(DenseNCA.forward)
        programs[COMPILED] = torch.no_grad()(lambda: dense_rollout(dense, images, steps, compiled))
    programs[GRAPH] = on_graph
    programs[GRAPH_HALF] = lambda: on_graph(torch.bfloat16)
    work = f"IsoNCA, {config.side}x{config.side} torus, batch {config.batch}, {steps} steps; {pattern.words}."
    return Comparison("IsoNCA, inference", work, programs, compiled=(COMPILED,))


def inference(config: Config) -> Section:
    """Seconds of the whole run."""
    outcome = compare("inference", inference_comparison(config), config)
    measure = f"{config.inference_steps:,} steps of inference on a grown pattern, against dense `conv2d`"
    return against_dense(outcome, [at_least(measure, 12, outcome.faster(GRAPH), "x faster")])
