"""Photos of a digit on paper."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from PIL import Image

from mnistkit.synthesis.camera import cast_shadow, photograph, uneven_light
from mnistkit.synthesis.ink import Box, Pen, apply_ink, write
from mnistkit.synthesis.pen_path import PenPath
from mnistkit.synthesis.randomness import Array, Random, log_uniform, pick
from mnistkit.synthesis.sheets import blank_sheet, rule_lines
from mnistkit.synthesis.transforms import (
    move,
    perspective,
    rotation,
    scaling,
    translation,
    writing_pose,
)

INKS = {
    "black": (0.15, 0.15, 0.17),
    "blue": (0.14, 0.22, 0.60),
    "navy": (0.12, 0.15, 0.34),
    "red": (0.75, 0.14, 0.18),
    "green": (0.10, 0.48, 0.28),
    "violet": (0.42, 0.18, 0.60),
    "lead": (0.42, 0.42, 0.44),
    "iron-gall": (0.24, 0.17, 0.13),
}


def pen_of(sort: str, rng: Random, ink: str | None = None) -> Pen:
    """A pen of its sort, no two alike."""
    colour = INKS[ink or pick(rng, "black", "black", "blue", "blue", "navy")]
    if sort == "ball-pen":
        gaps = rng.uniform(0, 0.25) if rng.random() < 0.4 else 0
        pen = Pen(rng.uniform(0.4, 0.8), strength=rng.uniform(0.75, 0.95), gaps=gaps, streaks=0.15)
    elif sort == "gel":
        pen = Pen(rng.uniform(0.35, 0.8), pressure=0.05)
    elif sort == "felt":
        pen = Pen(rng.uniform(0.9, 2.2), pressure=0.08, ragged=rng.uniform(0, 0.5), streaks=0.1)
    elif sort == "marker":
        ragged, streaks = rng.uniform(0, 0.7), rng.uniform(0.05, 0.35)
        pen = Pen(rng.uniform(3, 6), pressure=0.05, ragged=ragged, streaks=streaks)
    elif sort == "pencil":
        colour = INKS["lead"]
        strength, grain = rng.uniform(0.5, 1.0), rng.uniform(0.2, 0.5)
        pen = Pen(rng.uniform(0.4, 0.7), strength=strength, pressure=0.2, ragged=0.5, grain=grain)
    else:
        nib = rng.uniform(0.25, 0.6)
        colour = INKS["iron-gall"]
        pen = Pen(rng.uniform(0.8, 1.4), pressure=0.2, ragged=0.6, streaks=0.2, nib=nib)
    hue = 0.0 if sort == "pencil" else 0.12
    tint = rng.uniform(0.85, 1.15) * rng.uniform(1 - hue, 1 + hue, 3)
    return replace(pen, colour=tuple((np.array(colour) * tint).tolist()))


@dataclass(frozen=True)
class Scene:
    """What stands before the camera, and the camera.

    Attributes
    ----------
    shape : tuple of int
        Height and width of the picture.
    pen : Pen
    fill : float
        The digit's longer side as a share of the picture's shorter one.
    millimetres : float
        The digit's longer side on the paper.
    paper, lines, place : str
        One of `PAPERS`; "", "ruled" or "squared"; "anywhere", "centre" or "border".
    turn, tilt : float
        Degrees; how strong the perspective is.
    exposure, gradient, vignette, shadow, soft : float
        How bright white paper is; the light and the shadow, as in `uneven_light` and `cast_shadow`.
    blur, defocus, motion : float
        In pixels; as a share of the stroke's width; in pixels.
    noise : float
        Standard deviation in grey levels.
    quality : int, optional
        Of the JPEG file.
    """

    shape: tuple[int, int]
    pen: Pen
    fill: float
    millimetres: float
    paper: str = "white"
    lines: str = ""
    place: str = "anywhere"
    turn: float = 0.0
    tilt: float = 0.0
    exposure: float = 0.9
    gradient: float = 0.0
    vignette: float = 0.0
    shadow: float = 0.0
    soft: float = 0.0
    blur: float = 0.5
    defocus: float = 0.0
    motion: float = 0.0
    noise: float = 2.0
    quality: int | None = 85


def frame(rng: Random, low: float, high: float, max_side: int | None) -> tuple[int, int]:
    """Height and width of a picture, portrait or landscape, its longer side within the limits."""
    side = log_uniform(rng, low, high)
    if max_side and side > max_side:
        side = max_side * rng.uniform(0.6, 1)
    ratio = pick(rng, 3 / 4, 9 / 16, 1.0, rng.uniform(0.6, 1))
    sides = (max(28, round(side)), max(28, round(side * ratio)))
    return sides if rng.random() < 0.6 else sides[::-1]


def digit_size(sort: str, rng: Random) -> float:
    """How many millimetres high one writes with a pen of its sort."""
    return log_uniform(rng, *{"felt": (12, 40), "marker": (30, 90)}.get(sort, (5, 16)))


def usual_scene(rng: Random, max_side: int | None) -> Scene:
    """A photo that does not ask for much."""
    sort = pick(rng, "ball-pen", "ball-pen", "gel", "felt", "felt", "pencil")
    return Scene(
        shape=frame(rng, 100, 4000 if rng.random() < 0.03 else 1500, max_side),
        pen=pen_of(sort, rng),
        fill=rng.uniform(0.25, 0.75),
        millimetres=digit_size(sort, rng),
        turn=rng.normal(0, 3),
        tilt=abs(rng.normal(0, 0.04)),
        exposure=rng.uniform(0.65, 1.0),
        gradient=rng.uniform(0, 0.12),
        vignette=rng.uniform(0, 0.12),
        blur=rng.uniform(0.3, 0.9),
        noise=rng.uniform(0.5, 4),
        quality=int(rng.integers(70, 96)),
    )


def written_with(sort: str, rng: Random, ink: str | None = None, **changes: Any) -> dict[str, Any]:
    """Changes to a scene: another pen, and digits of the size that one writes with it."""
    return {"pen": pen_of(sort, rng, ink), "millimetres": digit_size(sort, rng), **changes}


def shadowed(rng: Random, **changes: Any) -> dict[str, Any]:
    """Changes to a scene: a shadow across it."""
    soft = log_uniform(rng, 0.003, 0.08)
    return {"shadow": rng.uniform(0.25, 0.6), "soft": soft, "exposure": 0.95, **changes}


def squared(rng: Random, **changes: Any) -> dict[str, Any]:
    """Digits that span one to four squares of 5 mm."""
    millimetres = rng.uniform(5, 20)
    sort = pick(rng, "ball-pen", "gel", "pencil", *["felt"] * (millimetres > 10))
    pen = pen_of(sort, rng)
    return {"lines": "squared", "pen": pen, "millimetres": millimetres, **changes}


def ruled(rng: Random, **changes: Any) -> dict[str, Any]:
    """Changes to a scene: ruled paper."""
    paper = pick(rng, "white", "white", "cream")
    return {"lines": "ruled", "paper": paper, "millimetres": rng.uniform(5, 18), **changes}


def tinted_paper(rng: Random) -> str:
    """Paper that is not white."""
    return str(pick(rng, "cream", "grey", "recycled"))


def faint(pen: Pen, strength: float) -> Pen:
    """The same pen with less ink."""
    return replace(pen, strength=strength)


def thin_pen(rng: Random) -> dict[str, Any]:
    """A ball-pen's line down to 2 pixels in a picture of 2,000."""
    pen = replace(pen_of("ball-pen", rng), millimetres=0.4, strength=rng.uniform(0.4, 0.85))
    return {"pen": pen, "millimetres": log_uniform(rng, 8, 40), "fill": rng.uniform(0.15, 0.6)}


