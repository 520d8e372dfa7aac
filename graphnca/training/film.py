"""A training as a film: the batch as it starts and as it ends, a hundred times from the first iteration to the last."""

from pathlib import Path

from PIL import Image
from torch import Tensor
from torch_geometric.data import Data

from ..arguments import checked
from ..drawing import SurfaceCanvas, montage, save_animation, save_image, to_picture
from ..rasterizers import NearestCell
from .worlds import World

FRAMES = 100  # of a whole training, about
SHOWN = 8  # samples of a batch, at most
SIDE = 72  # pixels of a sample
FPS = 8.0
FOLDER, FILM = "film", "pool.webp"


class PoolFilm:
    """Keeps small pictures of the batch on the way, and makes an animation of them at the end.

    The upper row are the samples as they start: drawn from the pool, in the order of their losses where the policy
    ranks them, with the seed in the place of the worst and the damaged ones last; the lower row is what the rollout
    made of each. The pictures lie in `film/`, so a training that is stopped and resumed has one film.

    Args:
        folder: Of the training.
        iterations: Of the whole training.
        offset: Of colours, as of `pool_pictures`: None shows premultiplied RGBA.
    """

    @checked
    def __init__(self, folder: str | Path, iterations: int, offset: float | None = None) -> None:
        self.folder, self.offset = Path(folder), offset
        self.every = max(1, iterations // FRAMES)
        self.kind = ""

    def note(self, iteration: int, world: World, before: Tensor, after: Tensor) -> None:
        """Keeps a picture if one is due; of several kinds of worlds, those of the first.

        Args:
            iteration: How many are done.
            world: Where the batch lives.
            before: States `(b, n, c)` that the rollout started from.
            after: What became of them.
        """
        kind = world.name.split()[0] if world.name else ""
        self.kind = self.kind or kind
        if kind != self.kind or (iteration % self.every and iteration != 1):
            return
        rows = [self._row(world.topology, states[:SHOWN]) for states in (before, after)]
        (self.folder / FOLDER).mkdir(parents=True, exist_ok=True)
        picture = montage(rows, columns=1, pad=2, title=f"iteration {iteration:,}")
        save_image(self.folder / FOLDER / f"{iteration:06d}.png", picture)

    def frames(self) -> list[Image.Image]:
        """The pictures so far, in order, all of one size: titles differ in width, and batches in number."""
        pictures = [Image.open(path).convert("RGB") for path in sorted((self.folder / FOLDER).glob("*.png"))]
        width, height = (max((picture.size[axis] for picture in pictures), default=0) for axis in (0, 1))
        return [_on_ground(picture, width, height) for picture in pictures]

    def write(self) -> None:
        """Writes `pool.webp` of the pictures there are, if there are any."""
        frames = self.frames()
        if frames:
            save_animation(self.folder / FILM, frames, fps=FPS)

    def _row(self, topology: Data, states: Tensor) -> Image.Image:
        if "frame" in topology:
            canvas = SurfaceCanvas(topology, SIDE)
            return montage([canvas.draw(state, offset=self.offset) for state in states.cpu()], columns=SHOWN, pad=2)
        raster = NearestCell(topology)
        tiles = raster(states[..., :4]) if self.offset is None else raster(states[..., :3]) + self.offset
        small = [to_picture(tile).resize((SIDE, SIDE), Image.Resampling.BILINEAR) for tile in tiles]
        return montage(small, columns=SHOWN, pad=2)


def _on_ground(picture: Image.Image, width: int, height: int) -> Image.Image:
    ground = Image.new("RGB", (width, height), "white")
    ground.paste(picture, (0, 0))
    return ground
