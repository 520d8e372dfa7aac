import pytest
import torch

from graphnca.pool import PoolSample, SamplePool, join_pools, part_of_pool


@pytest.fixture
def pool() -> SamplePool:
    """Ten entries that can be told apart: entry i is i + 1 everywhere."""
    pool = SamplePool(torch.ones(5, 4), 10)
    pool.states *= torch.arange(1.0, 11)[:, None, None]
    return pool


def test_all_is_seed_at_first_and_the_seed_is_copied() -> None:
    seed = torch.rand(5, 4)
    pool = SamplePool(seed, 7)
    assert len(pool) == 7
    assert torch.equal(pool.states, seed.expand(7, 5, 4))
    before = seed.clone()
    seed.zero_()
    pool.states[0] = 3
    assert torch.equal(pool.states[1], before)
    assert torch.equal(pool.seed, before)


def test_a_seed_in_training_leaves_no_graph_in_the_pool() -> None:
    assert not SamplePool(torch.rand(5, 4, requires_grad=True), 3).states.requires_grad


def test_no_entry_is_drawn_twice(pool: SamplePool) -> None:
    for seed in range(20):
        sample = pool.sample(10, generator=torch.Generator().manual_seed(seed))
        assert sorted(sample.indices.tolist()) == list(range(10))
        assert torch.equal(sample.states[:, 0, 0], sample.indices + 1.0)


def test_every_entry_is_drawn_equally_often(pool: SamplePool) -> None:
    generator, counts = torch.Generator().manual_seed(0), torch.zeros(10)
    for _ in range(2_000):
        counts[pool.sample(3, generator=generator).indices] += 1
    assert (counts - 600).abs().max() < 5 * 600**0.5


def test_with_replacement_when_asked(pool: SamplePool) -> None:
    sample = pool.sample(50, generator=torch.Generator().manual_seed(0), replace=True)
    assert sample.states.shape == (50, 5, 4)
    assert 5 < len(sample.indices.unique()) <= 10


def test_draws_come_from_the_generator(pool: SamplePool) -> None:
    one, two = (pool.sample(4, generator=torch.Generator().manual_seed(3)).indices for _ in range(2))
    assert torch.equal(one, two)


def test_a_sample_is_a_copy_and_commit_writes_it_back(pool: SamplePool) -> None:
    before, sample = pool.states.clone(), pool.sample(4)
    sample.states += 100
    assert torch.equal(pool.states, before)
    result = (sample.states * 2).requires_grad_() + 0
    pool.commit(sample, result)
    assert not pool.states.requires_grad
    assert torch.equal(pool.states[sample.indices], result.detach())
    others = torch.ones(10, dtype=torch.bool).index_fill(0, sample.indices, False)
    assert torch.equal(pool.states[others], before[others])


def test_ranked_the_worst_comes_first_and_finds_its_way_home(pool: SamplePool) -> None:
    sample = pool.sample(5, generator=torch.Generator().manual_seed(1))
    loss = {1.0: 0.5, 2.0: 0.1, 3.0: 0.9, 4.0: 0.3, 5.0: 0.7, 6.0: 0.2, 7.0: 0.8, 8.0: 0.4, 9.0: 0.6, 10.0: 0.0}
    losses = torch.tensor([loss[value] for value in sample.states[:, 0, 0].tolist()])
    sample.rank(losses)
    ranked = [loss[value] for value in sample.states[:, 0, 0].tolist()]
    assert ranked == sorted(ranked, reverse=True)
    assert torch.equal(sample.states[:, 0, 0], sample.indices + 1.0)
    pool.commit(sample, sample.states)
    assert torch.equal(pool.states[:, 0, 0], torch.arange(1.0, 11))


def test_equal_losses_keep_their_order() -> None:
    sample = PoolSample(torch.arange(6), torch.arange(6.0)[:, None, None].expand(6, 5, 4).clone(), torch.zeros(6))
    sample.rank(torch.tensor([1.0, 2.0, 1.0, 2.0, 1.0, 2.0]))
    assert sample.indices.tolist() == [1, 3, 5, 0, 2, 4]


def test_losses_stay_with_their_entries(pool: SamplePool) -> None:
    """Unknown at first, known once committed, ranked along, unknown again when nothing is said of them."""
    sample = pool.sample(6, generator=torch.Generator().manual_seed(1))
    assert sample.losses.isnan().all()
    pool.commit(sample, sample.states, sample.indices / 10)
    for index, loss in enumerate(pool.losses.tolist()):
        assert loss == pytest.approx(index / 10) if index in sample.indices else loss != loss
    drawn = pool.sample(10)
    drawn.losses = drawn.indices / 10
    drawn.rank(drawn.losses)
    assert drawn.losses.tolist() == pytest.approx([0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0.0])
    pool.commit(drawn, drawn.states)
    assert pool.losses.isnan().all()


