"""What the first line of a table says: its separator, and where the label and the pixels are."""

from __future__ import annotations

import logging
import math
import re
from dataclasses import dataclass, replace
from typing import Literal

from mnistkit.errors import CsvError

logger = logging.getLogger(__name__)

_NUMBER = re.compile(r"[-+]?([0-9.]+(e[-+]?[0-9]+)?|nan|inf)", re.IGNORECASE)
_ONE_NUMBER = re.compile(r"(.*?)([0-9]+)")
_ROW_AND_COLUMN = re.compile(r"([^0-9]*)([0-9]+)[xX_]([0-9]+)")
_LABELS = ("label", "class", "target", "digit", "y")
_ROW_NUMBERS = ("", "unnamed: 0", "unnamed: 0.1", "index", "id")  # as pandas and Kaggle write them
_MARKS = (",", ";", "\t", "|")
_MOST_PIXELS = 1 << 20  # of a picture of 1024x1024
# A line 0, 1, 2, 3, 4 is a picture of 2x2, which someone made up. No picture of 4x4 or more is
# likely to look so; and none can, once the numbers go beyond those of pixels.
_FEWEST_COUNTED, _MOST_COUNTED = 17, 256
_LONGEST_NAME = 100  # of a pixel's column; matching a far longer one would take forever
_MOST_LISTED = 5
_MOST_SHOWN = 40  # characters of a cell


@dataclass(frozen=True)
class Columns:
    """Where the label and the pixels of a table are.

    Attributes
    ----------
    names : list of str, or None
        The header, if there is one.
    mark : str
        What separates cells.
    count : int
        How many cells a line has, an empty one at its end included.
    used : list of int
        The columns of the label and of the pixels; the pixels in their order.
    label_at : {0, -1} or None
        Whether the label is the first or the last of `used`; None if the line does not say.
    is_closed : bool
        Whether every line ends with a separator.
    """

    names: list[str] | None
    mark: str
    count: int
    used: list[int]
    label_at: Literal[0, -1] | None
    is_closed: bool

    @property
    def side(self) -> int:
        """The height and width of a picture."""
        return math.isqrt(len(self.used) - 1)

    def name(self, position: int) -> str:
        """What a message calls a column."""
        return self.names[position] if self.names else f"column {position + 1}"


def columns_of(file: str, line: str, label: str) -> Columns:
    """What a first line says of the columns.

    Parameters
    ----------
    file : str
        The name of the file, for messages.
    line : str
    label : str
        ``"auto"``, ``"first"``, ``"last"`` or the name of a column.

    Raises
    ------
    CsvError
        If it is not certain which columns are the label and the pixels.
    """
    mark = _mark(file, line)
    count = line.count(mark) + 1
    if count > 2 * _MOST_PIXELS:
        raise CsvError(
            f"{file!r} has {count:,} columns; expected 785 for 28x28, and at most "
            f"{_MOST_PIXELS + 1:,}."
        )
    cells = cells_of(line, mark)
    is_closed = line.rstrip(" \r\n").endswith(mark)
    if is_closed:
        del cells[-1]
    if _is_header(file, cells, label):
        used, label_at = _named(file, cells, label)
        columns = Columns(cells, mark, count, used, label_at, is_closed)
    else:
        columns = Columns(None, mark, count, list(range(len(cells))), None, is_closed)
        columns = replace(columns, label_at=_end(file, line, label))
    _check_square(file, len(columns.used) - 1)
    return columns


def cells_of(line: str, mark: str) -> list[str]:
    """The cells of a line, without blanks and quotation marks around them."""
    return [_unquoted(cell.strip()) for cell in line.strip(" \r\n").split(mark)]


