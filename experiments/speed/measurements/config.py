"""What the benchmark's command line can change."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Config:
    """The sizes of every measurement; the defaults are those of the published tables."""

    only: tuple[str, ...] = ()
    """Names of the measurements; empty: all of them."""
    repeats: int = 5
    """Times each program runs after its first, unmeasured run; medians are reported."""
    threads: int = 2
    device: str = "cpu"
    compile: bool = True
    """Whether the dense programs also run compiled."""
    memory: bool = True
    """Whether peak memory is measured, each program in a process of its own."""
    rule: str = "isonca-lizard"
    """An IsoNCA rule: the name of a shipped one, or a file, also a published one."""
    growing: str = ""
    """A Growing NCA rule likewise; empty: a shipped one, or else one that leaves the lizard as it is."""
    side: int = 72
    batch: int = 8
    steps: int = 80
    grown: int = 100
    """Steps from the seed to the pattern that is measured: at 100, the life mask holds 28 % of 72x72 cells."""
    inference_steps: int = 1000
    texture_side: int = 128
    texture_batch: int = 4
    texture_steps: int = 48
    network_side: int = 320
    """Side of the torus on which every cell fires: 320 is 102,400 cells."""
    large: int = 1_000_000
    """Cells of the large Voronoi mesh; 0: skip it."""
    large_steps: int = 500
    long_steps: int = 1000
    checkpoint_every: int = 40
    scaling_sides: str = "72,144,288,576"
    """Sides of the tori on which one pattern of fixed size lives."""
    scaling_steps: int = 40
    scaling_patterns: int = 4
    """Up to this many patterns, squared, on a torus of this many times the side."""
    wide_side: int = 512
    """Side of the torus of the GPU's second measurement."""
    pool: int = 64
    """States in the pool of the training whose iteration is taken apart."""
    cax_python: str = ""
    """A Python that has CAX, where this one has not."""
    out: str = "out/benchmark"
    quick: bool = False
    """Tiny sizes: does it run?"""
    publish: bool = False
    """Also copy the results into the docs."""
    memory_of: str = ""
    """COMPARISON/PROGRAM: print its megabytes and end."""


QUICK = Config(
    repeats=1,
    threads=1,
    compile=False,
    memory=False,
    side=24,
    batch=2,
    steps=4,
    grown=12,
    inference_steps=6,
    texture_side=16,
    texture_batch=2,
    texture_steps=3,
    network_side=24,
    large=700,
    large_steps=6,
    long_steps=12,
    checkpoint_every=4,
    scaling_sides="24,48",
    scaling_steps=3,
    scaling_patterns=2,
    wide_side=48,
    pool=8,
)
"""Sizes at which everything runs in seconds and no number means anything: for tests."""
