"""A step leaves PyTorch as a program for graphs of any size."""

import pytest
import torch
from torch.export import Dim, export

from graphnca import load_rule
from graphnca.layers import fire_key, neighbourhood
from topologies import square_grid, voronoi_mesh


@pytest.mark.usefixtures("as_released")  # the checks of types know no symbols of sizes
@pytest.mark.parametrize("name", ["isonca-heart", "growing-lizard", "texture-dotted"])
@pytest.mark.parametrize("make", [square_grid, voronoi_mesh])
def test_the_program_takes_the_steps_of_other_substrates(name: str, make) -> None:
    rule = load_rule(name).requires_grad_(False)

    def given(height: int, width: int, seed: int) -> dict[str, torch.Tensor]:
        topology, generator = make(height, width), torch.Generator().manual_seed(seed)
        x = torch.rand(len(topology["pos"]), rule.num_channels, generator=generator)
        return {"x": x, **neighbourhood(topology), "key": fire_key(generator)}

    small = given(8, 8, 0)
    free = {name: {1 if name.endswith("index") else 0: Dim.DYNAMIC} for name in small} | {"key": {}}
    program = export(rule, (), small, dynamic_shapes=free).module()
    for other in (small, given(11, 14, 1)):
        expected = rule(**other)
        torch.testing.assert_close(program(**other), expected)
        assert (expected - other["x"]).abs().max() > 1e-3
