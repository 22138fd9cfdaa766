"""Handwritten digits on TensorFlow/Keras: data sets, models, training, honest evaluation.

The names below are loaded when they are first used: ``import mnistkit`` costs next to nothing, and
TensorFlow is imported only when a model is built or trained.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mnistkit import errors as errors
    from mnistkit import testing as testing
    from mnistkit.comparison import Comparison as Comparison
    from mnistkit.comparison import Contender as Contender
    from mnistkit.comparison import compare as compare
    from mnistkit.comparison import robustness as robustness
    from mnistkit.datasets import Dataset as Dataset
    from mnistkit.datasets import DatasetInfo as DatasetInfo
    from mnistkit.datasets import Split as Split
    from mnistkit.datasets import list_datasets as list_datasets
    from mnistkit.datasets import load_data as load_data
    from mnistkit.datasets import load_dataset as load_dataset
    from mnistkit.datasets import register_dataset as register_dataset
    from mnistkit.datasets import unregister_dataset as unregister_dataset
    from mnistkit.evaluation import Calibration as Calibration
    from mnistkit.evaluation import Evaluation as Evaluation
    from mnistkit.evaluation import corrupt as corrupt
    from mnistkit.evaluation import list_corruptions as list_corruptions
    from mnistkit.exporting import Exported as Exported
    from mnistkit.exporting import export as export
    from mnistkit.exporting import package_weights as package_weights
    from mnistkit.models import Augmentation as Augmentation
    from mnistkit.models import Recipe as Recipe
    from mnistkit.models import choice as choice
    from mnistkit.models import create_model as create_model
    from mnistkit.models import list_models as list_models
    from mnistkit.models import list_recipes as list_recipes
    from mnistkit.models import list_weights as list_weights
    from mnistkit.models import log_uniform as log_uniform
    from mnistkit.models import model_card as model_card
    from mnistkit.models import register_model as register_model
    from mnistkit.models import uniform as uniform
    from mnistkit.models import unregister_model as unregister_model
    from mnistkit.models import whole as whole
    from mnistkit.models import with_recipes as with_recipes
    from mnistkit.models import with_search_space as with_search_space
    from mnistkit.plots import plot_augmentation as plot_augmentation
    from mnistkit.plots import plot_comparison as plot_comparison
    from mnistkit.plots import plot_confusion_matrix as plot_confusion_matrix
    from mnistkit.plots import plot_digits as plot_digits
    from mnistkit.plots import plot_history as plot_history
    from mnistkit.plots import plot_importances as plot_importances
    from mnistkit.plots import plot_mistakes as plot_mistakes
    from mnistkit.plots import plot_predictions as plot_predictions
    from mnistkit.plots import plot_recognition as plot_recognition
    from mnistkit.plots import plot_reliability as plot_reliability
    from mnistkit.plots import plot_risk_coverage as plot_risk_coverage
    from mnistkit.plots import plot_robustness as plot_robustness
    from mnistkit.plots import plot_tuning as plot_tuning
    from mnistkit.quiet import quiet_tensorflow as quiet_tensorflow
    from mnistkit.recognition import Digit as Digit
    from mnistkit.recognition import Reading as Reading
    from mnistkit.recognition import prepare_digit as prepare_digit
    from mnistkit.recognition import recognize as recognize
    from mnistkit.recognition import recognize_many as recognize_many
    from mnistkit.reports import report as report
    from mnistkit.training import Trainer as Trainer
    from mnistkit.tuning import Tuning as Tuning
    from mnistkit.tuning import tune as tune

    __version__: str

_ROOMS = {
    "comparison": ("Comparison", "Contender", "compare", "robustness"),
    "datasets": (
        "Dataset", "DatasetInfo", "Split",
        "list_datasets", "load_data", "load_dataset", "register_dataset", "unregister_dataset",
    ),
    "evaluation": ("Calibration", "Evaluation", "corrupt", "list_corruptions"),
    "exporting": ("Exported", "export", "package_weights"),
    "models": (
        "Augmentation", "Recipe",
        "create_model", "list_models", "list_recipes", "list_weights", "model_card",
        "register_model", "unregister_model", "with_recipes",
        "choice", "log_uniform", "uniform", "whole", "with_search_space",
    ),
    "plots": (
        "plot_augmentation", "plot_comparison", "plot_confusion_matrix", "plot_digits",
        "plot_history", "plot_mistakes", "plot_predictions", "plot_recognition",
        "plot_reliability", "plot_risk_coverage", "plot_robustness",
        "plot_tuning", "plot_importances",
    ),
    "quiet": ("quiet_tensorflow",),
    "recognition": ("Digit", "Reading", "prepare_digit", "recognize", "recognize_many"),
    "reports": ("report",),
    "training": ("Trainer",),
    "tuning": ("Tuning", "tune"),
}  # fmt: skip
_HOME_OF = {name: f"mnistkit.{room}" for room, names in _ROOMS.items() for name in names}
_MODULES = ("errors", "testing")

__all__ = [*sorted(_HOME_OF), *_MODULES]  # noqa: PLE0604  (strings, though computed)


def __getattr__(name: str) -> Any:
    if name in _HOME_OF:
        value = getattr(importlib.import_module(_HOME_OF[name]), name)
    elif name in _MODULES:
        value = importlib.import_module(f"mnistkit.{name}")
    elif name == "__version__":
        from importlib import metadata

        value = metadata.version("mnistkit")
    else:
        raise AttributeError(f"module 'mnistkit' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, "__version__"})
