"""What a run depends on, as ``run.json`` says it: settings, data, versions, machine, digests."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from mnistkit.files.json_file import parse_json, sealed, unsealed
from mnistkit.models import Recipe, unchanged_spec_of
from mnistkit.training import environment

if TYPE_CHECKING:
    import keras

Description = dict[str, Any]

FORMAT = 2
MODEL_FILE = "model.keras"
_STATES = ("training", "finished")
# What may differ between the start of a run and its continuation.
_FREE = ("format", "status", "machine", "files", "sha256")


def describe(
    model: keras.Model,
    recipe: Recipe,
    seed: int,
    data: dict[str, Any] | None = None,
    **more: Any,
) -> Description:
    """Everything that a run depends on, as JSON can hold it."""
    import keras

    spec = unchanged_spec_of(model)
    description = {
        "format": FORMAT,
        "status": "finished",
        "model": asdict(spec)
        if spec
        else {"file": MODEL_FILE, "shapes": [list(variable.shape) for variable in model.weights]},
        "recipe": recipe.to_dict(),
        "seed": seed,
        "data": data,
        **more,
        "precision": {"policy": keras.config.dtype_policy().name, "float": keras.config.floatx()},
        "versions": environment.versions(),
        "machine": environment.machine(),
    }
    as_json: Description = json.loads(json.dumps(description, default=plain))
    return as_json


def plain(value: Any) -> Any:
    """A value as JSON can hold it: numbers and lists of them, and anything else as text."""
    if isinstance(value, bool | int | float | str) or value is None:
        return value
    array = np.asarray(value)
    return array.tolist() if array.dtype.kind in "biuf" else str(value)


def to_bytes(description: Description) -> bytes:
    """The content of ``run.json``; its last line is the digest of all that stands above it."""
    return (json.dumps(sealed(description), indent=2) + "\n").encode()


def from_bytes(content: bytes) -> Description:
    """Read what `to_bytes` wrote.

    Raises
    ------
    ValueError
        If it is of another format, was changed since, or lacks what every run has.
    """
    description = parse_json(content)
    if not isinstance(description, dict) or description.get("format") != FORMAT:
        raise ValueError(
            f"it is not of a format that this version reads (format {FORMAT}). Use the version of "
            "mnistkit that wrote it, or a newer one"
        )
    description = unsealed(description)
    if not _is_complete(description):
        raise ValueError("it lacks what every run has, or has it in another form")
    return description


def differences(earlier: Description, now: Description) -> list[str]:
    """A line for every setting in which two runs differ."""
    return _differences(_fixed(earlier), _fixed(now))


def machine_differences(earlier: Description, now: Description) -> list[str]:
    """A line for every way in which the machine is another one."""
    return _differences(earlier["machine"], now["machine"], "machine")


def _is_complete(description: Description) -> bool:
    """Whether the parts that are used without another look are there, and of the right type."""
    model, data = description.get("model"), description.get("data")
    types = {"recipe": dict, "seed": int, "machine": dict, "versions": dict}
    return (
        description.get("status") in _STATES
        and all(isinstance(description.get(name), kind) for name, kind in types.items())
        and isinstance(data, dict | None)
        and isinstance(model, dict)
        and (_is_named(model) if "name" in model else model.get("file") == MODEL_FILE)
    )


def _is_named(model: dict[str, Any]) -> bool:
    return (
        isinstance(model["name"], str)
        and isinstance(model.get("provider"), str)
        and isinstance(model.get("options"), dict)
    )


def _fixed(description: Description) -> Description:
    return {key: value for key, value in description.items() if key not in _FREE}


def _differences(earlier: Any, now: Any, where: str = "") -> list[str]:
    if isinstance(earlier, dict) and isinstance(now, dict):
        names = sorted({*earlier, *now})
        lines = (
            _differences(earlier.get(n), now.get(n), f"{where}.{n}" if where else n) for n in names
        )
        return [line for found in lines for line in found]
    return [] if earlier == now else [f"  {where}: {earlier!r} then, {now!r} now"]
