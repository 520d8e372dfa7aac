"""How many threads a compiled rollout takes: not more than it is given, and one where the others are lost."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
import torch

from graphnca.engine.native import load_library
from graphnca.engine.native.threads import ROWS_PER_THREAD, processors, usable_threads

compiled = pytest.mark.skipif(load_library() is None, reason="there is no C++ compiler on this machine")


@pytest.fixture
def four_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch, "get_num_threads", lambda: 4)
    monkeypatch.setattr("graphnca.engine.native.threads.processors", lambda: 3)
    monkeypatch.setattr("graphnca.engine.native.threads._home", None)


@pytest.mark.usefixtures("four_threads")
def test_few_rows_take_few_threads_and_many_no_more_than_there_are_processors() -> None:
    rows = (1, ROWS_PER_THREAD, 2 * ROWS_PER_THREAD, 3 * ROWS_PER_THREAD, 100 * ROWS_PER_THREAD)
    assert [usable_threads(number) for number in rows] == [1, 1, 2, 3, 3]


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"proc/self/cgroup": "0::/a/b\n", "sys/fs/cgroup/a/b/cpu.max": "150000 100000\n"}, 2),
        ({"proc/self/cgroup": "0::/a/b\n", "sys/fs/cgroup/a/cpu.max": "20000 100000\n"}, 1),
        ({"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "300000 100000\n"}, 3),
        ({"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "max 100000\n"}, None),
        (
            {
                "proc/self/cgroup": "5:memory:/x\n4:cpu,cpuacct:/x\n",
                "sys/fs/cgroup/cpu,cpuacct/x/cpu.cfs_quota_us": "200000\n",
                "sys/fs/cgroup/cpu,cpuacct/x/cpu.cfs_period_us": "100000\n",
            },
            2,
        ),
        (
            {
                "proc/self/cgroup": "4:cpu,cpuacct:/x\n",
                "sys/fs/cgroup/cpu,cpuacct/x/cpu.cfs_quota_us": "-1\n",
                "sys/fs/cgroup/cpu,cpuacct/x/cpu.cfs_period_us": "100000\n",
            },
            None,
        ),
        ({}, None),
    ],
)
def test_a_containers_share_of_the_processors(files: dict[str, str], expected: int | None, tmp_path: Path) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    assert processors(tmp_path) == (os.cpu_count() if expected is None else expected)


def run(program: str) -> subprocess.CompletedProcess[str]:
    """A program that rolls out on several threads."""
    setting = """
        import os, torch, warnings
        from graphnca import rollout
        from graphnca.engine.native import threads
        from graphnca.models import isonca
        from topologies import square_grid

        threads.processors = lambda: 4
        torch.set_num_threads(2)
        grid = square_grid(80, 80)
        rule = isonca()
        torch.nn.init.normal_(rule.update_rule.output.weight, std=0.02)
        x = torch.rand(6400, 16)
        def final(**options):
            return rollout(rule, x, grid, 4, generator=torch.Generator().manual_seed(0), **options)
    """
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(setting) + textwrap.dedent(program)],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


@compiled
@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on this system")
def test_a_forked_process_goes_on_with_one_thread_and_says_so() -> None:
    """It rolls out, and takes the backward pass of a rollout of its parent's; so does the parent afterwards."""
    done = run("""
        before = final()
        (expected,) = torch.autograd.grad(final().square().sum(), [rule.update_rule.output.weight])
        child = os.fork()
        with warnings.catch_warnings(record=True) as heard:
            warnings.simplefilter("always")
            assert torch.equal(final(), before)
            (found,) = torch.autograd.grad(before.square().sum(), [rule.update_rule.output.weight])
            assert (found - expected).norm() < 1e-3 * expected.norm()
        said = [str(warning.message) for warning in heard if "forked" in str(warning.message)]
        if child == 0:
            assert len(said) == 1 and torch.get_num_threads() == 1, said
            os._exit(0)
        assert not said
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    """)
    assert done.stdout.strip() == "0", done.stderr


@compiled
@pytest.mark.skipif(sys.platform != "linux", reason="limits memory as Linux does")
def test_threads_that_cannot_be_started_are_done_without() -> None:
    """OpenMP ends the process where the system has no room for a thread."""
    done = run("""
        import resource
        with torch.no_grad():
            torch.set_num_threads(1)
            expected = final()
            torch.set_num_threads(4)
            used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
            resource.setrlimit(resource.RLIMIT_AS, (used + 24 * 2**20, resource.RLIM_INFINITY))
            print(torch.equal(final(), expected))
    """)
    assert done.stdout.strip() == "True", done.stderr
