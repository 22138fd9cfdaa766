"""robustness: a model measured on images that something has happened to."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mnistkit.datasets import Dataset, Split
from mnistkit.errors import UnknownNameError, WrongTypeError
from mnistkit.evaluation import Evaluation, Robustness, corrupt
from mnistkit.evaluation.corruptions import checked_kinds
from mnistkit.messages import with_article
from mnistkit.models import described_model, list_models, list_weights
from mnistkit.progress import progress
from mnistkit.training import Trainer
from mnistkit.training.known_writers import known_writers

if TYPE_CHECKING:
    import keras

_PREFERRED_WEIGHTS = "mnist"

Evaluate = Callable[[Split], Evaluation]


def robustness(
    model: Trainer | keras.Model | str | os.PathLike[str],
    split: Split,
    *,
    kinds: str | Sequence[str] | None = None,
    severity: float = 1.0,
    seed: int = 0,
) -> Robustness:
    """Measure a model on images under MNIST-C's corruptions, made again, and on the clean ones.

    Parameters
    ----------
    model : Trainer, keras.Model, str or path-like
        A trainer, a trained model, the folder of a run, or the name of a model that comes with
        trained weights, ``"cnn"``: those for MNIST, run by onnxruntime, without TensorFlow.
    split : Split
        Images (n, 28, 28) to corrupt, that the model was not trained on, for instance
        ``data.test``.
    kinds : sequence of str, or one, optional
        Some of `list_corruptions`; by default all.
    severity : float, default 1.0
        See `corrupt`; 1 is as published.
    seed : int, default 0
        See `corrupt`. It is the same for all models, so they see the same images.

    Returns
    -------
    Robustness
        An `Evaluation` for each kind, the mean, and how much of the clean accuracy is left.

    Raises
    ------
    UnknownNameError
        If there is no such kind of corruption, no trained weights of that name, or no such folder.
    WrongTypeError
        If it is given another kind of object.
    ImageError, LabelError
        If the images are not 28x28, or do not fit the model.
    RunFolderError
        If the folder holds no run.
    ValueError
        If the severity or the seed makes no sense.

    References
    ----------
    N. Mu, J. Gilmer, "MNIST-C: A robustness benchmark for computer vision", ICML 2019 Workshop on
    Uncertainty and Robustness in Deep Learning, arXiv:1906.02337.

    Examples
    --------
    >>> import mnistkit
    >>> test = mnistkit.load_dataset("digits").test
    >>> result = mnistkit.robustness("dense128", test, kinds=["brightness", "scale"])
    >>> result.accuracy["scale"] < result.clean.accuracy
    True
    """
    chosen = checked_kinds(kinds)
    if not isinstance(split, Split):
        advice = " Give one of its parts, such as data.test." if isinstance(split, Dataset) else ""
        raise WrongTypeError(
            f"robustness takes a mnistkit.Split, not {with_article(split)}.{advice}"
        )
    # Whatever is wrong with the images or the settings is found before the model is run.
    examples = np.concatenate(
        [corrupt(split.images[:1], kind, severity=severity, seed=seed) for kind in chosen]
    )
    name, evaluate = _evaluator(model)
    writers = known_writers(split)
    with progress("Measuring robustness", len(chosen) + 1) as advance:
        clean = evaluate(_part(split, split.images, writers, split.part))
        advance(1)
        corrupted = []
        for kind in chosen:
            images = corrupt(split.images, kind, severity=severity, seed=seed)
            part = f"{split.part}, {kind} (MNIST-C-like)".lstrip(", ")
            corrupted.append(evaluate(_part(split, images, writers, part)))
            advance(1)
    return Robustness(
        name, clean, chosen, tuple(corrupted), examples, severity=float(severity), seed=int(seed)
    )


def _part(
    split: Split, images: NDArray[np.uint8], writers: NDArray[np.int64] | None, part: str
) -> Split:
    """The split with other images."""
    return Split(
        images,
        split.labels,
        classes=split.classes,
        writers=writers,
        dataset=split.dataset,
        part=part,
    )


def _evaluator(model: Any) -> tuple[str, Evaluate]:
    """What to call a model, and a function that measures it."""
    if isinstance(model, str) and list_weights(model):
        return _pretrained(model)
    if isinstance(model, str) and not _is_folder(model):
        raise UnknownNameError(
            f"There are no trained weights for model={model!r}, and no folder of that name. "
            f"Trained weights come with {', '.join(map(repr, _with_weights()))}. A model of your "
            "own is given as a Trainer, as a keras.Model, or as the folder of its run."
        )
    if isinstance(model, str | os.PathLike):
        return os.fspath(model), Trainer.load(model).evaluate
    if isinstance(model, Trainer):
        return described_model(model.model), model.evaluate
    import keras

    if not isinstance(model, keras.Model):
        raise WrongTypeError(
            "robustness takes a Trainer, a keras.Model, the folder of a run or the name of a model "
            f"with trained weights, not {with_article(model)}."
        )
    return described_model(model), Trainer(model).evaluate


def _pretrained(model: str) -> tuple[str, Evaluate]:
    from mnistkit.recognition.loading import pretrained_network

    names = list_weights(model)
    weights = _PREFERRED_WEIGHTS if _PREFERRED_WEIGHTS in names else names[0]
    network = pretrained_network(model, weights)

    def evaluate(split: Split) -> Evaluation:
        probabilities, _ = network.classify(split.images)
        return Evaluation.from_probabilities(
            split.labels,
            probabilities,
            classes=split.classes,
            name=split.name,
            writers=split.writers,
        )

    return f"{model} with the weights {weights!r}", evaluate


def _is_folder(path: str) -> bool:
    try:
        return bool(path) and Path(path).is_dir()
    except (OSError, ValueError):  # too long a name, say
        return False


def _with_weights() -> list[str]:
    return [name for name in list_models() if list_weights(name)]
