"""corrupt: images as they look after something that happens to pictures."""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Iterable
from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import ArrayLike, NDArray

from mnistkit.errors import ImageError, UnknownNameError, WrongTypeError
from mnistkit.evaluation.corruptions.blur import glass_blur, motion_blur
from mnistkit.evaluation.corruptions.edges import canny_edges
from mnistkit.evaluation.corruptions.lines import dotted_line, zigzag
from mnistkit.evaluation.corruptions.noise import impulse_noise, shot_noise
from mnistkit.evaluation.corruptions.tone import brightness, stripe
from mnistkit.evaluation.corruptions.warps import rotate, scale, shear, translate
from mnistkit.evaluation.corruptions.weather import fog, spatter
from mnistkit.images.normalize import to_uint8, to_unit_floats
from mnistkit.messages import shown, with_article

Corruption = Callable[[NDArray[np.float32], float, Generator], NDArray[np.float32]]

# In the order of the paper. Where a corruption stands here is part of its seed: append others.
_CORRUPTIONS: dict[str, Corruption] = {
    "shot_noise": shot_noise,
    "impulse_noise": impulse_noise,
    "glass_blur": glass_blur,
    "motion_blur": motion_blur,
    "shear": shear,
    "scale": scale,
    "rotate": rotate,
    "brightness": brightness,
    "translate": translate,
    "stripe": stripe,
    "fog": fog,
    "spatter": spatter,
    "dotted_line": dotted_line,
    "zigzag": zigzag,
    "canny_edges": canny_edges,
}
_SHAPE = (28, 28)
_MOST_SEVERE = 5.0
_NO_GREY_LEVEL = 1e-6  # a severity that changes nothing yet
_BLOCK = 1000  # images at a time: little memory, and the processor's cache


def list_corruptions() -> list[str]:
    """The kinds of corruption that `corrupt` knows, those of MNIST-C, in the paper's order.

    Examples
    --------
    >>> import mnistkit
    >>> len(mnistkit.list_corruptions())
    15
    >>> mnistkit.list_corruptions()[:3]
    ['shot_noise', 'impulse_noise', 'glass_blur']
    """
    return [*_CORRUPTIONS]


