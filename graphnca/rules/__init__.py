"""Rules on disk: the shipped ones by name, the user's own by path."""

from ..shipped import shipped_rules as shipped_rules
from .files import describe_rule as describe_rule
from .files import load_genomes as load_genomes
from .files import load_rule as load_rule
from .files import save_rule as save_rule
from .quantised import export_quantised as export_quantised
from .quantised import import_quantised as import_quantised
from .starts import PAIR_SEED as PAIR_SEED
from .starts import STRUCTURED_SEEDS as STRUCTURED_SEEDS
from .starts import starting_state as starting_state

__all__ = [
    "PAIR_SEED",
    "STRUCTURED_SEEDS",
    "describe_rule",
    "export_quantised",
    "import_quantised",
    "load_genomes",
    "load_rule",
    "save_rule",
    "shipped_rules",
    "starting_state",
]
