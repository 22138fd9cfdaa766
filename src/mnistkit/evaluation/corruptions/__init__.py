"""The 15 corruptions of MNIST-C, made again: `corrupt`, and a file for each family of them."""

from mnistkit.evaluation.corruptions.corrupt import checked_kinds, corrupt, list_corruptions

__all__ = ["checked_kinds", "corrupt", "list_corruptions"]
