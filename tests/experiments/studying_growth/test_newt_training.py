"""The second training of the newt, tiny; and the operation that it heals."""

from pathlib import Path

import pytest
import torch
from studying_growth.newt_training import EYE_WEIGHT, REACH, NewtRecipe, eye_in_strange_skin, healing_loss

from graphnca import load_rule
from graphnca.evaluation.anatomy import Anatomy
from graphnca.evaluation.scores import raster
from graphnca.evaluation.upright import painted
from graphnca.losses import PixelLoss
from graphnca.rules import describe_rule
from graphnca.targets import load_target
from graphnca.targets.newt import EYE_LOWER, EYE_UPPER
from topologies import sampled_torus, square_grid

ANATOMY, GRID = Anatomy(40, 4), square_grid(48, 48)
EYE_PLACE = ANATOMY.around_eye(GRID, 1.0)
NEWT = painted(load_target("newt", size=40, padding=4), GRID)


def share(states: torch.Tensor, colour: tuple[int, int, int]) -> float:
    return float(((states[..., :3] - torch.tensor(colour) / 255).abs().amax(-1) < 0.1).float().sum())


def test_the_operation_takes_the_lower_half_and_leaves_the_upper() -> None:
    for seed in range(5):
        after = eye_in_strange_skin(NEWT[None], GRID, ANATOMY, torch.Generator().manual_seed(seed))
        assert share(after, EYE_UPPER) == share(NEWT, EYE_UPPER) > 10
        assert share(after[:, EYE_PLACE], EYE_LOWER) == 0 < 20 < share(NEWT[EYE_PLACE], EYE_LOWER)
        changed = (after[0] != NEWT).any(1)
        assert not changed[~ANATOMY.around_eye(GRID, REACH[1])].any()


def test_the_eye_counts_more() -> None:
    target = load_target("newt", size=40, padding=4)
    loss = healing_loss(target, raster(GRID, 48, 48), ANATOMY)
    assert float(loss(NEWT)) < 1e-6
    blind, lame = NEWT.clone(), NEWT.clone()
    blind[EYE_PLACE] = 0
    lame[torch.arange(len(NEWT)) // 48 >= 36] = 0
    plain = PixelLoss(target, rasterizer=raster(GRID, 48, 48))
    assert float(loss(blind)) == pytest.approx(EYE_WEIGHT * float(plain(blind)), rel=1e-4)
    assert float(loss(lame)) == pytest.approx(float(plain(lame)), rel=1e-4)


def test_training_writes_a_rule_with_its_card(tmp_path: Path) -> None:
    small = {"size": 12, "padding": 3, "batch_size": 4, "pool_size": 4}
    recipe = NewtRecipe(iterations=2, num_channels=6, out=str(tmp_path / "run"), **small)
    path = recipe.train(sampled_torus, "")
    card = describe_rule(path)["card"]
    assert (card["target"], card["size"], card["started from"]) == ("newt", 12, None)
    again = NewtRecipe(iterations=1, start=str(path), out=str(tmp_path / "on"), **small).train(sampled_torus, "")
    assert describe_rule(again)["card"]["started from"]["size"] == 12
    assert load_rule(again).num_channels == 6
