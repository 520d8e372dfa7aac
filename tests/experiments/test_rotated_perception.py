"""Turned and bent frames: the sense of the angle, the way back, and every file that is promised."""

import json
import math
from pathlib import Path

import pytest
import rotated_perception as script
import torch
from PIL import Image
from protocol.growing import growing_of
from rotated_perception import ANGLES, DISTANCE, Config, bent, from_seed, grown, main, twisted, unbent, with_frames

from graphnca import save_rule
from graphnca.evaluation.upright import painted
from graphnca.results import result as report
from graphnca.targets import load_target
from topologies import substrate_of_cells

SMALL = {"cells": 400, "runs": 2, "steps": 6}
CARD = {"target": "heart", "size": 12, "padding": 4}


@pytest.fixture
def saved(tmp_path: Path, random_rule) -> str:
    path = tmp_path / "rule.safetensors"
    save_rule(random_rule(8, 16, "sobel", life_mask="pre_post", std=0.15), path, CARD)
    return str(path)


def test_a_pattern_turns_by_the_angle_that_is_asked_for(saved: str) -> None:
    growing, topology = growing_of(saved), substrate_of_cells("square", 21**2)  # odd: the seed is a centre of symmetry
    config = Config(cells=441, runs=1, steps=5)
    growing.rule.fire_rate = 1.0  # every cell, so that runs differ in nothing but the frame
    upright = grown(growing, topology, 0.0, config)[0, :, :4].view(21, 21, 4)
    turned = grown(growing, topology, math.pi / 2, config)[0, :, :4].view(21, 21, 4)
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
    assert float(twisted(topology).max()) == pytest.approx(
        float(offset.norm(dim=-1).max()) / script.TWIST * math.pi / 2
    )


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


def test_frames_are_drawn_onto_a_copy() -> None:
    topology, picture = substrate_of_cells("square", 400), Image.new("RGB", (script.SHOWN, script.SHOWN), "white")
    drawn = with_frames(picture, topology, bent(topology), 1)
    assert picture.getcolors() == [(script.SHOWN**2, (255, 255, 255))]
    assert len(drawn.getcolors()) > 1


def test_every_file_is_written(tmp_path: Path, saved: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report, "published_folder", lambda: tmp_path / "docs")
    monkeypatch.setattr(script, "ANIMATED", 8)
    monkeypatch.setattr(script, "ANGLES", (0, 90))
    main(Config(rule=(saved,), out=str(tmp_path / "out"), publish=True, **SMALL))
    folder = tmp_path / "docs/rotated_perception_rule"
    metrics = json.loads((folder / "metrics.json").read_text())
    assert list(metrics["angles"]) == list(metrics["fields"]) == ["square", "hex", "voronoi 2001"]
    for entries in metrics["angles"].values():
        assert list(entries) == ["0", "90"]
        assert all(len(entry["log10 errors"]) == 2 for entry in entries.values())
    assert metrics["angles"]["square"]["90"]["painted"] == pytest.approx(-8)
    upright, lying = (metrics["angles"]["square"]["0"][key] for key in ("median log10 error", "log10 error as it lies"))
    assert upright == pytest.approx(lying, abs=2e-3)
    assert list(metrics["fields"]["hex"]) == ["bent", "twisted"]
    assert len(metrics["fields"]["hex"]["bent"]["log10 errors unbent"]) == 2
    for file in ("angles.png", "fields.png", "growth.gif"):
        with Image.open(folder / file) as picture:
            assert picture.width > 200


def test_a_rule_that_perceives_no_direction_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="perceives gradients"):
        main(Config(rule=("isonca-lizard",), out=str(tmp_path), **SMALL))


def test_the_angles_are_eight() -> None:
    assert ANGLES == (0, 45, 90, 135, 180, 225, 270, 315)
