"""What `graphnca train` says of its rule: when the picture is first recognised in what it grows, and the verdict."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor
from torch_geometric.data import Data

from ..evaluation.subject import Subject
from ..evaluation.verdict import is_recognised, verdict_on
from ..layers import NCAConv
from ..training import Training
from ..training.config import describe
from ..training.recipes import PictureRecipe, SubstratesRecipe


@dataclass(frozen=True, eq=False)
class Judge:
    """Of a training for a picture that lives in the plane, too."""

    training: Training
    topology: Data
    """A substrate of the training."""
    image: Tensor
    """The picture, `(4, H, W)`."""

    def subject(self, rule: NCAConv, card: Mapping[str, Any]) -> Subject:
        """The rule as what is measured."""
        return Subject("the rule", rule.cpu().eval(), {**card, "configuration": describe(self.training.config)})

    def recognises(self, rule: NCAConv, card: Mapping[str, Any]) -> bool:
        """Whether the picture can be recognised in what a rule grows."""
        return is_recognised(self.subject(rule, card), self.topology, self.image)

    def verdict(self, rule: NCAConv, card: Mapping[str, Any]) -> dict[str, Any]:
        """Says what the rule has come to, and hands that to its card."""
        verdict = verdict_on(self.subject(rule, card), self.topology, self.image)
        print(" ".join(["verdict:", *verdict.sentences()]))
        if self.training.ended:
            print(f"It ended at iteration {self.training.iteration:,}, because {self.training.ended}.")
        if verdict.word == "unfinished":
            print("Give it more time: --minutes or --iterations, and another folder with --out.")
        return {"verdict": verdict.card()}


def judge_of(recipe: SubstratesRecipe, training: Training) -> Judge | None:
    """Who judges a picture's rule; nobody if it never lives in the plane."""
    flat = [world.topology for world in training.worlds.worlds if "frame" not in world.topology]
    return Judge(training, flat[0].to("cpu"), recipe.image) if isinstance(recipe, PictureRecipe) and flat else None
