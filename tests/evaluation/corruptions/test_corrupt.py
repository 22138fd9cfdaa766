from __future__ import annotations

from typing import Any

import hypothesis.extra.numpy as hnp
import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

import mnistkit
from mnistkit import corrupt, list_corruptions
from mnistkit.errors import ImageError, UnknownNameError, WrongTypeError

KINDS = list_corruptions()
WITHOUT_CHANCE = {"scale", "brightness", "stripe", "canny_edges"}
DIGITS = mnistkit.load_dataset("digits").test.images

images = hnp.arrays(np.uint8, st.tuples(st.integers(1, 4), st.just(28), st.just(28)))


def distance(kind: str, severity: float) -> float:
    """How far images are from what they were, in grey levels."""
    changed = corrupt(DIGITS[:100], kind, severity=severity).astype(float)
    return float(np.abs(changed - DIGITS[:100]).mean())


def test_the_kinds_are_those_of_mnist_c() -> None:
    assert len(KINDS) == 15
    assert set(KINDS) >= {"shot_noise", "glass_blur", "scale", "fog", "zigzag", "canny_edges"}


@pytest.mark.parametrize("kind", KINDS)
@given(images, st.floats(0, 5), st.integers(0, 2**70))
@settings(max_examples=8)
def test_shape_type_and_seed(kind: str, given: Any, severity: float, seed: int) -> None:
    before = given.copy()
    once = corrupt(given, kind, severity=severity, seed=seed)
    assert (once.shape, once.dtype) == (given.shape, np.uint8)
    assert np.array_equal(once, corrupt(given, kind, severity=severity, seed=seed))
    assert np.array_equal(given, before)


@pytest.mark.parametrize("kind", KINDS)
def test_another_seed_is_another_chance(kind: str) -> None:
    same = np.array_equal(corrupt(DIGITS[:20], kind), corrupt(DIGITS[:20], kind, seed=1))
    assert same == (kind in WITHOUT_CHANCE)


@pytest.mark.parametrize("kind", KINDS)
def test_the_first_images_do_not_depend_on_those_that_follow(kind: str) -> None:
    many = np.tile(DIGITS, (3, 1, 1))[:1005]  # more than are done at a time
    corrupted = corrupt(many, kind)
    assert np.array_equal(corrupted[:7], corrupt(many[:7], kind))
    assert np.array_equal(corrupted[:1002], corrupt(many[:1002], kind))


@pytest.mark.parametrize("kind", KINDS)
def test_no_severity_changes_nothing_and_more_changes_more(kind: str) -> None:
    assert np.array_equal(corrupt(DIGITS, kind, severity=0), DIGITS)
    small, half, published = (distance(kind, one) for one in (0.1, 0.5, 1.0))
    assert 0 <= small <= half < published
    if kind not in {"canny_edges", "stripe"}:
        assert distance(kind, 2) > published


@pytest.mark.parametrize("kind", KINDS)
def test_images_without_ink_and_images_full_of_it(kind: str) -> None:
    flat = np.stack([np.zeros((28, 28), np.uint8), np.full((28, 28), 255, np.uint8)])
    with np.errstate(all="raise", under="ignore"):
        assert corrupt(flat, kind).shape == (2, 28, 28)


def test_different_kinds_draw_different_numbers() -> None:
    same = np.repeat(DIGITS[:1], 50, axis=0)
    sheared, rotated = (corrupt(same, kind) for kind in ("shear", "rotate"))
    leans, turns = ((one != one[0]).any(axis=(1, 2)) for one in (sheared, rotated))
    assert not np.array_equal(leans, turns)


def test_a_result_is_the_callers_own() -> None:
    corrupted = corrupt(DIGITS, "scale", severity=0)
    corrupted[:] = 7
    assert (DIGITS != 7).any()


def test_floats_and_lists_are_images_too() -> None:
    floats = DIGITS[:2] / 255
    expected = corrupt(DIGITS[:2], "rotate")
    assert np.array_equal(corrupt(floats, "rotate"), expected)
    assert np.array_equal(corrupt(DIGITS[:2].tolist(), "rotate"), expected)


def test_an_unknown_kind() -> None:
    with pytest.raises(UnknownNameError) as caught:
        corrupt(DIGITS, "Motion Blurr")
    assert str(caught.value).startswith(
        "There is no corruption named 'Motion Blurr'. Did you mean 'motion_blur'?\n"
        "Known: shot_noise, impulse_noise, glass_blur,"
    )
    for other in (None, 3, ["fog"]):
        with pytest.raises(UnknownNameError, match="There is no corruption named"):
            corrupt(DIGITS, other)  # type: ignore[arg-type]


@pytest.mark.parametrize("severity", [-0.1, 5.1, float("nan"), float("inf"), "1", None, True])
def test_a_severity_that_makes_no_sense(severity: Any) -> None:
    with pytest.raises(ValueError, match=r"severity=.*: expected a number from 0, which changes"):
        corrupt(DIGITS, "fog", severity=severity)


@pytest.mark.parametrize("seed", [-1, 1.5, "0", None, True])
def test_a_seed_that_makes_no_sense(seed: Any) -> None:
    with pytest.raises(ValueError, match=r"seed=.*: expected a whole number of at least 0\."):
        corrupt(DIGITS, "fog", seed=seed)


@pytest.mark.parametrize(
    ("given", "advice"),
    [
        (np.zeros((28, 28), np.uint8), r"add the first axis: image\[None\]"),
        (np.zeros((2, 28, 28, 1), np.uint8), r"Take off the last axis: images\[\.\.\., 0\]"),
        (np.zeros((2, 32, 32), np.uint8), r"shape \(2, 32, 32\); MNIST-C's corruptions are for"),
        (np.full((2, 28, 28), 300), "outside 0 to 255"),
        (np.zeros((0, 28, 28), np.uint8), "There are no images"),
    ],
)
def test_what_are_no_such_images(given: Any, advice: str) -> None:
    with pytest.raises(ImageError, match=advice):
        corrupt(given, "fog")


@pytest.mark.parametrize(
    ("given", "named"),
    [(mnistkit.load_dataset("digits").test, "a Split"), (None, "None"), ("mnist", "a str")],
)
def test_what_is_no_array(given: Any, named: str) -> None:
    with pytest.raises(WrongTypeError) as caught:
        corrupt(given, "fog")
    assert str(caught.value) == (
        f"corrupt takes an array of images, (n, 28, 28), not {named}. Of a split give its images: "
        "data.test.images."
    )
