"""Building a model that does not know its input yet, on the shape of the first data it gets."""

from __future__ import annotations

import contextlib
import logging
import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from mnistkit.datasets import Split
from mnistkit.errors import ModelError
from mnistkit.messages import said_by
from mnistkit.models.building import seeded_everywhere
from mnistkit.models.keras_settings import channels_last
from mnistkit.training.shapes import Shape, few_images

if TYPE_CHECKING:
    import keras

logger = logging.getLogger(__name__)


def build_on(model: keras.Model, data: Any, seed: int) -> None:
    """Build a model on the shape of images, with a channel axis added or removed if it must.

    Parameters
    ----------
    model : keras.Model
        Not built yet.
    data : Split, (images, labels), images, tf.data.Dataset or keras.utils.PyDataset
    seed : int
        Fixes what layers draw when they are built; Keras' own have drawn before, when made.

    Raises
    ------
    ModelError
        If the model runs on no such images.
    """
    given = _image_shape(data)
    reasons = []
    for shape in _candidates(given):
        images = few_images(shape, None)
        try:
            with seeded_everywhere(seed), channels_last():
                _for_trial(model)(images, training=False)
                model(images, training=False)
        # A layer of one's own raises anything.
        except Exception as error:  # noqa: BLE001
            reasons.append(said_by(error))
            continue
        logger.info("The model %r was built for images of shape %s.", model.name, shape)
        return
    raise ModelError(
        f"The model {model.name!r} is not built, and does not run on images of shape {given}: "
        f"{reasons[0]}. Begin it with keras.Input({given}), or call it once on such images."
    )


def _for_trial(model: keras.Model) -> keras.Model:
    """A Sequential keeps the input that it was called on, also if it failed: a copy of it fails."""
    import keras

    if isinstance(model, keras.Sequential):
        with contextlib.suppress(Exception):  # layers of one's own that Keras cannot copy
            return keras.Sequential.from_config(model.get_config())
    return model


def _image_shape(data: Any) -> Shape:
    """The shape of one image; that of the usual ones if the data is none."""
    import keras

    if isinstance(data, keras.utils.PyDataset):  # to NumPy it would be a sequence
        data = data[0]
    images = data.images if isinstance(data, Split) else data
    if isinstance(data, tuple) and data:
        images = data[0]
    spec = getattr(data, "element_spec", None)
    if isinstance(spec, tuple) and spec and getattr(spec[0].shape, "rank", None):
        return tuple(spec[0].shape[1:])
    try:
        shape = np.shape(images)[1:]
    except ValueError:  # ragged; there is a message for it later
        shape = ()
    return shape or (28, 28)


def _candidates(given: Shape) -> Iterator[Shape]:
    """The shapes in which images can be given to a model, the one that they have first."""
    yield given
    side = math.isqrt(given[0] or 0)
    if len(given) == 1 and side**2 == given[0]:
        given = (side, side)
        yield given
    if len(given) == 2:
        yield (*given, 1)
    if len(given) == 3 and given[2] == 1:
        yield given[:2]
