"""Two rules on one substrate, by a map or by a blend."""

import torch

from graphnca.evaluation.mapped import blended, mapped
from graphnca.evaluation.subject import Subject
from graphnca.models import texture_nca
from topologies import square_grid


def textures(random_rule) -> list[Subject]:
    return [Subject(name, random_rule(6, 8, "laplacian", life_mask=None, fire_rate=1.0)) for name in ("one", "other")]


def test_each_cell_lives_by_its_rule_and_a_blend_lies_between(random_rule) -> None:
    grid, pair = square_grid(8, 8), textures(random_rule)
    alone = [one.grow(grid, 1, [1], 0)[1] for one in pair]
    half = torch.where(grid["pos"][:, 0] > 4, 1.0, 0.0)
    right = half.bool()[None, :, None]
    torch.testing.assert_close(mapped(pair, grid, half, [1], 1, 0)[1], torch.where(right, alone[1], alone[0]))
    torch.testing.assert_close(blended(pair, grid, half, [1], 1, 0)[1], torch.where(right, alone[1], alone[0]))
    quarter = blended(pair, grid, torch.full_like(half, 0.25), [1], 1, 0)[1]
    torch.testing.assert_close(quarter, 0.75 * alone[0] + 0.25 * alone[1])
    assert isinstance(pair[0].rule, type(texture_nca()))
