"""The command line of an experiment: one option for each field of its configuration, and the fields that many share."""

import argparse
import ast
import inspect
import textwrap
from collections.abc import Sequence
from dataclasses import MISSING, dataclass, fields, is_dataclass
from itertools import pairwise
from typing import Any, TypeVar, get_args, get_type_hints

from torch import nn

from ..features import load_features

Config = TypeVar("Config")


@dataclass(frozen=True, kw_only=True)
class Options:
    """What every experiment has in common. A configuration extends this and some of the groups below."""

    out: str
    """Folder for the results; its name is that of the result."""
    publish: bool = False
    """Also copy metrics, tables, figure and animation into docs/results."""
    threads: int = 0
    """Threads of PyTorch; 0: as many as it takes by itself."""


@dataclass(frozen=True, kw_only=True)
class OfRule:
    """One rule."""

    rule: str
    """A shipped rule's name, a .safetensors file, a training's folder, or a published model."""
    model: str = ""
    """Which model of a published atlas of textures; empty: the first."""
    target: str = ""
    """What it is to show, a name or the path of a picture; empty: what its card says."""


@dataclass(frozen=True, kw_only=True)
class OfRules:
    """Several rules, each measured by itself."""

    rule: tuple[str, ...] = ()
    """Shipped rules by name, .safetensors files, folders or published models; empty: every shipped one of the kind."""
    model: str = ""
    """Which model of a published atlas of textures; empty: the first."""
    target: str = ""
    """What they are to show, a name or the path of a picture; empty: what their cards say."""


@dataclass(frozen=True, kw_only=True)
class OnSubstrates:
    """Runs on several substrates."""

    substrate: tuple[str, ...] = ("square", "hex", "voronoi")
    """Kinds of cells."""
    cells: int = 5184
    """Cells of each substrate, about; 5184 are the published 72x72."""
    meshes: int = 3
    """Voronoi meshes."""
    runs: int = 5
    """Runs on each substrate."""
    seed: int = 0
    """Of the runs; the meshes have the numbers after it."""


@dataclass(frozen=True, kw_only=True)
class OnTextures:
    """Runs of textures, on substrates of one size."""

    substrate: tuple[str, ...] = ("square", "hex", "voronoi")
    """Kinds of cells."""
    size: int = 64
    """Units along a side of the substrates; hexagons and meshes come within 2 %."""
    meshes: int = 3
    """Voronoi meshes."""
    runs: int = 2
    """Runs on each substrate."""
    seed: int = 0
    """Of the runs; the meshes have the numbers after it."""


@dataclass(frozen=True, kw_only=True)
class FeatureOptions:
    """Whose features see the pictures of textures."""

    features: str = "vgg16"
    """What sees the pictures: vgg16, filter-bank, patches, or the path of a file of weights."""
    precision: str = "float32"
    """Type of a VGG's convolutions: float32 or bfloat16, which some processors compute in half the time."""

    def load_features(self) -> nn.Module:
        """The feature module.

        Raises:
            SystemExit: There is no such file or precision.
        """
        try:
            return load_features(self.features, precision=self.precision)
        except (FileNotFoundError, ValueError) as error:
            raise SystemExit(str(error)) from error


@dataclass(frozen=True, kw_only=True)
class BodyColour:
    """What tells the bodies of a texture from their ground."""

    colour: tuple[float, ...] = (1.0, 1.0, 1.0)
    """Weights of red, green and blue: bodies have more of it than their ground."""

    @property
    def weights(self) -> tuple[float, float, float]:
        """The three of them.

        Raises:
            SystemExit: There are more or fewer.
        """
        if len(self.colour) != 3:
            raise SystemExit(f"--colour: expected three weights, got {' '.join(map(str, self.colour))}.")
        red, green, blue = self.colour
        return red, green, blue


def from_command_line(
    kind: type[Config], description: str | None, *, default: Config | None = None, arguments: list[str] | None = None
) -> Config:
    """Reads a configuration from the command line.

    A field `some_name` is the option `--some-name`; a bool is `--some-name` or `--no-some-name`, a tuple takes one
    value or several, and a field without default is a positional argument. The text under a field is what `--help` says
    of it.

    Args:
        kind: A dataclass whose fields are str, int, float, bool, or tuples of one of these.
        description: What the script does; its docstring.
        default: Where the values come from that are not given, those of positional arguments too, then options;
            by default the fields' own.
        arguments: By default those of the process.
    """
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    texts, hints = _texts_under_fields(kind), get_type_hints(kind)
    for field in fields(kind):  # pyright: ignore[reportArgumentType]
        value = field.default if default is None else getattr(default, field.name)
        text = texts.get(field.name, "").replace("%", "%%")
        if value is MISSING:
            parser.add_argument(field.name, help=text)
        else:
            parser.add_argument(f"--{field.name.replace('_', '-')}", **_how_to_read(value, text, hints[field.name]))
    given = vars(parser.parse_args(arguments))
    return kind(**{name: tuple(value) if isinstance(value, list) else value for name, value in given.items()})


def _how_to_read(value: Any, text: str, hint: Any) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"action": argparse.BooleanOptionalAction, "default": value, "help": text}
    shown = " ".join(map(str, value)) if isinstance(value, tuple) else repr(value)
    text = f"{text} [{shown}]".strip()
    if isinstance(value, tuple):
        return {"nargs": "+", "type": get_args(hint)[0], "default": value, "help": text}
    return {"type": type(value), "default": value, "help": text}


def _texts_under_fields(kind: type) -> dict[str, str]:
    """The string that follows each field in the source of a class, or of one that it extends."""
    texts = {}
    for one in reversed([one for one in kind.__mro__ if is_dataclass(one)]):
        texts |= _own_texts_under_fields(one)
    return texts


def _own_texts_under_fields(kind: type) -> dict[str, str]:
    body = ast.parse(textwrap.dedent(inspect.getsource(kind))).body[0]
    statements: Sequence[ast.stmt] = body.body if isinstance(body, ast.ClassDef) else []
    return {
        field.target.id: " ".join(text.value.value.split())
        for field, text in pairwise(statements)
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
        if isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant) and isinstance(text.value.value, str)
    }
