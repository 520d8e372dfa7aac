"""What is shipped is what was measured."""

from pathlib import Path

import pytest
import torch
from PIL import Image

from graphnca import load_rule, save_rule
from graphnca.evaluation.named import read_subject
from graphnca.models import growing_nca
from graphnca.results import shipping
from graphnca.rules import describe_rule, load_genomes


def test_the_rule_its_genomes_its_card_and_its_picture_are_shipped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shipping, "SHIPPED", tmp_path)
    monkeypatch.setattr(shipping, "published_folder", lambda: tmp_path / "docs" / "results")
    source = tmp_path / "trained.safetensors"
    save_rule(growing_nca(6, 8), source, {"target": "rose"}, genomes={"rose": torch.tensor([1.0, 2.0])})
    path = shipping.ship(read_subject(str(source)), "flower", {"error": -3.0}, Image.new("RGB", (30, 20)))
    card = describe_rule(path)["card"]
    assert card["target"] == "rose" and "limits" not in card
    assert card["measured"]["error"] == -3.0 and card["measured"]["by"].startswith("python ")
    assert torch.equal(load_genomes(path)["rose"], torch.tensor([1.0, 2.0]))
    for name, value in load_rule(source).state_dict().items():
        assert torch.equal(value, load_rule(path).state_dict()[name])
    with Image.open(tmp_path / "docs" / "rules" / "flower.webp") as picture:
        assert picture.size == (30, 20)


def test_what_a_rule_cannot_do_is_said_of_the_next_one_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shipping, "SHIPPED", tmp_path)
    monkeypatch.setattr(shipping, "published_folder", lambda: tmp_path / "docs" / "results")

    def limits(card: dict[str, str]) -> str:
        save_rule(growing_nca(6, 8), tmp_path / "trained.safetensors", card)
        subject = read_subject(str(tmp_path / "trained.safetensors"))
        return describe_rule(shipping.ship(subject, "flower", {}, Image.new("RGB", (3, 2))))["card"]["limits"]

    assert [limits({"limits": "It wilts."}), limits({}), limits({"limits": "It fades."})] == [
        "It wilts.",
        "It wilts.",
        "It fades.",
    ]
