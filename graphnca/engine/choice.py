"""Which engine takes a rollout."""

import os

import torch

from .base import Engine
from .lists import ListEngine
from .native import Native, load_library
from .patches import Patches

SWITCH = "GRAPHNCA_ENGINE"  # environment variable with the name of the engine to take wherever it can be


ENGINES: dict[str, type[Engine]] = {"native": Native, "lists": ListEngine, "patches": Patches}


def choose_engine(
    device: torch.device, dtype: torch.dtype, precision: torch.dtype, keeps: bool = False
) -> type[Engine]:
    """The engine for states of a type on a device; where cells keep values, patches take the place of lists.

    Raises:
        ValueError: If the environment names an engine that there isn't.
    """
    wanted = os.environ.get(SWITCH, "")
    if wanted and wanted not in ENGINES:
        raise ValueError(f"The environment variable {SWITCH} must be one of {sorted(ENGINES)}, got {wanted!r}.")
    can_be_native = device.type == "cpu" and dtype == precision and dtype in (torch.float32, torch.float64)
    if can_be_native and wanted in ("", "native") and load_library() is not None:
        return Native
    fallback = "lists" if device.type == "cpu" else "patches"
    chosen = wanted if wanted in ("lists", "patches") else fallback
    return Patches if keeps else ENGINES[chosen]


def has_engine(arithmetic: str, device: torch.device, dtype: torch.dtype, precision: torch.dtype) -> bool:
    """Whether any engine takes a rule of that arithmetic: every one takes float, the compiled one takes 8 bits too."""
    if arithmetic == "quantised":
        return choose_engine(device, dtype, precision) is Native
    return arithmetic == "float"
