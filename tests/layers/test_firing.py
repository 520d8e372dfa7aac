import pytest
import torch

from graphnca.layers import NCAConv, fire_key, fires
from graphnca.layers.firing import fire_keys, hash_index
from topologies import square_grid

WORD = (1 << 32) - 1
PINNED = [288_292_087, 1_983_311_132, 676_628_372]  # of key 12345 and cells 0, 1, 1,000,000


def plain_mix(bits: int) -> int:
    """The finaliser on Python's unbounded integers."""
    bits = ((bits ^ bits >> 16) * 0x7FEB352D) & WORD
    bits = ((bits ^ bits >> 15) * 0x846CA68B) & WORD
    return bits ^ bits >> 16


def plain_number(key: int, index: int) -> float:
    """The number in [0, 1) of a cell, as any other program would compute it."""
    return (plain_mix(plain_mix(index) ^ key) & 0x7FFFFFFF) / 2**31


def numbers(key: int, count: int) -> list[float]:
    return [plain_number(key, index) for index in range(count)]


def test_the_hash_is_pinned() -> None:
    """A change here changes every run of every rule."""
    drawn = [plain_mix(plain_mix(index) ^ 12345) & 0x7FFFFFFF for index in (0, 1, 1_000_000)]
    assert drawn == PINNED
    key, index = torch.tensor(12345, dtype=torch.int32), hash_index(torch.tensor([0, 1, 1_000_000]))
    for offset, expected in ((0, False), (1, True)):  # the number lies below the rate, and not below itself
        rate = (torch.tensor(PINNED, dtype=torch.float64) + offset) / 2**31
        assert fires(key, index, rate).tolist() == [expected] * 3
        assert [bool(fires(key, index[i], float(rate[i]))) for i in range(3)] == [expected] * 3


def test_many_keys_are_those_drawn_one_by_one() -> None:
    at_once, one_by_one = (torch.Generator().manual_seed(7) for _ in range(2))
    keys = torch.cat([fire_keys(200, at_once), fire_keys(1, at_once)])
    assert torch.equal(keys, torch.stack([fire_key(one_by_one) for _ in range(201)]))
    assert torch.equal(at_once.get_state(), one_by_one.get_state())
    state = torch.get_rng_state()
    keys = fire_keys(3)
    torch.set_rng_state(state)
    assert torch.equal(keys, torch.stack([fire_key() for _ in range(3)]))


@pytest.mark.parametrize("key", [0, 1, 2**31 - 2])
@pytest.mark.parametrize("rate", [0.1, 0.5, 0.8])
def test_it_equals_a_plain_integer_program(key: int, rate: float) -> None:
    mask = fires(torch.tensor(key, dtype=torch.int32), hash_index(torch.arange(500)), rate)
    assert mask.tolist() == [number < rate for number in numbers(key, 500)]


def test_a_rate_of_one_always_fires_and_of_zero_never() -> None:
    key, index = fire_key(), hash_index(torch.arange(10_000))
    assert fires(key, index, 1.0).all()
    assert not fires(key, index, 0.0).any()
    rates = torch.tensor([0.0, 1.0]).repeat(5_000)
    assert torch.equal(fires(key, index, rates), rates.bool())


def test_a_rate_for_every_cell_is_the_rate_of_all() -> None:
    key, index = fire_key(), hash_index(torch.arange(1_000))
    assert torch.equal(fires(key, index, torch.full((1_000,), 0.3)), fires(key, index, 0.3))


def test_a_higher_rate_fires_the_same_cells_and_more() -> None:
    key, index = fire_key(), hash_index(torch.arange(1_000))
    assert not (fires(key, index, 0.3) & ~fires(key, index, 0.6)).any()


@pytest.fixture(scope="module")
def masks() -> torch.Tensor:
    """400 steps of 2,000 cells at rate 1/2, as +-1."""
    generator, index = torch.Generator().manual_seed(0), hash_index(torch.arange(2_000))
    return torch.stack([fires(fire_key(generator), index, 0.5) for _ in range(400)]) * 2.0 - 1.0


def test_the_rate_is_kept_in_every_step_and_by_every_cell(masks: torch.Tensor) -> None:
    """Means of n fair +-1 numbers scatter by n^-1/2; the largest of 400 or 2,000 stays below 5 of these."""
    assert abs(masks.mean()) < 5 * masks.numel() ** -0.5
    assert masks.mean(1).abs().max() < 5 * 2_000**-0.5
    assert masks.mean(0).abs().max() < 5 * 400**-0.5
    assert abs(masks.mean(1).std() * 2_000**0.5 - 1) < 0.2
    assert abs(masks.mean(0).std() * 400**0.5 - 1) < 0.1