def anything(rng: Random) -> dict[str, Any]:
    """Several difficulties at once."""
    changes: dict[str, Any] = {}
    for name in rng.permutation([*PHOTOS])[: rng.integers(2, 5)].tolist():
        if name != "anything":
            changes |= PHOTOS[name](rng)
    return changes


# What makes the usual scene hard.
PHOTOS: dict[str, Callable[[Random], dict[str, Any]]] = {
    "white": lambda rng: {"fill": rng.uniform(0.2, 0.8)},
    "tinted-paper": lambda rng: {"paper": tinted_paper(rng)},
    "recycled": lambda _: {"paper": "recycled"},
    "ruled": ruled,
    "squared": squared,
    "squared-shadow": lambda rng: squared(rng, **shadowed(rng, defocus=rng.uniform(0.1, 0.5))),
    "ruled-shadow": lambda rng: ruled(rng, **shadowed(rng, defocus=rng.uniform(0, 0.4))),
    "shadow": lambda rng: shadowed(rng, paper=pick(rng, "white", "white", "cream", "grey")),
    "uneven-light": lambda rng: {
        "gradient": rng.uniform(0.2, 0.45),
        "vignette": rng.uniform(0.1, 0.5),
        "exposure": rng.uniform(0.5, 0.95),
    },
    "pencil": lambda rng: written_with("pencil", rng),
    "faint-pencil": lambda rng: {
        "pen": faint(pen_of("pencil", rng), rng.uniform(0.25, 0.45)),
        "millimetres": digit_size("pencil", rng),
        "noise": rng.uniform(0.5, 2.5),
    },
    "thin-ball-pen": thin_pen,
    "marker": lambda rng: written_with(
        "marker", rng, pick(rng, "black", "black", "blue", "red", "green", "violet")
    ),
    "coloured-ink": lambda rng: written_with(
        pick(rng, "ball-pen", "gel", "felt"), rng, pick(rng, "blue", "red", "green", "violet")
    ),
    "low-contrast": lambda rng: {
        "pen": faint(pen_of("felt", rng), rng.uniform(0.12, 0.3)),
        "millimetres": digit_size("felt", rng),
        "paper": pick(rng, "white", "cream", "grey"),
        "exposure": rng.uniform(0.5, 0.95),
        "noise": rng.uniform(0.5, 2),
    },
    "blurred": lambda rng: {
        "defocus": rng.uniform(0.4, 0.9),
        "motion": rng.uniform(0, 4) if rng.random() < 0.3 else 0,
    },
    "dark-noisy": lambda rng: {"exposure": rng.uniform(0.25, 0.5), "noise": rng.uniform(4, 12)},
    "jpeg": lambda rng: {"quality": int(rng.integers(15, 61)), "noise": rng.uniform(1, 7)},
    "small": lambda rng: {"fill": log_uniform(rng, 0.06, 0.2)},
    "filling": lambda rng: {"fill": rng.uniform(0.85, 1.25), "place": "centre"},
    "border": lambda rng: {"fill": rng.uniform(0.3, 0.8), "place": "border"},
    "tilted": lambda rng: {"turn": rng.uniform(-12, 12), "tilt": rng.uniform(0.1, 0.3)},
    "anything": anything,
}


