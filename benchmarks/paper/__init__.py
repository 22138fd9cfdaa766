"""Hard pictures of single handwritten digits with known truth: photos, crops, scans, drawings.

Each picture starts from a digit of MNIST, is reduced to the path of the pen, and is written again:
with another pen, on another ground, in another light. The same digit, kind and seed give the same
picture. ``python benchmarks/paper_sheet.py sheet.png`` shows what there is.

The values of pictures are worked on as they are shown, between 0 and 1, not as linear light. For
shadows and inks, which are products, it makes no difference: a power of a product is a product.
"""

from paper.kinds import CROPS, DRAWINGS, KINDS, PAPER, SCANS, Specimen, specimen

__all__ = ["CROPS", "DRAWINGS", "KINDS", "PAPER", "SCANS", "Specimen", "specimen"]
