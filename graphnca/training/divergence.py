"""When a training is beyond recovery, and how that is said."""

from collections.abc import Iterable

from torch import Tensor

PATIENCE = 100  # iterations in a row that teach nothing; a pool that has died by chance lives again after a few


class DivergedError(RuntimeError):
    """A training that can't recover: it ends here, and writes no rule."""


class Divergence:
    """Counts the iterations since one taught the rule something.

    An iteration teaches nothing when the loss or a gradient is not finite, or no sample is left of the batch.

    Args:
        iterations: Of the training; a short one is given up after half of them.
    """

    def __init__(self, iterations: int) -> None:
        self.limit = min(PATIENCE, max(2, iterations // 2))
        self.fruitless = 0

    def note(self, learned: bool) -> None:
        """Takes in an iteration."""
        self.fruitless = 0 if learned else self.fruitless + 1

    def check(self, iteration: int, tensors: Iterable[Tensor]) -> None:
        """Whether it is worth going on after an iteration, with the parameters as they are.

        Raises:
            DivergedError: If not.
        """
        if any(not bool(tensor.isfinite().all()) for tensor in tensors):
            reason = "a parameter of the rule is not finite any more"
        elif self.fruitless >= self.limit:
            reason = f"nothing could be learned from the last {self.fruitless} iterations"
        else:
            return
        raise DivergedError(
            f"The training has diverged at iteration {iteration}: {reason}. No rule is written. Start anew in another "
            "folder with a lower learning rate (--rate)."
        )