def place(low: Array, high: Array, shape: tuple[int, int], where: str, rng: Random) -> Array:
    """How far ink between the corners `low` and `high` is moved right and down."""
    room = np.array(shape[::-1]) - (high - low)
    share = 0.5 + rng.normal(0, 0.05, 2) if where == "centre" else rng.uniform(0.03, 0.97, 2)
    if where == "border":
        share[rng.integers(2)] = rng.integers(2)
    moved: Array = np.clip(share, 0, 1) * room - low
    return moved


def photo(pen_path: PenPath, scene: Scene, rng: Random) -> tuple[Array, Box]:
    """The picture, and the box of the ink."""
    shape, short = scene.shape, min(scene.shape)
    size = max(scene.fill * short, 22.0)
    relative = min(max(scene.pen.millimetres / scene.millimetres, 1.2 / size), pen_path.widest)
    blob = rng.random() < 0.15 and relative > 0.6 * pen_path.width
    relative = max(relative, pen_path.width) if blob else relative
    direction = rng.uniform(0, 2 * np.pi)
    lens = scene.tilt / max(shape) * np.array([np.cos(direction), np.sin(direction)])
    camera = perspective(*lens) @ rotation(scene.turn)
    pose = writing_pose(rng)
    points = move(camera @ scaling(size) @ pose, pen_path.outline)
    reach = relative * size / 2 + 1
    extent = np.ptp(points, axis=0) + 2 * reach
    size *= min(1.0, float(np.min(0.99 * np.array(shape[::-1]) / extent)))
    width = relative * size
    points = move(camera @ scaling(size) @ pose, pen_path.outline)
    reach = width / 2 if scene.place == "border" else width / 2 + 1
    moved = place(points.min(0) - reach, points.max(0) + reach, shape, scene.place, rng)
    camera = translation(*moved) @ camera

    # What is out of focus, or hardly wider than a pixel, needs ink to be seen.
    least = 0.15 + 0.5 * scene.defocus + 0.25 * (width < 2.5) + 0.2 * (scene.exposure < 0.5)
    least += 0.2 * (scene.shadow > 0) + 0.15 * bool(scene.lines)
    pen = replace(scene.pen, strength=max(scene.pen.strength, least))
    picture = blank_sheet(scene.paper, shape, rng)
    print_lines(picture, scene, camera @ scaling(size / scene.millimetres), rng)
    patch = write(pen_path, camera @ scaling(size) @ pose, pen, width, shape, rng, blob=blob)
    apply_ink(picture, patch, pen.colour, pen.strength)
    light = scene.exposure * uneven_light(shape, scene.gradient, scene.vignette, rng)
    if scene.shadow:
        light = light * cast_shadow(shape, scene.shadow, scene.soft, rng)
    warm = rng.uniform(-0.05, 0.12) + (0.15 if rng.random() < 0.15 else 0)
    lamp = np.array([1, 1 - 0.35 * warm + rng.normal(0, 0.008), 1 - warm], np.float32)
    picture *= light[..., None] * lamp
    dark = 1 - float(np.mean(pen.colour))
    contrast = scene.exposure * pen.strength * dark * (1 - 0.5 * pen.grain)
    pixels = photograph(
        picture,
        rng,
        blur=min(scene.blur, 0.5 * width) + min(scene.defocus * width, 0.045 * size),
        motion=min(scene.motion, width),
        # More would hide thin strokes from people, too.
        noise=min(scene.noise, 255 * contrast * min(0.04 * width, 0.15)),
        quality=scene.quality,
    )
    return pixels, patch.box()


