"""Reading people's own pictures, without TensorFlow."""

from mnistkit.recognition.digit import Digit, Reading
from mnistkit.recognition.recognize import (
    Explanation,
    Number,
    explain,
    prepare_digit,
    read_number,
    recognize,
)

__all__ = [
    "Digit",
    "Explanation",
    "Number",
    "Reading",
    "explain",
    "prepare_digit",
    "read_number",
    "recognize",
]
