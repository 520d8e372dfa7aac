"""The command line: one verb a file; `substrates.py` alone also knows the package `topologies`."""

from .program import main as main

__all__ = [
    "main",
]
