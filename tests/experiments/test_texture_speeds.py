"""Two speeds on one sheet: who fires when, what is measured, and every file that is promised."""

import json
from pathlib import Path

import pytest
import texture_speeds as script
import torch
from PIL import Image
from protocol.texture import Texture
from texture_speeds import WAYS, Config, by_clock, by_firing, main, right_half, undisturbed
from torch import Tensor, nn

from graphnca import save_rule
from graphnca.models import texture_nca
from graphnca.results import result as report
from topologies import substrates


class Colours(nn.Module):
    """The smallest features: the image itself and its half."""

    description = "the colours alone"

    def forward(self, images: Tensor) -> list[Tensor]:
        return [images, nn.functional.avg_pool2d(images, 2)]


@pytest.fixture
def counting() -> Texture:
    """A rule whose first channel counts the steps in which a cell has fired."""
    rule = texture_nca(12, 8)
    with torch.no_grad():
        for parameter in rule.update_rule.parameters():
            parameter.zero_()
        rule.update_rule.hidden.bias[0] = 1.0
        rule.update_rule.output.weight[0, 0] = 1.0
    return Texture(rule, {})


def counts(texture: Texture, way: str, steps: int) -> tuple[torch.Tensor, torch.Tensor]:
    """How often the cells of the left and of the right half have fired."""
    topology = substrates(["square"], size=24)["square"]
    states = WAYS[way](texture, topology, [steps], 3, 0)[steps][..., 0]
    slow = right_half(topology)
    assert int(slow.sum()) == 24 * 12
    return states[:, ~slow], states[:, slow]


@pytest.mark.parametrize("way", ["firing", "clock"])
def test_the_right_half_is_four_times_slower(counting: Texture, way: str) -> None:
    fast, slow = counts(counting, way, 80)
    assert float(fast.mean()) == pytest.approx(40, rel=0.02)
    assert float(slow.mean()) == pytest.approx(10, rel=0.03)


def test_undisturbed_halves_are_equally_fast(counting: Texture) -> None:
    fast, slow = counts(counting, "undisturbed", 40)
    assert float(slow.mean()) == pytest.approx(float(fast.mean()), rel=0.03)


def test_a_clock_lets_nothing_happen_between_its_strokes(counting: Texture) -> None:
    topology, counting.rule.fire_rate = substrates(["square"], size=24)["square"], 1.0
    course = by_clock(counting, topology, [1, 3, 4, 7, 8, 9], 1, 0)
    slow = right_half(topology)
    assert [float(course[step][0, slow, 0].mean()) for step in (1, 3, 4, 7, 8, 9)] == [0, 0, 1, 1, 2, 2]
    assert [float(course[step][0, ~slow, 0].mean()) for step in (1, 3, 4, 7, 8, 9)] == [1, 3, 4, 7, 8, 9]


def test_a_half_at_full_speed_would_be_the_undisturbed_run(counting: Texture, monkeypatch: pytest.MonkeyPatch) -> None:
    topology = substrates(["square"], size=24)["square"]
    monkeypatch.setattr(script, "SLOWNESS", 1)
    plain = undisturbed(counting, topology, [5], 2, 0)[5]
    for run in (by_firing, by_clock):
        torch.testing.assert_close(run(counting, topology, [5], 2, 0)[5], plain)


def test_every_file_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, random_rule) -> None:
    monkeypatch.setattr(report, "published_folder", lambda: tmp_path / "docs")
    monkeypatch.setattr(script, "features_of", lambda text, dtype=None: Colours())
    monkeypatch.setattr(script, "FRAMES", 2)
    rule = random_rule(12, 8, "laplacian", life_mask=None, output_bias=False, std=0.02)
    save_rule(rule, tmp_path / "small.safetensors", {"rgb_offset": 0.5, "template": "dotted"})
    main(
        Config(
            rule=(str(tmp_path / "small.safetensors"),),
            steps=8,
            size=24,
            runs=2,
            out=str(tmp_path / "out"),
            publish=True,
        )
    )
    folder = tmp_path / "docs/texture_speeds_small"
    metrics = json.loads((folder / "metrics.json").read_text())
    assert list(metrics["sheets"]) == ["square", "hex", "voronoi 2201"]
    assert metrics["features"] == "the colours alone" and metrics["goal"]["of"] == 6
    for ways in metrics["sheets"].values():
        assert list(ways) == ["undisturbed", "firing", "clock"]
        assert ways["undisturbed"]["times undisturbed"] == 1
        assert ways["clock"]["moments"][-1] == 8 and len(ways["clock"]["right"][-1]) == 2
    for file in ("figure.png", "curves.png", "growth.gif"):
        with Image.open(folder / file) as picture:
            assert picture.width > 90
