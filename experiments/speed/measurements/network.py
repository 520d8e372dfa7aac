"""The update network's arithmetic against what the machine's matrix products reach in the same run."""

from itertools import pairwise
from statistics import median

import torch
from torch.nn import functional

from graphnca import rollout
from graphnca.evaluation.timing import Program, in_turns
from graphnca.models import isonca
from graphnca.results.section import Section, at_least, short
from topologies import square_grid

from .config import Config
from .patterns import STILL

SIZE = 2048  # rows and columns of the matrix products: large enough to reach the machine's rate, small enough to repeat
FEW, MANY = 2, 8  # steps of the two rollouts whose difference is measured: the cost of a call falls out


BLOCK = 1408  # rows of a product in the network's shapes: its hidden layer then takes 1 MB and stays in the cache


def products(size: int, dtype: torch.dtype, device: str) -> dict[str, tuple[Program, float]]:
    """Large matrix products by three of PyTorch's ways, each with its floating-point operations."""
    a, b = (torch.randn(size, size, device=device).to(dtype) for _ in range(2))
    image = torch.randn(1, size // 4, 64, 64, device=device).to(dtype)
    kernel = torch.randn(size // 4, size // 4, 3, 3, device=device).to(dtype)
    cubic = 2.0 * size**3
    return {
        "torch.mm": (lambda: torch.mm(a, b), cubic),
        "linear": (lambda: functional.linear(a, b), cubic),
        "conv2d": (lambda: functional.conv2d(image, kernel, padding=1), 2.0 * 9 * (size // 4) ** 2 * 64 * 64),
    }


def narrow_products(sizes: tuple[int, int, int], dtype: torch.dtype, device: str) -> tuple[Program, float]:
    """The network's two products, perceived -> hidden -> change, by PyTorch, block after block."""
    rows, hidden, change = (torch.randn(BLOCK, size, device=device).to(dtype) for size in sizes)
    first, second = (torch.randn(a, b, device=device).to(dtype) for a, b in pairwise(sizes))

    def program() -> None:
        for _ in range(8):
            torch.mm(rows, first, out=hidden)
            torch.mm(hidden, second, out=change)

    return program, 8 * 2.0 * BLOCK * sizes[1] * (sizes[0] + sizes[2])


def network(config: Config) -> Section:
    """A rollout in which every cell fires and none dies, perception and all, counting the network's products alone."""
    topology = square_grid(config.network_side, config.network_side).to(config.device)
    torch.manual_seed(0)
    rule = isonca(life_mask=None, fire_rate=1.0).to(config.device)
    torch.nn.init.normal_(rule.update_rule.output.weight, std=STILL)
    cells, channels, hidden = len(topology["pos"]), rule.num_channels, rule.hidden_size
    states = 0.2 * torch.rand(cells, channels, device=config.device)
    first, second = (2.0 * cells * rows * hidden for rows in (2 * channels, channels))
    forward, backward = first + second, 2 * (first + second)
    size = SIZE if cells > 10_000 else 64

    def run(steps: int, precision: torch.dtype, gradient: bool) -> Program:
        @torch.set_grad_enabled(gradient)
        def program() -> None:
            rule.zero_grad()
            final = rollout(rule, states, topology, steps, precision=precision)
            if gradient:
                final.square().mean().backward()

        return program

    programs: dict[str, Program] = {}
    work: dict[str, float] = {}
    narrow: dict[str, float] = {}
    with torch.no_grad():
        for label, dtype in (("float32", torch.float32), ("bfloat16", torch.bfloat16)):
            for name, (program, operations) in products(size, dtype, config.device).items():
                programs[f"{label} {name}"], work[f"{label} {name}"] = program, operations
            sizes = (2 * channels, hidden, channels)
            programs[f"{label} narrow"], narrow[label] = narrow_products(sizes, dtype, config.device)
            for name, gradient in (("forward", False), ("forward and backward", True)):
                for steps in (FEW, MANY):
                    programs[f"{label} {name} {steps}"] = run(steps, dtype, gradient)
    seconds, _ = in_turns(programs, max(config.repeats, 1), device=config.device, title="update network")

    numbers, rows = {"seconds": seconds, "cells": cells}, []
    shares = {}
    for label in ("float32", "bfloat16"):
        rates = {name: operations / median(seconds[name]) for name, operations in work.items() if label in name}
        fastest = max(rates, key=lambda name: rates[name])
        rows.append([f"{label}: {fastest.removeprefix(label)[1:]} of {size}", "", short(rates[fastest] / 1e9), "1"])
        rate = narrow[label] / median(seconds[f"{label} narrow"])
        shares[f"{label} in the network's shapes"] = rate / rates[fastest]
        name = f"{label}: `torch.mm` in the network's shapes"
        rows.append([name, "", short(rate / 1e9), f"{rate / rates[fastest]:.2f}"])
        for name, operations in (("forward", forward), ("forward and backward", forward + backward + first)):
            step = (median(seconds[f"{label} {name} {MANY}"]) - median(seconds[f"{label} {name} {FEW}"])) / (MANY - FEW)
            share = operations / step / rates[fastest]
            shares[f"{label} {name}"] = share
            rows.append([f"{label}: {name}", short(step * 1e3), short(operations / step / 1e9), f"{share:.2f}"])
    numbers |= {"share of the machine's rate": shares, "operations": {"forward": forward, "backward": backward + first}}
    setting = (
        f"{cells:,} cells, all alive and firing, network 32-192-16. A step is a whole step of a rollout, perception "
        f"included; counted are the network's products alone, {forward / cells:,.0f} operations a cell forward and "
        f"{(backward + first) / cells:,.0f} backward, of which {first / cells:,.0f} compute the hidden layer again."
    )
    measure = f"update network at {cells:,} firing cells, against the machine's matrix products"
    claims = [at_least(measure, 50, 100 * shares["float32 forward"], " %")]
    header = ["what", "ms a step", "GFLOP/s", "share"]
    return Section("The update network against the machine", setting, header, rows, numbers, claims)
