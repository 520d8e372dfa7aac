"""Where eye and flank of the newt lie on a sheet."""

from studying_growth.anatomy import Anatomy as Anatomy
