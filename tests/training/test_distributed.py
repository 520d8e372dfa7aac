"""Two processes on the CPU train as one: the gradient is that of the joint batch, and what one decides all do.

The processes are forked, which saves the many seconds that importing torch in each of them would take.
"""

import contextlib
import io
import multiprocessing
import os
import signal
import socket
import traceback
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
from torch.distributed.launcher.api import LaunchConfig, elastic_launch

from graphnca import trajectory
from graphnca.models import isonca
from graphnca.rules import describe_rule
from graphnca.seeds import point_seed
from graphnca.training import (
    Evaluation,
    LostProcessError,
    PoolPolicy,
    Processes,
    Training,
    TrainingConfig,
    World,
    grown_and_still,
    joined_processes,
    last_state,
    load_checkpoint,
)
from graphnca.training.distributed import own_generator
from graphnca.training.recipes import IsoNCARecipe
from topologies import sampled_torus, square_grid

GRID = square_grid(8, 8)
POLICY = PoolPolicy(size=8, seed_always_until=2, seed_every=3, damage_every=2, damage_count=2, rank=True)
CONFIG = TrainingConfig(iterations=6, batch_size=4, steps=(3, 6), schedule=lambda iteration: 1e-2, pool=POLICY)

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="the processes are forked"),
    pytest.mark.filterwarnings("ignore:This process .* is multi-threaded, use of fork:DeprecationWarning"),
    # what ran before in the process that is forked may have had threads: a child then takes one, and says so
    pytest.mark.filterwarnings("ignore:This process was forked from one in which rollouts took several:UserWarning"),
]


def loss(states: Tensor) -> Tensor:
    """Half opaque everywhere."""
    return (states[..., :4] - 0.5).square().mean((-2, -1))


def make_training(folder: Path, processes: Processes, config: TrainingConfig = CONFIG, **parts: Any) -> Training:
    """A tiny run that begins with another rule in every process, until they have met."""
    torch.manual_seed(processes.rank)
    objective = parts.pop("objective", grown_and_still(loss))
    world = World(GRID, point_seed(GRID, 6), objective, loss)
    return Training(isonca(6, 12), world, config, folder, processes=processes, **parts)


def lively(training: Training, seed: int) -> None:
    """Fills the pool with states in which every cell lives, some beyond the bounds that overflow is measured from."""
    generator = torch.Generator().manual_seed(seed)
    training.worlds.pools[0].states = torch.rand(training.worlds.pools[0].states.shape, generator=generator) * 2.5 + 0.2
    training.worlds.pools[0].losses[:] = torch.nan


