"""How well a model does: predictions against the truth, as a result that can be read and kept."""

from mnistkit.evaluation.class_score import ClassScore
from mnistkit.evaluation.corruptions import corrupt, list_corruptions
from mnistkit.evaluation.evaluation import Evaluation
from mnistkit.evaluation.mistake import Mistake

__all__ = ["ClassScore", "Evaluation", "Mistake", "corrupt", "list_corruptions"]