def corrupt(
    images: ArrayLike, kind: str, *, severity: float = 1.0, seed: int = 0
) -> NDArray[np.uint8]:
    """Corrupt images in one of MNIST-C's 15 ways.

    The settings are those that MNIST-C was made with. Its makers did not seed their generator, so
    nobody can make the published images again: what is made here is MNIST-C-like, and results on it
    are not results on MNIST-C. The published images are the data sets ``mnist_c/<kind>``.

    Parameters
    ----------
    images : array_like, shape (n, 28, 28)
        Integers in 0-255 or floats in [0, 1]; 0 is paper, full is ink. Of a split, its ``images``.
    kind : str
        One of `list_corruptions`.
    severity : float, default 1.0
        From 0, which changes nothing, to 5; 1 is as published. It is a factor of the setting, see
        the notes.
    seed : int, default 0
        The same seed corrupts in the same way, on the same versions of NumPy and SciPy. What
        happens to an image depends on the seed and on its position, not on the other images: the
        first hundred are corrupted in the same way however many follow.

    Returns
    -------
    numpy.ndarray of uint8, shape (n, 28, 28)

    Raises
    ------
    UnknownNameError
        If there is no such kind.
    WrongTypeError
        If it is given another kind of object, such as a split.
    ImageError
        If they are no images, or of another shape.
    ValueError
        If the severity or the seed makes no sense.

    Notes
    -----
    What each does, and what `severity` (s) is a factor of:

    =================  ======================================================================
    ``shot_noise``     photons are counted, 3 / s of them for full ink
    ``impulse_noise``  0.17 s of the pixels are dead, half of them ink, half of them paper
    ``glass_blur``     smoothed by 0.7 s, pixels swapped with others 1 s away, smoothed again
    ``motion_blur``    smeared by 3 s pixels, at most 10 s, at an angle within 45 degrees
    ``shear``          by 0.4 s to the left or to the right
    ``scale``          to 0.7 to the power of s of its size
    ``rotate``         by 0.4 s radians to the left or to the right
    ``brightness``     0.5 s of full ink is added everywhere
    ``translate``      by 3 s pixels, across and up or down
    ``stripe``         7 s columns at the left and at the right are inverted
    ``fog``            clouds, 3 s times as strong as ink
    ``spatter``        mud wherever smoothed splashes are denser than 1 - 0.2 s
    ``dotted_line``    from left to right, s times as strong as ink in its middle
    ``zigzag``         the same, up and down
    ``canny_edges``    only edges, for a share of s; from 1 on nothing else
    =================  ======================================================================

    References
    ----------
    N. Mu, J. Gilmer, "MNIST-C: A robustness benchmark for computer vision", ICML 2019 Workshop on
    Uncertainty and Robustness in Deep Learning, arXiv:1906.02337.

    Examples
    --------
    >>> import mnistkit
    >>> test = mnistkit.load_dataset("digits").test
    >>> foggy = mnistkit.corrupt(test.images, "fog")
    >>> foggy.shape, foggy.dtype
    ((360, 28, 28), dtype('uint8'))
    """
    corruption, index = _found(kind)
    severity, seed = _checked_severity(severity), _checked_seed(seed)
    if not isinstance(images, list | tuple) and not hasattr(images, "__array__"):
        raise WrongTypeError(
            f"corrupt takes an array of images, (n, 28, 28), not {with_article(images)}. Of a "
            "split give its images: data.test.images."
        )
    given = to_uint8(images)
    if given.ndim != 3 or given.shape[1:] != _SHAPE:
        raise ImageError(
            f"The images are of shape {given.shape}; MNIST-C's corruptions are for (n, 28, 28)."
            + (" For a single image add the first axis: image[None]." if given.ndim == 2 else "")
            + (" Take off the last axis: images[..., 0]." if given.shape[3:] == (1,) else "")
        )
    if severity < _NO_GREY_LEVEL:
        return given.copy()
    random = np.random.default_rng([seed, index])
    corrupted = np.empty(given.shape, np.uint8)
    for start in range(0, len(given), _BLOCK):
        block = to_unit_floats(given[start : start + _BLOCK])
        result = corruption(block, severity, random)
        corrupted[start : start + _BLOCK] = np.rint(255 * np.clip(result, 0, 1))
    return corrupted


def checked_kinds(kinds: Any) -> tuple[str, ...]:
    """Several kinds, at least one and each once, or all for None.

    Raises
    ------
    UnknownNameError
        If there is no such kind.
    WrongTypeError
        If it is no list of names.
    ValueError
        If there is none, or one twice.
    """
    if kinds is None:
        return tuple(_CORRUPTIONS)
    if not isinstance(kinds, str | Iterable):
        raise WrongTypeError(f"kinds={shown(kinds)}: expected a list such as ['fog', 'shear'].")
    given = (kinds,) if isinstance(kinds, str) else tuple(kinds)
    for kind in given:
        _found(kind)
    if not given or len(set(given)) < len(given):
        raise ValueError(f"kinds={shown(kinds)}: expected one kind or more, each once.")
    return given


def _found(kind: Any) -> tuple[Corruption, int]:
    """The function of that name, and where it stands."""
    names = list_corruptions()
    if isinstance(kind, str) and kind in _CORRUPTIONS:
        return _CORRUPTIONS[kind], names.index(kind)
    simple = str(kind).lower().replace(" ", "_").replace("-", "_")
    close = difflib.get_close_matches(simple, names, n=1, cutoff=0.5)
    raise UnknownNameError(
        f"There is no corruption named {shown(kind)}."
        + (f" Did you mean {close[0]!r}?" if close else "")
        + f"\nKnown: {', '.join(names)}."
    )


def _checked_severity(severity: Any) -> float:
    is_number = isinstance(severity, Real) and not isinstance(severity, bool)
    if not is_number or not math.isfinite(severity) or not 0 <= severity <= _MOST_SEVERE:
        raise ValueError(
            f"severity={shown(severity)}: expected a number from 0, which changes nothing, to "
            f"{_MOST_SEVERE:g}; 1 is as published."
        )
    return float(severity)


def _checked_seed(seed: Any) -> int:
    if not isinstance(seed, Integral) or isinstance(seed, bool) or seed < 0:
        raise ValueError(f"seed={shown(seed)}: expected a whole number of at least 0.")
    return int(seed)