def together(work: Callable[[Processes], Any], size: int = 2) -> list[Any]:
    """What `work` returns in each of several processes; whoever fails, or is killed, returns its error as text."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    context = multiprocessing.get_context("fork")
    children, pipes = [], []
    for rank in range(size):
        ours, theirs = context.Pipe(duplex=False)
        children.append(context.Process(target=_child, args=(work, rank, size, port, theirs), daemon=True))
        children[-1].start()
        theirs.close()
        pipes.append(ours)
    results = []
    for pipe, child in zip(pipes, children, strict=True):
        try:
            results.append(torch.load(pipe.recv(), weights_only=False) if pipe.poll(60) else "still running")
        except EOFError:
            child.join()
            results.append(f"ended with {child.exitcode}")
    for child in children:
        child.kill()
        child.join()
    return results


def _child(work: Callable[[Processes], Any], rank: int, size: int, port: int, pipe: Any) -> None:
    os.environ |= {"RANK": str(rank), "WORLD_SIZE": str(size), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    torch.set_num_threads(1)
    try:
        with joined_processes() as processes:
            result = work(processes)
    except BaseException:
        result = traceback.format_exc()
    buffer = io.BytesIO()
    torch.save(result, buffer)
    buffer.seek(0)
    pipe.send(buffer)
    pipe.close()
    os._exit(0)


def both(results: list[Any]) -> list[dict[str, Any]]:
    """The results, if no process failed."""
    assert all(isinstance(result, dict) for result in results), "\n".join(map(str, results))
    return results


def same(one: Any, two: Any) -> bool:
    """Equal to the bit, all the way down; the wall time aside."""
    if isinstance(one, Tensor):
        return one.dtype == two.dtype and one.shape == two.shape and torch.allclose(one, two, 0, 0, equal_nan=True)
    if isinstance(one, dict):
        return one.keys() == two.keys() and all(same(one[name], two[name]) for name in one if name != "seconds")
    if isinstance(one, (list, tuple)):
        return len(one) == len(two) and all(map(same, one, two))
    return one == two


def test_the_operations() -> None:
    def work(processes: Processes) -> dict[str, Any]:
        rank = processes.rank
        single, double = torch.full((2, 3), rank + 1.0), torch.tensor([rank * 1.0], dtype=torch.float64)
        processes.sum([single, double])
        copied = torch.tensor([rank + 5.0])
        processes.copy_from_first([copied])
        return {
            "sum": (single.unique().tolist(), double.tolist()),
            "agree": processes.agree(rank + 7),
            "rows": processes.rows(torch.tensor([rank * 10.0, rank * 10.0 + 1])).tolist(),
            "collect": processes.collect({"rank": rank}),
            "hand out": processes.hand_out([rank, "text"]),
            "copied": copied.item(),
            "is first": processes.is_first,
            "device": processes.device.type,
        }

    alike = {
        "sum": ([3.0], [1.0]), "agree": 7, "rows": [0.0, 1.0, 10.0, 11.0], "hand out": [0, "text"], "copied": 5.0,
        "device": "cpu",
    }  # fmt: skip
    first, second = together(work)
    assert first == {**alike, "collect": [{"rank": 0}, {"rank": 1}], "is first": True}
    assert second == {**alike, "collect": None, "is first": False}


def test_alone_every_operation_is_trivial(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    with joined_processes() as processes:
        value = torch.rand(3)
        kept = value.clone()
        processes.sum([value])
        processes.copy_from_first([value])
        assert torch.equal(value, kept)
        assert processes.agree(4) == 4
        assert processes.rows(value) is value
        assert processes.collect(value) == [value]
        assert processes.hand_out(value) is value
        assert (processes.rank, processes.size, processes.is_first) == (0, 1, True)


class Watched(Processes):
    """Keeps what was summed last."""

    def sum(self, tensors: Any) -> None:
        super().sum(tensors)
        object.__setattr__(self, "summed", [tensor.clone() for tensor in tensors])


def test_two_processes_give_the_gradient_of_the_joint_batch(tmp_path: Path) -> None:
    """The mean over both shares, and the overflow's sum, as one process computes them from both shares at once."""
    policy = PoolPolicy(size=8, seed_always_until=0, seed_every=10**9, damage_every=0)
    config = replace(CONFIG, pool=policy, steps=(4, 5))

    def work(processes: Processes) -> dict[str, Any]:
        training = make_training(tmp_path, Watched(processes.rank, processes.size), config)
        training.rule.fire_rate = 1.0  # every cell fires, in whatever row its sample stands
        training.rule.update_rule.output.weight.data.normal_(std=0.02, generator=torch.Generator().manual_seed(1))
        training.iteration = 1
        lively(training, processes.rank)
        rule = {name: value.clone() for name, value in training.rule.state_dict().items()}
        starts = training.worlds.pools[0].sample(2, generator=own_generator(config.seed, processes.rank)).states
        training.step()
        return {
            "rule": rule,
            "starts": starts,
            "joint": training.processes.summed[:-1],  # type: ignore[attr-defined]
            "used": [parameter.grad for parameter in training.rule.parameters()],
        }

    results = both(together(work))
    assert same(results[0]["joint"], results[1]["joint"])
    assert same(results[0]["used"], results[1]["used"])
    assert not same(results[0]["starts"], results[1]["starts"])
    rule = isonca(6, 12, fire_rate=1.0)
    rule.load_state_dict(results[0]["rule"])
    starts = torch.cat([result["starts"] for result in results])
    evaluation = grown_and_still(loss)(trajectory(rule, starts, GRID, 4, record=(1,)))
    assert evaluation.summed is not None
    assert (evaluation.summed > 0).all()
    (evaluation.averaged.mean() + evaluation.summed.sum()).backward()
    for parameter, joint, used in zip(rule.parameters(), results[0]["joint"], results[0]["used"], strict=True):
        assert parameter.grad is not None
        torch.testing.assert_close(joint / parameter.grad.norm(), parameter.grad / parameter.grad.norm())
        torch.testing.assert_close(used, joint / joint.norm())  # normalised after the sum, not before


