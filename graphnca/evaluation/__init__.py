"""What measures: a rule as a subject, its runs and their scores, damage, tracking, textures, symmetries, periods."""

from .bodies import bodies as bodies
from .damage_tests import Healing as Healing
from .damage_tests import battery as battery
from .damage_tests import healing as healing
from .fates import FATES as FATES
from .fates import Look as Look
from .fates import between as between
from .fates import counted as counted
from .fates import fates as fates
from .fates import looks as looks
from .fates import motion as motion
from .form import OwnForm as OwnForm
from .form import own_form as own_form
from .intervals import rate as rate
from .intervals import rate_interval as rate_interval
from .named import read_subject as read_subject
from .named import read_subjects as read_subjects
from .named import shipped_subjects as shipped_subjects
from .orientation import Gradients as Gradients
from .orientation import turn_between as turn_between
from .period import Period as Period
from .period import dominant_period as dominant_period
from .pixel_error import log10_error as log10_error
from .pixel_error import own_error as own_error
from .pixel_error import own_patterns as own_patterns
from .published_loss import perfect_loss as perfect_loss
from .published_loss import target_with_auxiliary as target_with_auxiliary
from .runs import grow as grow
from .runs import walk as walk
from .scores import ALIVE as ALIVE
from .scores import EXPLODED as EXPLODED
from .scores import bounded as bounded
from .scores import lost as lost
from .scores import measure as measure
from .scores import raster as raster
from .scores import window as window
from .subject import Subject as Subject
from .subject import SubjectError as SubjectError
from .symmetries import asymmetry as asymmetry
from .texture_fates import OwnTexture as OwnTexture
from .texture_fates import own_texture as own_texture
from .texture_meter import TextureMeter as TextureMeter
from .tracking import Recording as Recording
from .tracking import followed_runs as followed_runs
from .upright import UprightLoss as UprightLoss
from .upright import painted as painted

__all__ = [
    "ALIVE",
    "EXPLODED",
    "FATES",
    "Gradients",
    "Healing",
    "Look",
    "OwnForm",
    "OwnTexture",
    "Period",
    "Recording",
    "Subject",
    "SubjectError",
    "TextureMeter",
    "UprightLoss",
    "asymmetry",
    "battery",
    "between",
    "bodies",
    "bounded",
    "counted",
    "dominant_period",
    "fates",
    "followed_runs",
    "grow",
    "healing",
    "log10_error",
    "looks",
    "lost",
    "measure",
    "motion",
    "own_error",
    "own_form",
    "own_patterns",
    "own_texture",
    "painted",
    "perfect_loss",
    "raster",
    "rate",
    "rate_interval",
    "read_subject",
    "read_subjects",
    "shipped_subjects",
    "target_with_auxiliary",
    "turn_between",
    "walk",
    "window",
]
