"""The training of one rule with a genome for each picture, tiny."""

from pathlib import Path

import torch
from speciation_training import Config, train

from graphnca.rules import describe_rule, load_genomes, load_rule


def test_it_writes_one_rule_with_its_genomes(tmp_path: Path) -> None:
    config = Config(
        targets=("rose", "tulip"), size=8, padding=2, channels=6, hidden=8, iterations=3, batch_size=2, pool=4,
        out=str(tmp_path),
    )  # fmt: skip
    path = train(config)
    card, genomes = describe_rule(path)["card"], load_genomes(path)
    assert (card["targets"], card["size"], card["padding"]) == (["rose", "tulip"], 8, 2)
    assert sorted(genomes) == ["rose", "tulip"]
    assert not torch.equal(genomes["rose"], genomes["tulip"])
    assert load_rule(path).num_channels == 6