def test_both_hold_the_same_rule_and_count_alike(tmp_path: Path) -> None:
    """Though they began with different ones and draw different numbers; what differs is their part of the pool."""

    def work(processes: Processes) -> dict[str, Any]:
        training = make_training(tmp_path, processes)
        lengths = []
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(
                "graphnca.training.loop.trajectory",
                lambda *parts, **options: lengths.append(parts[3]) or trajectory(*parts, **options),
            )
            for _ in range(8):
                training.step()
        return {
            "rule": training.rule.state_dict(),
            "average": training.average.state_dict(),
            "optimizer": training.optimizer.state_dict(),
            "history": training.history,
            "repairs": training.repairs,
            "lengths": lengths,
            "pool": training.worlds.pools[0].states,
            "generator": training.generator.get_state(),
        }

    first, second = both(together(work))
    for name in ("rule", "average", "optimizer", "history", "repairs", "lengths"):
        assert same(first[name], second[name]), name
    assert set(first["lengths"]) == {3, 4, 5}
    assert first["pool"].shape == (4, 64, 6)
    assert not same(first["pool"], second["pool"])
    assert not same(first["generator"], second["generator"])


def test_one_alone_is_the_first_of_several() -> None:
    """The first process draws what a single one would."""
    alone = torch.Generator().manual_seed(5)
    assert torch.equal(own_generator(5, 0).get_state(), alone.get_state())
    states = [own_generator(5, rank).get_state() for rank in range(4)]
    assert not any(torch.equal(states[i], states[j]) for i in range(4) for j in range(i))


