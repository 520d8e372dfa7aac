"""What has become of a run of a texture: the one definition, beside that of patterns (`fates`).

    exploded    a number that is not finite, or a state of `EXPLODED` or more
    flat        its colours vary less than half as much as they do on squares
    deformed    its distance to the rule's own texture on squares is more than a tenth of a flat picture's
    whole       none of these

The distance is the sliced transport of a `TextureMeter` whose template is the median of several runs on squares.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from jaxtyping import Float
from torch import Tensor, nn
from torch_geometric.data import Data

from .form import OWN_SEED, RUNS
from .scores import EXPLODED, bounded
from .subject import STEPS, Subject, SubjectError
from .texture_meter import TextureMeter

TEXTURE_FATES = ("whole", "deformed", "flat", "exploded")
FLAT = 0.5  # times the deviation of its colours on squares
OTHER = 0.1  # of the distance of a flat picture, besides what two runs on squares differ by


@dataclass(frozen=True, eq=False)
class OwnTexture:
    """What a texture shows on squares, by which all of its runs are measured."""

    meter: TextureMeter
    """Of the median run."""
    spread: float
    """The median distance of the others to it, as a share of a flat picture's."""

    @property
    def bound(self) -> float:
        """The farthest distance of a picture that is this texture."""
        return self.spread + OTHER

    @property
    def size(self) -> int:
        """Pixels on a side of its pictures."""
        return self.meter.template.shape[-1]

    def distances(self, pictures: Float[Tensor, "b 3 h w"]) -> list[float]:
        """Of each picture, as a share of that of a flat picture in the texture's mean colour."""
        flat = self.meter.template.mean((1, 2), keepdim=True).expand_as(self.meter.template)
        return (self.meter(pictures) / self.meter(flat)).tolist()

    def fates(self, subject: Subject, states: Float[Tensor, "b n c"], topology: Data) -> list[tuple[str, float]]:
        """What has become of each run, and its distance."""
        pictures = subject.images(states, subject.view(topology, size=self.size))
        own, largest = deviations(self.meter.template[None]), bounded(states).abs().amax((-2, -1)).tolist()
        rows = zip(largest, deviations(pictures).tolist(), self.distances(pictures), strict=True)
        return [(self._fate(size, varies / float(own), distance), distance) for size, varies, distance in rows]

    def _fate(self, largest: float, varies: float, distance: float) -> str:
        if not largest < EXPLODED:
            return "exploded"
        if varies < FLAT:
            return "flat"
        return "whole" if distance <= self.bound else "deformed"


def own_texture(
    subject: Subject, square: Data, features: nn.Module, *, size: int, runs: int = RUNS, seed: int = OWN_SEED
) -> OwnTexture:
    """What a texture shows on squares: of several runs, the one from which the others are least far.

    Args:
        subject: The texture.
        square: A square torus of `size` x `size` units.
        features: What sees the pictures.
        size: Pixels on a side of the pictures.
        runs: How many, at least two.
        seed: Of their firing.

    Raises:
        SubjectError: A run exploded or is flat: such a rule has no texture of its own.
    """
    states = subject.grow(square, runs, (STEPS,), seed)[STEPS]
    pictures = subject.images(states, subject.view(square, size=size))
    if not float(bounded(states).abs().max()) < EXPLODED or not bool((deviations(pictures) > 0).all()):
        raise SubjectError(
            f"`subject` must be a texture on squares, got {subject.name}, of which a run exploded or is flat."
        )
    found = []
    for picture in pictures:
        own = OwnTexture(TextureMeter(features, picture), 0.0)
        found.append(OwnTexture(own.meter, median(sorted(own.distances(pictures))[1:])))  # but for its own
    return min(found, key=lambda own: own.spread)


def deviations(pictures: Float[Tensor, "b 3 h w"]) -> Float[Tensor, " b"]:
    """The standard deviation of each picture's colours over its pixels, the mean over red, green and blue."""
    return pictures.flatten(2).std(2).mean(1)


def counted_textures(words: Sequence[str]) -> dict[str, int]:
    """How many runs have each fate, in the order of `TEXTURE_FATES`, without those that no run has."""
    return {fate: words.count(fate) for fate in TEXTURE_FATES if fate in words}
