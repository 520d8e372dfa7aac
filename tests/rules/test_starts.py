"""What a rule starts from: what its card says."""

import pytest
import torch
from torch_geometric.data import Data

from graphnca.rules import STRUCTURED_SEEDS, describe_rule, load_rule, shipped_rules, starting_state
from graphnca.seeds import point_seed, with_genome
from topologies import square_grid


def test_a_rule_starts_from_a_single_cell(topology: Data, random_rule) -> None:
    rule = random_rule(8, 8, "isonca", life_mask="pre")
    torch.testing.assert_close(starting_state(rule, topology), point_seed(topology, 8))
    torch.testing.assert_close(starting_state(rule, topology, at=(3.0, 4.0)), point_seed(topology, 8, at=(3.0, 4.0)))


def test_a_rule_without_life_starts_from_nothing(topology: Data, random_rule) -> None:
    state = starting_state(random_rule(12, 8, "laplacian", life_mask=None), topology)
    assert state.shape == (topology.num_nodes, 12) and not state.any()


@pytest.mark.parametrize("target", sorted(STRUCTURED_SEEDS))
def test_a_card_can_name_a_structured_seed(target: str, random_rule) -> None:
    grid = square_grid(60, 60)
    state = starting_state(
        random_rule(16, 8, "isonca", life_mask="pre"), grid, {"seed": "structured", "target": target}
    )
    assert int((state[:, 3] > 0).sum()) == len(STRUCTURED_SEEDS[target].points)


def test_a_structured_seed_that_nobody_knows_is_an_error(random_rule) -> None:
    with pytest.raises(ValueError, match="one of \\['dancer', 'lizard'\\], got 'fish'"):
        starting_state(random_rule(16, 8, "isonca"), square_grid(8, 8), {"seed": "structured", "target": "fish"})


def test_a_genome_is_in_the_hidden_channels(topology: Data, random_rule) -> None:
    genome = torch.arange(4.0)
    state = starting_state(random_rule(8, 8, "isonca"), topology, genome=genome)
    torch.testing.assert_close(state, with_genome(point_seed(topology, 8), genome))


@pytest.mark.parametrize("name", shipped_rules())
def test_every_shipped_rule_says_what_it_starts_from(name: str) -> None:
    rule, card, grid = load_rule(name), describe_rule(name)["card"], square_grid(72, 72)
    if name == "growing-shell":
        with pytest.raises(ValueError, match="chamber by chamber"):
            starting_state(rule, grid, card)
        return
    alive = int((starting_state(rule, grid, card)[:, 3] > 0).sum())
    assert alive == {"isonca-lizard-3point": 3, "isonca-dancer-6point": 6, "growing-lizard-steerable": 2}.get(
        name, int(rule.life_mask is not None)
    )
