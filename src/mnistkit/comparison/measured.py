"""What a job leaves in the folder of its run: the evaluations and the cost, or what went wrong."""

from __future__ import annotations

import hashlib
import json
import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mnistkit.comparison.cost import Cost
from mnistkit.errors import MnistKitError
from mnistkit.evaluation import Evaluation
from mnistkit.files.atomic import write_atomically
from mnistkit.files.json_file import read_json, sealed, unsealed

logger = logging.getLogger(__name__)

_FILE = "measured.json"
_ERROR_FILE = "error.json"


@dataclass(frozen=True, eq=False)
class Measured:
    """One trained contender, measured.

    Attributes
    ----------
    evaluations : mapping of str to Evaluation
        By the name of what it was measured on; the main one's name is empty.
    cost : Cost
    """

    evaluations: Mapping[str, Evaluation]
    cost: Cost


def write_measured(folder: Path, measured: Measured, digests: Mapping[str, str]) -> None:
    """Write it; the last file says that all others are there.

    Parameters
    ----------
    folder : pathlib.Path
    measured : Measured
    digests : mapping of str to str
        Of the images that each evaluation is of.
    """
    files = {}
    for name, evaluation in measured.evaluations.items():
        path = folder / _file_of(name)
        evaluation.save(path)
        files[name] = {"images": digests[name], "sha256": _sha256(path)}
    content = sealed({"evaluations": files, "cost": measured.cost.to_dict()})
    text = json.dumps(content, indent=2) + "\n"
    write_atomically(folder / _FILE, lambda file: file.write(text.encode()))


def read_measured(folder: Path, digests: Mapping[str, str] | None = None) -> Measured | None:
    """Read it; None if it is not there, not whole, or not of these images.

    Parameters
    ----------
    folder : pathlib.Path
    digests : mapping of str to str, optional
        Of the images that are wanted; by default all that were measured.
    """
    try:
        content = unsealed(read_json(folder / _FILE))
        files = content["evaluations"]
        if digests is None:
            digests = {name: one["images"] for name, one in files.items()}
        for name, images in digests.items():
            expected = {"images": images, "sha256": _sha256(folder / _file_of(name))}
            if files.get(name) != expected:
                return None
        evaluations = {name: Evaluation.load(folder / _file_of(name)) for name in digests}
        return Measured(evaluations, Cost(**content["cost"]))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, MnistKitError):
        return None  # then it is measured again


def note_error(folder: Path, error: str | None) -> None:
    """Keep what went wrong with a run, for who reads the folder; or None: nothing any more."""
    path = folder / _ERROR_FILE
    try:
        if error is None:
            path.unlink(missing_ok=True)
            return
        folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps(sealed({"error": error}), indent=2) + "\n"
        write_atomically(path, lambda file: file.write(text.encode()))
    except OSError as problem:  # what went wrong is in the result all the same
        logger.warning("What went wrong could not be noted in %s (%s).", folder, problem)


def read_error(folder: Path) -> str | None:
    """What went wrong with a run, as `note_error` kept it; None if nothing is known of it."""
    try:
        return str(unsealed(read_json(folder / _ERROR_FILE))["error"])
    except (OSError, ValueError, KeyError):
        return None


def _file_of(name: str) -> str:
    return f"evaluation-{re.sub('[^A-Za-z0-9_.]', '-', name)}.npz" if name else "evaluation.npz"


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
