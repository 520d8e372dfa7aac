"""The training of one rule with a genome for each picture, tiny."""

from pathlib import Path

import torch
from studying_growth.speciation_training import SpeciationRecipe

from graphnca.rules import describe_rule, load_genomes, load_rule
from topologies import sampled_torus


def test_it_writes_one_rule_with_its_genomes(tmp_path: Path) -> None:
    recipe = SpeciationRecipe(
        targets=("rose", "tulip"), size=8, padding=2, num_channels=6, hidden_size=8, iterations=3, batch_size=2,
        pool_size=4, out=str(tmp_path),
    )  # fmt: skip
    path = recipe.train(sampled_torus, "")
    card, genomes = describe_rule(path)["card"], load_genomes(path)
    assert (card["targets"], card["size"], card["padding"]) == (["rose", "tulip"], 8, 2)
    assert sorted(genomes) == ["rose", "tulip"]
    assert not torch.equal(genomes["rose"], genomes["tulip"])
    assert load_rule(path).num_channels == 6
