"""Every picture that the library draws.

Each function draws on the Axes that it is given, or on a new figure, returns what it drew on, and
leaves showing and saving to the caller: ``ax.figure.savefig("digits.png", dpi=200)``.
"""

from mnistkit.plots.augmentation import plot_augmentation
from mnistkit.plots.comparison import plot_comparison
from mnistkit.plots.confusion_matrix import plot_confusion_matrix
from mnistkit.plots.digits import plot_digits
from mnistkit.plots.history import plot_history
from mnistkit.plots.mistakes import plot_mistakes
from mnistkit.plots.predictions import plot_predictions
from mnistkit.plots.recognition import plot_recognition
from mnistkit.plots.reliability import plot_reliability
from mnistkit.plots.risk_coverage import plot_risk_coverage
from mnistkit.plots.robustness import plot_robustness
from mnistkit.plots.tuning import plot_importances, plot_tuning

__all__ = [
    "plot_augmentation",
    "plot_comparison",
    "plot_confusion_matrix",
    "plot_digits",
    "plot_history",
    "plot_importances",
    "plot_mistakes",
    "plot_predictions",
    "plot_recognition",
    "plot_reliability",
    "plot_risk_coverage",
    "plot_robustness",
    "plot_tuning",
]
