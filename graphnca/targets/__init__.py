"""What a rule is trained to grow: emoji or the user's own image, and the auxiliary channels of IsoNCA."""

from .auxiliary import auxiliary_channels as auxiliary_channels
from .auxiliary import axis_channel as axis_channel
from .auxiliary import binary_channel as binary_channel
from .auxiliary import radial_channel as radial_channel
from .auxiliary import side_channel as side_channel
from .auxiliary import with_auxiliary as with_auxiliary
from .load import load_target as load_target
from .load import target_names as target_names
from .look import Looked as Looked
from .look import look_at as look_at
from .shell import Shell as Shell
from .turn import turn_target as turn_target

__all__ = [
    "Looked",
    "Shell",
    "auxiliary_channels",
    "axis_channel",
    "binary_channel",
    "load_target",
    "look_at",
    "radial_channel",
    "side_channel",
    "target_names",
    "turn_target",
    "with_auxiliary",
]
