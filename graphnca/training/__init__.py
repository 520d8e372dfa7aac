"""One plain loop that trains any rule on any substrate, and the parts it is made of."""

from .average import ParameterAverage as ParameterAverage
from .checkpoint import CheckpointError as CheckpointError
from .checkpoint import load_checkpoint as load_checkpoint
from .checkpoint import save_checkpoint as save_checkpoint
from .distributed import LostProcessError as LostProcessError
from .distributed import Processes as Processes
from .distributed import joined_processes as joined_processes
from .genome import Genome as Genome
from .gradients import normalise_gradients as normalise_gradients
from .guard import Diagnosis as Diagnosis
from .guard import examine as examine
from .loop import PoolPolicy as PoolPolicy
from .loop import Training as Training
from .loop import TrainingConfig as TrainingConfig
from .objectives import Evaluation as Evaluation
from .objectives import grown_and_still as grown_and_still
from .objectives import last_state as last_state
from .objectives import last_state_in_bounds as last_state_in_bounds
from .schedules import Cosine as Cosine
from .schedules import MultiStep as MultiStep
from .schedules import Schedule as Schedule
from .schedules import Triangular2 as Triangular2
from .schedules import Warmup as Warmup
from .worlds import Renewal as Renewal
from .worlds import World as World
from .worlds import carried_over as carried_over
