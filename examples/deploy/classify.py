"""Classify 28x28 pictures with an exported network: NumPy, Pillow and onnxruntime, no mnistkit.

    mnistkit export runs/first model.onnx
    python classify.py model.onnx digit.png ...

Ink is light and paper dark, as in MNIST. `mnistkit.recognize` finds the digits in photos.
"""

import json
import sys

import numpy as np
import onnxruntime
from PIL import Image


def main() -> None:
    """Print a line for each picture: its name, its class and the probability."""
    if len(sys.argv) < 3:
        sys.exit("usage: python classify.py model.onnx digit.png ...")
    network, *paths = sys.argv[1:]
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1  # a network of this size is done sooner than threads are woken
    session = onnxruntime.InferenceSession(network, options)
    classes = json.loads(session.get_modelmeta().custom_metadata_map["mnistkit"])["classes"]
    pictures = [Image.open(path).convert("L").resize((28, 28)) for path in paths]
    images = np.stack([np.asarray(picture, dtype=np.uint8) for picture in pictures])
    (probabilities,) = session.run(["probabilities"], {"images": images})
    for path, row in zip(paths, probabilities, strict=True):
        print(f"{path}\t{classes[row.argmax()]}\t{row.max():.4f}")


if __name__ == "__main__":
    main()
