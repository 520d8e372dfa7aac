"""The harness of an experiment: its command line, its folder, its metrics and tables, its figures, publishing."""

from .figures import Strips as Strips
from .figures import curves as curves
from .figures import median_run as median_run
from .figures import spread as spread
from .options import BodyColour as BodyColour
from .options import FeatureOptions as FeatureOptions
from .options import OfRule as OfRule
from .options import OfRules as OfRules
from .options import OnSubstrates as OnSubstrates
from .options import OnTextures as OnTextures
from .options import Options as Options
from .options import from_command_line as from_command_line
from .result import Result as Result
from .run import run_each as run_each
from .run import subject_of as subject_of
from .run import subjects_of as subjects_of
from .shipping import ship as ship
from .table import Table as Table
from .table import read_tables as read_tables
from .table import write_tables as write_tables

__all__ = [
    "BodyColour",
    "FeatureOptions",
    "OfRule",
    "OfRules",
    "OnSubstrates",
    "OnTextures",
    "Options",
    "Result",
    "Strips",
    "Table",
    "curves",
    "from_command_line",
    "median_run",
    "read_tables",
    "run_each",
    "ship",
    "spread",
    "subject_of",
    "subjects_of",
    "write_tables",
]