def starts(training: Training, iterations: int) -> list[Tensor]:
    """The samples of each iteration as they are when the rollout begins."""
    seen: list[Tensor] = []

    def watching(*parts: Any, **options: Any) -> Any:
        seen.append(parts[1].clone())
        return trajectory(*parts, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("graphnca.training.loop.trajectory", watching)
        for iteration in range(iterations):
            lively(training, 100 * training.processes.rank + iteration)
            training.step()
    return seen


def test_the_worst_of_all_becomes_the_seed_and_the_best_of_all_are_damaged(tmp_path: Path) -> None:
    policy = PoolPolicy(size=8, seed_always_until=10**9, damage_every=1, damage_count=1, rank=True)
    config = replace(CONFIG, pool=policy)

    def work(processes: Processes) -> dict[str, Any]:
        training = make_training(tmp_path, processes, config)
        drawn: list[Tensor] = []
        sample = training.worlds.pools[0].sample

        def watching(*parts: Any, **options: Any) -> Any:
            taken = sample(*parts, **options)
            drawn.append(loss(taken.states))
            return taken

        training.worlds.pools[0].sample = watching  # type: ignore[method-assign]
        return {"drawn": drawn, "starts": starts(training, 8), "seed": training.worlds.worlds[0].seed}

    first, second = both(together(work))
    seed, seeded_in, damaged_in = first["seed"], set(), set()
    for iteration in range(8):
        losses = [result["drawn"][iteration] for result in (first, second)]
        states = [result["starts"][iteration] for result in (first, second)]
        seeded = [[bool(torch.equal(state, seed)) for state in share] for share in states]
        worst = int(losses[1].max() > losses[0].max())
        assert seeded[worst] == [True, False]
        assert seeded[1 - worst] == [False, False]
        best = int(losses[1].min() < losses[0].min())
        assert not any(state.eq(0).all(-1).any() for state in states[1 - best][int(worst != best) :])
        damaged = states[best][-1].eq(0).all(-1)
        seeded_in.add(worst)
        damaged_in |= {best} if damaged.any() else set()
    assert seeded_in == damaged_in == {0, 1}


def test_unranked_the_seed_and_the_disks_visit_every_process(tmp_path: Path) -> None:
    policy = PoolPolicy(size=8, seed_always_until=10**9, damage_every=1, damage_count=1)

    def work(processes: Processes) -> dict[str, Any]:
        training = make_training(tmp_path, processes, replace(CONFIG, pool=policy))
        shares, seed = starts(training, 8), training.worlds.worlds[0].seed
        return {
            "seeded": [[bool(torch.equal(state, seed)) for state in share] for share in shares],
            "damaged": [bool(share[-1].eq(0).all(-1).any()) for share in shares],
        }

    results = both(together(work))
    rows = [(a + b).count(True) for a, b in zip(results[0]["seeded"], results[1]["seeded"], strict=True)]
    assert rows == [1] * 8
    for result in results:
        assert any(seeded[0] for seeded in result["seeded"])
        assert not any(seeded[1] for seeded in result["seeded"])
        assert any(result["damaged"])


@pytest.mark.parametrize("lost", ["loss", "gradient"])
def test_what_is_not_finite_in_one_stops_the_update_of_all(lost: str, tmp_path: Path) -> None:
    def work(processes: Processes) -> dict[str, Any]:
        def bad(states: Tensor) -> Tensor:
            value = loss(states)
            if processes.rank == 0:
                return value
            return value * float("inf") if lost == "loss" else value + (states.sum((-2, -1)) * 0).sqrt()

        config = replace(CONFIG, pool=replace(POLICY, damage_every=0))
        training = make_training(tmp_path, processes, config, objective=last_state(bad))
        before = [parameter.detach().clone() for parameter in training.rule.parameters()]
        sentence, _, _ = training.step()
        unchanged = same([parameter.detach() for parameter in training.rule.parameters()], before)
        return {"sentence": sentence, "unchanged": unchanged, "history": training.history}

    first, second = both(together(work))
    assert same(first, second)
    assert first["sentence"] == f"{'the loss' if lost == 'loss' else 'a gradient'} is not finite, no update"
    assert first["unchanged"]


def test_a_parameter_that_one_share_does_not_reach(tmp_path: Path) -> None:
    """Its gradient is zero there, and the other's counts."""

    def work(processes: Processes) -> dict[str, Any]:
        def partial(result: Any) -> Evaluation:
            evaluation = last_state(loss)(result)
            if processes.rank == 0:
                return evaluation
            hidden = training.rule.update_rule.hidden.weight
            return Evaluation(evaluation.loss, hidden.square().sum().expand(2))

        training = make_training(tmp_path, processes, objective=partial)
        training.step()
        return {"gradients": [parameter.grad for parameter in training.rule.parameters()]}

    first, second = both(together(work))
    assert same(first, second)
    weight = first["gradients"][0]
    assert weight.norm() > 0.9  # normalised


def test_lost_samples_of_all_are_counted_and_each_repairs_its_own(tmp_path: Path) -> None:
    policy = PoolPolicy(size=4, seed_always_until=0, seed_every=10**9, damage_every=0)

    def work(processes: Processes) -> dict[str, Any]:
        training = make_training(tmp_path, processes, replace(CONFIG, pool=policy, schedule=lambda iteration: 0.0))
        training.iteration = 1
        lively(training, processes.rank)
        training.worlds.pools[0].states[1 - processes.rank] = 100.0 if processes.rank else 0.0
        sentence, _, _ = training.step()
        seeds = [bool(torch.equal(state, training.worlds.worlds[0].seed)) for state in training.worlds.pools[0].states]
        return {"sentence": sentence, "repairs": training.repairs, "history": training.history, "seeds": seeds}

    first, second = both(together(work))
    assert first["sentence"] == second["sentence"]
    assert first["sentence"].endswith("1 exploded (|x| > 6), 1 dead (no cell alive) of 4 samples replaced by the seed")
    assert first["repairs"] == second["repairs"] == {"not finite": 0, "exploded": 1, "dead": 1}
    assert first["history"] == second["history"]
    assert (first["seeds"], second["seeds"]) == ([False, True], [True, False])


def run_to(folder: Path, iterations: int, size: int = 2, **changes: Any) -> list[str]:
    """Runs or resumes up to an iteration; what each process printed and drew."""

    def work(processes: Processes) -> str:
        def draw(folder: Path, world: World, states: Tensor, history: list[float]) -> None:
            print(f"drawn {len(states)} states")

        config = replace(CONFIG, iterations=iterations, picture_seconds=-1.0, **changes)
        with contextlib.redirect_stdout(io.StringIO()) as printed, contextlib.redirect_stderr(io.StringIO()) as shown:
            make_training(folder, processes, config, draw=draw).run()
        return printed.getvalue() + shown.getvalue()

    results = together(work, size) if size > 1 else [work(Processes())]
    assert not any("Traceback" in result or "ended with" in result for result in results), results
    return results


def test_a_run_that_stopped_goes_on_to_the_same_bits(tmp_path: Path) -> None:
    for folder in ("one go", "two goes"):
        (tmp_path / folder).mkdir()
    first, second = run_to(tmp_path / "one go", 6)
    assert second == ""  # one shows, draws and writes
    assert "drawn 2 states" in first and "loss" in first
    run_to(tmp_path / "two goes", 3)
    first, second = run_to(tmp_path / "two goes", 6)
    assert "checkpoint.pt at iteration 3" in first and "divided anew" not in first and second == ""
    states = [load_checkpoint(tmp_path / folder / "checkpoint.pt") for folder in ("one go", "two goes")]
    assert same(*states)
    assert states[0]["pools"][0]["occupied"].shape == (8, 64)
    assert len(states[0]["other_generators"]) == 1


@pytest.mark.parametrize(("before", "after"), [(2, 1), (1, 2), (2, 4)])
def test_a_run_goes_on_with_another_number_of_processes(before: int, after: int, tmp_path: Path) -> None:
    """Every entry of the pool finds a process, the rule is the same, and it is said."""
    run_to(tmp_path, 3, before)
    state = load_checkpoint(tmp_path / "checkpoint.pt")

    def work(processes: Processes) -> dict[str, Any]:
        training = make_training(tmp_path, processes)
        training.load_state_dict(state)
        generators = processes.rows(training.generator.get_state()).view(processes.size, -1)
        return {"state": training.state_dict(), "different generators": len(generators.unique(dim=0))}

    results = both(together(work, after)) if after > 1 else [work(Processes())]
    for name in ("pools", "rule", "average", "optimizer", "generator", "history", "repairs", "iteration"):
        assert same(results[0]["state"][name], state[name]), name
    assert results[0]["different generators"] == after
    shown = run_to(tmp_path, 6, after)
    assert f"written by {before} process(es), this run has {after}: the pool is divided anew" in shown[0]
    assert not any(shown[1:])
    assert load_checkpoint(tmp_path / "checkpoint.pt")["iteration"] == 6


def test_a_killed_process_ends_the_others_and_leaves_the_checkpoint(tmp_path: Path) -> None:
    """It is killed after the third of six iterations, each of which wrote a checkpoint."""

    def work(processes: Processes) -> str:
        training = make_training(tmp_path, processes, replace(CONFIG, checkpoint_seconds=-1.0))
        normal_step = training.step

        def step() -> tuple[str, World, Tensor]:
            if training.iteration == 3 and processes.rank == 1:
                os.kill(os.getpid(), signal.SIGKILL)
            return normal_step()

        training.step = step  # type: ignore[method-assign]
        with pytest.raises(LostProcessError, match="Another process of this run has ended .* its last checkpoint"):
            training.run()
        return "reported"

    assert together(work) == ["reported", "ended with -9"]
    state = load_checkpoint(tmp_path / "checkpoint.pt")
    assert state["iteration"] == 3
    run_to(tmp_path, 6)


def test_a_checkpoint_that_cannot_be_read_ends_all(tmp_path: Path) -> None:
    (tmp_path / "checkpoint.pt").write_bytes(b"half of someth")
    first, second = together(lambda processes: make_training(tmp_path, processes).run())
    assert "CheckpointError" in first
    assert "LostProcessError" in second
    assert (tmp_path / "checkpoint.pt").read_bytes() == b"half of someth"


@pytest.mark.parametrize("changes", [{"batch_size": 5}, {"pool": replace(POLICY, size=9)}])
def test_shares_must_be_equal(changes: dict[str, Any], tmp_path: Path) -> None:
    message = f"multiples of the number of processes, 2, got {changes.get('batch_size', 4)} and"
    with pytest.raises(ValueError, match=message):
        make_training(tmp_path, Processes(1, 2), replace(CONFIG, **changes))


def test_a_gpu_for_each_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "3")
    monkeypatch.setenv("LOCAL_RANK", "2")
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    message = "takes a GPU for each process, got process 3 on a machine with 2"
    with pytest.raises(ValueError, match=message), joined_processes("cuda"):
        pass


