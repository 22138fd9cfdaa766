"""How accuracy grows with the number of training images, for each of mnistkit's models.

Each seed has images of its own: the first n of MNIST's training images in an order that is the
seed's, the same for all models. Recipes are the models' defaults; nothing is chosen on the test
images. Every training is a process of its own.
"""

from __future__ import annotations

import argparse
import json
import time
from functools import partial
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.ticker import NullFormatter, ScalarFormatter

import mnistkit
from measuring import Report, arguments, at_least, run_fresh, spread, take_turns
from mnistkit.plots.palette import COLOURS

MODELS = ("dense128", "cnn")
SIZES = (100, 300, 1000, 3000, 10_000, 60_000)


def main() -> None:
    parser = arguments(__doc__, "learning_curve")
    parser.add_argument("--models", nargs="+", default=MODELS, choices=MODELS)
    parser.add_argument(
        "--sizes", nargs="+", type=at_least(10), default=SIZES, help="numbers of training images"
    )
    parser.add_argument("--seeds", type=at_least(1), default=5, help="trainings of each size")
    parser.add_argument("--plot", type=Path, help="the picture to draw, an .svg or .png")
    parser.add_argument("--one", nargs=3, metavar=("MODEL", "SIZE", "SEED"), help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.one:
        model, size, seed = chosen.one
        print(json.dumps(measure(model, int(size), int(seed))))
        return
    mnistkit.load_dataset("mnist")  # a first download is nobody's training time
    report = Report("learning_curve", {"seeds": chosen.seeds})
    runs = take_turns(
        {
            contender(model, size): partial(run_one, model, size)
            for size in chosen.sizes
            for model in chosen.models
        },
        chosen.seeds,
    )
    results = add_table(report, chosen.models, chosen.sizes, runs)
    if chosen.plot:
        draw(results, chosen.models, chosen.sizes, chosen.plot)
    report.finish(chosen.out)


def contender(model: str, size: int) -> str:
    return f"{model} on {size:,}"


def run_one(model: str, size: int, seed: int) -> dict[str, Any]:
    found: dict[str, Any] = run_fresh("learning_curve.py", "--one", model, size, seed)
    return found


def measure(model: str, size: int, seed: int) -> dict[str, Any]:
    """Train once, test once."""
    data = mnistkit.load_dataset("mnist")
    chosen = np.random.default_rng(seed).permutation(len(data.train))[:size]
    trainer = mnistkit.Trainer(model, seed=seed)
    begin = time.perf_counter()
    history = trainer.fit(data.train[np.sort(chosen)], verbose=0)
    return {
        "fit_seconds": time.perf_counter() - begin,
        "epochs": len(history.epoch),
        "accuracy": 100 * trainer.evaluate(data.test).accuracy,
    }


def add_table(
    report: Report,
    models: list[str],
    sizes: list[int],
    runs: dict[str, list[dict[str, Any]]],
) -> dict[str, Any]:
    """A row a size; for each model how often it sees an image, accuracy and seconds."""
    header = ["training images"]
    for model in models:
        header += [f"{model}: epochs", "test accuracy, %", "fit, s"]
    rows, results = [], {}
    for size in sizes:
        row = [f"{size:,}"]
        for model in models:
            measured = runs[contender(model, size)]
            accuracy = spread([run["accuracy"] for run in measured])
            seconds = spread([run["fit_seconds"] for run in measured])
            row += [
                str(measured[0]["epochs"]),
                accuracy.show_mean(".2f"),
                f"{seconds.median:.1f}",
            ]
            results[contender(model, size)] = {
                "epochs": measured[0]["epochs"],
                "accuracy": accuracy.to_dict(),
                "fit_seconds": seconds.to_dict(),
            }
        rows.append(row)
    notes = ["± is the standard deviation of one training, its images included"]
    report.add("Accuracy by the number of training images", header, rows, results, notes)
    return results


def draw(results: dict[str, Any], models: list[str], sizes: list[int], path: Path) -> None:
    """Errors by the number of training images: a line a model, a dot a seed."""
    figure, ax = plt.subplots(figsize=(6.4, 4), layout="constrained")
    looks = zip(COLOURS, ("o-", "s--", "^:"), strict=False)
    for model, (colour, look) in zip(models, looks, strict=False):
        accuracies = [results[contender(model, size)]["accuracy"] for size in sizes]
        ax.plot(sizes, [100 - one["mean"] for one in accuracies], look, color=colour, label=model)
        for size, one in zip(sizes, accuracies, strict=True):
            values = [100 - value for value in one["values"]]
            ax.plot([size] * len(values), values, look[0], color=colour, alpha=0.4, markersize=4)
    ax.set(
        xscale="log", yscale="log", xlabel="training images", ylabel="wrong on the test images, %"
    )
    ax.set_xticks(sizes, [f"{size:,}" for size in sizes])
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.yaxis.set_major_formatter(ScalarFormatter())
    ax.grid(alpha=0.3)
    ax.legend()
    figure.savefig(path)


if __name__ == "__main__":
    main()
