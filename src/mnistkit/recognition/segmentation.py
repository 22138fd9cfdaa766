"""Finding the digits: which pieces of ink belong together, and in which order they are read."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mnistkit.recognition.contrast import Mask

Box = tuple[int, int, int, int]

STAMP = 36
"""Pixels; a picture of this size holds a single digit, cut out by somebody."""
_MAX_PIECES = 400
_WIDEST_GAP = 0.3  # between parts of a digit, as a share of its side
_MOST_PARTS = 4  # of one digit


def longer_side(box: Box) -> int:
    """Of a box, in pixels."""
    return max(box[2] - box[0], box[3] - box[1])


@dataclass(frozen=True)
class Piece:
    """A connected piece of ink.

    Attributes
    ----------
    labels : tuple of int
        Its numbers among the components.
    box : tuple of int
        left, top, right, bottom; the last two are not part of it.
    area : int
        Pixels of ink.
    """

    labels: tuple[int, ...]
    box: Box
    area: int

    @property
    def width(self) -> int:
        """Of the box, in pixels."""
        return self.box[2] - self.box[0]

    @property
    def height(self) -> int:
        """Of the box, in pixels."""
        return self.box[3] - self.box[1]

    @property
    def side(self) -> int:
        """The longer side of the box."""
        return longer_side(self.box)

    def joined(self, other: Piece) -> Piece:
        """Both as one."""
        a, b = self.box, other.box
        box = (min(a[0], b[0]), min(a[1], b[1]), max(a[2], b[2]), max(a[3], b[3]))
        return Piece((*self.labels, *other.labels), box, self.area + other.area)


def find_pieces(mask: Mask) -> tuple[NDArray[np.int32], list[Piece]]:
    """The connected components, and their boxes, the largest first."""
    from scipy import ndimage

    components, _ = ndimage.label(mask, structure=np.ones((3, 3)))
    areas = np.bincount(components.ravel())
    pieces = [
        Piece((number,), (where[1].start, where[0].start, where[1].stop, where[0].stop), int(area))
        for number, (where, area) in enumerate(
            zip(ndimage.find_objects(components), areas[1:], strict=True), start=1
        )
    ]
    pieces.sort(key=lambda piece: -piece.area)
    return components, pieces[:_MAX_PIECES]


def group_digits(
    pieces: list[Piece], shape: tuple[int, int], smallest: int = 7
) -> list[list[Piece]]:
    """The ways to make digits of pieces of ink, the most plausible one first.

    Specks and lines are dropped, and the digits of each way are in reading order. Where pieces
    might belong to one digit or to several, there is a way for either.

    Parameters
    ----------
    pieces : list of Piece
        The largest first.
    shape : tuple of int
        Height and width of the picture.
    smallest : int, default 7
        The longer side of the smallest digit, in pixels; of a photo nobody could read less.
    """
    ways = [_stamp(pieces, shape)] if max(shape) <= STAMP else []
    pieces = _without_clutter(pieces, shape)
    if pieces:
        ways += [_separate(pieces), _separate(pieces, join=False)]
        parts = ways[-1]
        if 2 <= len(parts) <= _MOST_PARTS and _are_near(parts):
            whole = _joined(parts)
            if whole.width < 1.2 * whole.height:
                ways.append([whole])
    return _different([[digit for digit in way if digit.side >= smallest] for way in ways])


def _are_near(pieces: list[Piece]) -> bool:
    """Whether every piece has another one close by, as the parts of a digit have."""
    widest = _WIDEST_GAP * _joined(pieces).side
    return all(
        min(_gap(one, other) for other in pieces if other is not one) < widest for one in pieces
    )


def _separate(pieces: list[Piece], *, join: bool = True) -> list[Piece]:
    tallest = max(piece.side for piece in pieces)
    digits = [piece for piece in pieces if piece.side >= 0.42 * tallest]
    rest = [piece for piece in pieces if piece.side < 0.42 * tallest]
    if join:
        digits = _joined_where_broken(digits)
    for part in rest:
        digits = _with_part(digits, part)
    return _reading_order(digits)


def _joined(pieces: list[Piece]) -> Piece:
    whole = pieces[0]
    for piece in pieces[1:]:
        whole = whole.joined(piece)
    return whole


def _different(ways: list[list[Piece]]) -> list[list[Piece]]:
    seen: set[frozenset[frozenset[int]]] = set()
    kept = []
    for way in ways:
        key = frozenset(frozenset(piece.labels) for piece in way)
        if way and key not in seen:
            kept.append(way)
        seen.add(key)
    return kept


def _stamp(pieces: list[Piece], shape: tuple[int, int]) -> list[Piece]:
    """All of a picture that is as small as one digit, but for specks and printed frames."""
    inside = [piece for piece in pieces if not _is_printed(piece, shape)] or pieces
    if not inside:
        return []
    largest = inside[0]
    parts = [piece for piece in inside if piece.area >= 0.03 * largest.area]
    return [_joined(parts)]


def _is_printed(piece: Piece, shape: tuple[int, int]) -> bool:
    """Whether a piece is a straight line along the border, or a corner of a frame."""
    borders = _borders(piece, shape)
    straight = min(piece.width, piece.height) <= 0.13 * max(shape)
    hollow = piece.area < 0.4 * piece.width * piece.height
    return (borders >= 1 and straight) or (
        borders >= 2 and hollow and piece.side > 0.5 * min(shape)
    )


def _borders(piece: Piece, shape: tuple[int, int]) -> int:
    """How many of the picture's borders a piece touches."""
    left, top, right, bottom = piece.box
    return (left == 0) + (top == 0) + (right == shape[1]) + (bottom == shape[0])


