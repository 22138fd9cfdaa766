"""Exported files: size and accuracy in every format, calibration, and how fast one starts to read.

``python benchmarks/export.py`` trains `dense128`, `cnn` and the example plugin's `lenet5` on MNIST
by their first recipes, calibrates them on images by writers that were set aside, exports them in
every format, and runs each file on all of MNIST's test images. Nothing is chosen on these. Last,
it reads a picture in fresh processes: with the network that comes with the package, and with the
ONNX file of `cnn`, in turns.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

import mnistkit
from measuring import FOLDER, Report, arguments, at_least, run_command, say, spread, take_turns
from mnistkit.evaluation import at_temperature
from mnistkit.exporting.formats import FORMATS

sys.path.insert(0, str(FOLDER.parent / "examples" / "plugin" / "src"))
MODELS = {"dense128": "dense128", "cnn": "cnn", "lenet5": "mnistkit_lenet:lenet5"}
FILES = {
    "ONNX": ("model.onnx", None),
    "LiteRT, floats": ("floats.tflite", None),
    "LiteRT, int8": ("int8.tflite", "int8"),
    "SavedModel": ("model", None),
}
READER = "cnn"  # the model whose ONNX file reads a picture
_BATCH = 500


def main() -> None:
    parser = arguments(__doc__, "export")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--starts", type=at_least(1), default=9, help="of each, to read a picture")
    chosen = parser.parse_args()
    report = Report("export", {"seed": str(chosen.seed), "starts": str(chosen.starts)})
    mnistkit.quiet_tensorflow()
    data = mnistkit.load_dataset("mnist")
    with tempfile.TemporaryDirectory() as folder:
        trainers = {name: trained(name, data, chosen.seed) for name in MODELS}
        export_all(report, trainers, data, Path(folder))
        calibration(report, trainers, data.test)
        starts(report, Path(folder), data.test, chosen.starts)
    report.finish(chosen.out)


def trained(name: str, data: mnistkit.Dataset, seed: int) -> mnistkit.Trainer:
    say(name)
    train, validation = data.train.holdout(0.1, by="writer", seed=seed)
    trainer = mnistkit.Trainer(MODELS[name], seed=seed)
    trainer.fit(train, verbose=0)
    trainer.calibrate(validation)
    return trainer


def export_all(
    report: Report, trainers: dict[str, mnistkit.Trainer], data: mnistkit.Dataset, folder: Path
) -> None:
    rows, values = [], {}
    for name, trainer in trainers.items():
        rows.append([name, "Keras", "", f"{trainer.evaluate(data.test).accuracy:.2%}", ""])
        for title, (file, quantize) in FILES.items():
            path = folder / f"{name}-{file}"
            exported = mnistkit.export(trainer, path, quantize=quantize, data=data)
            accuracy = accuracy_of(exported, data.test)
            size, difference = exported.size, exported.agreement.difference
            rows.append(["", title, f"{size / 1000:,.0f}", f"{accuracy:.2%}", f"{difference:.1g}"])
            values[f"{name}, {title}"] = {**exported.to_dict(), "test_accuracy": accuracy}
    header = ("model", "format", "kB", "test accuracy", "largest difference from Keras'")
    report.add("Exported files", header, rows, values)


def accuracy_of(exported: mnistkit.Exported, test: mnistkit.Split) -> float:
    run = FORMATS[exported.format].load(exported.path, exported.metadata.output)
    starts = range(0, len(test), _BATCH)
    found = [run(test.images[start : start + _BATCH]).argmax(axis=1) for start in starts]
    return float((np.concatenate(found) == test.labels).mean())


def calibration(
    report: Report, trainers: dict[str, mnistkit.Trainer], test: mnistkit.Split
) -> None:
    """On the test images, which the temperature was not fitted on."""
    rows, values = [], {}
    for name, trainer in trainers.items():
        before = trainer.evaluate(test)
        after = mnistkit.Evaluation.from_probabilities(
            before.labels, at_temperature(before.probabilities, trainer.temperature)
        )
        figures = [before.loss, after.loss, before.calibration_error, after.calibration_error]
        rows.append([name, f"{trainer.temperature:.2f}", *(f"{figure:.4f}" for figure in figures)])
        values[name] = {"temperature": trainer.temperature, "figures": figures}
    header = (
        "model", "temperature", "loss before", "after", "calibration error before", "after",
    )  # fmt: skip
    report.add("Calibration, on MNIST's test images", header, rows, values)


def starts(report: Report, folder: Path, test: mnistkit.Split, count: int) -> None:
    picture = folder / "digit.png"
    Image.fromarray(255 - np.pad(test.images[0], 20)).save(picture)
    file = FILES["ONNX"][0]
    models = {"built in": "cnn", "model.onnx": str(folder / f"{READER}-{file}")}

    def seconds(model: str) -> Any:
        command = [sys.executable, "-m", "mnistkit", "predict", str(picture), "--model", model]

        def once(_: int) -> float:
            begin = time.perf_counter()
            run_command(command)
            return time.perf_counter() - begin

        return once

    contenders = {name: seconds(model) for name, model in models.items()}
    for run in contenders.values():
        run(0)  # files into the system's memory
    found = {name: spread(each) for name, each in take_turns(contenders, count).items()}
    usual = found["built in"].median
    rows = [[name, each.show(".2f"), f"{each.median / usual:.2f}"] for name, each in found.items()]
    values = {name: each.to_dict() for name, each in found.items()}
    report.add("From the start of mnistkit predict to its end", ("", "s", "times"), rows, values)


if __name__ == "__main__":
    main()
