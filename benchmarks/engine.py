"""How fast mnistkit trains, against plain Keras, tuned Keras and PyTorch, on the same machine.

Every training runs in a fresh process; the contenders take turns, one round a seed. Fit seconds
hold everything that the framework compiles, but neither imports nor the loading of the data. Ratios
are ratios of medians.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

import mnistkit
from contenders import CONVOLUTIONS, NETWORKS
from measuring import (
    Report,
    Spread,
    arguments,
    at_least,
    difference_interval,
    run_fresh,
    say,
    show_interval,
    spread,
    take_turns,
)
from rates import LIBRARIES

NUM_IMAGES = 60_000
PARTS = ("dense128", "convnet", "process")
OURS, PLAIN = "mnistkit", "keras"

NAMES = {
    "mnistkit": "mnistkit",
    "keras": "Keras `fit`",
    "keras-xla": "Keras `fit`, XLA, 125 steps a call",
    "torch": "PyTorch, eager loop",
}

WITH_MNISTKIT = """
import mnistkit

data = mnistkit.load_dataset("mnist")
trainer = mnistkit.Trainer("dense128", recipe="constant")
trainer.fit(data.train, epochs={epochs}, verbose=0)
print(trainer.evaluate(data.test).accuracy, flush=True)
"""

WITH_KERAS = """
import sys
import keras
import numpy as np

with np.load(sys.argv[1]) as file:
    x_train, y_train = file["x_train"], file["y_train"]
    x_test, y_test = file["x_test"], file["y_test"]
x_train = x_train.astype("float32") / 255
x_test = x_test.astype("float32") / 255
model = keras.Sequential([
    keras.Input((28, 28)),
    keras.layers.Flatten(),
    keras.layers.Dense(128, activation="relu"),
    keras.layers.Dense(10, activation="softmax"),
])
model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(x_train, y_train, epochs={epochs}, verbose=0)
print(model.evaluate(x_test, y_test, verbose=0)[1], flush=True)
"""


def main() -> None:
    parser = arguments(__doc__, "engine")
    parser.add_argument("--seeds", type=at_least(1), default=5, help="how many rounds")
    parser.add_argument("--epochs", type=at_least(2), default=6, help="of dense128")
    parser.add_argument("--convnet-epochs", type=at_least(2), default=2, help="of the convnet")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS, help="what to measure")
    chosen = parser.parse_args()
    mnistkit.load_dataset("mnist")  # a first download is nobody's training time
    report = Report(
        "engine",
        {
            "seeds": f"0 to {chosen.seeds - 1}, one a round; contenders take turns, each in a "
            "fresh process",
            "spread": "median (smallest - largest)",
        },
    )
    if "torch" not in LIBRARIES:
        say("PyTorch is not installed; it is left out.")
    if "dense128" in chosen.parts:
        report_dense128(report, chosen.seeds, chosen.epochs)
    if "convnet" in chosen.parts:
        report_convnet(report, chosen.seeds, chosen.convnet_epochs)
    if "process" in chosen.parts:
        report_process(report, chosen.seeds, chosen.epochs)
    report.finish(chosen.out)


# The two networks


def report_dense128(report: Report, rounds: int, epochs: int) -> None:
    names = [OURS, PLAIN, "keras-xla", *({"torch"} & set(LIBRARIES))]
    runs = train_in_turns("dense128", names, rounds, epochs)
    rates = {library: rates_of(runs, library) for library in LIBRARIES}
    peak, own = (best_rate(rates, kind) for kind in ("large", "dense128"))
    rows, results = training_rows("dense128", names, runs, epochs, peak, own)
    report.add(
        f"dense128, batch 32, {epochs} epochs, Adam 0.001",
        TRAINING_HEADER,
        rows,
        {"contenders": results},
        notes=training_notes("dense128"),
    )
    report.add(
        "Float32 matrix products alone, GFLOPS",
        ("", "4096 x 4096", "dense128's first layer at batch 32"),
        [
            [library, measured["large"].show(".0f"), measured["dense128"].show(".0f")]
            for library, measured in rates.items()
        ],
        to_dicts(rates),
        notes=["The small ones: (32x784) @ (784x128), and (784x32) @ (32x128), in turns."],
    )


def report_convnet(report: Report, rounds: int, epochs: int) -> None:
    names = [OURS, PLAIN]
    runs = train_in_turns("convnet", names, rounds, epochs)
    peak = best_rate({library: rates_of(runs, library) for library in LIBRARIES}, "large")
    rows, results = training_rows("convnet", names, runs, epochs, peak, None)
    report.add(
        f"convnet (34,826 parameters), batch 128, {epochs} epochs, Adam 0.001",
        TRAINING_HEADER,
        rows,
        {"contenders": results},
        notes=training_notes("convnet"),
    )
    report_convnet_parts(report, runs, results, peak)


TRAINING_HEADER = (
    "", "fit, s", "times ours", "test accuracy, %", "minus Keras' (95% interval)",
    "GFLOPS after epoch 1", "of the peak", "of own shapes", "memory, MB",
)  # fmt: skip


def train_in_turns(network: str, names: list[str], rounds: int, epochs: int) -> dict[str, Any]:
    """The contenders and the measurements of the machine, in turns."""

    def train(contender: str, seed: int) -> Any:
        settings = ("--seed", seed, "--epochs", epochs)
        return run_fresh("contenders.py", network, contender, *settings)

    turns: dict[str, Callable[[int], Any]] = {name: partial(train, name) for name in names}
    for library in LIBRARIES:
        turns[f"matmul {library}"] = measurement("matmul", library)
    if network == "convnet":
        turns["parts"] = measurement("convnet")
    return take_turns(turns, rounds)


def measurement(*what: str) -> Callable[[int], Any]:
    """The same in every round."""
    return lambda _: run_fresh("rates.py", *what)


def rates_of(runs: dict[str, Any], library: str) -> dict[str, Spread]:
    measured = runs[f"matmul {library}"]
    return {kind: spread([rates[kind] for rates in measured]) for kind in measured[0]}


def best_rate(rates: dict[str, dict[str, Spread]], kind: str) -> float:
    """The fastest library's median."""
    return max(of_library[kind].median for of_library in rates.values())


