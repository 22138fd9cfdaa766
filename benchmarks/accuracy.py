"""What networks reach: trained on all training images, tested once for each seed.

Nothing is chosen on the test images: neither the epoch nor the seed. Every training is a process of
its own and leaves a folder; one that is there already is not trained again, so that a run of hours
can be interrupted.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np

import mnistkit
from measuring import (
    FOLDER,
    Report,
    arguments,
    at_least,
    mean_interval,
    run_fresh,
    say,
    show_interval,
    spread,
)
from trainings import ROWS

HEADER = (
    "", "seeds", "test accuracy, %", "95% interval of the mean", "NLL", "parameters",
    "multiply-adds", "fit, s",
)  # fmt: skip


def main() -> None:
    parser = arguments(__doc__, "accuracy")
    parser.add_argument(
        "rows",
        nargs="+",
        type=row_and_seeds,
        metavar="ROW[:SEEDS]",
        help=f"{', '.join(ROWS)}; each has a number of seeds of its own, such as cnn-fast:3",
    )
    parser.add_argument(
        "--folder", type=Path, default=FOLDER / "results" / "trainings", help="keeps the trainings"
    )
    parser.add_argument("--plot", type=Path, help="a picture: accuracy against seconds of training")
    chosen = parser.parse_args()
    chosen.rows = dict(chosen.rows)
    for name in {ROWS[row].dataset for row in chosen.rows}:
        mnistkit.load_dataset(name)  # a first download is nobody's training time
    report = Report("accuracy", {"spread": "± is the standard deviation of one training"})
    runs = train_in_turns(chosen)
    for dataset in dict.fromkeys(ROWS[row].dataset for row in chosen.rows):
        rows = [row for row in chosen.rows if ROWS[row].dataset == dataset]
        report_dataset(report, dataset, {row: runs[row] for row in rows})
        report_ensembles(report, dataset, {row: len(runs[row]) for row in rows}, chosen.folder)
    report_others(report, runs)
    if chosen.plot:
        plot_accuracy({row: runs[row] for row in runs if ROWS[row].dataset == "mnist"}, chosen.plot)
        say(f"Drawn to {chosen.plot}")
    report.finish(chosen.out)


def row_and_seeds(text: str) -> tuple[str, int]:
    """A row and how many seeds it gets, from the command line."""
    row, _, seeds = text.partition(":")
    if row not in ROWS:
        raise argparse.ArgumentTypeError(f"{row!r}: expected one of {', '.join(ROWS)}")
    return row, at_least(1)(seeds) if seeds else ROWS[row].seeds


def train_in_turns(chosen: argparse.Namespace) -> dict[str, list[dict[str, Any]]]:
    """One round a seed; a row with fewer seeds sits out the later rounds."""
    runs: dict[str, list[dict[str, Any]]] = {row: [] for row in chosen.rows}
    for seed in range(max(chosen.rows.values())):
        for row in (row for row, count in chosen.rows.items() if seed < count):
            folder = chosen.folder / f"{row}-{seed}"
            runs[row].append(measured := trained(row, seed, folder))
            accuracy = measured["results"][ROWS[row].dataset]["accuracy"]
            say(f"{row}, seed {seed}: {accuracy:.2f}% in {measured['fit_seconds']:.1f} s")
    return runs


def trained(row: str, seed: int, folder: Path) -> dict[str, Any]:
    """What a training measured, now or in an earlier run."""
    file = folder / "measured.json"
    if not file.exists():
        run_fresh("trainings.py", row, "--seed", seed, "--folder", folder)
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return found


def report_dataset(report: Report, dataset: str, runs: dict[str, list[dict[str, Any]]]) -> None:
    rows, results = [], {}
    for row, measured in runs.items():
        accuracy, loss = (
            spread([run["results"][dataset][key] for run in measured])
            for key in ("accuracy", "loss")
        )
        seconds = spread([run["fit_seconds"] for run in measured])
        low, high = mean_interval(accuracy)
        rows.append(
            [
                ROWS[row].title,
                str(len(measured)),
                accuracy.show_mean(),
                show_interval(low, high),
                loss.show_mean(".4f"),
                f"{measured[0]['parameters']:,}",
                f"{measured[0]['multiply_adds']:,}",
                seconds.show(".1f"),
            ]
        )
        results[row] = {
            "accuracy": accuracy.to_dict(),
            "accuracy_interval": [low, high],
            "loss": loss.to_dict(),
            "fit_seconds": seconds.to_dict(),
            "runs": measured,
        }
    report.add(
        dataset,
        HEADER,
        rows,
        results,
        notes=[
            (
                "The interval (Student's) is for the chance in training: initial weights and "
                "order. The chance in the choice of the test images is not in it; every "
                "evaluation has that one as `accuracy_interval`."
            ),
            "Fit seconds: median (smallest - largest), compiling included.",
        ],
    )


def report_ensembles(report: Report, dataset: str, counts: dict[str, int], folder: Path) -> None:
    """All seeds of a row together, by the mean of their probabilities; no member is chosen."""
    labels = mnistkit.load_dataset(dataset).test.labels
    rows, results = [], {}
    for row, count in counts.items():
        if count < 2:
            continue
        every = [np.load(folder / f"{row}-{seed}" / "probabilities.npy") for seed in range(count)]
        result = mnistkit.Evaluation.from_probabilities(labels, np.mean(every, axis=0))
        low, high = result.accuracy_interval
        interval = show_interval(100 * low, 100 * high, ".2f")
        rows.append(
            [ROWS[row].title, str(count), f"{100 * result.accuracy:.2f}", interval,
             f"{result.loss:.4f}"]
        )  # fmt: skip
        results[row] = {"accuracy": 100 * result.accuracy, "loss": result.loss, "members": count}
    if rows:
        report.add(
            f"{dataset}: the seeds as an ensemble",
            ("", "members", "test accuracy, %", "95% interval", "NLL"),
            rows,
            results,
            notes=["The interval (Wilson's) is for the chance in the choice of the test images."],
        )


def report_others(report: Report, runs: dict[str, list[dict[str, Any]]]) -> None:
    """Test images of data sets that were never trained on."""
    for other in dict.fromkeys(name for row in runs for name in ROWS[row].also_on):
        rows, results = [], {}
        for row, measured in runs.items():
            if other in ROWS[row].also_on:
                accuracy = spread([run["results"][other]["accuracy"] for run in measured])
                low, high = mean_interval(accuracy)
                rows.append(
                    [ROWS[row].title, str(len(measured)), accuracy.show_mean(".2f"),
                     show_interval(low, high, ".2f")]
                )  # fmt: skip
                results[row] = accuracy.to_dict()
        report.add(
            f"Trained on MNIST alone, tested on {other}",
            ("", "seeds", "test accuracy, %", "95% interval of the mean"),
            rows,
            results,
        )


def plot_accuracy(runs: dict[str, list[dict[str, Any]]], path: Path) -> None:
    """Mistakes in a hundred against seconds of training, both on logarithmic axes."""
    import matplotlib.pyplot as plt
    from matplotlib.ticker import FuncFormatter, NullFormatter

    figure, ax = plt.subplots(figsize=(7, 4.5), layout="constrained")
    for (row, measured), marker in zip(runs.items(), "osD^vPX*", strict=False):
        errors = spread([100 - run["results"]["mnist"]["accuracy"] for run in measured])
        seconds = spread([run["fit_seconds"] for run in measured]).median
        is_ours = not row.startswith(("keras", "torch"))
        ax.errorbar(
            seconds,
            errors.mean,
            yerr=[[errors.mean - min(errors.values)], [max(errors.values) - errors.mean]],
            marker=marker,
            markersize=9,
            color="#0072B2" if is_ours else "0.2",
            markerfacecolor="#0072B2" if is_ours else "white",
            capsize=3,
        )
        title = ROWS[row].title.replace("`", "")
        # Neighbours at the same height: one has its label above, the other below.
        offset = (9, -24) if row.startswith("torch") else (9, 4)
        ax.annotate(
            f"{title}\n{100 - errors.mean:.2f}%", (seconds, errors.mean),
            xytext=offset, textcoords="offset points", fontsize=9,
        )  # fmt: skip
    ax.set(xscale="log", yscale="log")
    ax.set_xlabel("seconds of training on two cores")
    ax.set_ylabel("mistakes in a hundred test digits")
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axis.set_minor_formatter(NullFormatter())
    ax.set_yticks([0.3, 0.5, 1, 2])
    ax.grid(visible=True, which="major", alpha=0.3)
    ax.spines[["top", "right"]].set_visible(False)
    ax.margins(x=0.25, y=0.2)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path)


if __name__ == "__main__":
    main()
