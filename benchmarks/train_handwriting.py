"""Train the weights "handwriting", which `mnistkit.recognize` reads people's own pictures with.

``python benchmarks/train_handwriting.py --holdout`` trains on five sixths of
MNIST's writers and measures on the others: that is how settings are chosen, and the temperature is
fitted. Without ``--holdout`` all images are trained on, as for the weights that come with the
package.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

import mnistkit
from measuring import FOLDER
from mnistkit.synthesis.examples import NO_DIGIT

if TYPE_CHECKING:
    import keras

RUN = FOLDER / "results" / "trainings" / "handwriting-0"
OPTIONS = {"width": 32, "dropout": 0.5}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=RUN)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--holdout", action="store_true")
    parser.add_argument("--width", type=int, default=OPTIONS["width"])
    chosen = parser.parse_args()
    data = mnistkit.load_dataset("handwriting")
    train = data.train
    if chosen.holdout:
        train, unseen = train.holdout(1 / 6, by="writer", seed=0)
    mnistkit.quiet_tensorflow()
    options = {**OPTIONS, "width": chosen.width}
    model = mnistkit.create_model("cnn", num_classes=len(data.classes), seed=chosen.seed, **options)
    trainer = mnistkit.Trainer(model, recipe="handwriting", seed=chosen.seed)
    begin = time.perf_counter()
    trainer.fit(train, verbose=2)
    seconds = time.perf_counter() - begin
    trainer.save(chosen.folder)
    report: dict[str, Any] = {"fit_seconds": seconds, "images": len(train)}
    if chosen.holdout:
        report |= measure(trainer, unseen.images, unseen.labels)
    (chosen.folder / "measured.json").write_text(json.dumps(report, indent=2), encoding="utf-8")
    print(json.dumps(report, indent=2))


def measure(
    trainer: mnistkit.Trainer,
    images: NDArray[np.uint8],
    labels: NDArray[np.int64],
) -> dict[str, Any]:
    """Accuracy on images of unseen writers, and the temperature that calibrates them."""
    from scipy.special import logsumexp

    probabilities = trainer.predict(images)
    logits = np.log(np.maximum(probabilities, 1e-30))
    features, raw = last_layer(trainer.model, images)
    digits = labels != NO_DIGIT
    right = logits[:, :NO_DIGIT].argmax(axis=1) == labels
    refused = probabilities[:, NO_DIGIT] > 0.5
    return {
        "accuracy": float(right[digits].mean()),
        "digits_taken_for_none": float(refused[digits].mean()),
        "others_taken_for_digits": float((~refused[~digits]).mean()),
        "temperature": fitted_temperature(logits, labels),
        "separation": {
            "no-digit class": separation(1 - probabilities[:, NO_DIGIT], digits),
            "highest probability": separation(probabilities[:, :NO_DIGIT].max(axis=1), digits),
            "energy": separation(logsumexp(raw[:, :NO_DIGIT], axis=1), digits),
            "distance of features": separation(-distances(features, labels), digits),
        },
    }


def last_layer(
    model: keras.Model, images: NDArray[np.uint8]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """What goes into the last layer, and what comes out of it before the softmax."""
    import keras

    last = model.layers[-1]
    body = keras.Model(model.inputs, last.input)
    features = body.predict(images / np.float32(255), batch_size=500, verbose=0)
    kernel, bias = last.get_weights()
    return features, features @ kernel + bias


def distances(features: NDArray[np.float32], labels: NDArray[np.int64]) -> NDArray[np.float64]:
    """Mahalanobis' distance to the nearest class of digits (Lee et al., 2018).

    Means and covariance are taken from the very digits that are measured, which favours it.
    """
    is_digit = labels != NO_DIGIT
    means = np.stack([features[labels == label].mean(axis=0) for label in range(NO_DIGIT)])
    centred = features[is_digit] - means[labels[is_digit]]
    spread = np.cov(centred.T) + 1e-3 * np.eye(centred.shape[1])
    whiten = np.linalg.cholesky(np.linalg.inv(spread))
    points, centres = features @ whiten, means @ whiten
    squares = (points**2).sum(1)[:, None] - 2 * points @ centres.T + (centres**2).sum(1)
    found: NDArray[np.float64] = squares.min(axis=1)
    return found


def separation(scores: NDArray[np.float32], digits: NDArray[np.bool_]) -> float:
    """How often a digit scores more than what is none: the area under the ROC curve."""
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(digits, scores))


def fitted_temperature(logits: NDArray[np.float32], labels: NDArray[np.int64]) -> float:
    """What the logits are to be divided by for the least negative log-likelihood."""
    from scipy.optimize import minimize_scalar
    from scipy.special import log_softmax

    def loss(temperature: float) -> float:
        log_probabilities = log_softmax(logits / temperature, axis=1)
        return -float(log_probabilities[np.arange(len(labels)), labels].mean())

    return float(minimize_scalar(loss, bounds=(0.3, 3), method="bounded").x)


if __name__ == "__main__":
    main()
