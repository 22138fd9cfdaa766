"""How well a model does: predictions against the truth, as a result that can be read and kept."""

from mnistkit.evaluation.calibration import Calibration, at_temperature
from mnistkit.evaluation.class_score import ClassScore
from mnistkit.evaluation.confusion import Confusion
from mnistkit.evaluation.corruptions import corrupt, list_corruptions
from mnistkit.evaluation.doubtful_label import DoubtfulLabel
from mnistkit.evaluation.evaluation import Evaluation
from mnistkit.evaluation.mistake import Mistake
from mnistkit.evaluation.reliability import ReliabilityBin
from mnistkit.evaluation.risk_coverage import RiskCoverage
from mnistkit.evaluation.robustness import Robustness
from mnistkit.evaluation.writer_score import WriterScore

__all__ = [
    "Calibration",
    "ClassScore",
    "Confusion",
    "DoubtfulLabel",
    "Evaluation",
    "Mistake",
    "ReliabilityBin",
    "RiskCoverage",
    "Robustness",
    "WriterScore",
    "at_temperature",
    "corrupt",
    "list_corruptions",
]
