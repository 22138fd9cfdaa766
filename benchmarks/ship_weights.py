"""Make the weights that come with the package, and their card, from a training of `accuracy.py`.

``python benchmarks/ship_weights.py dense128`` trains by the row's recipe with seed 0, unless
`accuracy.py` has done so already, and makes of the run what `mnistkit weights` makes of any: the
files in ``src/mnistkit/models/weights``. Seed 0 is taken because it is the first: nothing is
chosen. ``handwriting`` takes what ``handwriting.py`` has trained with seed 0; the temperature is
what its ``--holdout`` has fitted.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from pathlib import Path

import mnistkit
from accuracy import ROWS, RUNS, compare_rows
from handwriting import RUNS as HANDWRITING_RUNS
from measuring import FOLDER
from mnistkit.comparison.contender import folder_name
from mnistkit.models import note_temperature

TARGET = FOLDER.parent / "src" / "mnistkit" / "models" / "weights"
ALSO_ON = ("mnist", "usps", "digits")
SEED = 0
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
    parser.add_argument("--out", type=Path, default=TARGET, help="a folder for each model is in it")
    chosen = parser.parse_args()
    run = trained(chosen.row)
    trainer = mnistkit.Trainer.load(run)
    model, name = mnistkit.models.spec_of(trainer.model).name, trainer.data_name
    with tempfile.TemporaryDirectory() as work:
        if chosen.temperature != 1:
            note_temperature(trainer.model, round(chosen.temperature, 4))
            run = trainer.save(Path(work, "run"))
        also_on = [data for data in ALSO_ON if data != name]
        card = mnistkit.package_weights(run, Path(work, "new"), also_on=also_on, licence=LICENCE)
        target = chosen.out / model
        target.mkdir(parents=True, exist_ok=True)
        for file in Path(work, "new").iterdir():
            shutil.move(file, target / file.name)
    print(card)


def trained(row: str) -> Path:
    """The folder of the run; what is there is not trained again."""
    if row == "handwriting":
        return HANDWRITING_RUNS / f"{row}-{SEED}"
    if errors := compare_rows({row: SEED + 1}):
        raise SystemExit("\n".join(errors))
    title = ROWS[row].contender.name
    return RUNS / ROWS[row].dataset / folder_name(title) / f"seed-{SEED}"


if __name__ == "__main__":
    main()
