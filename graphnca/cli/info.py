"""`graphnca info`: what a file holds, be it a rule, a published model or a substrate."""

import argparse
import json
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from torch_geometric.data import Data

from ..evaluation.named import IN_FOLDER, PUBLISHED, atlas_models, read_subject
from ..importers import load_published
from ..layers import NCAConv
from ..rules import describe_rule
from .cards import architecture_entries, text_of
from .substrates import PICKLED, STORED, holds_topology, load_substrate, operators_in_words
from .tables import listing

DESCRIPTION = (
    "Describes a rule (its architecture, its parameters, its card), a published model file, or a saved substrate."
)
EXAMPLE = """examples:
  graphnca info runs/mine/rule.safetensors
  graphnca info cadata.json
  graphnca info my_cells.pt"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the verb's arguments."""
    parser.add_argument(
        "file",
        metavar="FILE",
        help=f"a rule ({STORED}, or a shipped one's name), a published model ({', '.join(PUBLISHED)}), or a substrate "
        f"({STORED}, {', '.join(PICKLED)})",
    )
    parser.add_argument("--model", metavar="NAME", help="which model of a published atlas of textures")
    parser.add_argument("--json", action="store_true", help="the whole description, for programs")


def run(given: argparse.Namespace) -> None:
    """Prints what is known of a file."""
    path = Path(given.file)
    if path.is_file() and (_is_topology(path) or (path.suffix in PICKLED and not _is_published(path))):
        numbers = numbers_of(load_substrate(given.file))
        print(json.dumps(numbers, indent=2) if given.json else listing([(k, _in_words(v)) for k, v in numbers.items()]))
        return
    models = atlas_models(path) if path.suffix == ".json" and path.is_file() else ()
    if models and given.model is None:
        _describe_atlas(given, list(models))
        return
    subject = read_subject(given.file, model=given.model)
    if path.suffix in PUBLISHED:
        described = _described(subject.rule)
        plain = {"architecture": subject.rule.config, "published model": subject.name}
    else:
        plain = describe_rule(str(path / IN_FOLDER) if path.is_dir() else given.file)
        described = {**plain, "architecture": subject.rule.config}  # with what a file may leave out
    print(json.dumps(plain, indent=2) if given.json else text_of(subject.name, described))


def numbers_of(topology: Data) -> dict[str, str | int | float | list[float]]:
    """What can be said of a substrate in a line each."""
    neighbours = topology["edge_index"][1].bincount(minlength=topology["pos"].shape[0])
    width, height = topology["extent"].view(-1).tolist()
    return {
        "holds": "a substrate that keeps the data contract",
        "cells": int(topology["pos"].shape[0]),
        "neighbours": f"{int(neighbours.min())} to {int(neighbours.max())}, {float(neighbours.double().mean()):.2f} "
        "in the mean",
        "extent": f"{width:.2f} x {height:.2f} units, {'torus' if bool(topology['periodic']) else 'bounded domain'}",
        "cell area": f"{float(topology['area'].mean()):.3f} square units in the mean",
        "operators": operators_in_words(topology),
    }


def _describe_atlas(given: argparse.Namespace, models: list[str]) -> None:
    """The models of an atlas, and what they are made of."""
    rule = read_subject(given.file, model="0").rule
    if given.json:
        print(json.dumps({"architecture": rule.config, "models": models}, indent=2))
        return
    summary = [
        ("holds", f"{len(models)} published textures"),
        *architecture_entries(_described(rule)),
        ("models", "\n".join(models)),
    ]
    print(listing(summary))


def _described(rule: NCAConv) -> dict[str, Any]:
    """What a rule file would say of a published model: there is no card."""
    number = sum(parameter.numel() for parameter in rule.parameters())
    return {"architecture": rule.config, "parameters": number, "card": {}}


def _in_words(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)


def _is_published(path: Path) -> bool:
    """Whether a file whose ending may be that of a substrate holds a published rule."""
    try:
        load_published(path)
    except ValueError:
        return False
    return True


def _is_topology(path: Path) -> bool:
    if path.suffix != STORED:
        return False
    try:
        with safe_open(path, framework="numpy") as file:
            return holds_topology(file.metadata() or {})
    except (SafetensorError, OSError):
        return False
