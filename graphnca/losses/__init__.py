"""What training minimises: each loss gives one value per sample."""

from .rotation_invariant import Match as Match
from .rotation_invariant import RotationInvariantLoss as RotationInvariantLoss
