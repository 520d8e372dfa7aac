"""The rule that a command line names."""

from pathlib import Path
from typing import Any

from graphnca import load_rule
from graphnca.importers import load_published
from graphnca.layers import NCAConv
from graphnca.rules import describe_rule

PUBLISHED = (".json", ".npz")  # endings of the authors' model files


def read_rule(name_or_path: str) -> tuple[NCAConv, dict[str, Any]]:
    """A rule and its card: a shipped one by name, a .safetensors file, or a published model, whose card is empty."""
    if Path(name_or_path).suffix in PUBLISHED:
        return load_published(name_or_path), {}
    return load_rule(name_or_path), describe_rule(name_or_path)["card"]