@pytest.mark.parametrize("rows", [[0, 2], torch.tensor([True, False, True, False])])
def test_rows_become_the_seed(rows: list[int] | torch.Tensor, pool: SamplePool) -> None:
    sample, seed = pool.sample(4), torch.rand(5, 4)
    before = sample.states.clone()
    sample.reseed(rows, seed)
    assert torch.equal(sample.states[[0, 2]], seed.expand(2, 5, 4))
    assert torch.equal(sample.states[[1, 3]], before[[1, 3]])


def test_damage_zeroes_the_masked_cells_of_its_rows(pool: SamplePool) -> None:
    sample, mask = pool.sample(4), torch.tensor([[True, False, False, False, True], [False, True, True, False, False]])
    before = sample.states.clone()
    sample.damage([1, 3], mask)
    assert torch.equal(sample.states[[0, 2]], before[[0, 2]])
    assert torch.equal(sample.states[[1, 3]], before[[1, 3]] * ~mask[..., None])


def test_it_comes_back_to_the_bit() -> None:
    """Empty cells are left out; negative zeros, infinities and single channels are not lost."""
    pool = SamplePool(torch.rand(50, 4), 6)
    pool.states *= torch.rand(6, 50, 1) < 0.3
    pool.states[2, 7] = torch.tensor([0.0, 0.0, 1e-40, 0.0])
    pool.states[3, 8] = torch.tensor([float("nan"), float("inf"), -0.0, 1.0])
    pool.losses[[1, 4]] = torch.tensor([0.25, float("inf")])
    state = pool.state_dict()
    assert len(state["values"]) < 120
    other = SamplePool(torch.zeros(50, 4), 6)
    other.load_state_dict(state)
    assert torch.equal(other.states.view(torch.int32), pool.states.view(torch.int32))
    assert torch.equal(other.seed, pool.seed)
    assert torch.equal(other.losses.view(torch.int32), pool.losses.view(torch.int32))


def test_a_pool_from_before_losses_were_kept(pool: SamplePool) -> None:
    state = pool.state_dict()
    del state["losses"]
    other = SamplePool(torch.zeros(5, 4), 10)
    other.losses[:] = 1.0
    other.load_state_dict(state)
    assert torch.equal(other.states, pool.states)
    assert other.losses.isnan().all()


@pytest.mark.parametrize("count", [1, 2, 3, 6])
def test_the_parts_of_a_pool_joined_are_the_pool(count: int) -> None:
    pool = SamplePool(torch.rand(50, 4), 6)
    pool.states *= torch.rand(6, 50, 1) < 0.3
    pool.losses = torch.arange(6.0)
    state = pool.state_dict()
    parts = [part_of_pool(state, number, count) for number in range(count)]
    assert all(torch.equal(state[name], value) for name, value in join_pools(parts).items())
    entries = []
    for part in parts:
        small = SamplePool(torch.zeros(50, 4), 6 // count)
        small.load_state_dict(part)
        entries.append(small.states)
    assert torch.equal(torch.cat(entries), pool.states)
    assert "losses" not in part_of_pool({name: state[name] for name in state if name != "losses"}, 0, count)


def test_a_pool_that_cannot_be_divided(pool: SamplePool) -> None:
    with pytest.raises(ValueError, match="can be divided by 3, got 10"):
        part_of_pool(pool.state_dict(), 0, 3)


@pytest.mark.parametrize(
    "other", [SamplePool(torch.zeros(5, 4), 9), SamplePool(torch.zeros(6, 4), 10), SamplePool(torch.zeros(5, 3), 10)]
)
def test_a_pool_of_another_shape(other: SamplePool, pool: SamplePool) -> None:
    with pytest.raises(ValueError, match=r"`state` must be of a pool of shape \(10, 5, 4\)"):
        pool.load_state_dict(other.state_dict())


def test_what_does_not_fit_is_named(pool: SamplePool) -> None:
    with pytest.raises(ValueError, match="`batch_size` must be at most the pool's 10 entries, got 11"):
        pool.sample(11)
    with pytest.raises(ValueError, match="`size` must be at least 1"):
        SamplePool(torch.zeros(5, 4), 0)


@pytest.mark.usefixtures("as_released")
def test_a_seed_of_another_shape() -> None:
    with pytest.raises(ValueError, match=r"`seed` must be .* got torch.float32 of shape \(2, 5, 4\)"):
        SamplePool(torch.zeros(2, 5, 4))
