"""The model of the contender that is trained now: compiled once, it serves each of its seeds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mnistkit.datasets import Split
from mnistkit.models import Recipe, create_model
from mnistkit.models.architecture import architecture_of
from mnistkit.training import Trainer
from mnistkit.training.description import as_json
from mnistkit.training.past_fits import note_past_fits
from mnistkit.training.same_program import end_promise, promise_same

if TYPE_CHECKING:
    import keras

_OF_TRAINER = ("engine", "inputs")


@dataclass(frozen=True, eq=False)
class _AtHand:
    """A model, what it was built from, and what it computes."""

    origin: Any
    model: keras.Model
    architecture: Any


_at_hand: list[_AtHand] = []  # one at most


def trainer_of(
    model: str | Callable[..., Any],
    recipe: Recipe | None,
    options: Mapping[str, Any],
    train: Split,
    *,
    seed: int = 0,
    run_dir: Any = None,
) -> Trainer:
    """The trainer of a contender, for the data's classes and images of its shape.

    If the last one was of the same model with the same options, it gets the same model, with the
    initial weights of this seed.
    """
    data = {"num_classes": len(train.classes), "input_shape": train.images.shape[1:]}
    every = {**data, **options}
    of_trainer = {name: every.pop(name) for name in _OF_TRAINER if name in every}
    fresh = create_model(model, seed=seed, **every)
    built = _with_weights_of(fresh, (model, every, of_trainer))
    return Trainer(built, recipe=recipe, seed=seed, run_dir=run_dir, **of_trainer)


def _with_weights_of(fresh: keras.Model, origin: Any) -> keras.Model:
    architecture = as_json(architecture_of(fresh))
    if _at_hand and _at_hand[0].origin == origin and _at_hand[0].architecture == architecture:
        model = _at_hand[0].model
        model.set_weights(fresh.get_weights())
        note_past_fits(model, ())
        return model
    forget_model()
    promise_same(fresh)
    _at_hand.append(_AtHand(origin, fresh, architecture))
    return fresh


def forget_model() -> None:
    """Let go of the model, and of what was compiled for it."""
    while _at_hand:
        end_promise(_at_hand.pop().model)
