"""The rotation-invariant loss of an image against the angle: where it has valleys, and how hard they are to leave."""

from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from ..losses import RotationInvariantLoss
from .scores import empty_loss

AROUND_HALF_TURN = 45.0  # degrees: where the half turn's valley is looked for
SLACK = 15.0  # degrees by which a grown pattern's half turn may be off


def landscape(loss: RotationInvariantLoss, image: Float[Tensor, "*b c h w"]) -> Float[Tensor, "*b 2 a"]:
    """The loss of the target, as it is and mirrored, turned by every angle; 1 is the loss of the empty substrate."""
    return loss.landscape(image) / empty_loss(loss)


def degrees(num_angles: int) -> Float[np.ndarray, " a"]:
    """The angles of a landscape in [-180, 180), in the order of `centred`."""
    return (np.arange(num_angles) - num_angles // 2) * (360.0 / num_angles)


def centred(values: Float[Tensor, "*b a"]) -> Float[Tensor, "*b a"]:
    """A landscape with angle 0 in the middle."""
    return values.roll(values.shape[-1] // 2, -1)


def barrier(values: Float[Tensor, " a"], place: int) -> float:
    """How far the loss rises from a place on the lower of the two ways round to the lowest place of all.

    It is what keeps descent in a valley: 0 where the loss only falls.
    """
    ring = torch.cat([values.roll(-place), values[place : place + 1]])  # from the place once round and back to it
    lowest = int(ring.argmin())
    return float(torch.minimum(ring[: lowest + 1].max(), ring[lowest:].max()) - ring[0])


def at(values: Float[Tensor, " a"], place: int) -> dict[str, float]:
    """A place in a landscape: its angle in degrees, either way round, its loss and its barrier."""
    degree = place * 360.0 / len(values)
    numbers = {"loss": float(values[place]), "barrier": barrier(values, place)}
    return {"angle": round(min(degree, 360.0 - degree), 1), **{name: round(n, 4) for name, n in numbers.items()}}


def minima(values: Float[Tensor, " a"]) -> list[int]:
    """Where the loss is no higher than on either side."""
    return torch.nonzero((values <= values.roll(1)) & (values <= values.roll(-1))).flatten().tolist()


def half_turn(values: Float[Tensor, " a"]) -> dict[str, float]:
    """The lowest local minimum around 180 degrees, or 180 degrees itself if there is none."""
    count = len(values)
    near = [place for place in minima(values) if abs(place * 360.0 / count - 180.0) <= AROUND_HALF_TURN]
    return at(values, min(near, key=lambda place: float(values[place])) if near else count // 2)


def deepest_valley(values: Float[Tensor, " a"]) -> dict[str, float] | None:
    """The local minimum with the highest barrier, if there is one beside the lowest place of all."""
    deepest = max(minima(values), key=lambda place: barrier(values, place))
    return at(values, deepest) if barrier(values, deepest) > 0 else None


def valleys(values: Float[Tensor, "2 a"]) -> dict[str, Any]:
    """What is reported of the target's own landscape: half turn, best mirror image, and the patterns halfway."""
    half, mirrored = half_turn(values[0]), float(values[1].min())
    return {
        "median": round(float(values[0].median()), 4),
        "half turn": half,
        "deepest valley": deepest_valley(values[0]),
        "best mirror image": round(mirrored, 4),
        "halfway to the half turn": round(half["loss"] / 4, 4),  # |(T + T')/2 - T|^2 = |T' - T|^2 / 4
        "halfway to the mirror image": round(mirrored / 4, 4),
    }


def aligned(values: Float[Tensor, "b 2 a"]) -> Float[Tensor, "b 2 a"]:
    """Landscapes turned so that the best angle is 0, the better chirality first."""
    result = []
    for sample in values:
        best, num_angles = int(sample.argmin()), sample.shape[1]
        ordered = sample.flip(0) if best >= num_angles else sample
        result.append(ordered.roll(-(best % num_angles), 1))
    return torch.stack(result)


def symmetry(images: Float[Tensor, "b c h w"]) -> list[dict[str, float | None]]:
    """How far each image (its first four channels) is its own half turn, and its own mirror image in the best axis.

    1 - L / M with L the loss against the own turned (mirrored) self and M its mean over all angles: 1 for a symmetric
    pattern, about 0 for one that is no more like its half turn than like itself at any angle. None: nothing is there.
    """
    scores: list[dict[str, float | None]] = []
    for image in images[:, :4]:
        if not image.any():
            scores.append({"half turn": None, "mirror image": None})
            continue
        own = RotationInvariantLoss(image).landscape(image)
        mean = float(own[0].mean())
        off = (torch.arange(own.shape[1]) * (360.0 / own.shape[1]) - 180.0).abs()
        turned = float(own[0][off <= SLACK].min())
        # a pattern that is round to the last bit is every turn of itself
        lowest = {"half turn": turned, "mirror image": float(own[1].min())}
        scores.append({name: round(1 - value / mean, 3) if mean > 0 else 1.0 for name, value in lowest.items()})
    return scores
