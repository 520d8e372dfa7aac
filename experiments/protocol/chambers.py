"""A shell that is grown chamber by chamber."""

from studying_growth.chambers import CHAMBERS as CHAMBERS
from studying_growth.chambers import CYCLE as CYCLE
from studying_growth.chambers import SOLID as SOLID
from studying_growth.chambers import advanced as advanced
from studying_growth.chambers import placed_shell as placed_shell
from studying_growth.chambers import starting_state as starting_state
