"""The rule that a command line names: a shipped one, a file of one's own, or a published model."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float
from PIL import Image
from torch import Tensor
from torch_geometric.data import Data

from ..drawing import CellCanvas
from ..importers import load_published, texture_demo_names
from ..layers import NCAConv
from ..rules import describe_rule, load_genomes, load_rule, shipped_rules, starting_state
from .errors import UsageError
from .suggestions import suggestion

PUBLISHED = (".json", ".npz")  # endings of the authors' model files
OWN = ".safetensors"
IN_FOLDER = "rule.safetensors"  # what a training leaves in its folder
GREY = 0.5  # of a texture whose card says nothing: rgb = state + 0.5
DEMO_CONTRAST = 0.5  # of the published texture atlases: rgb = state / 2 + 0.5
USUAL_SIZE = 72  # units: of all published trainings but the textures
HELP = "a shipped rule (`graphnca rules` lists them), a .safetensors file, a training's folder, or a published model"


@dataclass(frozen=True, eq=False)
class NamedRule:
    """A rule with what is known of it."""

    name: str
    """For file names and messages."""
    rule: NCAConv
    card: dict[str, Any] = field(default_factory=dict)
    genomes: dict[str, Tensor] = field(default_factory=dict)

    @property
    def is_texture(self) -> bool:
        """Whether it knows no life: then its first three channels plus a number are its colours."""
        return self.rule.life_mask is None

    @property
    def usual_size(self) -> int:
        """Units on a side of the sheet that it was trained on, or `USUAL_SIZE`."""
        size, padding = self.card.get("size"), self.card.get("padding", 0)
        return size + 2 * padding if isinstance(size, int) and isinstance(padding, int) else USUAL_SIZE

    def start(self, topology: Data, genome: str | None = None) -> Float[Tensor, "n c"]:
        """What it grows from: what its card says, with the genome of that name.

        Raises:
            UsageError: If it has no such genome, or the seed does not fit the substrate.
        """
        if genome is not None and genome not in self.genomes:
            known = f"expected one of {sorted(self.genomes)}" if self.genomes else "it has none"
            raise UsageError(f"{self.name} has no genome {genome!r}: {known}.{suggestion(genome, self.genomes)}")
        chosen = genome or next(iter(self.genomes), None)
        try:
            return starting_state(self.rule, topology, self.card, genome=self.genomes[chosen] if chosen else None)
        except ValueError as error:
            raise UsageError(f"{self.name} cannot start on this substrate: {error}") from error

    def picture(self, canvas: CellCanvas, state: Float[Tensor, "n c"]) -> Image.Image:
        """One state as this rule's are meant to be seen; what is not finite is empty."""
        state = torch.nan_to_num(state, 0.0, 0.0, 0.0)
        if not self.is_texture:
            return canvas.draw(state)
        return canvas.draw(state, offset=float(self.card.get("rgb_offset", GREY)))


def read_rule(text: str, model: str | None = None) -> NamedRule:
    """The rule of a name or a path.

    Args:
        text: As it was typed.
        model: Which model of an atlas of textures, by name or number; by default the first.

    Raises:
        UsageError: If there is no rule of that name, no such file, or no such model.
        ValueError: If the file is damaged.
    """
    path = Path(text)
    if (path / IN_FOLDER).is_file():
        return _own(str(path / IN_FOLDER), path.resolve().name)
    if path.suffix in PUBLISHED:
        return _published(path, model)
    if path.suffix == OWN or path.name != text:
        if not path.is_file():
            folder = f" It is a folder without {IN_FOLDER}." if path.is_dir() else ""
            raise UsageError(f"there is no rule at {text!r}.{folder}{_hint(path.stem)}")
        return _own(text, path.parent.resolve().name if path.name == IN_FOLDER else path.stem)
    if text not in shipped_rules():
        raise UsageError(
            f"no rule is called {text!r}.{suggestion(text, shipped_rules())} `graphnca rules` lists what is shipped; "
            f"your own is the path of a {OWN} file."
        )
    return _own(text, text)


def atlas_models(path: Path) -> Sequence[str]:
    """The names of the models in a published atlas of textures; none of any other file."""
    try:
        return texture_demo_names(path)
    except ValueError:
        return ()


def _own(text: str, name: str) -> NamedRule:
    return NamedRule(name, load_rule(text), describe_rule(text)["card"], load_genomes(text))


def _published(path: Path, model: str | None) -> NamedRule:
    if not path.is_file():
        raise UsageError(f"there is no model file at {str(path)!r}.{_hint(path.stem)}")
    names = atlas_models(path)
    if not names and path.suffix == ".json" and path.with_suffix(OWN).is_file():
        raise UsageError(f"{path} only describes a rule; the rule itself is {path.with_suffix(OWN)}.")
    chosen: str | int = model or 0
    if model is not None:
        if not names:
            raise UsageError(
                f"--model chooses one of the models in an atlas of textures, and {path} holds a single one."
            )
        chosen = int(model) if model.isdigit() else model
        if model not in names and not (isinstance(chosen, int) and chosen < len(names)):
            raise UsageError(
                f"{path} has no model {model!r}: expected a name or a number below {len(names)}."
                f"{suggestion(model, names)} `graphnca info {path}` lists them."
            )
    rule = load_published(path, chosen)
    if not names:
        return NamedRule(path.stem, rule)
    return NamedRule(chosen if isinstance(chosen, str) else names[chosen], with_states_scaled(rule, DEMO_CONTRAST))


@torch.no_grad()
def with_states_scaled(rule: NCAConv, factor: float) -> NCAConv:
    """The rule (changed in place) whose states are `factor` times those of the given one; of rules without life.

    What is perceived is linear in the state, so the first layer divides by the factor and the last one multiplies. A
    texture of the published demo then shows its colours as every other does: rgb = state + 0.5.
    """
    rule.update_rule.hidden.weight /= factor
    for parameter in rule.update_rule.output.parameters():
        parameter *= factor
    return rule


def _hint(name: str) -> str:
    likely = suggestion(name, shipped_rules())
    return f"{likely} (A shipped rule's name, without folder and ending.)" if likely else ""
