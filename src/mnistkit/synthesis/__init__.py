"""Digits written on paper: pictures to measure on, and the data set "handwriting" to train on.

Each picture starts from a digit of MNIST, is reduced to the path of the pen, and is written again:
with another pen, on another ground, in another light. The values of pictures are worked on as they
are shown, between 0 and 1, not as linear light. For shadows and inks, which are products, it makes
no difference: a power of a product is a product.
"""

from mnistkit.synthesis.kinds import (
    CROPS,
    DRAWINGS,
    KINDS,
    PAPER,
    SCANS,
    RenderedDigit,
    render_digit,
)

__all__ = ["CROPS", "DRAWINGS", "KINDS", "PAPER", "SCANS", "RenderedDigit", "render_digit"]
