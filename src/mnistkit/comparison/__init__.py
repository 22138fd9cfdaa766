"""Models beside each other: which is better, how sure that is, and how robust they are."""

from mnistkit.comparison.accuracy_comparison import AccuracyComparison, compare_accuracies
from mnistkit.comparison.accuracy_difference import AccuracyDifference
from mnistkit.comparison.compare import compare
from mnistkit.comparison.comparison import Comparison
from mnistkit.comparison.contender import Contender
from mnistkit.comparison.contender_result import ContenderResult
from mnistkit.comparison.cost import Cost
from mnistkit.comparison.holm import holm_adjusted
from mnistkit.comparison.kept_comparison import load_comparison
from mnistkit.comparison.mean_accuracy import MeanAccuracy, mean_accuracy
from mnistkit.comparison.measured_images import MeasuredImages, measured_images
from mnistkit.comparison.robustness import robustness
from mnistkit.comparison.variance import Variance

__all__ = [
    "AccuracyComparison",
    "AccuracyDifference",
    "Comparison",
    "Contender",
    "ContenderResult",
    "Cost",
    "MeanAccuracy",
    "MeasuredImages",
    "Variance",
    "compare",
    "compare_accuracies",
    "holm_adjusted",
    "load_comparison",
    "mean_accuracy",
    "measured_images",
    "robustness",
]
