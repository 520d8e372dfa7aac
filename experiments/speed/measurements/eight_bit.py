"""Rollouts in 8 bits against the same network in float32."""

from statistics import median

import torch
from torch import Tensor
from torch_geometric.data import Data

from graphnca import rollout
from graphnca.evaluation.timing import Program, in_turns
from graphnca.layers import NCAConv, in_8_bits
from graphnca.models import isonca, texture_nca
from graphnca.results.section import Section, at_least, short
from topologies import square_grid

from .config import Config
from .patterns import STILL

FLOAT, BYTES = "float32", "8 bits"
PASSES = {"steps alone": False, "and back": True}


def eight_bit(config: Config) -> Section:
    """Rollouts in which every cell lives and half of them fire, so that both do the same work whatever they show."""
    side, batch, steps = config.texture_side, config.texture_batch, config.texture_steps
    topology = square_grid(side, side).to(config.device)
    networks = {"32-192-16, Laplacian": isonca(life_mask=None), "48-96-12, gradient and Laplacian": texture_nca()}
    programs: dict[str, Program] = {}
    for name, rule in networks.items():
        torch.manual_seed(0)
        torch.nn.init.normal_(rule.update_rule.output.weight, std=STILL)
        states = 0.2 * torch.rand(batch, side * side, rule.num_channels, device=config.device) - 0.1
        for label, ran in ((FLOAT, rule), (BYTES, in_8_bits(rule))):
            for words, learning in PASSES.items():
                program = _program(ran.to(config.device), states, topology, steps, learning)
                programs[f"{name}, {words}: {label}"] = program
    seconds, _ = in_turns(programs, config.repeats, device=config.device, title="8 bits")
    rows, ratios = [], []
    for name in networks:
        for words in PASSES:
            plain, whole = (median(seconds[f"{name}, {words}: {label}"]) for label in (FLOAT, BYTES))
            ratios.append(plain / whole)
            rows.append([name, words, short(1e3 * plain / steps), short(1e3 * whole / steps), f"{short(ratios[-1])}x"])
    setting = f"{side}x{side} torus, batch {batch}, {steps} steps from noise; every cell lives, half of them fire."
    header = ["network", "", "float32, ms a step", "8 bits, ms a step", "faster"]
    claim = at_least("steps in 8 bits, against float32, the network of IsoNCA", 1.8, ratios[0], "x faster")
    return Section("Steps in 8 bits", setting, header, rows, {"seconds": seconds}, [claim])


def _program(rule: NCAConv, states: Tensor, topology: Data, steps: int, learning: bool) -> Program:
    def program() -> None:
        with torch.set_grad_enabled(learning):
            final = rollout(rule, states, topology, steps)
        if learning:
            final.square().mean().backward()

    return program
