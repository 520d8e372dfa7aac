"""A rule with everything that is known of it: what it starts from, what it is to show, how that is seen and scored."""

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import torch
from jaxtyping import Float
from PIL import Image
from torch import Tensor, nn
from torch_geometric.data import Data

from ..drawing import CellCanvas, SurfaceCanvas, save_surface
from ..layers import NCAConv
from ..losses import PixelLoss, RotationInvariantLoss
from ..places import Place, nearest_cells, point_in_plane
from ..rasterizers import NearestCell
from ..rules import starting_state
from ..rules.starts import STRUCTURED, seed_of
from ..suggestions import suggestion
from ..targets import load_target
from ..templates import load_template
from .drift import error_where_it_lies
from .pixel_error import log10_error
from .published_loss import PUBLISHED_AUXILIARY, target_with_auxiliary
from .runs import grow
from .scores import EXPLODED, LOSS_SCALE, bounded, measure, seeded_position
from .upright import upright

SIZE, PADDING = 40, 16  # pixels: an upright target of 40 on 72x72 cells, as published (Growing NCA)
TEMPLATE_SIZE = 128  # pixels of a template's side, as published
RGB_SCALE, RGB_OFFSET = 1.0, 0.5  # of a texture: rgb = state + 0.5 (Niklasson et al. 2021, PyTorch revision)
ALLOWED = 2.0  # times what a training took for an explosion, where states were given more room than is usual
NAIVE = "naive"  # the regime whose rules never saw what they grow later
BEYOND_RECOVERY = 6.0  # |x| of a state that training gives up, usually (`graphnca.training.guard`)
STEPS, STEPS_ISOTROPIC = 500, 2000  # that a rule needs to look as it is meant to: isotropic ones take their time
USUAL_SIZE = 72  # units: of all published trainings but the textures


class SubjectError(ValueError):
    """There is no such rule, or it cannot be measured as it was asked for; the message says what would do."""


