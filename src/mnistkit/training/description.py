"""What a run depends on, as ``run.json`` says it: settings, data, versions, machine, digests."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from mnistkit.files.json_file import parse_json, sealed, unsealed
from mnistkit.models import Recipe, unchanged_spec_of
from mnistkit.models.architecture import architecture_of
from mnistkit.models.keras_file import MODEL_FILE
from mnistkit.models.settings import positive
from mnistkit.models.weights_file import weights_digest
from mnistkit.training import environment
from mnistkit.training.optimizers import settings_in_effect

if TYPE_CHECKING:
    import keras

Description = dict[str, Any]

FORMAT = 3
NOT_TRAINED, TRAINING, INTERRUPTED, FINISHED = "not trained", "training", "interrupted", "finished"
_STATES = (NOT_TRAINED, TRAINING, INTERRUPTED, FINISHED)
# What tells a fit among those that came before another one.
_SUMMARY = (
    *("status", "started", "duration", "first_epoch", "epochs_done", "interrupted_by"),
    *("recipe", "data", "validation", "initial_weights", "final_weights"),
)
# What may differ between the start of a run and its continuation.
_FREE = (
    *("format", "status", "machine", "files", "sha256"),
    *("started", "duration", "epochs_done", "epochs_planned", "interrupted_by"),
    *("final_weights", "changed_after_fit", "parent", "earlier_fits", "temperature"),
)
_LONGEST_SHOWN = 300  # of a value that differs
_HARDWARE = ("processor", "devices", "flags")  # with others, the last bits of numbers may differ


def describe(model: keras.Model, recipe: Recipe, seed: int, **more: Any) -> Description:
    """A model and its settings, as JSON can hold them; of a model that is not trained so far."""
    import keras

    description = {
        "format": FORMAT,
        "status": NOT_TRAINED,
        "model": _how_to_build(model),
        "recipe": settings_in_effect(recipe, model),
        "seed": seed,
        "data": None,
        "epochs_done": 0,
        **more,
        "precision": {"policy": keras.config.dtype_policy().name, "float": keras.config.floatx()},
        "versions": environment.versions(),
        "machine": environment.machine(),
        "architecture": architecture_of(model),
    }
    plain_values: Description = as_json(description)
    return plain_values


def _how_to_build(model: keras.Model) -> dict[str, Any]:
    spec = unchanged_spec_of(model)
    if spec is None:
        return {"file": MODEL_FILE}
    defaults = list(spec.defaults)
    return {**asdict(spec), "options": {**spec.options, **spec.defaults}, "defaults": defaults}


def as_saved(description: Description, model: keras.Model) -> Description:
    """What the description of a fit says of the model as it is now, which may have changed since.

    Whatever other code than a trainer's `fit` has done to it since, such as Keras' own ``fit``, the
    record does not know, but it says so.
    """
    architecture = as_json(architecture_of(model))
    changed = description["status"] != NOT_TRAINED and (
        weights_digest(model) != description.get("final_weights")
        or architecture["configuration"] != description["architecture"]["configuration"]
    )
    return {
        **description,
        "model": as_json(_how_to_build(model)),
        "changed_after_fit": changed,
        "architecture": architecture,
    }


def with_temperature(description: Description, temperature: float) -> Description:
    """The same with what calibrates the model as it is now; nothing if that is 1."""
    kept = {name: value for name, value in description.items() if name != "temperature"}
    return kept if temperature == 1 else {**kept, "temperature": temperature}


def temperature_in(description: Description) -> float:
    """What calibrates the model that was saved; 1 if that was not found out."""
    return float(description.get("temperature", 1.0))


def fits_of(description: Description) -> list[Description]:
    """What a model of this description has been through: earlier fits, and the last one."""
    earlier = list(description.get("earlier_fits", []))
    if description["status"] == NOT_TRAINED:
        return earlier
    return [*earlier, {name: description[name] for name in _SUMMARY if name in description}]


def as_json(value: Any) -> Any:
    """A value as it comes back from a file."""
    return json.loads(json.dumps(value, default=plain))


def plain(value: Any) -> Any:
    """A value as JSON can hold it: numbers and lists of them, and anything else as text."""
    if isinstance(value, bool | int | float | str) or value is None:
        return value
    array = np.asarray(value)
    return array.tolist() if array.dtype.kind in "biuf" else str(value)


def to_bytes(description: Description) -> bytes:
    """The content of ``run.json``; its last line is the digest of all that stands above it."""
    last = {"architecture": description["architecture"]}  # by far the longest part
    content = {name: value for name, value in description.items() if name not in last} | last
    return (json.dumps(sealed(content), indent=2) + "\n").encode()


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
    free = (*_FREE, "initial_weights") if _is_other_hardware(earlier, now) else _FREE
    then, today = ({n: v for n, v in one.items() if n not in free} for one in (earlier, now))
    return value_differences(then, today)


def machine_differences(earlier: Description, now: Description) -> list[str]:
    """A line for every way in which the machine is another one."""
    lines = value_differences(earlier["machine"], now["machine"], "machine")
    if _is_other_hardware(earlier, now):
        name = "initial_weights"
        lines += value_differences(earlier.get(name), now.get(name), name)
    return lines


def architecture_differences(saved: Description, built: keras.Model) -> list[str]:
    """A line for everything that a model computes otherwise than the one that was saved.

    Another version of Keras may have settings more; another one of Python has other instructions.
    """
    earlier, now = saved["architecture"], as_json(architecture_of(built))
    versions = environment.versions()
    same = {name: saved["versions"].get(name) == versions[name] for name in ("keras", "python")}
    if not same["python"]:
        earlier, now = ({**one, "code": {}} for one in (earlier, now))
    lines = value_differences(earlier, now)
    return lines if same["keras"] else [line for line in lines if "None" not in line]


def _is_other_hardware(earlier: Description, now: Description) -> bool:
    return any(earlier["machine"].get(n) != now["machine"].get(n) for n in _HARDWARE)


def _is_complete(description: Description) -> bool:
    """Whether the parts that are used without another look are there, and of the right type."""
    model, data = description.get("model"), description.get("data")
    types = {"recipe": dict, "seed": int, "machine": dict, "versions": dict, "architecture": dict}
    types |= {"epochs_done": int, "earlier_fits": list}
    return (
        description.get("status") in _STATES
        and all(isinstance(description.get(name), kind) for name, kind in types.items())
        and (description["status"] == NOT_TRAINED or _tells_what_happened(description))
        and all(_is_fit(fit) for fit in description["earlier_fits"])
        and positive(description.get("temperature", 1.0)) is not None
        and isinstance(data, dict | None)
        and isinstance(model, dict)
        and (_is_named(model) if "name" in model else model.get("file") == MODEL_FILE)
    )


def _tells_what_happened(description: Description) -> bool:
    counts = [description.get(name) for name in ("first_epoch", "epochs_done")]
    return (
        isinstance(description.get("started"), str)
        and isinstance(description.get("duration"), int | float)
        and all(type(count) is int and count >= 0 for count in counts)
    )


def _is_fit(fit: Any) -> bool:
    return isinstance(fit, dict) and isinstance(fit.get("final_weights"), str | None)


def _is_named(model: dict[str, Any]) -> bool:
    return (
        isinstance(model["name"], str)
        and isinstance(model.get("provider"), str)
        and isinstance(model.get("options"), dict)
        and isinstance(model.get("defaults"), list)
    )


def value_differences(earlier: Any, now: Any, where: str = "") -> list[str]:
    """A line for every way in which two values differ that JSON can hold."""
    if isinstance(earlier, dict) and isinstance(now, dict):
        names = sorted({*earlier, *now})
        pairs = ((f"{where}.{n}" if where else n, earlier.get(n), now.get(n)) for n in names)
        return [line for at, one, two in pairs for line in value_differences(one, two, at)]
    if where.endswith("layers") and _are_parts(earlier, now):
        numbered = enumerate(zip(earlier, now, strict=True))
        return [line for n, pair in numbered for line in value_differences(*pair, f"{where}[{n}]")]
    return [] if earlier == now else [_difference(earlier, now, where)]


def _are_parts(earlier: Any, now: Any) -> bool:
    """Whether two lists have parts to compare one by one."""
    lists = isinstance(earlier, list) and isinstance(now, list) and len(earlier) == len(now)
    return lists and all(isinstance(one, dict) for one in (*earlier, *now))


def _difference(earlier: Any, now: Any, where: str) -> str:
    if where == "initial_weights":
        return (
            f"  {where}: other ones now (sha256 {str(earlier)[:12]} then, {str(now)[:12]} now). "
            "Begin with the same: trained or not, and of the same seed; before a model of your own "
            "is built, call keras.utils.set_random_seed(0)"
        )
    if "code." in where:
        name = where.rpartition("code.")[2]
        if None in (earlier, now):
            return f"  {where}: {name!r} is used {'now' if earlier is None else 'no longer'}"
        return f"  {where}: the code of {name!r} was changed"
    return f"  {where}: {_short(earlier)} then, {_short(now)} now"


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _LONGEST_SHOWN else text[:_LONGEST_SHOWN] + "..."
