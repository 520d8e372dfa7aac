"""Turned and bent frames: the sense of the angle, and the way back."""

import math
from pathlib import Path

import pytest
import torch
from growing.rotated_perception import Config, grown, measure

from graphnca.evaluation.bending import DISTANCE, TWIST, bent, from_seed, twisted, unbent
from graphnca.evaluation.subject import Subject
from graphnca.evaluation.upright import painted
from graphnca.models import isonca
from graphnca.results.result import Result
from graphnca.targets import load_target
from topologies import substrate_of_cells

CARD = {"size": 12, "padding": 4}


def test_a_pattern_turns_by_the_angle_that_is_asked_for(random_rule) -> None:
    subject = Subject(
        "any", random_rule(8, 16, "sobel", life_mask="pre_post", std=0.15, fire_rate=1.0), CARD, goal="heart"
    )
    topology = substrate_of_cells("square", 21**2)  # odd: the seed is a centre of symmetry
    config = Config(cells=441, runs=1, steps=5)
    upright = grown(subject, topology, 0.0, config)[0, :, :4].view(21, 21, 4)
    turned = grown(subject, topology, math.pi / 2, config)[0, :, :4].view(21, 21, 4)
    clockwise = upright.rot90(-1)  # a quarter from x towards y, and y points down
    torch.testing.assert_close(turned, clockwise, atol=1e-4, rtol=1e-4)
    assert (upright - clockwise).abs().max() > 1e-3


def test_frames_follow_circles_or_turn_with_the_distance() -> None:
    topology = substrate_of_cells("hex", 400)
    offset = from_seed(topology)
    seed = int(offset.norm(dim=-1).argmin())
    assert float(offset[seed].norm()) == pytest.approx(0, abs=1e-5)
    angle = bent(topology)
    assert float(angle[seed]) == pytest.approx(0, abs=1e-6)
    right = (offset[:, 0] > 1) & (offset[:, 1].abs() < 0.1)
    assert (angle[right] > 0).all()  # clockwise to the right of the seed: rows fall off to both sides
    around = offset - torch.tensor([0.0, DISTANCE])
    along = torch.stack([angle.cos(), angle.sin()], -1)
    torch.testing.assert_close((around * along).sum(-1), torch.zeros(len(angle)), atol=1e-3, rtol=0)
    assert float(twisted(topology).max()) == pytest.approx(float(offset.norm(dim=-1).max()) / TWIST * math.pi / 2)


def test_unbending_straightens_what_lies_on_circles() -> None:
    topology = substrate_of_cells("square", 72**2)
    offset = from_seed(topology) - torch.tensor([0.0, DISTANCE])
    states = torch.zeros(1, 72**2, 8)
    states[0, :, 3] = ((offset.norm(dim=-1) - DISTANCE).abs() < 2).float()  # a ring of width 4 through the seed
    image = unbent(states, topology, 40, 40)[0, 3]
    rows = image.mean(1)
    assert rows[20 - 1 : 20 + 2].min() > 0.95 and rows[: 20 - 4].max() < 0.05 and rows[20 + 4 :].max() < 0.05
    straight = painted(load_target("heart", size=40, padding=16), topology)[None]
    middle = unbent(straight, topology, 72, 72)[0, :, 36, 36]
    torch.testing.assert_close(middle, straight[0].view(72, 72, 4)[36, 36], atol=0.2, rtol=0)


def test_a_rule_that_perceives_no_direction_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="perceives gradients"):
        measure(Subject("blind", isonca(), goal="lizard"), Config(), Result("blind", tmp_path))
