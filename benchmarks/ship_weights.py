"""Make the weights that come with the package, and their card, from a training of `accuracy.py`.

``python benchmarks/ship_weights.py dense128-fast`` trains by the row's recipe with seed 0, unless
`accuracy.py` has done so already, measures the weights on several data sets, and writes both files
to ``src/mnistkit/models/weights``. Seed 0 is taken because it is the first: nothing is chosen.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

import mnistkit
from accuracy import trained
from measuring import FOLDER
from mnistkit.models.shipped import MeasuredOn, WeightsCard
from trainings import ROWS

TARGET = FOLDER.parent / "src" / "mnistkit" / "models" / "weights"
TESTS = {"mnist": "test", "usps": "test", "digits": "test"}
SEED = 0
LICENCE = (
    "Licensed as the package is. MNIST, on which they were trained, is under CC BY-SA 3.0; whether "
    "that reaches weights is not settled, so keep the attribution: Y. LeCun and C. Cortes."
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("row", choices=[row for row in ROWS if ROWS[row].dataset == "mnist"])
    parser.add_argument("--name", default="mnist", help="what create_model(weights=...) takes")
    parser.add_argument("--folder", type=Path, default=FOLDER / "results" / "trainings")
    chosen = parser.parse_args()
    folder = chosen.folder / f"{chosen.row}-{SEED}"
    measured = trained(chosen.row, SEED, folder)
    run = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    content = (folder / "weights.npz").read_bytes()
    card = make_card(chosen.name, folder, run, measured, content)
    stem = f"{card.model}-{card.name}"
    TARGET.mkdir(exist_ok=True)
    (TARGET / f"{stem}.npz").write_bytes(content)
    text = json.dumps(asdict(card), indent=2) + "\n"
    (TARGET / f"{stem}.json").write_text(text, encoding="utf-8")
    print(card)


def make_card(
    name: str, folder: Path, run: dict[str, Any], measured: dict[str, Any], content: bytes
) -> WeightsCard:
    model, options = run["model"]["name"], dict(run["model"]["options"])
    extra = "".join(
        f" --option {key}={value}"
        for key, value in options.items()
        if key not in ("num_classes", "input_shape")
    )
    recipe = next(
        name
        for name, one in mnistkit.models.recipes_of(mnistkit.models.MODELS.get(model)).items()
        if one.to_dict() == mnistkit.Recipe(**run["recipe"]).to_dict()
    )
    return WeightsCard(
        model=model,
        name=name,
        options=options,
        sha256=hashlib.sha256(content).hexdigest(),
        size=len(content),
        parameters=measured["parameters"],
        multiply_adds=measured["multiply_adds"],
        trained_on=run["data"],
        recipe=run["recipe"],
        seed=run["seed"],
        command=f"mnistkit train {model}{extra} --recipe {recipe} --seed {run['seed']} "
        "--dataset mnist --out runs/weights",
        versions=run["versions"],
        fit_seconds=round(measured["fit_seconds"], 1),
        machine=f"{run['machine']['processor']}, {run['machine']['processors']} processors",
        measured_on=tuple(measure(folder)),
        licence=LICENCE,
    )


def measure(folder: Path) -> list[MeasuredOn]:
    trainer = mnistkit.Trainer.load(folder)
    rows = []
    for name, part in TESTS.items():
        split = getattr(mnistkit.load_dataset(name), part)
        result = trainer.evaluate(split)
        rows.append(
            MeasuredOn(
                data=split.name,
                num_images=len(split),
                accuracy=result.accuracy,
                accuracy_interval=result.accuracy_interval,
                loss=float(result.loss),
                calibration_error=float(np.round(result.calibration_error, 5)),
            )
        )
    return rows


if __name__ == "__main__":
    main()
