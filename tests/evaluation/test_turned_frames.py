"""Turned frames: their sense, and the way back."""

import math
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from torch_geometric.data import Data

from graphnca import rollout
from graphnca.evaluation import frames, turned_frames
from graphnca.evaluation.orientation import wrapped_degrees
from graphnca.evaluation.subject import Subject
from graphnca.evaluation.turned_frames import Straight, share_within, spread, windows
from graphnca.layers import neighbourhood
from graphnca.models import texture_nca
from topologies import substrates


@dataclass(frozen=True)
class Config:
    steps: int = 6
    size: int = 48
    runs: int = 2
    seed: int = 2000


@pytest.mark.parametrize("degrees", [-130.0, 20.0, 90.0])
def test_a_turned_pattern_is_perceived_as_the_upright_one(topology: Data, degrees: float) -> None:
    turn = math.radians(degrees)
    upright, turned = (
        topology["pos"] @ torch.tensor([math.cos(angle), math.sin(angle)]) for angle in (0.3, 0.3 + turn)
    )  # slopes along a direction, from x towards y; gradients are exact on them where there is no seam
    rule = texture_nca(1, 8)
    near = neighbourhood(topology)
    straight = rule.perceive(upright[:, None], **near)[:, 1:3]
    seen = rule.perceive(turned[:, None], angle=-turn, **near)[:, 1:3]
    middle = ((topology["pos"] > 4) & (topology["pos"] < topology["extent"][0] - 4)).all(-1)
    assert middle.sum() > 5
    torch.testing.assert_close(seen[middle], straight[middle], atol=2e-3, rtol=0)
    wrong = rule.perceive(turned[:, None], angle=turn, **near)[:, 1:3]
    assert (wrong[middle] - straight[middle]).abs().max() > 0.1


def test_a_quarter_turn_of_all_frames_turns_the_states(random_rule) -> None:
    rule = random_rule(12, 16, "laplacian", life_mask=None, output_bias=False, std=0.02)
    rule.fire_rate = 1.0  # every cell, so that nothing but the frame and the start differ
    topology = substrates(["square"], size=24)["square"]
    torch.manual_seed(0)
    start = torch.randn(24, 24, 12) * 0.1
    upright = rollout(rule, start.reshape(-1, 12), topology, 5)
    sideways = start.rot90(-1).reshape(-1, 12)  # clockwise: from x towards y
    turned = rollout(rule, sideways, topology, 5, angle=-math.pi / 2)
    torch.testing.assert_close(turned.view(24, 24, 12), upright.view(24, 24, 12).rot90(-1), atol=1e-4, rtol=1e-4)


@pytest.fixture
def perfect(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a perfect rule would make: stripes across each cell's own x."""

    def paint(texture: Subject, topology: Data, turn: float | torch.Tensor, config: Config) -> torch.Tensor:
        turn = torch.as_tensor(turn, dtype=torch.float32).expand(topology.num_nodes)
        x, y = topology["pos"].unbind(-1)
        wave = (2 * math.pi / 8 * (x * turn.cos() + y * turn.sin())).sin() / 2
        return wave[:, None].expand(config.runs, -1, 12)

    monkeypatch.setattr(turned_frames, "grown", paint)


@pytest.mark.parametrize("kind", ["square", "hex", "voronoi"])
def test_what_is_turned_perfectly_is_off_by_nothing(perfect, kind: str) -> None:
    config = Config()
    topology = next(iter(substrates([kind], size=48, meshes=1, seed=7).values()))
    straight = Straight.of(Subject("even", texture_nca()), topology, config)
    assert straight.symmetry == 2 and straight.anisotropy > 0.8
    for degrees in (15, 30, 45, 90):
        entry, _ = straight.turned(degrees)
        assert entry["largest degrees off"] < 2.0
        assert wrapped_degrees(entry["turned by"][0] - degrees, 2) == pytest.approx(entry["degrees off"][0], abs=0.02)
    entry, _ = straight.bent(frames.halves(topology))
    assert entry["median |degrees off|, even windows"] < 2.0
    assert entry["even windows"] < entry["windows"] == 9  # those that the border crosses are not even


def test_a_texture_that_stays_as_it_was_is_found_out(perfect, monkeypatch: pytest.MonkeyPatch) -> None:
    config = Config()
    straight = Straight.of(Subject("even", texture_nca()), substrates(["square"], size=48)["square"], config)
    paint = turned_frames.grown
    monkeypatch.setattr(turned_frames, "grown", lambda texture, cells, _, config: paint(texture, cells, 0.0, config))
    assert straight.turned(30)[0]["largest degrees off"] == pytest.approx(30, abs=1)
    assert straight.bent(torch.full((48 * 48,), 0.5))[0]["degrees off, whole substrate"] == pytest.approx(
        -math.degrees(0.5), abs=1
    )


def test_windows_cover_all_and_frames_in_them_spread() -> None:
    rows = windows(50)
    assert [part.start for part in rows] == [0, 17, 33] and rows[-1].stop == 50
    assert len(windows(5)) == 1
    assert spread(np.full((4, 4), 3.1)) == pytest.approx(0, abs=1e-5)
    assert spread(np.array([math.pi - 0.1, -math.pi + 0.1, math.pi - 0.1, -math.pi + 0.1])) == pytest.approx(
        math.degrees(0.1), abs=1e-6
    )
    assert share_within([1.0, 5.0, 5.1, 20.0]) == 0.5 and share_within([]) is None
