"""How well a model does: predictions against the truth, as a result that can be read and kept."""

from mnistkit.evaluation.evaluation import ClassScore, Evaluation, Mistake

__all__ = ["ClassScore", "Evaluation", "Mistake"]
