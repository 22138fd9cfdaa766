"""How a model learns: `Trainer`, and what it needs."""

from mnistkit.training.trainer import Trainer

__all__ = ["Trainer"]