def test_steps_are_independent_and_so_are_cells(masks: torch.Tensor) -> None:
    between_steps = (masks @ masks.T / 2_000).fill_diagonal_(0)
    assert between_steps.abs().max() < 6 * 2_000**-0.5
    between_cells = (masks.T @ masks / 400).fill_diagonal_(0)
    assert between_cells.abs().max() < 6.5 * 400**-0.5
    assert abs(between_steps.std() * 2_000**0.5 - 1) < 0.05
    assert abs(between_cells.std() * 400**0.5 - 1) < 0.05
    assert (masks[1:] * masks[:-1]).mean().abs() < 5 * masks.numel() ** -0.5
    for distance in (1, 2, 3, 16, 72, 1_000):  # neighbours in the numbering, and beside each other on a grid
        assert (masks[:, distance:] * masks[:, :-distance]).mean().abs() < 5 * masks.numel() ** -0.5


def test_consecutive_keys_are_as_good_as_random_ones() -> None:
    index = hash_index(torch.arange(2_000))
    masks = torch.stack([fires(torch.tensor(key, dtype=torch.int32), index, 0.5) for key in range(200)]) * 2.0 - 1.0
    assert (masks @ masks.T / 2_000).fill_diagonal_(0).abs().max() < 6 * 2_000**-0.5


def test_the_key_comes_from_the_generator_alone() -> None:
    one, two = (torch.Generator().manual_seed(5) for _ in range(2))
    keys = [int(fire_key(one)) for _ in range(20)]
    torch.rand(3)
    assert [int(fire_key(two)) for _ in range(20)] == keys
    assert len(set(keys)) == 20
    assert all(0 <= key < 2**31 for key in keys)
    torch.manual_seed(5)
    assert int(fire_key()) == keys[0]


@pytest.mark.parametrize("batch", [(), (2,), (2, 3)])
@pytest.mark.parametrize("per", ["cell", "channel"])
def test_the_layer_hands_the_numbers_out_in_order(batch: tuple[int, ...], per: str) -> None:
    rule = NCAConv(5, 8, "isonca", fire_per=per, fire_rate=0.7)  # type: ignore[arg-type]
    fired = rule.draw_firing(torch.zeros(*batch, 9, 5), generator=torch.Generator().manual_seed(2))
    assert fired.shape == (*batch, 9, 5 if per == "channel" else 1)
    key = int(fire_key(torch.Generator().manual_seed(2)))
    assert fired.flatten().tolist() == [number < 0.7 for number in numbers(key, fired.numel())]


def test_a_key_takes_the_place_of_the_draw() -> None:
    rule = NCAConv(5, 8, "isonca")
    x = torch.zeros(9, 5)
    key, state = fire_key(torch.Generator().manual_seed(2)), torch.get_rng_state()
    given = rule.draw_firing(x, key=key)
    assert torch.equal(given, rule.draw_firing(x, generator=torch.Generator().manual_seed(2)))
    assert torch.equal(torch.get_rng_state(), state)  # and nothing was drawn
    with pytest.raises(ValueError, match="`generator` and `key` must not both be given"):
        rule.draw_firing(x, generator=torch.Generator(), key=key)


@pytest.mark.parametrize(("per", "expected"), [("cell", {0, 5}), ("channel", {0, 1, 2, 3, 4, 5})])
def test_a_cell_fires_as_a_whole_or_channel_by_channel(per: str, expected: set[int]) -> None:
    """With an update of 1 everywhere, the number of channels that changed tells how they fire."""
    grid = square_grid(20, 20)
    rule = NCAConv(5, 1, "isonca", fire_per=per, life_mask=None)  # type: ignore[arg-type]
    torch.nn.init.ones_(rule.update_rule.output.bias)
    x = rule(torch.zeros(400, 5), grid["edge_index"], generator=torch.Generator().manual_seed(0))
    assert set(x.unique().tolist()) == {0.0, 1.0}
    assert set(x.sum(1).int().tolist()) == expected


@pytest.mark.parametrize("shape", [(), (9,), (2, 9), (3, 2, 9)])
@pytest.mark.parametrize("per", ["cell", "channel"])
def test_a_rate_of_ones_own_for_every_cell(shape: tuple[int, ...], per: str) -> None:
    rule = NCAConv(5, 1, "isonca", fire_per=per, life_mask=None)  # type: ignore[arg-type]
    rate = (torch.arange(9) % 2.0).expand(shape) if shape else torch.tensor(1.0)
    fired = rule.draw_firing(torch.zeros(3, 2, 9, 5), rate)
    assert torch.equal(fired, rate.bool().unsqueeze(-1).expand(fired.shape) if shape else torch.ones_like(fired))
