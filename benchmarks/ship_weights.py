"""Make the weights that come with the package, and their card, from a training of `accuracy.py`.

``python benchmarks/ship_weights.py dense128`` trains by the row's recipe with seed 0, unless
`accuracy.py` has done so already, measures the weights on several data sets, and writes both files
to ``src/mnistkit/models/weights``. Seed 0 is taken because it is the first: nothing is chosen.
``handwriting`` takes what ``handwriting.py`` has trained with seed 0; the temperature is what its
``--holdout`` has fitted.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import tempfile
from pathlib import Path
from typing import Any

import keras
import numpy as np

import mnistkit
from accuracy import ROWS, RUNS, compare_rows
from handwriting import RUNS as HANDWRITING_RUNS
from measuring import FOLDER
from mnistkit.comparison import load_comparison
from mnistkit.comparison.contender import folder_name
from mnistkit.models import Measurement, ModelCard, count_multiply_adds, note_temperature
from mnistkit.recognition.network import Network
from mnistkit.recognition.onnx_network import onnx_logits

TARGET = FOLDER.parent / "src" / "mnistkit" / "models" / "weights"
TESTS = {"mnist": "test", "usps": "test", "digits": "test"}
SEED = 0
HANDWRITING = "python benchmarks/handwriting.py --seeds 1"
LICENCE = (
    "Licensed as the package is. MNIST, on which they were trained, is under CC BY-SA 3.0; whether "
    "that reaches weights is not settled, so keep the attribution: Y. LeCun and C. Cortes."
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    rows = [row for row in ROWS if ROWS[row].dataset == "mnist" and ROWS[row].contender.recipe]
    parser.add_argument("row", choices=[*rows, "handwriting"])
    parser.add_argument(
        "--temperature", type=float, default=1.0, help="what the logits are divided by"
    )
    chosen = parser.parse_args()
    folder, seconds = trained(chosen.row)
    model = mnistkit.Trainer.load(folder).model
    temperature = round(chosen.temperature, 4)
    note_temperature(model, temperature)
    network = exported(model)
    card = make_card(folder, model, network, seconds, temperature)
    target = TARGET / card.model
    target.mkdir(exist_ok=True)
    (target / f"{card.name}.onnx").write_bytes(network)
    (target / f"{card.name}.npz").write_bytes((folder / "weights.npz").read_bytes())
    text = json.dumps(card.to_dict(), indent=2) + "\n"
    (target / f"{card.name}.json").write_text(text, encoding="utf-8")
    print(card)


def trained(row: str) -> tuple[Path, float]:
    """The folder of the run, and its seconds; what is there is not trained again."""
    if row == "handwriting":
        folder = HANDWRITING_RUNS / f"{row}-{SEED}"
        measured = json.loads((folder / "measured.json").read_text(encoding="utf-8"))
        return folder, measured["fit_seconds"]
    if errors := compare_rows({row: SEED + 1}):
        raise SystemExit("\n".join(errors))
    title = ROWS[row].contender.name
    runs = RUNS / ROWS[row].dataset
    return (
        runs / folder_name(title) / f"seed-{SEED}",
        load_comparison(runs)[title].costs[SEED].fit_seconds,
    )


def exported(model: keras.Model) -> bytes:
    """The network from images in [0, 1] to logits, since the eleventh class is weighed later."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        data = mnistkit.load_dataset("mnist")
        mnistkit.export(model, path, input_type="float32", output="logits", data=data)
        return path.read_bytes()


def make_card(
    folder: Path, model: keras.Model, network: bytes, fit_seconds: float, temperature: float
) -> ModelCard:
    run = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    content = (folder / "weights.npz").read_bytes()
    name = run["data"]["name"].partition(" ")[0]  # "mnist train"
    return ModelCard(
        model=run["model"]["name"],
        name=name,
        options=given_options(run),
        sha256=hashlib.sha256(content).hexdigest(),
        size=len(content),
        onnx_sha256=hashlib.sha256(network).hexdigest(),
        temperature=temperature,
        parameters=model.count_params(),
        multiply_adds=count_multiply_adds(model),
        trained_on=run["data"],
        recipe=run["recipe"],
        seed=run["seed"],
        command=HANDWRITING if name == "handwriting" else command_line(run),
        versions=run["versions"],
        fit_seconds=round(fit_seconds, 1),
        machine=f"{run['machine']['processor']}, {run['machine']['processors']} processors",
        measurements=tuple(measure(Network("", onnx_logits(network), temperature))),
        licence=LICENCE,
    )


def given_options(run: dict[str, Any]) -> dict[str, Any]:
    """Without the builder's defaults."""
    model = run["model"]
    return {name: v for name, v in model["options"].items() if name not in model["defaults"]}


def command_line(run: dict[str, Any]) -> str:
    model, options = run["model"]["name"], given_options(run)
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
    return (
        f"mnistkit train {model}{extra} --recipe {recipe} --seed {run['seed']} "
        "--dataset mnist --out runs/weights"
    )


def measure(network: Network) -> list[Measurement]:
    rows = []
    for name, part in TESTS.items():
        split = getattr(mnistkit.load_dataset(name), part)
        probabilities, _ = network.classify(split.images)
        result = mnistkit.Evaluation.from_probabilities(
            split.labels, probabilities, writers=split.writers
        )
        rows.append(
            Measurement(
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