def print_lines(picture: Array, scene: Scene, page: Array, rng: Random) -> None:
    """Ruled or squared paper; `page` leads from millimetres around the digit to pixels."""
    if not scene.lines:
        return
    shape = picture.shape[:2]
    colour = pick(rng, (0.45, 0.62, 0.85), (0.55, 0.68, 0.8), (0.6, 0.6, 0.63), (0.66, 0.55, 0.75))
    strength, thick = rng.uniform(0.35, 0.95), rng.uniform(0.15, 0.4)
    skew = rotation(rng.normal(0, 2))
    if scene.lines == "squared":
        spacing, directions = pick(rng, 5.0, 5.0, 5.0, 4.0), "hv"
        start = translation(*rng.uniform(0, spacing, 2))
    else:
        spacing, directions = rng.uniform(6.5, 10), "h"
        down = scene.millimetres / 2 if rng.random() < 0.65 else rng.uniform(0, spacing)
        start = translation(0, down + rng.normal(0, 0.5))
    lines = rule_lines(page @ skew @ start, spacing, directions, thick, shape)
    apply_ink(picture, lines, colour, strength)
    if rng.random() < 0.25:
        aside = pick(rng, -1, 1) * scene.millimetres * rng.uniform(0.4, 2)
        margin = rule_lines(page @ skew @ translation(aside, 0), 5, "margin", 1.2 * thick, shape)
        apply_ink(picture, margin, (0.9, 0.4, 0.42), strength)


def paper_photo(
    kind: str, pen_path: PenPath, rng: Random, max_side: int | None
) -> tuple[Array, Box]:
    """A photo of one of the kinds in `PHOTOS`, and the box of the ink."""
    scene = usual_scene(rng, max_side)
    pixels, box = photo(pen_path, replace(scene, **PHOTOS[kind](rng)), rng)
    if rng.random() < 0.1:  # a file in shades of grey
        pixels = np.asarray(Image.fromarray(pixels).convert("L"))
    return pixels, box
