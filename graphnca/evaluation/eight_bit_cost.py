"""What 8 bits cost: processor time beside that of the rule in float."""

import math
from time import process_time

import torch
from torch_geometric.data import Data

from ..engine.rollout import rollout
from ..layers import NCAConv

BATCH, TIMED_STEPS, REPEATS = 4, 20, 5  # of the timed rollouts; the best of all repeats counts


def times_float(float_rule: NCAConv, rule: NCAConv, topology: Data) -> dict[str, float]:
    """How many times the processor time of a float rule one in 8 bits takes, without and with gradients."""
    start = torch.zeros(BATCH, len(topology["pos"]), rule.num_channels)
    best: dict[tuple[bool, bool], float] = {}
    for _ in range(REPEATS):
        for one in (float_rule, rule):
            for learning in (False, True):
                began = process_time()
                with torch.set_grad_enabled(learning):
                    final = rollout(one, start, topology, TIMED_STEPS, generator=torch.Generator().manual_seed(0))
                    if learning:
                        final.square().sum().backward()
                key = (one is rule, learning)
                best[key] = min(best.get(key, math.inf), process_time() - began)
    names = {False: "without gradients", True: "with gradients"}
    return {name: round(best[True, learning] / best[False, learning], 2) for learning, name in names.items()}
