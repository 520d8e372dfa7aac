"""The shipped rules by name, and what their descriptions say; torch is not needed for it."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "rules"
SUFFIX = ".safetensors"
CHAMBERS = "chambers"  # in the configuration of a training that grows a shell by chambers


def shipped_rules() -> list[str]:
    """The names of the shipped rules, sorted."""
    return sorted(path.name.removesuffix(SUFFIX) for path in FOLDER.glob(f"*{SUFFIX}"))


def shipped_file(name: str) -> Path:
    """Where a shipped rule lies, if there is one of that name."""
    return FOLDER / f"{name}{SUFFIX}"


def shipped_description(name: str) -> dict[str, Any]:
    """The description of a shipped rule, out of the NAME.json beside it: what `describe_rule` gives.

    Raises:
        KeyError: If no shipped rule has that name.
    """
    if name not in shipped_rules():
        raise KeyError(name)
    return json.loads(shipped_file(name).with_suffix(".json").read_text(encoding="utf-8"))


def grows_by_chambers(card: Mapping[str, Any]) -> bool:
    """Whether a rule goes on from a drawn shell by its card, so that nothing grows from a seed."""
    return CHAMBERS in (card.get("configuration") or {})
