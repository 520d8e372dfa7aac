"""Writes the page: rules, substrates, seeds and the program joined in one HTML file."""

import html
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor
from torch_geometric.data import Data

from ..arguments import checked
from ..atomic_file import write_atomically
from ..layers import NCAConv
from ..rules import describe_rule, load_genomes, load_rule, starting_state
from ..rules.starts import seed_of
from ..seeds import StructuredSeed
from .container import pack_container
from .pictures import picture_of
from .rules import Weights, pack_rule
from .substrates import index_type, pack_topology

FOLDER = Path(__file__).parent / "program"
# In the order in which they are joined: each uses what stands before it.
PROGRAM = (
    "container.js",
    "firing.js",
    "fit.js",
    "substrate.js",
    "plane.js",
    "surface.js",
    "rule.js",
    "engine_cpu.js",
    "engine_mixed.js",
    "gl.js",
    "engine_gpu.js",
    "colours.js",
    "camera.js",
    "orbit.js",
    "scene_plane.js",
    "scene_surface.js",
    "view_gl.js",
    "pixels_plane.js",
    "pixels_surface.js",
    "view_pixels.js",
    "organism.js",
    "choices.js",
    "hand.js",
    "keys.js",
    "link.js",
    "controls.js",
    "notebook.js",
    "main.js",
)
SHOWN_OF_CARD = ("target", "template", "regime", "substrate", "seed", "iterations", "trained by", "note", "features")

Seed = StructuredSeed | Callable[[Data], Tensor]
"""A seed's points, or a function that makes the state `(N, C)` growth starts from on a substrate."""


@checked
def export_page(
    rules: Sequence[NCAConv | str | os.PathLike[str]],
    topologies: Mapping[str, Data],
    path: str | os.PathLike[str],
    *,
    title: str | None = None,
    names: Sequence[str] | None = None,
    seeds: Sequence[Seed | None] | None = None,
    cards: Sequence[Mapping[str, Any] | None] | None = None,
    genomes: Sequence[Mapping[str, Tensor] | None] | None = None,
    weights: Weights = "float32",
    settings: Mapping[str, str] | None = None,
) -> Path:
    """Writes one self-contained HTML file in which rules live on substrates; it needs no network and no server.

    Args:
        rules: Rules, names of shipped rules, or paths of files that `save_rule` wrote. The page starts with the first.
        topologies: Substrates by the name that the page shows, in the plane or surfaces in space; the page starts on
            the first.
        path: The file, replaced only when it is complete; its folder must exist.
        title: Heading of the page; by default the name of the rule that runs.
        names: What the page calls each rule; by default its name or the name of its file, or "rule".
        seeds: What each rule grows from: a `StructuredSeed`, a function of a topology that makes the state, or None for
            what its card says (`graphnca.rules.starting_state`).
        cards: Each rule's card; by default the one in its file.
        genomes: What the hidden channels `(C - 4,)` of each rule's seeds may hold, by the name of what then grows; by
            default those in its file.
        weights: `"float32"`, or `"int8"` for a smaller file (see `pack_rule`).
        settings: What the page starts with, as in the links that it shares, e.g. `{"show": "3", "rate": "0.8"}`.

    Returns:
        The path of the file.

    Raises:
        ValueError: If there is no rule or no topology, a list has another length than `rules`, a rule or a topology
            cannot be packed, or a seed makes a state of another shape.
        FileNotFoundError: If the folder of `path` or a rule's file does not exist.
    """
    text = page_text(
        rules,
        topologies,
        title=title,
        names=names,
        seeds=seeds,
        cards=cards,
        genomes=genomes,
        weights=weights,
        settings=settings,
    )
    write_atomically(Path(path), text.encode())
    return Path(path)


