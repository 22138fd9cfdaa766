"""What a comparison's folder says of itself, so that it is gone on with, or refused."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mnistkit.comparison.contender import Entrant
from mnistkit.comparison.splits import Splits
from mnistkit.errors import RunFolderError
from mnistkit.files.atomic import write_atomically
from mnistkit.files.json_file import read_json, sealed, unsealed
from mnistkit.training.description import value_differences

FILE = "comparison.json"
_FORMAT = 1

Settings = dict[str, Any]


def settings_of(splits: Splits, on: str, entrants: Sequence[Entrant]) -> Settings:
    """What must be the same when a comparison is repeated, contenders that are named again too."""
    parts = {
        "train": (splits.train, splits.train_digest),
        "measured": (splits.measured, splits.digests[""]),
    }
    return {
        "format": _FORMAT,
        "on": on,
        "held_out_by": splits.held_out_by,
        "data": {
            name: {
                "name": part.name,
                "loaded_as": part.loaded_as,
                "num_images": len(part),
                "digest": digest,
            }
            for name, (part, digest) in parts.items()
        },
        "contenders": {entrant.title: entrant.settings for entrant in entrants},
    }


def keep_settings(folder: Path, settings: Settings) -> None:
    """Note the settings in a comparison's folder, beside those of other contenders.

    Raises
    ------
    RunFolderError
        If there is a comparison with other settings, or the folder cannot be written to.
    """
    path = folder / FILE
    try:
        earlier = read_settings(folder) if path.exists() else None
        merged = settings if earlier is None else _merged(earlier, settings, folder)
        if merged == earlier:
            return
        folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps(sealed(merged), indent=2) + "\n"
        write_atomically(path, lambda file: file.write(text.encode()))
    except RunFolderError:
        raise
    except OSError as error:
        raise RunFolderError(
            f"The comparison cannot be kept in {str(folder)!r}: {error}. Choose a folder that can "
            "be written to."
        ) from error


def read_settings(folder: Path) -> Settings:
    """Read the settings in a comparison's folder.

    Raises
    ------
    RunFolderError
        If there are none, or they are damaged.
    """
    path = folder / FILE
    try:
        content = unsealed(read_json(path))
    except OSError as error:
        raise RunFolderError(
            f"{str(folder)!r} holds no comparison: {FILE!r} cannot be read ({error}). Give the "
            "run_dir of mnistkit.compare, or the folder after 'mnistkit compare --out'."
        ) from error
    except ValueError as error:
        raise RunFolderError(f"{str(path)!r} is damaged: {error}. Take another folder.") from error
    if content.get("format") != _FORMAT or not isinstance(content.get("contenders"), dict):
        raise RunFolderError(
            f"{str(path)!r} is not of a format that this version reads. Take another folder."
        )
    return content


def _merged(earlier: Settings, now: Settings, folder: Path) -> Settings:
    """The earlier settings with the contenders that are new."""
    lines = value_differences(_shared(earlier, now), _shared(now, earlier))
    if lines:
        raise RunFolderError(
            "\n".join(
                [
                    f"The comparison in {str(folder)!r} is another one:",
                    *lines,
                    (
                        "Repeat it with the settings and data that it was begun with, give what is "
                        "different another title, or take another folder."
                    ),
                ]
            )
        )
    return {**earlier, "contenders": {**earlier["contenders"], **now["contenders"]}}


def _shared(settings: Settings, other: Mapping[str, Any]) -> Settings:
    both = settings["contenders"].keys() & other["contenders"].keys()
    contenders = {title: settings["contenders"][title] for title in sorted(both)}
    return {**settings, "contenders": contenders}
