"""What networks reach: trained on all training images, measured once on the test images.

Nothing is chosen on the test images: neither the epoch nor the seed. Every row is a contender of
`mnistkit.compare`, which keeps its runs in a folder for each data set: what is there is not trained
again, so that a run of hours can be interrupted, and the tables show all that the folder holds.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import mnistkit
from measuring import FOLDER, Report, arguments, at_least, markdown_table, say, show_interval
from mnistkit import Comparison, Contender
from mnistkit.comparison import load_comparison
from published import keras_convnet, torch_example

RUNS = FOLDER / "results" / "accuracy"
ALSO_ON = {"mnist": ("usps", "digits")}
BEST = {"width": 40, "dropout": 0.5}
BEST_CLOTHES = {"width": 32, "depth": 5, "padding": True, "dropout": 0.5}
TIMES = ("fit_seconds",)


@dataclass(frozen=True)
class Row:
    """A row of the tables: a contender, the data set it is for, and how many seeds it gets."""

    dataset: str
    contender: Contender
    seeds: int


ROWS = {
    "dense128": Row("mnist", Contender("dense128", recipe="fast"), 10),
    "cnn-quick": Row("mnist", Contender("cnn", recipe="quick"), 10),
    "cnn-fast": Row("mnist", Contender("cnn", recipe="fast"), 10),
    "cnn-best": Row("mnist", Contender("cnn", recipe="best", options=BEST), 5),
    "keras-convnet": Row("mnist", Contender(keras_convnet, title="keras.io's convnet"), 5),
    "torch-example": Row("mnist", Contender(torch_example, title="PyTorch's example"), 5),
    "fashion-default": Row("fashion_mnist", Contender("cnn", recipe="fast"), 5),
    "fashion-fast": Row(
        "fashion_mnist", Contender("cnn", recipe="fast_clothes", options={"padding": True}), 10
    ),
    "fashion-best": Row(
        "fashion_mnist", Contender("cnn", recipe="best_clothes", options=BEST_CLOTHES), 5
    ),
    "usps-default": Row("usps", Contender("cnn", recipe="fast"), 10),
}


def main() -> None:
    parser = arguments(__doc__, "accuracy")
    parser.add_argument(
        "rows",
        nargs="+",
        type=row_and_seeds,
        metavar="ROW[:SEEDS]",
        help=f"{', '.join(ROWS)}; each has a number of seeds of its own, such as cnn-fast:3",
    )
    parser.add_argument("--folder", type=Path, default=RUNS, help="keeps the runs")
    parser.add_argument("--plot", type=Path, help="a picture: accuracy against seconds of training")
    parser.add_argument(
        "--pages", type=Path, help="a folder; write the tables there, as the documentation has them"
    )
    parser.add_argument(
        "--untimed", action="store_true", help="leave out seconds: other work ran meanwhile"
    )
    parser.add_argument(
        "--train-size", type=at_least(10), help="train on so few images only, for a look"
    )
    chosen = parser.parse_args()
    seeds = dict(chosen.rows)
    datasets = list(dict.fromkeys(ROWS[row].dataset for row in seeds))
    if chosen.plot and len(datasets) > 1:
        parser.error(f"--plot is for one data set at a time, not for {' and '.join(datasets)}")
    mnistkit.quiet_tensorflow()
    report = Report("accuracy", {})
    errors = []
    for dataset in datasets:
        of_dataset = {row: n for row, n in seeds.items() if ROWS[row].dataset == dataset}
        errors += compare_rows(of_dataset, chosen.folder, chosen.train_size)
        comparison = load_comparison(chosen.folder / dataset)
        show(report, comparison, dataset, chosen)
    report.finish(chosen.out)
    if errors:
        raise SystemExit("\n".join(errors))


def row_and_seeds(text: str) -> tuple[str, int]:
    """A row and how many seeds it gets, from the command line."""
    row, _, seeds = text.partition(":")
    if row not in ROWS:
        raise argparse.ArgumentTypeError(f"{row!r}: expected one of {', '.join(ROWS)}")
    return row, at_least(1)(seeds) if seeds else ROWS[row].seeds


def compare_rows(
    seeds: Mapping[str, int], folder: Path = RUNS, train_size: int | None = None
) -> list[str]:
    """Train rows of one data set, each from so many seeds, in turns; what failed.

    A round is a seed; a row with fewer seeds sits out the later rounds. Each training compiles for
    itself, so that its seconds are those of a training alone.
    """
    [dataset] = {ROWS[row].dataset for row in seeds}
    data = mnistkit.load_dataset(dataset)
    if train_size is not None:
        few = data.train.take(train_size, by="class", seed=0)
        data = mnistkit.Dataset(few, data.test, data.info)
    errors: dict[str, None] = {}
    for number in range(1, max(seeds.values()) + 1):
        say(f"{dataset}: seed {number - 1}")
        comparison = mnistkit.compare(
            [ROWS[row].contender for row, count in seeds.items() if count >= number],
            data,
            seeds=number,
            on="test",
            run_dir=folder / dataset,
            also_on=ALSO_ON.get(dataset, ()),
        )
        errors |= dict.fromkeys(comparison.errors)
    return list(errors)


def show(report: Report, comparison: Comparison, dataset: str, chosen: argparse.Namespace) -> None:
    """Print the tables, and write or draw them if that was asked for."""
    columns = [
        *("contender", "seeds", "accuracy", "accuracy_deviation", "accuracy_interval", "loss"),
        *("calibration_error", *(f"accuracy_on_{name}" for name in comparison.also_on)),
        *("parameters", "multiply_adds", *(() if chosen.untimed else TIMES)),
    ]
    text = comparison.to_markdown(columns=columns)
    if (together := ensembles(comparison)) is not None:
        text += f"\nThe seeds together, by the mean of their probabilities:\n\n{together}\n"
    report.write(dataset, text, comparison.to_dict())
    if chosen.pages:
        page = chosen.pages / f"accuracy-{dataset}.md"
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(
            f"{text}\n{measured_by(report, comparison, dataset, chosen)}\n", encoding="utf-8"
        )
        say(f"Written to {page}")
    if chosen.plot:
        figure = mnistkit.plot_comparison(comparison).figure
        chosen.plot.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(chosen.plot)
        say(f"Drawn to {chosen.plot}")


def ensembles(comparison: Comparison) -> str | None:
    """All seeds of each row together; no member is chosen. None if no row has several."""
    rows = []
    for one in comparison.contenders:
        if (count := len(one.evaluations)) > 1:
            result = comparison.ensemble(one.title)
            low, high = result.accuracy_interval
            rows.append(
                [one.title, str(count), f"{100 * result.accuracy:.2f}%",
                 show_interval(100 * low, 100 * high, ".2f"), f"{result.loss:.4f}"]
            )  # fmt: skip
    header = ("contender", "members", "accuracy", "95% interval", "loss")
    return "\n".join(markdown_table(header, rows)) if rows else None


def measured_by(
    report: Report, comparison: Comparison, dataset: str, chosen: argparse.Namespace
) -> str:
    """The command that makes all that is shown, and on what it was measured."""
    titles = {row.contender.name: name for name, row in ROWS.items() if row.dataset == dataset}
    words = ["python benchmarks/accuracy.py"]
    words += [f"{titles[one.title]}:{len(one.evaluations)}" for one in comparison.contenders]
    words += ["--untimed"] if chosen.untimed else []
    words += [f"--train-size {chosen.train_size}"] if chosen.train_size else []
    busy = ", beside other work" if chosen.untimed else ""
    return f"Measured by `{' '.join(words)}`, {report.circumstances}{busy}."


if __name__ == "__main__":
    main()
