"""report: a run or a comparison as one page."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from mnistkit.comparison import Comparison, load_comparison
from mnistkit.datasets import Dataset, Split
from mnistkit.errors import ReportError, RunFolderError, WrongTypeError
from mnistkit.files.atomic import write_atomically
from mnistkit.messages import shown, with_article
from mnistkit.packages import require
from mnistkit.reports.comparison_report import comparison_page
from mnistkit.reports.run_report import run_page
from mnistkit.training.saved_model import Builder

_COMPARISON_FILE, _RUN_FILE = "comparison.json", "run.json"
_IN_A_SEARCH = "comparison"  # the folder inside that of a search which holds its comparison


def report(
    source: Comparison | str | os.PathLike[str],
    path: str | os.PathLike[str],
    *,
    data: Dataset | Split | str | None = None,
    builder: Builder | str | None = None,
    overwrite: bool = False,
) -> Path:
    """Write a run or a comparison as one page of HTML, which needs no network and no script.

    The verdict comes first, then the table, accuracy against cost, and for each model, of the
    training with the median accuracy, how it was trained, which classes it takes for which, its
    surest mistakes as pictures, and whether its probabilities can be believed; at the end what the
    figures depend on, and how to repeat it. It is made for screens of any width, light and dark,
    and for paper.

    Parameters
    ----------
    source : Comparison, str or path-like
        What `compare` returned; its folder, ``run_dir``; or the folder of a run, which
        `Trainer.save` wrote, or ``Trainer(..., run_dir=...)``.
    path : str or path-like
        The file to write, such as ``"report.html"``.
    data : Dataset, Split or str, optional
        What was measured, to show mistakes as pictures. By default the data set of the name by
        which it was loaded for training. A run is measured on its test images, or on a `Split`; one
        that is part of a comparison, like that, on the images that the comparison was measured on.
    builder : function or str, optional
        What builds the model of a run, as `Trainer.load` takes it.
    overwrite : bool, default False
        Whether to replace a file that is there.

    Returns
    -------
    pathlib.Path
        The file.

    Raises
    ------
    ReportError
        If there is such a file, or it cannot be written; or if nothing is known of where the data
        of a run came from.
    RunFolderError
        If the folder holds neither, or is damaged, or the run is not finished.
    ComparisonError
        If the images are not those that were measured, or cannot be found.
    DownloadError
        If the data set is not on this machine, and cannot be had.
    MissingPackageError
        If jinja2 or matplotlib is not installed, or for a run TensorFlow or Keras.
    WrongTypeError
        If it is given another kind of object.

    Notes
    -----
    The same folder gives the same bytes, on the same machine.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import mnistkit
    >>> recipe = mnistkit.Recipe(epochs=1)
    >>> contender = mnistkit.Contender("dense128", recipe=recipe)
    >>> comparison = mnistkit.compare([contender], "digits", seeds=2)
    >>> page = mnistkit.report(comparison, pathlib.Path(tempfile.mkdtemp(), "report.html"))
    >>> page.read_text(encoding="utf-8")[:15]
    '<!doctype html>'
    """
    target = _checked_target(path, overwrite=overwrite)
    if not isinstance(data, Dataset | Split | str | None):
        raise WrongTypeError(
            f"data={shown(data)}: expected a mnistkit.Dataset, one of its parts, or the name of a "
            "data set."
        )
    text = _page(source, data, builder)
    try:
        write_atomically(target, lambda file: file.write(text.encode()))
    except OSError as error:
        raise ReportError(
            f"The report cannot be written to {str(target)!r}: {error}. Choose another file."
        ) from error
    return target


def _page(source: Any, data: Dataset | Split | str | None, builder: Builder | str | None) -> str:
    folder = _checked_folder(source)
    require_for_report(folder)
    if folder is not None:
        if _is_a_run(folder):
            return run_page(folder, data, builder)
        source = load_comparison(folder)
    if isinstance(data, Split):
        raise WrongTypeError(
            "A comparison's data=... is the whole data set, a mnistkit.Dataset or its name, not "
            "one of its parts: the part that was measured is found in it."
        )
    return comparison_page(source, data)


def require_for_report(folder: Path | None) -> None:
    """Refuse to go on where packages are not installed that a report needs: all in one message.

    Parameters
    ----------
    folder : pathlib.Path or None
        Of a run, whose model is built again, or of a comparison; None for a comparison itself.

    Raises
    ------
    MissingPackageError
        If one is not installed.
    """
    for_models = ("tensorflow", "keras") if folder is not None and _is_a_run(folder) else ()
    require(*for_models, "jinja2", "matplotlib", to="write a report")


def _is_a_run(folder: Path) -> bool:
    return (folder / _RUN_FILE).exists() and not (folder / _COMPARISON_FILE).exists()


def _checked_folder(source: Any) -> Path | None:
    """The folder of a run or a comparison; None for a comparison itself."""
    if isinstance(source, Comparison):
        return None
    if not isinstance(source, str | os.PathLike):
        raise WrongTypeError(
            "report takes what mnistkit.compare returned, its folder, or the folder of a run, not "
            f"{with_article(source)}. Save a trainer first: trainer.save(folder)."
        )
    folder = Path(source).expanduser().absolute()
    if not any((folder / name).exists() for name in (_COMPARISON_FILE, _RUN_FILE)):
        inside = folder / _IN_A_SEARCH
        advice = (
            f"There is a comparison in {str(inside)!r}, as a search leaves it: give that."
            if (inside / _COMPARISON_FILE).exists()
            else "Give the folder after 'mnistkit train --out' or 'mnistkit compare --out'."
        )
        raise RunFolderError(
            f"{str(folder)!r} holds neither a run nor a comparison: there is no {_RUN_FILE!r} and "
            f"no {_COMPARISON_FILE!r} in it. {advice}"
        )
    return folder


def _checked_target(path: Any, *, overwrite: bool) -> Path:
    """Where to write, found out before anything takes long."""
    if not isinstance(path, str | os.PathLike):
        raise WrongTypeError(
            f"path={shown(path)}: expected the file to write, such as 'report.html'."
        )
    target = Path(path).expanduser().absolute()
    if target.is_dir():
        raise ReportError(f"{str(target)!r} is a folder. Give a file, such as 'report.html'.")
    if target.exists() and not overwrite:
        raise ReportError(
            f"{str(target)!r} is there already. Choose another file, or have it replaced "
            "(overwrite=True, --overwrite)."
        )
    if not target.parent.is_dir():
        raise ReportError(
            f"The report cannot be written to {str(target)!r}: there is no folder "
            f"{str(target.parent)!r}. Make it first, or choose another file."
        )
    return target
