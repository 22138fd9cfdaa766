"""Settings: plain values, checked when they are made, that a file can hold."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, fields
from numbers import Integral, Real
from types import MappingProxyType
from typing import Any, ClassVar, Self

from mnistkit.errors import MnistKitError, RecipeError
from mnistkit.messages import shown

Conversion = tuple[Callable[[Any], Any], str]


class Settings:
    """What recipes, augmentations and model cards have in common; each is a frozen dataclass.

    A subclass says for every setting what turns a given value into a plain one, or into None if it
    makes no sense, and what was expected.
    """

    _kind: ClassVar[str]
    _error: ClassVar[type[MnistKitError]] = RecipeError
    _conversions: ClassVar[Mapping[str, Conversion]]

    def __post_init__(self) -> None:
        for name, (convert, expected) in self._conversions.items():
            value = convert(getattr(self, name))
            if value is None:
                raise self._refusal(name, expected)
            frozen = MappingProxyType(value) if isinstance(value, dict) else value
            object.__setattr__(self, name, frozen)

    @classmethod
    def from_dict(cls, settings: Any) -> Self:
        """The same from what `to_dict` returned, or from anything else that a file held.

        Parameters
        ----------
        settings : any

        Raises
        ------
        RecipeError
            If it is not a mapping, has an unknown name, or a setting makes no sense.
        """
        if not isinstance(settings, Mapping):
            raise cls._error(f"{cls._kind} is a mapping of settings, not {shown(settings)}.")
        known = {one.name: one for one in fields(cls)}  # type: ignore[arg-type]  # each is one
        unknown = [name for name in settings if name not in known]
        if unknown:
            listed = ", ".join(known)
            raise cls._error(f"{cls._kind} has no setting {shown(unknown[0])}; it has {listed}.")
        for name, one in known.items():
            if name not in settings and _default(one) is MISSING:
                raise cls._error(f"{cls._kind} lacks the setting {name!r}.")
        return cls(**settings)

    def to_dict(self) -> dict[str, Any]:
        """The settings as plain values that JSON can hold; `from_dict` reads them."""
        return {one.name: _for_json(getattr(self, one.name)) for one in _fields(self)}

    def __repr__(self) -> str:
        """Only what differs from the defaults."""
        settings = ((one, getattr(self, one.name)) for one in _fields(self))
        chosen = (
            f"{one.name}={dict(value) if isinstance(value, Mapping) else value!r}"
            for one, value in settings
            if value != _default(one)
        )
        return f"{type(self).__name__}({', '.join(chosen)})"

    def __reduce__(self) -> Any:
        return type(self).from_dict, (self.to_dict(),)

    def _refusal(self, name: str, expected: str) -> MnistKitError:
        return self._error(f"{name}={shown(getattr(self, name))}: expected {expected}.")


def _fields(settings: Any) -> tuple[Field[Any], ...]:
    return fields(settings)


def _default(one: Field[Any]) -> Any:
    return one.default if one.default_factory is MISSING else one.default_factory()


def _for_json(value: Any) -> Any:
    if isinstance(value, Settings):
        return value.to_dict()
    if isinstance(value, Mapping):
        return {name: _for_json(one) for name, one in value.items()}
    return list(map(_for_json, value)) if isinstance(value, list | tuple) else value


def whole_number(value: Any) -> int | None:
    """A whole number as an int; None for anything else, such as a bool or a text.

    Examples
    --------
    >>> import numpy as np
    >>> whole_number(np.int64(3)), whole_number(3.0), whole_number(True)
    (3, None, None)
    """
    return int(value) if isinstance(value, Integral) and not isinstance(value, bool) else None


def count(value: Any) -> int | None:
    """A whole number of at least 0."""
    number_of = whole_number(value)
    return number_of if number_of is not None and number_of >= 0 else None


def number(value: Any) -> float | None:
    """A finite real number as a float; None for anything else, such as a bool or a text.

    Examples
    --------
    >>> import numpy as np
    >>> number(np.float32(0.5)), number(2), number("0.5"), number(float("nan"))
    (0.5, 2.0, None, None)
    """
    if not isinstance(value, Real) or isinstance(value, bool):
        return None
    try:
        converted = float(value)
    except OverflowError:  # a whole number of hundreds of digits
        return None
    return converted if math.isfinite(converted) else None


def number_from(low: float, high: float = math.inf) -> Callable[[Any], float | None]:
    """What accepts the numbers from `low` to `high`."""

    def convert(value: Any) -> float | None:
        converted = number(value)
        return converted if converted is not None and low <= converted <= high else None

    return convert


def positive(value: Any) -> float | None:
    """A number above 0."""
    converted = number_from(0)(value)
    return converted or None


def share(value: Any) -> float | None:
    """A number of at least 0 and below 1."""
    return number_from(0, math.nextafter(1, 0))(value)


def text(value: Any) -> str | None:
    """A text with more than white space in it."""
    return str(value) if isinstance(value, str) and value.strip() else None


def plain_values(value: Any) -> dict[str, Any] | None:
    """Plain values by name: texts, numbers, booleans, None, and lists of these.

    Examples
    --------
    >>> import numpy as np
    >>> plain_values({"a": (np.float64(0.5), "b", None)}), plain_values({"a": object()})
    ({'a': [0.5, 'b', None]}, None)
    """
    if not isinstance(value, Mapping) or not all(map(text, value)):
        return None
    try:
        return {
            str(name): list(map(_plain, one)) if isinstance(one, list | tuple) else _plain(one)
            for name, one in value.items()
        }
    except (TypeError, OverflowError):
        return None


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return str(value)
    if isinstance(value, Integral):
        return int(value)
    if isinstance(value, Real):
        return float(value)
    raise TypeError(f"{type(value).__name__} is not plain")