def training_rows(
    network: str,
    names: list[str],
    runs: dict[str, Any],
    epochs: int,
    peak: float,
    own: float | None,
) -> tuple[list[list[str]], dict[str, Any]]:
    results = {name: summary_of(network, runs[name], epochs) for name in names}
    ours, plain = results[OURS], results[PLAIN]
    rows = []
    for name, found in results.items():
        found["ratio"] = found["fit_seconds"].median / ours["fit_seconds"].median
        found["share_of_peak"] = found["gflops"].median / peak
        found["share_of_own_shapes"] = None if own is None else found["gflops"].median / own
        difference = found["accuracy"].mean - plain["accuracy"].mean
        low, high = difference_interval(found["accuracy"], plain["accuracy"])
        found["accuracy_minus_keras"] = {"difference": difference, "low": low, "high": high}
        rows.append(
            [
                f"{NAMES[name]} ({found['engine']})" if name == OURS else NAMES[name],
                found["fit_seconds"].show(),
                f"{found['ratio']:.2f}",
                found["accuracy"].show_mean(),
                "-" if name == PLAIN else f"{difference:+.3f} ({show_interval(low, high, '+.3f')})",
                found["gflops"].show(".0f"),
                f"{found['share_of_peak']:.0%}",
                "-" if own is None else f"{found['share_of_own_shapes']:.0%}",
                f"{found['memory_mb'].median:.0f}",
            ]
        )
    return rows, {name: to_dicts(found) for name, found in results.items()}


def summary_of(network: str, runs: list[dict[str, Any]], epochs: int) -> dict[str, Any]:
    work = 2 * NETWORKS[network].multiply_adds * NUM_IMAGES * (epochs - 1) / 1e9
    later = [sum(run["epoch_seconds"][1:]) for run in runs]
    return {
        "fit_seconds": spread([run["fit_seconds"] for run in runs]),
        "later_epoch_seconds": spread([seconds / (epochs - 1) for seconds in later]),
        "gflops": spread([work / seconds for seconds in later]),
        "accuracy": spread([100 * run["accuracy"] for run in runs]),
        "memory_mb": spread([run["memory_mb"] for run in runs]),
        "engine": runs[0]["engine"].removeprefix("mnistkit "),
        "runs": runs,
    }


def training_notes(network: str) -> list[str]:
    multiply_adds = NETWORKS[network].multiply_adds
    return [
        (
            f"GFLOPS: {2 * multiply_adds:,} operations an image, the multiplications and additions "
            "of the products and convolutions: forward, the gradient of the weights, and, except "
            "in the first layer, the gradient of the input. Nothing else is counted as work."
        ),
        (
            "Peak: float32 matrix product of 4096 x 4096 by the fastest library here, in the same "
            "rounds. Own shapes: this network's products at its batch size, alone, likewise."
        ),
        "Test accuracy: mean ± standard deviation of one run. Interval: Welch's.",
        (
            "Memory: the highest point of fit, above the imported framework with the images as "
            "uint8. Keras and PyTorch train on float32 images, which are 188 MB of it."
        ),
    ]