def a_worker_of_which_the_second_is_killed(out: str) -> None:
    """What torchrun starts: a recipe, with a checkpoint after every iteration; killed in the third."""
    torch.set_num_threads(1)
    normal_step = Training.step

    def step(training: Training) -> tuple[str, World, Tensor]:
        if training.iteration == 2 and training.processes.rank == 1:
            os.kill(os.getpid(), signal.SIGKILL)
        return normal_step(training)

    Training.step = step  # type: ignore[method-assign]
    size = {"size": 12, "padding": 2, "iterations": 50, "batch_size": 2}
    IsoNCARecipe(target="heart", out=out, checkpoint_seconds=-1.0, **size).train(sampled_torus, "")


def test_torchrun_ends_when_a_process_is_killed(tmp_path: Path) -> None:
    """torchrun's own launcher, forking instead of starting Python anew."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    config = LaunchConfig(
        1, 1, 2, rdzv_endpoint=f"127.0.0.1:{port}", rdzv_backend="c10d", max_restarts=0, start_method="fork"
    )
    with pytest.raises(ChildFailedError) as failure:
        elastic_launch(config, a_worker_of_which_the_second_is_killed)(str(tmp_path))
    rank, first_failure = failure.value.get_first_failure()
    # whichever the launcher saw first: the process that was killed, or the one that ends because of it
    assert (rank, first_failure.exitcode) in [(1, -signal.SIGKILL), (0, 1)]
    assert load_checkpoint(tmp_path / "checkpoint.pt")["iteration"] == 2
    left = sorted(path.name for path in tmp_path.iterdir() if not path.name.startswith("."))
    assert left == ["checkpoint.pt", "film", "rule.json", "rule.safetensors"]
    assert describe_rule(tmp_path / "rule.safetensors")["card"]["unfinished"].startswith("iteration 2 of ")
