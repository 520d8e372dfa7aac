"""What `graphnca train` goes on from: a rule that is asked for, the usual one of a kind, or an untrained one."""

from ..evaluation.named import read_subject
from ..evaluation.subject import NAIVE, Subject
from ..layers import NCAConv
from .errors import UsageError

UNTRAINED = "none"  # in place of a rule to go on from
USUAL_START = "growing-lizard"  # of upright pictures, whatever they show: it knows how to live, to last and to heal


def started_from(name: str | None) -> Subject | None:
    """The rule of that name or path; None if there is to be none, or nothing is said."""
    return None if name is None or name == UNTRAINED else read_subject(name)


def usual_start(kind: str, regime: str | None) -> str:
    """What a training of a kind goes on from, where nothing is asked for.

    The naive regime shows what becomes of a rule that was never taught to last, and so begins with none that was.
    """
    return USUAL_START if kind == "growing" and regime != NAIVE else UNTRAINED


def check_start(subject: Subject, untrained: NCAConv) -> None:
    """Whether a rule can be trained on by a recipe.

    Raises:
        UsageError: If it is of another kind than the recipe's own.
    """
    if (subject.rule.life_mask is None) != (untrained.life_mask is None):
        raise UsageError(
            f"--start: {subject.name} is {'' if subject.is_texture else 'not '}a texture; choose another --kind."
        )
    if subject.rule.perception.uses_gradient != untrained.perception.uses_gradient:
        raise UsageError(
            f"--start: {subject.name} perceives {', '.join(subject.rule.perception.filters)}, and the recipe is for "
            f"rules that perceive {', '.join(untrained.perception.filters)}; choose another --kind."
        )
    if subject.rule.num_channels != untrained.num_channels:
        raise UsageError(
            f"--start: {subject.name} has {subject.rule.num_channels} channels, and the recipe is for "
            f"{untrained.num_channels}."
        )
