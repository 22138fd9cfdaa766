"""Recognition: people's own pictures to digits, without TensorFlow.

A file for each step, in this order: a picture's `background` is removed, its `rule_lines` are
subtracted, it is binarized (`binarize`), its connected `components` are found, without `clutter`,
and make digits (`grouping`), whose `stroke_width` and geometry become MNIST's. `preprocess` does
all this in several ways, hypotheses; the `network` classifies them, `ranking` chooses one,
`rejection` drops what is no digit, and `warnings` makes the `reading`.

The thresholds are named in each file, with their reasons. None was set on test digits; a figure
stands where one was measured.
"""

from mnistkit.recognition.reading import Digit, Reading
from mnistkit.recognition.recognize import (
    Explanation,
    explain,
    prepare_digit,
    recognize,
    recognize_many,
)

__all__ = [
    "Digit",
    "Explanation",
    "Reading",
    "explain",
    "prepare_digit",
    "recognize",
    "recognize_many",
]
