"""What is shipped is what was measured."""

from pathlib import Path

import pytest
import torch
from protocol import shipping

from graphnca import load_rule, save_rule
from graphnca.models import growing_nca
from graphnca.rules import describe_rule, load_genomes


def test_the_rule_its_genomes_its_card_and_its_picture_are_shipped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shipping, "RULES", tmp_path)
    monkeypatch.setattr(shipping, "PICTURES", tmp_path / "docs")
    source, picture = tmp_path / "trained.safetensors", tmp_path / "picture.png"
    save_rule(growing_nca(6, 8), source, {"target": "rose"}, genomes={"rose": torch.tensor([1.0, 2.0])})
    picture.write_bytes(b"png")
    path = shipping.ship(str(source), "flower", {"error": -3.0}, picture)
    card = describe_rule(path)["card"]
    assert card["target"] == "rose"
    assert card["measured"]["error"] == -3.0 and card["measured"]["by"].startswith("python ")
    assert torch.equal(load_genomes(path)["rose"], torch.tensor([1.0, 2.0]))
    for name, value in load_rule(source).state_dict().items():
        assert torch.equal(value, load_rule(path).state_dict()[name])
    assert (tmp_path / "docs" / "flower.png").read_bytes() == b"png"
