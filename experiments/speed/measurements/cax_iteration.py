"""One training iteration in CAX (JAX, a dense grid): identity and Laplacian, network 32-192-16, half the cells firing.

    python cax_iteration.py SIDE BATCH STEPS REPEATS THREADS

Stands alone, so that it runs in an environment with CAX and without PyTorch; prints one line of JSON. The parts are
CAX's own (`ConvPerceive`, `NCAUpdate`, `nnx.jit`), with its life mask, before and after the step.
"""

# pyright: reportMissingImports=false

import json
import os
import sys
from importlib.metadata import version
from time import perf_counter

SIDE, BATCH, STEPS, REPEATS, THREADS = (int(argument) for argument in sys.argv[1:])
os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:THREADS])  # XLA has one thread for each core it may use

import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402
from cax.core import ComplexSystem  # noqa: E402
from cax.core.perceive import ConvPerceive  # noqa: E402
from cax.core.update import NCAUpdate  # noqa: E402
from flax import nnx  # noqa: E402

CHANNELS, HIDDEN = 16, 192


class Automaton(ComplexSystem):
    """A grid automaton of IsoNCA's size."""

    def __init__(self, rngs: nnx.Rngs) -> None:
        self.perceive = ConvPerceive(
            CHANNELS, 2 * CHANNELS, padding="CIRCULAR", feature_group_count=CHANNELS, rngs=rngs
        )
        identity = jnp.zeros((3, 3)).at[1, 1].set(1.0)
        laplacian = jnp.array([[1.0, 2.0, 1.0], [2.0, -12.0, 2.0], [1.0, 2.0, 1.0]])
        kernel = jnp.stack([identity, laplacian], axis=-1)
        self.perceive.conv.kernel = nnx.Param(jnp.tile(kernel, CHANNELS)[:, :, None, :])
        self.update = NCAUpdate(CHANNELS, 2 * CHANNELS, (HIDDEN,), cell_dropout_rate=0.5, zeros_init=True, rngs=rngs)

    def _step(self, state, input=None, *, sow=False):  # noqa: A002, ARG002
        return self.update(state, self.perceive(state), input)


def main() -> None:
    """Compiles, then times."""
    automaton = Automaton(nnx.Rngs(0))
    corner = jnp.arange(SIDE) < 0.52 * SIDE  # a square of 27 % of the cells; the network starts at zero and leaves it
    state = jnp.where((corner[:, None] & corner)[None, :, :, None], 0.5, 0.0) * jnp.ones((BATCH, 1, 1, CHANNELS))
    target = jax.random.uniform(jax.random.key(0), (SIDE, SIDE, 4))

    @nnx.jit
    def gradient(automaton):
        def loss(automaton):
            final = automaton(state, num_steps=STEPS)
            return jnp.mean(jnp.square(final[..., -4:] - target))

        learned = nnx.All(nnx.Param, nnx.PathContains("update"))  # not the perception's kernels
        return nnx.value_and_grad(loss, argnums=nnx.DiffState(0, learned))(automaton)

    jax.block_until_ready(gradient(automaton))
    seconds = []
    for _ in range(REPEATS):
        began = perf_counter()
        jax.block_until_ready(gradient(automaton))
        seconds.append(perf_counter() - began)
    name = f"CAX {version('cax')}, JAX {version('jax')}"
    print(json.dumps({"program": name, "seconds": seconds}))


main()
