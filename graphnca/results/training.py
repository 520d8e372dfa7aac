"""The command line of a training script."""

from ..training import DivergedError, LostProcessError
from ..training.recipes import Recipe, Sampler
from .options import from_command_line
from .result import command


def train_from_command_line(kind: type[Recipe], description: str | None, sampler: Sampler) -> None:
    """Reads a recipe from the command line and trains, or goes on with it.

    Args:
        kind: The recipe; its fields are the options.
        description: What the script does; its docstring.
        sampler: Brings the substrates, such as `topologies.sampled_torus`.

    Raises:
        SystemExit: If an option cannot be, the training diverges, or another process of the run is lost, with what to
            do.
    """
    try:
        recipe = from_command_line(kind, description)
        recipe.config()
    except ValueError as error:
        raise SystemExit(str(error)) from error
    try:
        recipe.train(sampler, command())
    except (DivergedError, LostProcessError) as error:
        raise SystemExit(str(error)) from error
