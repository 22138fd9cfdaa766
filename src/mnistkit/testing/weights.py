"""check_weights: the trained weights that a package offers, tried."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from mnistkit.errors import MnistKitError, UnknownNameError, WeightsError
from mnistkit.messages import said_by
from mnistkit.models import count_multiply_adds, create_model, list_weights, model_card
from mnistkit.models.keras_settings import require_keras
from mnistkit.models.pretrained import pretrained_onnx
from mnistkit.recognition.onnx_network import onnx_session
from mnistkit.training.inference import predict_probabilities

_LARGEST_DIFFERENCE = 1e-4  # of a probability, on another machine than the one that made the file
_IMAGES = 20


def check_weights(model: str) -> None:
    """Check all trained weights that installed packages offer for a model.

    Each set has a card that says what it is, files with the checksums of the card, weights that the
    model takes with the card's options, and an ONNX network that answers as the model does.

    Parameters
    ----------
    model : str
        The name that the model is offered by.

    Raises
    ------
    UnknownNameError
        If there are none.
    WeightsError
        If anything is wrong; the message lists it all, with the names of the weights.

    See Also
    --------
    mnistkit.package_weights : make such files from a run.

    Examples
    --------
    >>> import mnistkit.testing
    >>> mnistkit.testing.check_weights("dense128")
    """
    require_keras()
    names = list_weights(model)
    if not names:
        raise UnknownNameError(
            f"No installed package offers weights for the model {model!r}. A package names their "
            f'folder in its pyproject.toml, under [project.entry-points."mnistkit.weights"]: '
            f'{model} = "package.folder". Is the package installed, and the folder in it?'
        )
    found = [f"- {name}: {problem}" for name in names for problem in _problems(model, name)]
    if found:
        listed = "\n".join(found)
        raise WeightsError(f"The weights for the model {model!r} are not in order:\n{listed}")


def _problems(model: str, name: str) -> Iterator[str]:
    try:
        card = model_card(model, name)
        built = create_model(model, weights=name)
        network = pretrained_onnx(model, name)
    except MnistKitError as error:
        yield f"{type(error).__name__}: {error}"  # whole: what to do about it comes last
        return
    for what, said, is_so in (
        ("parameters", card.parameters, built.count_params()),
        ("multiply-adds", card.multiply_adds, count_multiply_adds(built)),
    ):
        if said != is_so:
            yield f"the card says {said:,} {what}, and the model has {is_so:,}"
    shape = (_IMAGES, *built.input_shape[1:])
    images = np.random.default_rng(0).random(shape, dtype=np.float32)
    try:
        answers = _onnx_probabilities(network, images)
    except Exception as error:  # noqa: BLE001  (onnxruntime has a dozen kinds, without a base)
        yield f"its ONNX network cannot be run: {said_by(error)}"
        return
    expected = predict_probabilities(built, images, 1.0)
    if answers.shape != expected.shape or not np.allclose(
        answers, expected, rtol=0, atol=_LARGEST_DIFFERENCE
    ):
        yield "its ONNX network does not answer as the model with these weights does"


def _onnx_probabilities(network: bytes, images: NDArray[np.float32]) -> NDArray[np.float32]:
    (logits,) = onnx_session(network).run(["logits"], {"images": images})
    probabilities: NDArray[np.float32] = softmax(logits, axis=1)
    return probabilities
