"""Data of one's own: a folder with one sub-folder of pictures a class.

Without an argument the script makes such a folder first, of digits that come with scikit-learn,
drawn dark on light paper as a scanner sees them. With an argument it takes that folder.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from PIL import Image, ImageOps

import mnistkit


def main(folder: Path) -> None:
    mnistkit.quiet_tensorflow()  # without TensorFlow's start-up messages
    data = mnistkit.Dataset.from_folder(folder, test=0.2)
    print(data)
    model = mnistkit.create_model("dense128", num_classes=len(data.classes))
    trainer = mnistkit.Trainer(model)
    trainer.fit(data.train, epochs=10)
    print(trainer.evaluate(data.test).report())


def make_pictures(folder: Path) -> None:
    """Write digits as dark ink on light paper, 56x56, one sub-folder a class."""
    split = mnistkit.load_dataset("digits").train
    for number, (image, label) in enumerate(zip(split.images, split.labels, strict=True)):
        path = folder / split.classes[label] / f"{number:04d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        ImageOps.invert(Image.fromarray(image)).resize((56, 56)).save(path)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(Path(sys.argv[1]))
    else:
        with tempfile.TemporaryDirectory() as temporary:
            pictures = Path(temporary) / "scanned"
            make_pictures(pictures)
            main(pictures)
