"""Better settings of a model and its recipe: searched for, and held against the default."""

from mnistkit.tuning.tune import tune
from mnistkit.tuning.tuned_trial import TunedTrial
from mnistkit.tuning.tuning import Tuning

__all__ = ["TunedTrial", "Tuning", "tune"]
