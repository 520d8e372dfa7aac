"""Activations against the maps themselves; what stands out; what is shipped."""

from pathlib import Path

import pytest
import torch
from textures.feature_visualisation import Channels, Config, main

from graphnca import save_rule
from graphnca.features import FilterBank
from graphnca.models import texture_nca
from graphnca.results import shipping
from graphnca.results.result import Result
from graphnca.rules import describe_rule


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


def test_what_is_shipped_is_what_was_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shipping, "SHIPPED", tmp_path)
    monkeypatch.setattr(shipping, "published_folder", lambda: tmp_path / "docs" / "results")
    torch.manual_seed(0)
    rule = texture_nca()
    torch.nn.init.normal_(rule.update_rule.output.weight, std=0.02)
    save_rule(rule, tmp_path / "eyes.safetensors", {"unit": "1_7", "features": "what it saw"})
    small = Config(
        rule=str(tmp_path / "eyes.safetensors"),
        features="filter-bank",
        size=32,
        steps=(3, 6),
        meshes=1,
        runs=2,
        pixel_steps=3,
        ship="shipped",
    )
    result = Result("eyes", tmp_path / "out")
    main(small, result)
    metrics = result.metrics
    assert (metrics["rule"], metrics["neuron"]) == ("eyes", "1_7")
    assert metrics["features it was trained with"] == "what it saw"
    entries = metrics["substrates"]
    for entry in entries.values():
        for number, step in enumerate(("step 3", "step 6")):
            assert len(entry[step]["activations"]) == 2
            ratio = entry[step]["median"] / entries["square"][step]["median"]
            assert entry["times square"][number] == pytest.approx(ratio, abs=1e-3)
    card = describe_rule(tmp_path / "shipped.safetensors")["card"]
    assert card["unit"] == "1_7" and card["measured"]["sheets"] == entries


def test_a_card_without_a_neuron(tmp_path: Path) -> None:
    save_rule(texture_nca(), tmp_path / "eyes.safetensors", {})
    with pytest.raises(SystemExit, match="--neuron: expected LAYER_CHANNEL, as the rule's card names none"):
        main(Config(rule=str(tmp_path / "eyes.safetensors")), Result("eyes", tmp_path))
