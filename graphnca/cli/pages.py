"""What a page is made of, as `graphnca play` and `graphnca export` are asked for it: rules, substrates, weights."""

import argparse
from collections.abc import Sequence
from functools import partial
from typing import Any

from torch import Tensor
from torch_geometric.data import Data

from ..evaluation.named import read_subject
from ..evaluation.subject import Subject
from ..layers import NCAConv
from . import substrates, surfaces
from .cards import RULE_HELP
from .errors import UsageError
from .numbers import CELLS_AT_MOST, LARGEST_SIDE, SEEDS, whole
from .substrates import KINDS, name_of_substrate, read_substrate
from .surfaces import SHAPES, foremost_cell, is_surface, read_surface, upright_frames

SHOWN = {"square": "Squares", "hex": "Hexagons", "voronoi": "Voronoi", **{name: name.capitalize() for name in SHAPES}}
RIGHT, TOWARDS = (1.0, 0.0, 0.0), (0.0, 0.0, 1.0)  # axes of the viewer that a page's surface has at first


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of both verbs."""
    parser.add_argument("rules", metavar="RULE", nargs="+", help=f"{RULE_HELP}; the page starts with the first")
    parser.add_argument(
        "--substrate",
        nargs="+",
        default=list(KINDS),
        metavar="KIND|FILE",
        help=f"{substrates.HELP}; {surfaces.HELP}; one or several, the page starts on the first [{' '.join(KINDS)}]",
    )
    parser.add_argument(
        "--size", type=whole(4, LARGEST_SIDE), help="units on a side of each substrate [as in training, or 72]"
    )
    parser.add_argument(
        "--cells", type=whole(1, CELLS_AT_MOST), help=f"on a surface in space, about [{surfaces.CELLS}]"
    )
    parser.add_argument("--open", action="store_true", help="bounded domains with borders, not tori")
    substrates.add_operators(parser)
    parser.add_argument(
        "--seed", type=whole(0, SEEDS), default=0, help="of a Voronoi mesh, and of the cells of a surface [0]"
    )
    parser.add_argument("--model", metavar="NAME", help="which model of a published atlas of textures [the first]")
    parser.add_argument("--title", help="heading of the page [the name of the rule that runs]")
    parser.add_argument("--int8", action="store_true", help="weights in 8 bits: a smaller file, a slightly other rule")


def material(given: argparse.Namespace) -> tuple[list[NCAConv], dict[str, Data], dict[str, Any]]:
    """Rules, substrates by name, and the further arguments of `graphnca.playground.export_page`.

    Raises:
        UsageError: If a rule or a substrate cannot be had, or two substrates have one name.
    """
    subjects = [read_subject(text, model=given.model) for text in given.rules]
    size = given.size or max(one.usual_size for one in subjects)
    topologies: dict[str, Data] = {}
    for text in given.substrate:
        name = SHOWN.get(text, name_of_substrate(text))
        if name in topologies:
            raise UsageError(f"--substrate must name each substrate once, got {name!r} twice.")
        if is_surface(text):
            topologies[name] = _surface(text, subjects, given)
        else:
            options = {"seed": given.seed, "operators": given.operators, "density": given.density}
            topologies[name] = read_substrate(text, size, periodic=not given.open, **options)
            if "edge_attr" not in topologies[name]:
                raise UsageError(f"a page needs cells with directions, which {text} has not: `graphnca grow` shows it.")
        for one in subjects:
            _start(one, topologies[name])  # says what is wrong in this command's own words
    if given.cells and not any("frame" in topology for topology in topologies.values()):
        raise UsageError(f"--cells is for surfaces in space, got {' '.join(given.substrate)}: --size is their side.")
    options = {
        "title": given.title,
        "names": [one.name for one in subjects],
        "cards": [one.card for one in subjects],
        "seeds": [partial(_start, one) for one in subjects],
        "genomes": [one.genomes for one in subjects],
        "weights": "int8" if given.int8 else "float32",
    }
    return [one.rule for one in subjects], topologies, options


def _surface(text: str, subjects: Sequence[Subject], given: argparse.Namespace) -> Data:
    """Cells on a surface, with frames as the rules need them: if one grows upright, upright where its seed will lie."""
    topology = read_surface(text, given.cells or surfaces.CELLS, seed=given.seed, operators=given.operators)
    if not any(one.is_upright and not one.is_texture for one in subjects):
        return topology
    return upright_frames(topology, foremost_cell(topology, TOWARDS), RIGHT, operators=given.operators)


def _start(subject: Subject, topology: Data) -> Tensor:
    """What growth starts from: in the middle of a plane, on a surface where the viewer sees it."""
    return subject.seed(topology, at=foremost_cell(topology, TOWARDS) if "frame" in topology else None)
