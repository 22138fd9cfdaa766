"""Size and accuracy of exported files: ONNX, LiteRT with floats and integers, SavedModel.

``python benchmarks/export.py`` trains `dense128`, `cnn` and the example plugin's `lenet5` on MNIST
by their first recipes, calibrates them on images by writers that were set aside, exports them in
every format, and runs each file on all of MNIST's test images. Nothing is chosen on these.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np

import mnistkit
from measuring import FOLDER, Report, arguments, say
from mnistkit.exporting.formats import FORMATS

sys.path.insert(0, str(FOLDER.parent / "examples" / "plugin" / "src"))
MODELS = {"dense128": "dense128", "cnn": "cnn", "lenet5": "mnistkit_lenet:lenet5"}
FILES = {
    "ONNX": ("model.onnx", None),
    "LiteRT, floats": ("floats.tflite", None),
    "LiteRT, int8": ("int8.tflite", "int8"),
    "SavedModel": ("model", None),
}
_BATCH = 500


def main() -> None:
    parser = arguments(__doc__, "export")
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    report = Report("export", {"seed": str(chosen.seed)})
    mnistkit.quiet_tensorflow()
    data = mnistkit.load_dataset("mnist")
    rows, values = [], {}
    for name, model in MODELS.items():
        say(name)
        trainer = trained(model, data, chosen.seed)
        by_keras = trainer.evaluate(data.test)
        rows.append([name, "Keras", "", f"{by_keras.accuracy:.2%}", ""])
        with tempfile.TemporaryDirectory() as folder:
            for title, (file, quantize) in FILES.items():
                path = Path(folder) / file
                exported = mnistkit.export(trainer, path, quantize=quantize, data=data)
                accuracy = accuracy_of(exported, data.test)
                size, difference = exported.size, exported.agreement.difference
                rows.append(
                    ["", title, f"{size / 1000:,.0f}", f"{accuracy:.2%}", f"{difference:.1g}"]
                )
                values[f"{name}, {title}"] = {**exported.to_dict(), "test_accuracy": accuracy}
    header = ("model", "format", "size, kB", "accuracy on MNIST's test images", "from Keras' by")
    report.add("Exported files", header, rows, values)
    report.finish(chosen.out)


def trained(model: str, data: mnistkit.Dataset, seed: int) -> mnistkit.Trainer:
    train, validation = data.train.holdout(0.1, by="writer", seed=seed)
    trainer = mnistkit.Trainer(model, seed=seed)
    trainer.fit(train, verbose=0)
    say(str(trainer.calibrate(validation)))
    return trainer


def accuracy_of(exported: mnistkit.Exported, test: mnistkit.Split) -> float:
    run = FORMATS[exported.format].load(exported.path, exported.metadata.output)
    starts = range(0, len(test), _BATCH)
    found = [run(test.images[start : start + _BATCH]).argmax(axis=1) for start in starts]
    return float((np.concatenate(found) == test.labels).mean())


if __name__ == "__main__":
    main()
