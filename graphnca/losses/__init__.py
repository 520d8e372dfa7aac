"""What training minimises: each loss gives one value per sample."""

from .activation import ActivationLoss as ActivationLoss
from .motion import MotionLoss as MotionLoss
from .overflow import OverflowLoss as OverflowLoss
from .pixel import PixelLoss as PixelLoss
from .rotation_invariant import Match as Match
from .rotation_invariant import RotationInvariantLoss as RotationInvariantLoss
from .step_difference import StepDifferenceLoss as StepDifferenceLoss
from .texture import TextureLoss as TextureLoss

__all__ = [
    "ActivationLoss",
    "Match",
    "MotionLoss",
    "OverflowLoss",
    "PixelLoss",
    "RotationInvariantLoss",
    "StepDifferenceLoss",
    "TextureLoss",
]