def shortened(names: list[str], count: int | None = None) -> str:
    """A few of the names, and how many there are in all."""
    count = len(names) if count is None else count
    listed = ", ".join(quoted(name, _MOST_SHOWN // 2) for name in names[:_MOST_LISTED])
    return listed + (f", ... ({count:,} in all)" if count > _MOST_LISTED else "")


def quoted(cell: str, most: int = _MOST_SHOWN) -> str:
    """A cell as a message shows it, not too long."""
    text = repr(cell[:most])
    is_long = len(cell) > most or len(text) > 1.5 * most
    return f"{text[:most]}..." if is_long else text


def _unquoted(cell: str) -> str:
    # A quotation mark within the cell stays, so that the cell is no number and is refused.
    is_quoted = len(cell) >= 2 and cell[0] == cell[-1] == '"' and '"' not in cell[1:-1]
    return cell[1:-1].strip() if is_quoted else cell


def _mark(file: str, line: str) -> str:
    """What separates the cells."""
    found = [mark for mark in _MARKS if mark in line.strip(" \r\n")]
    if len(found) > 1:
        raise CsvError(
            f"The first line of {file!r} has {' and '.join(map(repr, found))}, so it is not clear "
            "what separates its cells. Save it separated by commas, with points as decimal marks."
        )
    if not found and len(line.split()) > 1 and _NUMBER.fullmatch(line.rsplit(maxsplit=1)[-1]):
        raise CsvError(
            f"{file!r} has no commas; its cells seem to be separated by blanks. Save it separated "
            "by commas, semicolons or tabs."
        )
    return found[0] if found else ","


def _is_header(file: str, cells: list[str], label: str) -> bool:
    # A number as a name makes no header of a line of numbers, in which it may be as well.
    is_named = label in cells and not _NUMBER.fullmatch(label)
    if is_named or any(cell.lower() in _LABELS for cell in cells):
        return True
    if 2 * sum(_NUMBER.fullmatch(cell) is not None for cell in cells) <= len(cells):
        return True
    # An empty cell above the numbers of the rows, which no line of a picture has.
    is_certain = not cells[0] or len(cells) > _MOST_COUNTED
    if not is_certain and len(cells) < _FEWEST_COUNTED:
        return False
    cells = cells if cells[0] else cells[1:]
    if cells[0] not in {"0", "1"}:
        return False
    if any(cell != str(number) for number, cell in enumerate(cells, int(cells[0]))):
        return False
    if label == "auto" or not is_certain:
        raise CsvError(
            f"The first line of {file!r} counts from {cells[0]} to {cells[-1]}, so it seems to be "
            "a header that does not say which column is the label. Write names such as 'label', "
            "'pixel0', 'pixel1', ...; or remove it, and pass label=\"first\" or label=\"last\"."
        )
    return True


def _end(file: str, line: str, label: str) -> Literal[0, -1] | None:
    """Where the label is in a table without a header."""
    if label in {"auto", "first", "last"}:
        return {"first": 0, "last": -1}.get(label)  # type: ignore[return-value]
    raise CsvError(
        f"{file!r} has no column {quoted(label)}, since it has no header; its first line begins "
        f'with {quoted(line.strip())}. Pass label="first" or label="last", or add a header.'
    )


def _check_square(file: str, pixels: int) -> None:
    if pixels < 1 or math.isqrt(pixels) ** 2 != pixels or pixels > _MOST_PIXELS:
        raise CsvError(
            f"{file!r} has {pixels:,} pixel columns, which do not form a square picture; "
            f"expected 784 for 28x28, and at most {_MOST_PIXELS:,}."
        )


def _named(file: str, header: list[str], label: str) -> tuple[list[int], Literal[0, -1]]:
    """The positions of the label, and of the pixels in their order."""
    label_at = _label_position(file, header, label)
    others = [position for position in range(len(header)) if position != label_at]
    may_be_left_out: tuple[str, ...] = _ROW_NUMBERS
    if label not in {"auto", "first", "last"}:
        may_be_left_out += _LABELS  # the user has said which of them is the label
    left_out = [header[at] for at in others if header[at].lower() in may_be_left_out]
    if len(set(left_out)) < len(left_out):
        raise _twice(file, sorted(set(left_out)))
    candidates = [at for at in others if header[at].lower() not in may_be_left_out]
    pixels = _pixels(file, header, candidates)
    if left_out:
        names = shortened(left_out)
        logger.info("%r: %s is neither the label nor a pixel, and left out.", file, names)
    return [label_at, *pixels], 0


def _label_position(file: str, header: list[str], label: str) -> int:
    if label in {"first", "last"} and label not in header:
        return 0 if label == "first" else len(header) - 1
    lowered = [name.lower() for name in header]
    wanted = _LABELS if label == "auto" else (label.lower(),)
    found = [position for position, name in enumerate(lowered) if name in wanted]
    if label != "auto" and header.count(label) == 1:
        found = [header.index(label)]
    if len(found) == 1:
        return found[0]
    if not found:
        missing = "label" if label == "auto" else label
        raise CsvError(
            f"{file!r} has no column {quoted(missing)}; its columns are {shortened(header)}. "
            "Expected 'label' (or 'class', 'target', 'digit', 'y') and 'pixel0', 'pixel1', ... "
            "(Kaggle's test.csv has no labels). If its name is another, pass label=<that name>."
        )
    names = [header[position] for position in found]
    if len({name.lower() for name in names}) == 1:
        raise _twice(file, sorted(set(names)))
    raise CsvError(
        f"{file!r} has the columns {shortened(names)}, each of which may be the label. Say which "
        "it is with label=<its name>; the others are left out then."
    )


def _twice(file: str, names: list[str]) -> CsvError:
    return CsvError(
        f"{file!r} has the columns {shortened(names)} more than once, so it is not clear "
        "which to take. Rename or remove one."
    )


_Place = tuple[int, ...]  # the number of a pixel, or its row and its column


def _pixels(file: str, header: list[str], positions: list[int]) -> list[int]:
    """The positions of the pixels in their order; all columns must be of one family."""
    families: dict[tuple[str, int], dict[_Place, int]] = {}
    strange: list[str] = []
    twice: list[str] = []
    for position in positions:
        place = _place(header[position])
        if place is None:
            strange.append(header[position])
            continue
        family = families.setdefault((place[0], len(place[1])), {})
        if place[1] in family:
            twice.append(header[position])
        family[place[1]] = position
    if twice:
        raise _twice(file, twice)
    if not families:
        raise CsvError(
            f"{file!r} lacks the columns 'pixel0', 'pixel1', ... (or '1x1', '1x2', ...); apart "
            f"from the label it has {shortened(strange) or 'none'}. Name the pixels so."
        )
    main = max(families, key=lambda key: len(families[key]))
    strange += [
        header[position]
        for key, family in families.items() if key != main for position in family.values()
    ]  # fmt: skip
    if strange:
        raise CsvError(
            f"{file!r} has the columns {shortened(strange)}, which are neither a label nor of the "
            f"same kind as the pixel column {quoted(header[min(families[main].values())])}. "
            "Remove them, or correct their names."
        )
    return _in_order(file, main[0], families[main])


def _place(name: str) -> tuple[str, _Place] | None:
    """What a name begins with, and the numbers at its end."""
    if len(name) > _LONGEST_NAME:
        return None
    match = _ROW_AND_COLUMN.fullmatch(name) or _ONE_NUMBER.fullmatch(name)
    if match is None:
        return None
    # So many digits are beyond any picture, and would take forever to convert.
    numbers = (int(text) if len(text) < 10 else 10**9 for text in match.groups()[1:])
    return match[1], tuple(numbers)


def _in_order(file: str, prefix: str, family: dict[_Place, int]) -> list[int]:
    places = sorted(family)
    if len(places[0]) == 1:
        # Counted from 1 if there is no 0 but a 1.
        base = 0 if (0,) in family or (1,) not in family else 1
        count = places[-1][0] - base + 1
        if len(places) < count:
            # Not more than a few of what may be billions.
            gaps = (number for number in range(base, base + count) if (number,) not in family)
            some = [f"{prefix}{number}" for number, _ in zip(gaps, range(5), strict=False)]
            raise CsvError(
                f"{file!r} lacks the columns {shortened(some, count - len(places))}; expected "
                f"{quoted(prefix + str(base))} and all that follow, without a gap."
            )
        return [family[place] for place in places]
    base = min(min(place) for place in places)
    side = max(max(place) for place in places) - base + 1
    if base > 1 or len(places) != side * side:
        named = f"{places[0][0]}x{places[0][1]} to {places[-1][0]}x{places[-1][1]}"
        raise CsvError(
            f"{file!r} has {len(places):,} pixel columns from {named}, which do not form a square "
            "picture without a gap; expected '1x1' to '28x28', row by row, for 28x28."
        )
    return [family[place] for place in places]
