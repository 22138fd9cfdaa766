"""A model from outside, held against what the trainer promises of it, before the first step.

A model takes images in [0, 1] and tells classes apart: it returns probabilities or logits. One that
returns something else is trained by Keras, with what it was compiled with. Keras cannot tell that
a model does not do what was meant: it trains on nonsense, or stops in the middle of a graph.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mnistkit.errors import ModelError
from mnistkit.models.building import seeded_everywhere
from mnistkit.models.keras_settings import channels_last
from mnistkit.training.outputs import Outputs, describe_outputs
from mnistkit.training.own_code import own_methods
from mnistkit.training.shapes import Shape, few_images, input_shape_of

if TYPE_CHECKING:
    import keras

# Halfway, on a logarithmic scale, between a division by 255 and images left as they are: 1/16,
# and half of that for layers that weaken images a little, such as a blur.
_SMALLEST_SCALE = 1 / 32


def checked_model(model: Any, seed: int, *, as_images: bool = True) -> keras.Model:
    """A model that the trainer can train; one that is not built yet is looked at later.

    Parameters
    ----------
    model : any
    seed : int
        Fixes what a model of a class of one's own draws when it is first called.
    as_images : bool, default True
        Whether images reach it in [0, 1], so that a division by 255 would be the second one.

    Raises
    ------
    ModelError
        If it is none, or takes or returns something else.
    """
    import keras

    if not isinstance(model, keras.Model):
        raise ModelError(
            f"Expected the name of a model or a keras.Model, not {type(model).__name__}. "
            "Known names: mnistkit.list_models()."
        )
    if model.built:
        with seeded_everywhere(seed), channels_last():
            refuse_other_contract(model, as_images=as_images)
    return model


def refuse_unbuilt(model: keras.Model) -> None:
    """Refuse a model that has no weights yet.

    Raises
    ------
    ModelError
        If the model is not built.
    """
    if not model.built:
        raise ModelError(
            f"The model {model.name!r} is not built: it does not know its input's shape. "
            "Begin it with keras.Input((28, 28)), or call it once on images."
        )


def refuse_slow_precision(model: keras.Model) -> None:
    """Refuse half precision on a processor that has to imitate it.

    Raises
    ------
    ModelError
        If a layer computes in float16 and there is no GPU.
    """
    import tensorflow as tf

    halves = [layer.name for layer in model.layers if layer.compute_dtype == "float16"]
    if halves and not tf.config.list_physical_devices("GPU"):
        raise ModelError(
            f"The layers {halves} compute in float16, which is several times slower than float32 "
            "on this machine, since it has no GPU. Build the model under the policy 'float32', or "
            "'mixed_bfloat16'."
        )


def refuse_other_contract(model: keras.Model, *, as_images: bool = True) -> None:
    """Refuse a model of which the images or the outputs would be taken for something else.

    Raises
    ------
    ModelError
        If it tells no classes apart, or divides images by 255 that are divided already.
    """
    input_shape, batch_size = input_shape_of(model)
    if as_images:
        _refuse_second_scaling(model, input_shape)
        _refuse_computed_scaling(model, input_shape, batch_size)
    _refuse_other_outputs(model)


def _refuse_second_scaling(model: keras.Model, input_shape: Shape) -> None:
    import keras

    scale = 1.0
    for layer in _first_layers(model):
        if isinstance(layer, keras.layers.Rescaling):
            scale *= float(np.max(np.abs(layer.scale)))
        elif isinstance(layer, keras.layers.Normalization):
            # Images in [0, 1] have no mean above 1: this one has seen others.
            seen = layer.mean is not None and float(np.max(np.asarray(layer.mean))) > scale
            scale *= 1 / 255 if seen else 1.0
        if scale < _SMALLEST_SCALE:
            raise ModelError(
                f"The model {model.name!r} begins with the layer {layer.name!r}, which takes images"
                " in 0-255. They reach a model divided by 255 already, so it would see nothing but "
                f"black. Build the model without that layer; {_opposite(input_shape)}"
            )


def _refuse_computed_scaling(
    model: keras.Model, input_shape: Shape, batch_size: int | None
) -> None:
    """Look at what is left of paper and ink where the first weights meet them.

    A division may hide in a `Lambda`, in a layer of one's own, or in plain ``x / 255``, also in the
    `call` of a model of one's own.
    """
    images = few_images(input_shape, batch_size)
    if len(images) < 2:
        return
    seen = _first_seen_by_weights(model, images)
    if seen is None:
        return
    first, (paper, ink) = seen
    difference = float(np.abs(ink - paper).max())
    if 0 < difference < _SMALLEST_SCALE:
        raise ModelError(
            f"The model {model.name!r} scales images before its layer {first.name!r}: of the "
            f"difference between paper, 0, and ink, 1, {difference:.2g} is left there. They reach "
            "a model divided by 255 already. Build the model without that division; "
            f"{_opposite(input_shape)}"
        )


def _first_seen_by_weights(
    model: keras.Model, images: NDArray[np.float32]
) -> tuple[keras.layers.Layer, NDArray[np.float32]] | None:
    """The first layer that has learnt weights, and what reaches it of the first two images.

    None if there is no such layer, or it gets something else than one tensor. Its `call` stands in
    the object for a moment, so that a model of one's own shows what it does before.
    """
    found: list[tuple[keras.layers.Layer, NDArray[np.float32]]] = []

    def looking(layer: keras.layers.Layer, call: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(call)
        def look(given: Any, *more: Any, **options: Any) -> Any:
            if not found:
                found.append((layer, np.asarray(given, "float32")[:2]))
            return call(given, *more, **options)

        return look

    watched = [one for one in _inner_layers(model) if "call" not in vars(one)]
    for layer in watched:
        vars(layer)["call"] = looking(layer, layer.call)
    try:
        model(images, training=False)
    # Layers of one's own raise anything; whether the model can be run is looked at elsewhere.
    except Exception:  # noqa: BLE001
        return None
    finally:
        for layer in watched:
            del vars(layer)["call"]
    return found[0] if found and found[0][1].shape[:1] == (2,) else None


def _inner_layers(outer: keras.layers.Layer) -> Iterator[keras.layers.Layer]:
    """The layers with learnt weights that images may meet first; Keras' own are looked at whole."""
    import keras

    for layer in outer._flatten_layers(include_self=False, recursive=False):  # noqa: SLF001
        if not _has_learnt_weights(layer):
            continue
        is_of_keras = type(layer).__module__.startswith("keras.")
        is_whole = is_of_keras and not isinstance(layer, keras.Model)
        within = [] if is_whole else list(_inner_layers(layer))
        yield from within or [layer]


