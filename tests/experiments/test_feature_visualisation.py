"""A rule on every sheet, small; every file that is promised; activations against the maps themselves; shipping."""

import json
from pathlib import Path

import feature_visualisation
import pytest
import torch
from feature_visualisation import Channels, Config, main
from PIL import Image
from protocol import shipping

from graphnca import save_rule
from graphnca.features import FilterBank
from graphnca.models import texture_nca
from graphnca.results import result as report
from graphnca.rules import describe_rule

SMALL = {"features": "filter-bank", "steps": (3, 6), "meshes": 1, "runs": 2, "pixel_steps": 3}


def moving_rule(path: Path, card: dict) -> str:
    """A rule that changes its state, so that no picture is flat."""
    torch.manual_seed(0)
    rule = texture_nca()
    torch.nn.init.normal_(rule.update_rule.output.weight, std=0.02)
    save_rule(rule, path, {"rgb_offset": 0.5, **card})
    return str(path)


def test_a_rule_is_measured_drawn_published_and_shipped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(report, "published_folder", lambda: tmp_path / "docs")
    monkeypatch.setattr(shipping, "RULES", tmp_path)
    monkeypatch.setattr(shipping, "PICTURES", tmp_path / "pictures")
    rule = moving_rule(tmp_path / "eyes.safetensors", {"unit": "1_7", "features": "what it saw"})
    main(Config(rule=rule, out=str(tmp_path / "out"), publish=True, ship="shipped", **SMALL))
    folder = tmp_path / "docs" / "feature_visualisation"
    metrics = json.loads((folder / "metrics.json").read_text())
    assert (metrics["rule"], metrics["unit"]) == ("eyes", "1_7")
    assert metrics["features it was trained with"] == "what it saw"
    assert "no trained weights" in metrics["features"]
    assert list(metrics["others"]) == ["grey", "noise", "pixels"]
    assert list(metrics["sheets"]) == ["square", "hex", "voronoi 4001"]
    square = metrics["sheets"]["square"]
    for entry in metrics["sheets"].values():
        for number, step in enumerate(("step 3", "step 6")):
            assert len(entry[step]["activations"]) == 2
            assert 0 <= entry[step]["channels above"] < 96
            ratio = entry[step]["median"] / square[step]["median"]
            assert entry["times square"][number] == pytest.approx(ratio, abs=1e-3)
    for file in ("figure.png", "growth.gif"):
        with Image.open(folder / file) as picture:
            assert picture.width > 200
    card = describe_rule(tmp_path / "shipped.safetensors")["card"]
    assert card["unit"] == "1_7" and card["measured"]["sheets"] == metrics["sheets"]
    assert (tmp_path / "pictures" / "shipped.png").is_file()
    assert "mean activation of 1_7" in capsys.readouterr().out


def test_activations_are_those_of_the_maps() -> None:
    features = FilterBank()
    channels = Channels(features, "3_5", Config(size=32))
    images = torch.rand(3, 3, 32, 32, generator=torch.Generator().manual_seed(0)) * 2 - 0.5
    maps = features(images.clamp(0, 1))[3]
    found = channels.measured(images)
    torch.testing.assert_close(torch.tensor(found["activations"]), maps[:, 5].mean((-2, -1)), rtol=0, atol=1e-4)
    assert found["median"] == sorted(found["activations"])[1]


def test_how_many_stand_out_more() -> None:
    """A picture that has become the channel's own: pixels that descended long enough leave few above it."""
    channels = Channels(FilterBank(scales=2), "1_3", Config(size=16))
    before = channels.measured(channels.noise[:1])
    after = channels.measured(channels.from_pixels(60))
    assert after["median"] > before["median"]
    assert after["channels above"] < 48


def test_what_cannot_be(tmp_path: Path) -> None:
    rule = moving_rule(tmp_path / "eyes.safetensors", {})
    with pytest.raises(SystemExit, match="--unit: expected LAYER_CHANNEL, as the rule's card names none"):
        main(Config(rule=rule, out=str(tmp_path / "out"), **SMALL))
    assert feature_visualisation.unit_of("conv3_3_2") == ("conv3_3", 2)
