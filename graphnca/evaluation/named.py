"""The subject of a name or a path: a shipped rule, a file of one's own, a training's folder, or a published model."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from ..importers import load_published, texture_demo_names
from ..rules import describe_rule, load_genomes, load_rule, shipped_rules
from ..rules.card import check_card
from ..suggestions import suggestion
from .subject import Subject, SubjectError

PUBLISHED = (".json", ".npz", ".pt", ".pth")  # endings of the authors' model files
OWN = ".safetensors"
IN_FOLDER = "rule.safetensors"  # what a training leaves in its folder
PUBLISHED_TARGET = "lizard"  # of the one isotropic model file that its authors published; it has no card
DEMO_CONTRAST = 0.5  # of the published atlases of textures: rgb = state / 2 + 0.5
TEXTURE = "texture-"  # how the names of shipped textures begin
SHIPPED_KINDS = ("texture", "isotropic", "upright")


def read_subject(name_or_path: str, *, model: str | None = None, goal: str = "") -> Subject:
    """The subject of a name or a path.

    Args:
        name_or_path: A shipped rule's name; or the path of a .safetensors file, of a training's folder, or of a model
            file that the authors of an article published.
        model: Which model of an atlas of textures, by name or number; by default the first.
        goal: What it is to show, in place of what its card says.

    Raises:
        SubjectError: There is no rule of that name, no such file, or no such model.
        ValueError: The file is damaged.
    """
    path = Path(name_or_path)
    if (path / IN_FOLDER).is_file():
        return _own(str(path / IN_FOLDER), path.resolve().name, goal)
    if path.suffix in PUBLISHED:
        return _published(path, model, goal)
    if path.suffix == OWN or path.name != name_or_path:
        if not path.is_file():
            folder = f" It is a folder without {IN_FOLDER}." if path.is_dir() else ""
            raise SubjectError(f"there is no rule at {name_or_path!r}.{folder}{_hint(path.stem)}")
        return _own(name_or_path, path.parent.resolve().name if path.name == IN_FOLDER else path.stem, goal)
    if name_or_path not in shipped_rules():
        raise SubjectError(
            f"no rule is called {name_or_path!r}.{suggestion(name_or_path, shipped_rules())} `graphnca rules` lists "
            f"what is shipped; your own is the path of a {OWN} file."
        )
    return _own(name_or_path, name_or_path, goal)


def shipped_subjects(kind: str) -> list[str]:
    """The names of the shipped rules of a kind, sorted.

    Args:
        kind: `"texture"`; `"isotropic"`: those that perceive no direction and grow a target; `"upright"`: those that
            perceive gradients and were trained in a regime of Growing NCA.

    Raises:
        ValueError: Another kind.
    """
    if kind not in SHIPPED_KINDS:
        raise ValueError(f"`kind` must be one of {SHIPPED_KINDS}, got {kind!r}.")
    if kind == "texture":
        return [name for name in shipped_rules() if name.startswith(TEXTURE)]
    needed = {"target", "regime"} if kind == "upright" else {"target"}
    return [
        name
        for name in shipped_rules()
        if needed <= describe_rule(name)["card"].keys()
        and load_rule(name).perception.uses_gradient == (kind == "upright")
    ]


def read_subjects(names: Iterable[str], kind: str, *, model: str | None = None, goal: str = "") -> list[Subject]:
    """The subjects of several names, or all shipped ones of a kind if there is none; all of them of that kind.

    Raises:
        SubjectError: As of `read_subject`; a texture where patterns are measured, or the other way round.
    """
    subjects = [read_subject(name, model=model, goal=goal) for name in [*names] or shipped_subjects(kind)]
    for subject in subjects:
        if subject.is_texture != (kind == "texture"):
            raise SubjectError(
                f"a rule {'without' if kind == 'texture' else 'with'} a life mask is expected here, and {subject.name} "
                f"has {'none' if subject.is_texture else 'one'}."
            )
    return subjects


def atlas_models(path: Path) -> Sequence[str]:
    """The names of the models in a published atlas of textures; none of any other file."""
    try:
        return texture_demo_names(path)
    except ValueError:
        return ()


def _own(text: str, name: str, goal: str) -> Subject:
    rule, card = load_rule(text), describe_rule(text)["card"]
    check_card(card, text)
    said = card.get("template" if rule.life_mask is None else "target")
    return Subject(name, rule, card, load_genomes(text), goal or said or "")


def _published(path: Path, model: str | None, goal: str) -> Subject:
    if not path.is_file():
        raise SubjectError(f"there is no model file at {str(path)!r}.{_hint(path.stem)}")
    names = atlas_models(path)
    if not names and path.suffix == ".json" and path.with_suffix(OWN).is_file():
        raise SubjectError(f"{path} only describes a rule; the rule itself is {path.with_suffix(OWN)}.")
    chosen: str | int = model or 0
    if model is not None:
        if not names:
            raise SubjectError(
                f"--model chooses one of the models in an atlas of textures, and {path} holds a single one."
            )
        chosen = int(model) if model.isdigit() else model
        if model not in names and not (isinstance(chosen, int) and chosen < len(names)):
            raise SubjectError(
                f"{path} has no model {model!r}: expected a name or a number below {len(names)}."
                f"{suggestion(model, names)} `graphnca info {path}` lists them."
            )
    rule = load_published(path, chosen)
    if names:
        name = chosen if isinstance(chosen, str) else names[chosen]
        return Subject(name, rule, {"rgb_scale": DEMO_CONTRAST}, goal=goal)
    return Subject(path.stem, rule, goal=goal or ("" if rule.perception.uses_gradient else PUBLISHED_TARGET))


def _hint(name: str) -> str:
    likely = suggestion(name, shipped_rules())
    return f"{likely} (A shipped rule's name, without folder and ending.)" if likely else ""
