"""Training from the command line: tiny, resumed, and with the auxiliary channels it is asked for."""

from pathlib import Path

import torch
from isonca_training import Config, train

from graphnca import load_rule
from graphnca.rules import describe_rule


def test_training_writes_a_rule_with_its_card_and_resumes(tmp_path: Path) -> None:
    config = Config(
        target="heart", size=12, padding=2, iterations=2, batch_size=2, snapshots=1, out=str(tmp_path / "run")
    )
    path = train(config)
    first = load_rule(str(path)).state_dict()
    card = describe_rule(str(path))["card"]
    assert card["target"] == "heart"
    assert card["iterations"] == 2
    assert torch.equal(
        load_rule(str(tmp_path / "run" / "snapshots" / "000002.safetensors")).state_dict()["update_rule.hidden.bias"],
        first["update_rule.hidden.bias"],
    )
    assert torch.equal(
        load_rule(str(train(config))).state_dict()["update_rule.hidden.bias"], first["update_rule.hidden.bias"]
    )