def page_text(
    rules: Sequence[NCAConv | str | os.PathLike[str]],
    topologies: Mapping[str, Data],
    *,
    title: str | None = None,
    names: Sequence[str] | None = None,
    seeds: Sequence[Seed | None] | None = None,
    cards: Sequence[Mapping[str, Any] | None] | None = None,
    genomes: Sequence[Mapping[str, Tensor] | None] | None = None,
    weights: Weights = "float32",
    settings: Mapping[str, str] | None = None,
) -> str:
    """The page that `export_page` writes; arguments and errors are its own."""
    rules = list(rules)
    if not rules or not topologies:
        raise ValueError(f"`rules` and `topologies` must not be empty, got {len(rules)} and {len(topologies)}.")
    for argument, given in (("names", names), ("seeds", seeds), ("cards", cards), ("genomes", genomes)):
        if given is not None and len(given) != len(rules):
            raise ValueError(f"`{argument}` must have one entry for each of the {len(rules)} rules, got {len(given)}.")
    packed_rules = []
    uses_gradient = False
    for number, entry in enumerate(rules):
        rule = entry if isinstance(entry, NCAConv) else load_rule(entry)
        card = cards[number] if cards is not None else None
        if card is None:
            card = {} if isinstance(entry, NCAConv) else describe_rule(entry)["card"]
        name = names[number] if names is not None else _name(entry)
        seed = _seed_of(rule, card, None if seeds is None else seeds[number])
        packed = pack_rule(rule, name, card=card, weights=weights)
        packed["about"] = {key: str(card[key]) for key in SHOWN_OF_CARD if card.get(key) not in (None, "")}
        found = genomes[number] if genomes is not None else None
        if found is None:
            found = {} if isinstance(entry, NCAConv) else load_genomes(entry)
        packed["kinds"] = {kind: _kind(kind, genome) for kind, genome in found.items()}
        packed["picture"] = picture_of(card)
        packed["points"] = _points(seed if isinstance(seed, StructuredSeed) else _seed_of(rule, card, None))
        packed["seeds"] = [_sparse(name, rule, topology, seed) for topology in topologies.values()]
        packed_rules.append(packed)
        uses_gradient |= rule.perception.uses_gradient
    content = {
        "rules": packed_rules,
        "substrates": [
            {"name": name, **pack_topology(topology, directions=uses_gradient, refit=_refit_of(topology))}
            for name, topology in topologies.items()
        ],
        "settings": dict(settings or {}),
        "titledByRule": title is None,
    }
    title = packed_rules[0]["name"] if title is None else title
    return _page(title, pack_container(content))


def _refit_of(topology: Data) -> tuple[str, np.ndarray] | None:
    """How the page can fit the stencil of a substrate anew."""
    from ..topologies import refit  # where fits are made; nothing else of a page knows of it

    return refit(topology)


def _page(title: str, payload: str) -> str:
    """The template with its four parts put in, each once."""
    parts = {
        "title": html.escape(title),
        "style": _part("style.css"),
        "payload": payload,
        "program": "\n".join(_part(name) for name in PROGRAM),
    }
    page = _part("page.html")
    pieces = page.split("{{")
    joined = [pieces[0]]
    for piece in pieces[1:]:
        name, rest = piece.split("}}", 1)
        joined += [parts[name], rest]
    return "".join(joined)


def _part(name: str) -> str:
    return (FOLDER / name).read_text(encoding="utf-8")


def _name(rule: NCAConv | str | os.PathLike[str]) -> str:
    return "rule" if isinstance(rule, NCAConv) else Path(rule).name.removesuffix(".safetensors")


def _seed_of(rule: NCAConv, card: Mapping[str, Any], seed: Seed | None) -> Seed:
    if seed is not None:
        return seed
    return seed_of(card) or (lambda topology: starting_state(rule, topology, card))


def _kind(name: str, genome: Tensor) -> dict[str, np.ndarray | None]:
    """Of several things that a rule can grow one: what its seed holds, and its picture."""
    return {"genome": genome.detach().cpu().numpy().astype(np.float32), "picture": picture_of({"target": name})}


def _points(seed: Seed) -> list[dict[str, list[float]]]:
    """What the page's seed brush plants: the points of a structured seed, or a single cell without colour."""
    if not isinstance(seed, StructuredSeed):
        return [{"offset": [0.0, 0.0], "colour": [0.0, 0.0, 0.0]}]
    return [
        {"offset": offset.tolist(), "colour": colour.tolist()}
        for offset, colour in zip(seed.points, seed.colours, strict=True)
    ]


def _sparse(name: str, rule: NCAConv, topology: Data, seed: Seed) -> dict[str, np.ndarray]:
    """The state that growth starts from: the cells that are not zero, and theirs."""
    made = seed.state(topology, rule.num_channels) if isinstance(seed, StructuredSeed) else seed(topology)
    expected = (len(topology["pos"]), rule.num_channels)
    if tuple(made.shape) != expected:
        raise ValueError(f"`seeds` must make a state of shape {expected} for {name!r}, got {tuple(made.shape)}.")
    state = made.detach().cpu().numpy().astype(np.float32)
    cells = np.flatnonzero(state.any(axis=1))
    return {
        "cells": cells.astype(index_type(len(state))),
        "values": state[cells].ravel(),
    }
