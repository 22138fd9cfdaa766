"""What the figures of a page depend on: settings, data, versions, machine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mnistkit.training.description import Description


@dataclass(frozen=True)
class Facts:
    """A group of facts: its title, and names with values."""

    title: str
    rows: tuple[tuple[str, str], ...]


def settings_facts(title: str, settings: Mapping[str, Any]) -> Facts:
    """Settings, one by one; what is off is left out, but for a seed."""
    rows = (
        (name.replace("_", " "), _value(value))
        for name, value in settings.items()
        if name == "seed" or value not in (None, 0, {}, [], "")
    )
    return Facts(title, tuple(rows))


def machine_facts(description: Description) -> tuple[Facts, Facts]:
    """The versions and the machine of a run."""
    machine = description["machine"]
    rows = [
        (name, _value(machine[name]))
        for name in ("processor", "processors", "devices", "system", "flags")
        if machine.get(name) not in (None, "", {}, [])
    ]
    rows.append(("engine", _value(description.get("engine"))))
    versions = tuple((name, _value(one)) for name, one in description["versions"].items())
    return Facts("Versions", versions), Facts("Machine", tuple(rows))


def data_fact(what: str, data: Mapping[str, Any], digest: str) -> tuple[str, str]:
    """A row for images: what they are called, how many, and their digest."""
    name = data.get("name") or "images without a name"
    return what, f"{name}: {data['num_images']:,} images, digest {digest}"


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        given = ((name, one) for name, one in value.items() if one not in (None, 0, {}, []))
        return ", ".join(f"{name.replace('_', ' ')} {_value(one)}" for name, one in given) or "none"
    if isinstance(value, list | tuple):
        return ", ".join(map(_value, value))
    return f"{value:g}" if isinstance(value, float) else str(value)
