"""When two models are trained by the very same program, so that one of them need not compile it.

A program is compiled from the model's configuration and from what it is trained with. Of a model
that is made of Keras' own parts alone, the configuration says all that the program depends on. Of
the caller's own code it does not, and nobody can see from here what such code reads: there somebody
has to promise that some models are the same, as a comparison does for the seeds of a contender.
"""

from __future__ import annotations

import json
import weakref
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from mnistkit.models.architecture import architecture_of, parts_of
from mnistkit.models.spec import is_plain
from mnistkit.training.recipe_numbers import note_numbers, number_variables, without_numbers

if TYPE_CHECKING:
    import keras

# Steps and calls that somebody has put into an object in place of those of its class.
_REPLACEABLE = (
    "call", "train_step", "test_step", "predict_step", "compute_loss", "compute_metrics",
)  # fmt: skip
# Others from model to model, as Keras counts them up.
_COUNTED = ("name", "_name", "_auto_name", "_path", "_parent_path", "_self_update_uid")
_OF_OTHER_MAKERS = ("TFSMLayer", "JaxLayer", "FlaxLayer", "TorchModuleWrapper")  # hold a program


@dataclass(frozen=True)
class _Compiled:
    """What a model is compiled with, and how its optimizer begins, if it is to begin again.

    Attributes
    ----------
    settings : hashable
        All of it.
    program : hashable
        What of it the program depends on: not the numbers that it reads from variables.
    optimizer : keras.Optimizer
    beginning : list of numpy.ndarray
    """

    settings: Hashable
    program: Hashable
    optimizer: Any
    beginning: list[NDArray[Any]]


_compiled: weakref.WeakKeyDictionary[keras.Model, _Compiled] = weakref.WeakKeyDictionary()
_promises: weakref.WeakKeyDictionary[keras.Model, object] = weakref.WeakKeyDictionary()


def promise_same(model: keras.Model) -> None:
    """Promise that nothing but the weights of a model will change from training to training."""
    end_promise(model)
    _promises[model] = object()


def end_promise(model: keras.Model) -> None:
    """Take the promise back."""
    _promises.pop(model, None)
    _compiled.pop(model, None)


def is_promised(model: keras.Model) -> bool:
    """Whether somebody answers for it that the model stays the same."""
    return model in _promises


def note_compiled(model: keras.Model, settings: Hashable, program: Hashable) -> None:
    """Note what a model was compiled with just now, if these settings say all of it.

    Parameters
    ----------
    model : keras.Model
    settings : hashable
    program : hashable
        The same without numbers that are found in the model, and that a program reads from
        variables.
    """
    optimizer: Any = model.optimizer
    beginning: list[NDArray[Any]] = []
    if is_promised(model):
        optimizer.build(model.trainable_variables)
        beginning = [variable.numpy().copy() for variable in optimizer.variables]
    _compiled[model] = _Compiled(settings, program, optimizer, beginning)


def begin_again(model: keras.Model, settings: Hashable) -> bool:
    """Set the optimizer of a model that stays the same to its beginning.

    So what Keras itself has compiled for the model serves it again.

    Returns
    -------
    bool
        Whether the model is compiled with these settings already, and need not be.
    """
    known = _compiled.get(model)
    if not is_promised(model) or known is None or known.settings != settings:
        return False
    if known.optimizer is not model.optimizer:
        return False
    for variable, value in zip(known.optimizer.variables, known.beginning, strict=True):
        variable.assign(value)
    return True


def what_is_computed(model: keras.Model) -> Hashable | None:
    """Equal for models whose forward pass is the same program; None if that cannot be told."""
    architecture = architecture_of(model)
    if not (is_promised(model) or (_is_of_keras(model) and not architecture["code"])):
        return None
    said = json.dumps([architecture, _attributes(model)], sort_keys=True)
    return (_promises.get(model), said, *_settings_of_process())


def what_is_trained(model: keras.Model) -> Hashable | None:
    """Equal for models whose steps are the same program; None if that cannot be told."""
    known = _compiled.get(model)
    if known is None or known.optimizer is not model.optimizer:
        return None
    numbers = note_numbers(model)
    computed, set_to = what_is_computed(model), without_numbers(model)
    if computed is None or not _says_all(set_to):
        return None
    return (computed, known.program, numbers, json.dumps(set_to, sort_keys=True))


def variables_of(model: keras.Model) -> list[keras.Variable]:
    """Everything that a model's steps read and write, in the same order for the same models."""
    optimizer = getattr(model, "optimizer", None)
    every = [*model.variables, *model.metrics_variables, *getattr(optimizer, "variables", ())]
    every += number_variables(model)
    return list({id(variable): variable for variable in every}.values())


def _is_of_keras(model: keras.Model) -> bool:
    """Whether a model is made of Keras' own parts, and its configuration says all of them."""
    parts = list(parts_of(model))
    if not all(type(part).__module__.partition(".")[0] == "keras" for part in parts):
        return False
    if any(type(part).__name__ in _OF_OTHER_MAKERS for part in parts):
        return False
    if not all(set(_REPLACEABLE).isdisjoint(vars(part)) for part in parts):
        return False
    return _says_all(model.get_config())


def _attributes(model: keras.Model) -> list[dict[str, Any]]:
    """What its layers are set to beyond what their configurations say."""
    return [
        {n: value for n, value in vars(layer).items() if is_plain(value) and n not in _COUNTED}
        for layer in list(parts_of(model))[1:]
    ]


def _says_all(configuration: Any) -> bool:
    """Whether a configuration is plain, and names nothing that is registered by others."""
    return is_plain(configuration) and not any(
        part.get("registered_name") or part.get("class_name") == "__lambda__"
        for part in _mappings(configuration)
    )


def _mappings(value: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(value, Mapping):
        yield value
        value = list(value.values())
    if isinstance(value, list | tuple):
        for item in value:
            yield from _mappings(item)


def _settings_of_process() -> tuple[Hashable, ...]:
    """What else a program is made from: Keras' settings, and the device that is asked for."""
    import keras
    from tensorflow.python.eager.context import context  # nobody else tells the device

    return (
        keras.config.floatx(),
        keras.config.epsilon(),
        keras.config.image_data_format(),
        keras.config.dtype_policy().name,
        context().device_name,
    )
