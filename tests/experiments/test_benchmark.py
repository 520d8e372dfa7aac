"""The dense program of the benchmark computes what the library computes: the comparison is of equals."""

import torch
from dense_program import DenseIsoNCA, dense_trajectory

from graphnca import trajectory
from graphnca.models import isonca
from graphnca.seeds import point_seed
from topologies import square_grid


def test_the_dense_program_equals_the_library_when_every_cell_fires() -> None:
    torch.manual_seed(1)
    topology, rule = square_grid(16, 16), isonca(fire_rate=1.0)
    torch.nn.init.normal_(rule.update_rule.output.weight, std=0.02)
    start = point_seed(topology).repeat(2, 1, 1)
    grown = trajectory(rule, start, topology, 6, record=(1,))
    images = start.mT.reshape(2, 16, 16, 16)
    first, last, overflow, change = dense_trajectory(DenseIsoNCA(rule), images, 6, rate=1.1)
    for dense, states in ((first, grown.states[1]), (last, grown.final)):
        torch.testing.assert_close(dense.flatten(2).mT, states, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(overflow, grown.overflow, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(change, grown.change, atol=1e-5, rtol=1e-4)