def _without_clutter(pieces: list[Piece], shape: tuple[int, int]) -> list[Piece]:
    """Without lines, frames, and what sticks in from the border beside a whole digit."""
    height, width = shape

    def is_line(piece: Piece) -> bool:
        thin = min(piece.width, piece.height) / piece.side
        flat = piece.width > piece.height
        along, across = (piece.width / width, height) if flat else (piece.height / height, width)
        # What runs from border to border, with room beside it, is an edge or a line, and no 1.
        return thin < 0.12 and along > 0.97 and across > 0.5 * piece.side

    def is_rule(piece: Piece) -> bool:
        return piece.height < 0.06 * piece.width and piece.width > 0.5 * width > 20

    def is_frame(piece: Piece) -> bool:
        sparse = piece.area < 0.25 * piece.width * piece.height
        return (
            _borders(piece, shape) >= 3
            and sparse
            and piece.width * piece.height > 0.8 * height * width
        )

    rules = [piece for piece in pieces if is_rule(piece)]
    ruled = len(rules) > 1 or len(rules) < len(pieces)  # a stroke alone may be anything
    kept = [piece for piece in pieces if not (is_line(piece) or (ruled and piece in rules))]
    whole = [piece for piece in kept if _borders(piece, shape) == 0]
    if whole:
        largest = max(piece.side for piece in whole)
        if largest >= 0.25 * min(shape):
            kept = [
                piece
                for piece in kept
                if _borders(piece, shape) == 0
                or not (is_frame(piece) or min(piece.width, piece.height) < 0.3 * largest)
            ]
    return kept


def _gap(a: Piece, b: Piece) -> float:
    """The distance of two boxes."""
    across = max(a.box[0] - b.box[2], b.box[0] - a.box[2], 0)
    down = max(a.box[1] - b.box[3], b.box[1] - a.box[3], 0)
    return float(np.hypot(across, down))


def _overlap(a: Piece, b: Piece, axis: int) -> float:
    """How much of the shorter of two boxes lies beside the other, from 0 to 1."""
    low, high = max(a.box[axis], b.box[axis]), min(a.box[axis + 2], b.box[axis + 2])
    shorter = min(a.box[axis + 2] - a.box[axis], b.box[axis + 2] - b.box[axis])
    return max(0, high - low) / max(shorter, 1)


def _joined_where_broken(pieces: list[Piece]) -> list[Piece]:
    """Join large pieces that lie above each other, or within one another."""
    joined: list[Piece] = []
    for piece in pieces:
        part = piece
        for other in [other for other in joined if _is_one_digit(other, piece)]:
            joined.remove(other)
            part = other.joined(part)
        joined.append(part)
    return joined


def _is_one_digit(a: Piece, b: Piece) -> bool:
    together = a.joined(b)
    tallest = max(a.height, b.height)
    if _overlap(a, b, 0) > 0.5:  # one above the other
        return together.height < 1.9 * tallest and _gap(a, b) < 0.3 * tallest
    # Side by side: the two strokes of a 4, or the halves of a 0.
    return _gap(a, b) < 0.15 * tallest and together.width < 0.95 * together.height


def _with_part(digits: list[Piece], part: Piece) -> list[Piece]:
    """Join a small piece to the digit that it belongs to; drop it if there is none."""
    nearest = min(range(len(digits)), key=lambda index: _gap(digits[index], part))
    digit = digits[nearest]
    near = _gap(digit, part) < 0.2 * digit.side
    large = part.area >= 0.03 * digit.area or part.side >= 0.15 * digit.side
    if near and large:
        digits = list(digits)
        digits[nearest] = digit.joined(part)
    return digits


def _reading_order(digits: list[Piece]) -> list[Piece]:
    """Lines from top to bottom, each from left to right; a line may rise or fall."""
    lines: list[list[Piece]] = []
    for digit in sorted(digits, key=lambda piece: piece.box[0]):
        beside = [line for line in lines if _overlap(line[-1], digit, 1) > 0.5]
        if beside:
            max(beside, key=lambda line: line[-1].box[2]).append(digit)
        else:
            lines.append([digit])
    lines.sort(key=lambda line: sum(digit.box[1] + digit.box[3] for digit in line) / len(line))
    return [digit for line in lines for digit in line]