def _opposite(input_shape: Shape) -> str:
    """What helps a trained model that divides images again."""
    return (
        f"if it is trained, put the opposite before it: keras.Sequential([keras.Input({input_shape}"
        "), keras.layers.Rescaling(255.0), model])."
    )


def _first_layers(model: keras.Model) -> Iterator[keras.layers.Layer]:
    """The layers through which an image goes before anything is learnt, nested ones included."""
    import keras

    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from _first_layers(layer)
            if layer.weights:
                return
            continue
        yield layer
        if _has_learnt_weights(layer):
            return


def _has_learnt_weights(layer: keras.layers.Layer) -> bool:
    """Whether there are weights, other than the statistics of the images."""
    import keras

    return bool(layer.weights) and not isinstance(layer, keras.layers.Normalization)


def _refuse_other_outputs(model: keras.Model) -> None:
    """Refuse a model that tells no classes apart, unless it says itself how it is trained."""
    description = describe_outputs(model)
    if description.outputs is not Outputs.OTHER or model.compiled or own_methods(model):
        return
    own_loss = (
        "If it has a loss of its own, compile it first: model.compile(...), then Trainer(model)."
    )
    if not description.width:
        raise ModelError(
            f"The model {model.name!r} returns {description.found}; expected one batch of images, "
            "and one probability a class: (None, n). Take one of each: "
            f"keras.Model(model.inputs[0], model.outputs[0]). {own_loss}"
        )
    end = f'keras.layers.Dense({max(description.width, 2)}, activation="softmax")'
    raise ModelError(
        f"The model {model.name!r} does not return probabilities: it returns {description.found}. "
        f"End it with {end}. {own_loss}"
    )
