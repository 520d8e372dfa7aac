"""The training of one rule with a genome for each picture, tiny."""

from pathlib import Path
from typing import Any

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


def test_a_training_on_several_kinds_goes_on_from_the_genomes_of_its_start(tmp_path: Path) -> None:
    options: dict[str, Any] = {
        "targets": ("rose", "tulip"), "size": 8, "padding": 2, "num_channels": 6, "hidden_size": 8, "batch_size": 2,
        "pool_size": 4,
    }  # fmt: skip
    first = SpeciationRecipe(iterations=2, out=str(tmp_path / "first"), **options).train(sampled_torus, "")
    recipe = SpeciationRecipe(
        iterations=1, rate=0.0, substrate=("square", "hex"), start=str(first), out=str(tmp_path / "second"), **options
    )
    second = recipe.train(sampled_torus, "")
    assert describe_rule(second)["card"]["substrate"] == "12x12 units: square,hex"
    for name, genome in load_genomes(first).items():
        torch.testing.assert_close(load_genomes(second)[name], genome)
