"""The states that some steps began with."""

from jaxtyping import Float
from torch import Tensor


class Start:
    """From which steps can be taken again, unless they were written to since.

    Not among a function's saved tensors, because as long as the record of the first time serves they may be.
    """

    def __init__(self, x: Float[Tensor, "rows c"]) -> None:
        self.x, self.version = x, self._version(x)

    def again(self) -> Float[Tensor, "rows c"]:
        """The states, with their past.

        Raises:
            RuntimeError: If they are no longer what they were.
        """
        if self._version(self.x) != self.version:
            raise RuntimeError(
                "The backward pass takes the steps of a rollout again, but the states that it began with were modified "
                "by an inplace operation since; give `rollout` a clone of them."
            )
        return self.x

    @staticmethod
    def _version(x: Tensor) -> int:
        """How often they have been written to; tensors of inference mode don't count."""
        return 0 if x.is_inference() else x._version