@dataclass(frozen=True, eq=False)
class Subject:
    """A rule that is measured or shown.

    What it is follows from the rule and its card, and nothing else:

    - a **texture** knows no life: it starts from cells that are all alike, its first three channels and an offset are
      its colours (scaled, where its card says so), and its pictures are compared with a template (`TextureMeter`);
    - an **isotropic** rule perceives no direction: it grows its target in any orientation, and is scored by the
      published loss in the best of them, with a closed ring around its seed and the paper's auxiliary channels
      (`isotropic_loss`);
    - a **steered** one perceives gradients in a frame of the cell's own: it grows its target in any orientation, and is
      scored as an isotropic one, of RGBA alone and not mirrored;
    - an **upright** one perceives gradients, or starts from several coloured points: its pattern has one orientation,
      and the score is 1000 times the mean squared error of RGBA in that one.

    Attributes:
        name: For results, file names and messages.
        rule: The rule.
        card: What its file says of it; of a published model, how a texture's states become colours, and nothing else.
        genomes: By name, the hidden channels of the seeds that it was trained with; most rules have none.
        goal: Name or path of what it is to show: a target, or a texture's template; empty where nothing says it.
        picture_of_goal: That picture itself, where it has no name.
    """

    name: str
    rule: NCAConv
    card: dict[str, Any] = field(default_factory=dict)
    genomes: dict[str, Tensor] = field(default_factory=dict)
    goal: str = ""
    picture_of_goal: Tensor | None = None

    @property
    def is_texture(self) -> bool:
        """Whether it knows no life."""
        return self.rule.life_mask is None

    @property
    def is_structured(self) -> bool:
        """Whether it starts from several coloured points."""
        return self.card.get("seed") == STRUCTURED

    @property
    def is_upright(self) -> bool:
        """Whether its pattern has one orientation, which comes with the seed or with the rule's frame."""
        perception = self.rule.perception
        return self.is_structured or (perception.uses_gradient and not perception.is_steered)

    @property
    def usual_size(self) -> int:
        """Units on a side of the substrate that it was trained on, or `USUAL_SIZE`."""
        size, padding = self.card.get("size"), self.card.get("padding", 0)
        return size + 2 * padding if isinstance(size, int) and isinstance(padding, int) else USUAL_SIZE

    @property
    def explosion(self) -> float:
        """|x| that its training took for an explosion, as far as its card says so; else the usual."""
        found = (self.card.get("configuration") or {}).get("explosion")
        return float(found) if isinstance(found, int | float) else BEYOND_RECOVERY

    @property
    def exploded_at(self) -> float:
        """|x| from which on a run of it has exploded: more where its card says that states may be large."""
        return ALLOWED * self.explosion if self.explosion > BEYOND_RECOVERY else EXPLODED

    @property
    def usual_steps(self) -> int:
        """Steps after which it looks as it is meant to.

        One that was never shown what it becomes later is stopped where its training
        stopped: of the naive regime, or with states that had to be given more room than is usual.
        """
        trained = (self.card.get("configuration") or {}).get("steps")
        if not self.is_texture and trained and (self.card.get("regime") == NAIVE or self.explosion > BEYOND_RECOVERY):
            return int(trained[1])
        return STEPS if self.is_texture or self.rule.perception.uses_gradient else STEPS_ISOTROPIC

    # What it is to show.

    @property
    def has_target(self) -> bool:
        """Whether anything says what it is to show."""
        return bool(self.goal) or self.picture_of_goal is not None

    @cached_property
    def target(self) -> Float[Tensor, "c h w"]:
        """The picture that it is compared with, one pixel per unit.

        RGBA of a pattern, with the paper's auxiliary channels of an isotropic one; RGB of a texture.

        Raises:
            SubjectError: Nothing says what it is.
        """
        if self.picture_of_goal is not None:
            return self.picture_of_goal
        if not self.goal:
            raise SubjectError(f"nothing says what {self.name} is to show: its card names no target.")
        if self.is_texture:
            return load_template(self.goal, TEMPLATE_SIZE)
        if self.rule.perception.uses_gradient:
            shape = {"size": self.card.get("size", SIZE), "padding": self.card.get("padding", PADDING)}
            return load_target(self.goal, **shape, on_pixel=not self.is_upright)
        auxiliary = "" if self.is_structured else PUBLISHED_AUXILIARY.get(self.goal, "binary")
        return target_with_auxiliary(self.goal, auxiliary, on_pixel=not self.is_structured)

    @cached_property
    def orientation(self) -> RotationInvariantLoss:
        """The loss whose match says how a pattern lies; of an upright or a steered one, of RGBA alone."""
        return RotationInvariantLoss(self.target, mirror=not self.rule.perception.is_steered)

    @cached_property
    def loss(self) -> Callable[[Tensor], Tensor]:
        """The score of each image `(..., C, H, W)` of one pixel per unit.

        Raises:
            SubjectError: A texture, whose pictures a `TextureMeter` measures, in the features that it is given.
        """
        if self.is_texture:
            raise SubjectError(f"{self.name} is a texture: a TextureMeter scores its pictures.")
        if not self.is_upright:
            return self.orientation
        pixels = PixelLoss(self.target)
        return lambda images: LOSS_SCALE * pixels(images)

    @cached_property
    def empty_loss(self) -> float:
        """The score of a substrate without a living cell."""
        return float(self.loss(torch.zeros_like(self.target)))

    @cached_property
    def empty_log_error(self) -> float:
        """log10 of the mean squared error of a substrate without a living cell; of no target, that of nothing."""
        target = self.target if self.has_target else torch.zeros(4, 1, 1)
        return float(log10_error(torch.zeros_like(target)[None], target))

    # How it starts.

    def seed(
        self,
        topology: Data,
        *,
        genome: str | Float[Tensor, " g"] | None = None,
        at: Place | None = None,
        angle: float = 0.0,
        mirror: bool = False,
    ) -> Float[Tensor, "n c"]:
        """The state that growth starts from, on any substrate.

        Args:
            topology: The substrate.
            genome: What the seed carries, or its name; by default the first that the rule was trained with.
            at: Where the middle of the pattern is to lie, in units; by default in the middle of the substrate. The seed
                of a card with `seed at` lies elsewhere in its pattern. On a surface in space, where the seed lies.
            angle: Radians by which a structured seed is turned, clockwise on the screen.
            mirror: Whether its x is negated before that.

        Raises:
            SubjectError: No such genome; a rule that does not start from a seed; a single cell that is to be turned.
        """
        card = {**self.card, **({"target": self.goal} if self.goal else {})}
        if angle or mirror:
            try:
                points = seed_of(card)
            except ValueError:
                points = None
            if points is None:
                raise SubjectError(f"{self.name} starts from a seed that looks the same from all sides.")
            return points.state(topology, self.rule.num_channels, angle=angle, mirror=mirror, at=at)
        planted = "seed at" in self.card and "frame" not in topology
        place = self._middle(topology, at) + self.planting_offset if planted else at
        try:
            return starting_state(self.rule, topology, card, genome=self._genome(genome), at=place)
        except ValueError as error:
            raise SubjectError(f"{self.name} cannot start on this substrate: {error}") from error

    def _genome(self, genome: str | Tensor | None) -> Tensor | None:
        if isinstance(genome, Tensor):
            return genome
        chosen = genome or next(iter(self.genomes), None)
        if chosen is not None and chosen not in self.genomes:
            known = f"expected one of {sorted(self.genomes)}" if self.genomes else "it has none"
            raise SubjectError(f"{self.name} has no genome {chosen!r}: {known}.{suggestion(chosen, self.genomes)}")
        return self.genomes[chosen] if chosen else None

    @property
    def species(self) -> dict[str, "Subject"]:
        """One subject for each genome, which stands for the target of that name, in the card's order."""
        names = self.card.get("targets", list(self.genomes))
        return {name: replace(self, genomes={name: self.genomes[name]}, goal=name) for name in names}

    def grow(
        self, topology: Data, runs: int, moments: Iterable[int], seed: int, **options: Any
    ) -> dict[int, Float[Tensor, "b n c"]]:
        """Several runs from its seed: their states at the steps that are asked for; `options` go to `grow`."""
        return grow(self.rule, topology, runs, moments, seed, start=self.seed(topology), **options)

    # How it is seen.

    def view(
        self,
        topology: Data,
        *,
        centre: tuple[float, float] | None = None,
        angle: float = 0.0,
        mirror: bool = False,
        size: int | None = None,
        scale: int = 1,
    ) -> NearestCell:
        """The raster that a state is compared on, one pixel per unit; make it once where many states are looked at.

        Of a pattern: of the target's size around the seed, 2x2 samples a pixel. Of a texture: the whole substrate, and
        every pixel shows one cell, as on squares (means over several cells would blur the other substrates alone, and
        blur costs more than any other difference between them).

        Args:
            topology: The substrate.
            centre: The point (x, y) around which a pattern is looked for, where it has moved.
            angle: Radians by which the pattern lies turned; the raster shows it upright.
            mirror: Whether it is mirrored.
            size: Units on a side of a texture's substrate; by default its shorter side.
            scale: Pixels per unit of a texture.
        """
        if self.is_texture:
            side = scale * (size or round(float(topology["extent"].min())))
            return NearestCell(topology, side, side, scale=float(scale))
        middle = self._planted_at(topology) if centre is None and "seed at" in self.card else centre
        return upright(topology, *self.target.shape[-2:], angle=angle, mirror=mirror, centre=middle)

    def images(self, states: Float[Tensor, "*b n c"], where: Data | nn.Module) -> Float[Tensor, "*b k h w"]:
        """What is scored of states: all channels of a pattern, the RGB of a texture.

        Args:
            states: Of the cells of one substrate.
            where: The substrate, or its `view`.
        """
        view = self.view(where) if isinstance(where, Data) else where
        states = bounded(states)
        return self.rgb_scale * view(states[..., :3]) + self.rgb_offset if self.is_texture else view(states)

    @property
    def rgb_scale(self) -> float:
        """What a texture's first three channels are multiplied by to make RGB."""
        return float(self.card.get("rgb_scale", RGB_SCALE))

    @property
    def rgb_offset(self) -> float:
        """What is added to them then."""
        return float(self.card.get("rgb_offset", RGB_OFFSET))

    def picture(self, canvas: CellCanvas | SurfaceCanvas, state: Float[Tensor, "n c"]) -> Image.Image:
        """One state as this rule's are meant to be seen; what is not finite is empty."""
        state = torch.nan_to_num(state, 0.0, 0.0, 0.0)
        return canvas.draw(self.rgb_scale * state, offset=self.rgb_offset) if self.is_texture else canvas.draw(state)

    def save_surface(self, path: str | os.PathLike[str], state: Float[Tensor, "n c"], topology: Data) -> None:
        """One state on a surface in space as a mesh with the colours of its `picture`, .glb or .ply."""
        state = torch.nan_to_num(state, 0.0, 0.0, 0.0)
        if self.is_texture:
            save_surface(path, self.rgb_scale * state, topology, offset=self.rgb_offset)
        else:
            save_surface(path, state, topology)

    # How it is scored.

    def measure(self, states: Float[Tensor, "b n c"], topology: Data) -> list[dict[str, Any]]:
        """One row of numbers a run: `graphnca.evaluation.scores.measure`, with this subject's score as the loss."""
        rows = measure(states, topology, self.orientation)
        if self.is_upright:
            losses = self.loss(self.images(states, topology))
            rows = [
                {**row, "loss": round(float(loss), 2), "relative": round(float(loss) / self.empty_loss, 4)}
                for row, loss in zip(rows, losses, strict=True)
            ]
        return rows

    def log_error(
        self, states: Float[Tensor, "b n c"], where: Data | nn.Module, *, angle: float = 0.0
    ) -> Float[Tensor, " b"]:
        """log10 of the mean squared error of RGBA to the target, one a run; of a pattern turned by `angle`, upright."""
        view = self.view(where, angle=angle) if isinstance(where, Data) else where
        return log10_error(view(bounded(states)[..., :4]), self.target[:4])

    def log_error_where_it_lies(
        self, states: Float[Tensor, "b n c"], topology: Data
    ) -> tuple[Float[Tensor, " b"], Float[Tensor, " b"]]:
        """log10 of the mean squared error to the target where it fits best, and how many units from the seed."""
        errors, moved = error_where_it_lies(states, topology, self.target[:4])
        return errors.log10(), moved

    # A seed that lies elsewhere in its picture: `seed at` in the card, in shares of its sides from above left.

    @property
    def planting_offset(self) -> Float[Tensor, " 2"]:
        """From the middle of the picture to the seed, in whole pixels."""
        if "seed at" not in self.card:
            return torch.zeros(2)
        at = torch.tensor(self.card["seed at"], dtype=torch.float32)
        return ((at - 0.5) * self.card["size"]).round()

    def _middle(self, topology: Data, at: Place | None = None) -> Float[Tensor, " 2"]:
        return torch.tensor(seeded_position(topology)) if at is None else point_in_plane(topology, at)

    def _planted_at(self, topology: Data) -> tuple[float, float]:
        """Where the middle of the picture lies, if its seed lies where the cell that got it really is."""
        wanted = self._middle(topology) + self.planting_offset
        cell = topology["pos"][nearest_cells(topology, wanted.view(1, 2))[0], :2]
        x, y = (cell - self.planting_offset).tolist()
        return x, y
