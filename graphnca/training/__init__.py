"""One plain loop that trains any rule on any substrate, and the parts it is made of."""

from .average import ParameterAverage as ParameterAverage
from .checkpoint import CheckpointError as CheckpointError
from .checkpoint import load_checkpoint as load_checkpoint
from .checkpoint import save_checkpoint as save_checkpoint
from .config import TrainingConfig as TrainingConfig
from .distributed import LostProcessError as LostProcessError
from .distributed import Processes as Processes
from .distributed import joined_processes as joined_processes
from .divergence import DivergedError as DivergedError
from .film import PoolFilm as PoolFilm
from .genome import Genome as Genome
from .gradients import normalise_gradients as normalise_gradients
from .guard import Diagnosis as Diagnosis
from .guard import examine as examine
from .hardware import machine as machine
from .loop import Training as Training
from .objectives import Evaluation as Evaluation
from .objectives import also_moving as also_moving
from .objectives import grown_and_still as grown_and_still
from .objectives import last_state as last_state
from .objectives import last_state_in_bounds as last_state_in_bounds
from .pool_policy import Policy as Policy
from .pool_policy import PoolPolicy as PoolPolicy
from .progress import Judge as Judge
from .progress import pool_pictures as pool_pictures
from .progress import run_and_save as run_and_save
from .rollout_damage import RolloutDamage as RolloutDamage
from .sampled_environments import sampled_environments as sampled_environments
from .schedules import Cosine as Cosine
from .schedules import MultiStep as MultiStep
from .schedules import Schedule as Schedule
from .schedules import Triangular2 as Triangular2
from .schedules import Warmup as Warmup
from .worlds import Renewal as Renewal
from .worlds import World as World
from .worlds import carried_over as carried_over

__all__ = [
    "CheckpointError",
    "Cosine",
    "Diagnosis",
    "DivergedError",
    "Evaluation",
    "Genome",
    "Judge",
    "LostProcessError",
    "MultiStep",
    "ParameterAverage",
    "Policy",
    "PoolFilm",
    "PoolPolicy",
    "Processes",
    "Renewal",
    "RolloutDamage",
    "Schedule",
    "Training",
    "TrainingConfig",
    "Triangular2",
    "Warmup",
    "World",
    "also_moving",
    "carried_over",
    "examine",
    "grown_and_still",
    "joined_processes",
    "last_state",
    "last_state_in_bounds",
    "load_checkpoint",
    "machine",
    "normalise_gradients",
    "pool_pictures",
    "run_and_save",
    "sampled_environments",
    "save_checkpoint",
]
