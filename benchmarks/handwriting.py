"""How well networks that are trained on "handwriting" read pictures, beside the shipped weights.

``python benchmarks/handwriting.py`` trains `cnn` with the recipe "handwriting" once for each seed,
as ``mnistkit train cnn --option width=32 --option dropout=0.5 --recipe handwriting --dataset
handwriting`` does, and reads the same pictures with each network and with the weights that come
with the package. The pictures are MNIST's test digits, rendered by `mnistkit.synthesis`.

``--holdout`` trains on five sixths of MNIST's writers instead, and measures on the images of the
others: that is how settings are chosen, and the temperature of shipped weights is fitted.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

import mnistkit
from measuring import FOLDER, Report, arguments, at_least, say
from mnistkit import synthesis
from mnistkit.synthesis.examples import NO_DIGIT

if TYPE_CHECKING:
    import keras

RUNS = FOLDER / "results" / "handwriting"
OPTIONS = {"width": 32, "dropout": 0.5}
FAMILIES = {
    "paper": synthesis.PAPER, "crops": synthesis.CROPS,
    "scans": synthesis.SCANS, "drawings": synthesis.DRAWINGS,
}  # fmt: skip


def main() -> None:
    parser = arguments(__doc__, "handwriting")
    parser.add_argument("--seeds", type=at_least(1), default=3)
    parser.add_argument("--count", type=at_least(1), default=25, help="pictures of each kind")
    parser.add_argument("--runs", type=Path, default=RUNS, help="where the runs are kept")
    parser.add_argument("--holdout", action="store_true")
    chosen = parser.parse_args()
    report = Report(
        "handwriting",
        {"seeds": str(chosen.seeds), "pictures": f"{chosen.count} of each kind, seed 0"},
    )
    if chosen.holdout:
        calibrate(report, chosen)
    else:
        compare(report, chosen)
    report.finish(chosen.out)


def trained(folder: Path, train: mnistkit.Split, seed: int) -> mnistkit.Trainer:
    """The run in that folder; it is trained only if it is not there."""
    mnistkit.quiet_tensorflow()
    if (folder / "measured.json").exists():
        return mnistkit.Trainer.load(folder)
    model = mnistkit.create_model("cnn", num_classes=len(train.classes), seed=seed, **OPTIONS)
    trainer = mnistkit.Trainer(model, recipe="handwriting", seed=seed)
    begin = time.perf_counter()
    trainer.fit(train)
    measured = {"fit_seconds": time.perf_counter() - begin, "images": len(train)}
    trainer.save(folder)
    (folder / "measured.json").write_text(json.dumps(measured, indent=2), encoding="utf-8")
    return trainer


# Beside the shipped weights #######################################################################


def compare(report: Report, chosen: Any) -> None:
    """The share of pictures in which exactly the one digit is read."""
    train = mnistkit.load_dataset("handwriting").train
    folders = [chosen.runs / f"handwriting-{seed}" for seed in range(chosen.seeds)]
    for seed, folder in enumerate(folders):
        say(folder.name)
        trained(folder, train, seed)
    rows, values = [], {}
    for family, kinds in FAMILIES.items():
        say(family)
        pictures, labels = pictures_of(kinds, chosen.count)
        shipped = share_read(pictures, labels)
        each = [share_read(pictures, labels, model=folder) for folder in folders]
        rows.append(
            [family, f"{len(pictures)}", f"{shipped:.1f}", f"{np.mean(each):.1f}",
             f"{min(each):.1f} to {max(each):.1f}", f"{np.mean(each) - shipped:+.1f}"]
        )  # fmt: skip
        values[family] = {"shipped": shipped, "each": each}
    header = ("", "pictures", "shipped", "trained, mean", "of the seeds", "difference")
    report.add("Pictures read correctly, %", header, rows, values)


def pictures_of(kinds: tuple[str, ...], count: int) -> tuple[list[NDArray[np.uint8]], list[int]]:
    test = mnistkit.load_dataset("mnist").test
    pictures, labels = [], []
    for kind in kinds:
        rng = np.random.default_rng([0, synthesis.KINDS.index(kind)])
        for number in rng.choice(len(test), count, replace=False):
            label = int(test.labels[number])
            picture = synthesis.render_digit(
                test.images[number], kind, rng, max_side=800, label=label
            )
            pictures.append(picture.pixels)
            labels.append(label)
    return pictures, labels


def share_read(pictures: list[NDArray[np.uint8]], labels: list[int], **options: Any) -> float:
    readings = mnistkit.recognize_many(pictures, **options)
    right = [
        len(reading) == 1 and reading[0].label == label
        for reading, label in zip(readings, labels, strict=True)
    ]
    return 100 * float(np.mean(right))


# On writers that were never seen ##################################################################


def calibrate(report: Report, chosen: Any) -> None:
    """Accuracy and temperature on images of unseen writers, and what tells digits from the rest."""
    data = mnistkit.load_dataset("handwriting")
    train, unseen = data.train.holdout(1 / 6, by="writer", seed=0)
    trainer = trained(chosen.runs / "handwriting-holdout-0", train, seed=0)
    values = measure(trainer, unseen.images, unseen.labels)
    rows = [[name, f"{value:.4f}"] for name, value in values.items()]
    report.add("Images of unseen writers", ("", "value"), rows, values)


def measure(
    trainer: mnistkit.Trainer,
    images: NDArray[np.uint8],
    labels: NDArray[np.int64],
) -> dict[str, float]:
    """Accuracy, the temperature that calibrates, and areas under ROC curves."""
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
        "temperature": temperature_for(probabilities, labels),
        "separation, no-digit class": separation(1 - probabilities[:, NO_DIGIT], digits),
        "separation, highest probability": separation(
            probabilities[:, :NO_DIGIT].max(axis=1), digits
        ),
        "separation, energy": separation(logsumexp(raw[:, :NO_DIGIT], axis=1), digits),
        "separation, distance of features": separation(-distances(features, labels), digits),
    }


def temperature_for(probabilities: NDArray[np.float32], labels: NDArray[np.int64]) -> float:
    result = mnistkit.Evaluation.from_probabilities(labels, probabilities)
    return mnistkit.Calibration.of(result).temperature


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


if __name__ == "__main__":
    main()
