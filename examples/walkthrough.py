"""The walkthrough: load MNIST, train a small network, see how good it is and what it reads.

Run it with ``python examples/walkthrough.py``; it takes a quarter of a minute. Pictures and the
trained model go to the folder ``walkthrough-output``, or to the one given as an argument.
"""

from __future__ import annotations

import sys
from pathlib import Path

import matplotlib.pyplot as plt

import mnistkit


def main(folder: Path) -> None:
    mnistkit.quiet_tensorflow()  # without TensorFlow's start-up messages
    folder.mkdir(parents=True, exist_ok=True)

    print("1. Load the data")
    data = load_digits()
    print(f"   {data.train}")
    print(f"   {data.test}")
    print(f"   Pixels are whole numbers from {data.train.images.min()} (paper) to "
          f"{data.train.images.max()} (ink); the trainer divides them by 255.")  # fmt: skip

    print("2. Build the model: Flatten -> Dense(128, relu) -> Dense(10, softmax)")
    model = mnistkit.create_model("dense128")
    print(f"   {model.count_params():,} numbers to learn")

    print("3. Train it: Adam, sparse categorical cross-entropy, 6 epochs")
    trainer = mnistkit.Trainer(model)
    history = trainer.fit(data.train, validation=0.1, epochs=6)
    print_history(history.history)

    print("4. Test it on digits that it has never seen")
    result = trainer.evaluate(data.test)
    print(f"   {result}")

    print("5. Draw pictures and save everything")
    pictures = {
        "digits.png": mnistkit.plot_digits(data.train),
        "predictions.png": mnistkit.plot_predictions(data.test, result),
        "mistakes.png": mnistkit.plot_mistakes(data.test, result),
        "confusion_matrix.png": mnistkit.plot_confusion_matrix(result),
        "history.png": mnistkit.plot_history(history)[0],
    }
    for name, axes in pictures.items():
        save_picture(axes, folder / name)
    trainer.save(folder / "run")
    trainer.model.save(folder / "model.keras")

    print(f"Done. In {folder}:")
    print(f"   {', '.join(pictures)}")
    print("   run/         the trained model: mnistkit.Trainer.load(...), mnistkit evaluate ...")
    print("   model.keras  the same for Keras alone: keras.saving.load_model(...)")


def load_digits() -> mnistkit.Dataset:
    """MNIST; or, if it cannot be downloaded, the small digits that come with scikit-learn."""
    try:
        return mnistkit.load_dataset("mnist")
    except (mnistkit.errors.DownloadError, mnistkit.errors.CacheError) as error:
        print(f"   MNIST could not be downloaded:\n{error}\n")
        print("   So this goes on with 'digits', 1,797 small digits that come with scikit-learn.")
        print("   THE NUMBERS BELOW ARE NOT MNIST'S.")
        return mnistkit.load_dataset("digits")


def print_history(history: dict[str, list[float]]) -> None:
    print("   epoch  training loss  accuracy   validation loss  accuracy")
    names = ("loss", "accuracy", "val_loss", "val_accuracy")
    for epoch, row in enumerate(zip(*(history[name] for name in names), strict=True), start=1):
        loss, accuracy, val_loss, val_accuracy = row
        print(
            f"   {epoch:5}  {loss:13.4f}  {accuracy:8.2%}   {val_loss:15.4f}  {val_accuracy:8.2%}"
        )


def save_picture(axes: plt.Axes, path: Path) -> None:
    axes.figure.savefig(path, dpi=150, bbox_inches="tight")
    plt.close(axes.figure)


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "walkthrough-output"))
