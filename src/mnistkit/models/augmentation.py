"""Augmentation: how training images are varied. Plain settings, part of a recipe."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import astuple, dataclass
from typing import ClassVar

from mnistkit.models.settings import Conversion, Settings, number_from


@dataclass(frozen=True, kw_only=True, repr=False)
class Augmentation(Settings):
    """How training images are varied, each time that they are seen.

    Every image is varied on its own, by amounts drawn evenly from minus to plus the number given
    here; 0 leaves that variation out. The whole is one resampling, so images are blurred once. What
    is drawn depends on seed, epoch and step alone. Digits are never mirrored: a mirrored 2 is none.

    Attributes
    ----------
    rotation : float, default 0.0
        The largest angle, in degrees.
    scale : float, default 0.0
        By what share width and height change, each on its own, at most: 0.1 is 10% smaller to 10%
        larger.
    shear : float, default 0.0
        The largest slant, as the tangent of its angle.
    translation : float, default 0.0
        The longest way right or left, and up or down, in pixels.
    elastic : float, default 0.0
        The standard deviation of a smooth random displacement of every pixel, in pixels, as of
        handwriting on a bus. The idea is that of Simard, Steinkraus & Platt, Best practices for
        convolutional neural networks, ICDAR 2003.
    stroke_width : float, default 0.0
        How much broader or thinner strokes get on each side, in pixels, at most.
    erasing : float, default 0.0
        The longest side of a rectangle that is blanked, as a share of the image's.

    Raises
    ------
    RecipeError
        If a setting is out of its range.

    Examples
    --------
    >>> Augmentation(rotation=10, translation=2)
    Augmentation(rotation=10.0, translation=2.0)
    >>> Augmentation(scale=2)
    Traceback (most recent call last):
        ...
    mnistkit.errors.RecipeError: scale=2: expected a share, from 0 to 0.9.
    """

    rotation: float = 0.0
    scale: float = 0.0
    shear: float = 0.0
    translation: float = 0.0
    elastic: float = 0.0
    stroke_width: float = 0.0
    erasing: float = 0.0

    _kind = "An augmentation"
    _conversions: ClassVar[Mapping[str, Conversion]] = {
        "rotation": (number_from(0, 180), "degrees, from 0 to 180"),
        "scale": (number_from(0, 0.9), "a share, from 0 to 0.9"),
        "shear": (number_from(0, 2), "the tangent of an angle, from 0 to 2"),
        "translation": (number_from(0), "pixels, at least 0"),
        "elastic": (number_from(0), "pixels, at least 0"),
        "stroke_width": (number_from(0, 1), "pixels, from 0 to 1"),
        "erasing": (number_from(0, 1), "a share of the side, from 0 to 1"),
    }

    def __bool__(self) -> bool:
        """Whether anything is varied."""
        return any(astuple(self))

    @property
    def moves_pixels(self) -> bool:
        """Whether images have to be resampled."""
        return any((self.rotation, self.scale, self.shear, self.translation, self.elastic))
