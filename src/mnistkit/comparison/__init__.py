"""Models beside each other, and beside what can happen to their images."""

from mnistkit.comparison.robustness import robustness

__all__ = ["robustness"]
