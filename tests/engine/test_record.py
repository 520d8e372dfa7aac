"""What ends a compiled rollout early: too little memory, and a signal."""

import subprocess
import sys
import textwrap

import pytest

from graphnca.engine.native import load_library

pytestmark = pytest.mark.skipif(load_library() is None, reason="there is no C++ compiler on this machine")

SETTING = """
    import os, resource, signal, threading, torch
    from graphnca import rollout, trajectory
    from graphnca.models import texture_nca
    from topologies import square_grid

    def limit(megabytes):
        used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + megabytes * 2**20, resource.RLIM_INFINITY))

    def lift():
        resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))

    torch.set_num_threads(2)
    rule = texture_nca()
    grid = square_grid(SIZE, SIZE)
    x = torch.rand(SIZE**2, 12) - 0.5
    rollout(rule, x, grid, 1).sum().backward()
"""


def said(program: str, size: int) -> str:
    """What a program prints that begins with the setting."""
    whole = textwrap.dedent(SETTING.replace("SIZE", str(size))) + textwrap.dedent(program)
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", whole], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.skipif(sys.platform != "linux", reason="limits memory as Linux does")
@pytest.mark.parametrize("pass_", ["forward", "backward"])
def test_too_little_memory_is_an_error_that_can_be_caught(pass_: str) -> None:
    """Wherever it runs out, and the next rollout is as good as ever."""
    program = f"""
        expected = rollout(rule, x, grid, 5, generator=torch.Generator().manual_seed(0))
        final = rollout(rule, x, grid, 80, checkpoint_every=80) if {pass_ == "backward"} else None
        failed = 0
        for megabytes in (2, 30, 70):  # what a step's record takes is 7, and some is left from the rollouts above
            limit(megabytes)
            try:
                if final is None:
                    rollout(rule, x, grid, 100_000)
                else:
                    final.sum().backward(retain_graph=True)
            except MemoryError as error:
                failed += "too little memory for the rollout" in str(error)
            finally:
                lift()
        again = rollout(rule, x, grid, 5, generator=torch.Generator().manual_seed(0))
        print(failed, torch.equal(again, expected))
    """
    assert said(program, 512) == "3 True"


@pytest.mark.parametrize("pass_", ["forward", "backward"])
def test_control_c_is_obeyed(pass_: str) -> None:
    """In the middle of steps that would take days, forward, or without end, backward."""
    program = f"""
        final = rollout(rule, x, grid, 500) if {pass_ == "backward"} else None
        signal.signal(signal.SIGINT, signal.default_int_handler)  # what a process in the background ignores
        threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()
        try:
            with torch.set_grad_enabled(final is not None):
                while True:
                    final.sum().backward(retain_graph=True) if final is not None else rollout(rule, x, grid, 10**9)
        except KeyboardInterrupt:
            print("obeyed")
        expected, again = (rollout(rule, x, grid, 5, generator=torch.Generator().manual_seed(0)) for _ in range(2))
        assert torch.equal(again, expected)
    """
    assert said(program, 64) == "obeyed"