def report_convnet_parts(
    report: Report, runs: dict[str, Any], results: dict[str, Any], peak: float
) -> None:
    """Where a step's time goes: parts alone, and what is left between them and the whole."""
    batch, multiply_adds = NETWORKS["convnet"].batch_size, NETWORKS["convnet"].multiply_adds
    steps = -(-NUM_IMAGES // batch)
    alone = {part: spread([1000 * run[part] for run in runs["parts"]]) for part in runs["parts"][0]}
    layers, step = alone.pop("all layers"), alone.pop("whole step")
    ours, plain = (
        spread([1000 * epoch / steps for epoch in results[name]["later_epoch_seconds"]["values"]])
        for name in (OURS, PLAIN)
    )
    parts = {
        **alone,
        "dropout, dense, loss, and what is between": left_over(layers, *alone.values()),
        "optimizer and metrics": left_over(step, layers),
        "choosing the images, dividing by 255, the loop": left_over(ours, step),
        "our step": ours,
        "Keras' step": plain,
    }
    work = {**CONVOLUTIONS, "our step": multiply_adds, "Keras' step": multiply_adds}
    rows, found = [], {}
    for part, milliseconds in parts.items():
        gflops = 2 * work[part] * batch / milliseconds.median / 1e6 if part in work else None
        found[part] = {"milliseconds": milliseconds.to_dict(), "gflops": gflops}
        rates = ("-", "-") if gflops is None else (f"{gflops:.0f}", f"{gflops / peak:.0%}")
        share = f"{milliseconds.median / ours.median:.0%}"
        rows.append([part, milliseconds.show(), share, *rates])
    report.add(
        "convnet: where a step of 128 images goes",
        ("", "ms", "of our step", "GFLOPS", "of the peak"),
        rows,
        found,
        notes=[
            (
                "The first four: forward and backward of these alone by `tf.function`, on a fixed "
                "batch. The next three: what the whole takes more than its parts, round by round; "
                "such differences hold the noise of all that they are made of."
            ),
        ],
    )


def left_over(whole: Spread, *parts: Spread) -> Spread:
    """What is left of the whole, round by round."""
    rounds = zip(whole.values, *(part.values for part in parts), strict=True)
    return spread([total - sum(rest) for total, *rest in rounds])


def to_dicts(content: dict[str, Any]) -> dict[str, Any]:
    """The same with every `Spread` as a dictionary."""
    return {
        key: value.to_dict()
        if isinstance(value, Spread)
        else to_dicts(value)
        if isinstance(value, dict)
        else value
        for key, value in content.items()
    }


# The whole process


def report_process(report: Report, rounds: int, epochs: int) -> None:
    """From the start of Python to the printed accuracy."""
    with tempfile.TemporaryDirectory() as folder:
        archive = Path(folder) / "mnist.npz"
        (x_train, y_train), (x_test, y_test) = mnistkit.load_data("mnist")
        np.savez_compressed(archive, x_train=x_train, y_train=y_train, x_test=x_test, y_test=y_test)
        scripts = {OURS: WITH_MNISTKIT, PLAIN: WITH_KERAS}
        runs = take_turns(
            {
                name: partial(seconds_until_printed, script.format(epochs=epochs), archive)
                for name, script in scripts.items()
            },
            rounds,
        )
    seconds = {name: spread(values) for name, values in runs.items()}
    ours = seconds[OURS].median
    report.add(
        f"Whole process: import, load, train dense128 for {epochs} epochs, test, print",
        ("", "s", "times ours"),
        [
            [NAMES[name], found.show(".1f"), f"{found.median / ours:.2f}"]
            for name, found in seconds.items()
        ],
        {"seconds": to_dicts(seconds), "ratio": seconds[PLAIN].median / ours},
        notes=[
            (
                "Until the accuracy is printed; both with Adam 0.001, batch 32. The script in "
                "plain Keras reads the same images by `np.load` from a compressed archive, and so "
                "does without the check of the hash in `keras.datasets.mnist.load_data`."
            ),
        ],
    )


def seconds_until_printed(script: str, archive: Path, _: int) -> float:
    with tempfile.TemporaryFile() as complaints:
        begin = time.perf_counter()
        with subprocess.Popen(
            [sys.executable, "-c", script, str(archive)],
            stdout=subprocess.PIPE,
            stderr=complaints,
            text=True,
        ) as process:
            assert process.stdout is not None
            line = process.stdout.readline()
            seconds = time.perf_counter() - begin
        if process.returncode or not line:
            complaints.seek(0)
            raise SystemExit(f"A script failed:\n{complaints.read().decode(errors='replace')}")
    return seconds


if __name__ == "__main__":
    main()
