"""measured_images: the images that a comparison was measured on, found again."""

from __future__ import annotations

from dataclasses import dataclass

from mnistkit.comparison.comparison import Comparison
from mnistkit.comparison.splits import Splits, digest, is_kept, kept, splits_of
from mnistkit.datasets import Dataset, Split
from mnistkit.errors import ComparisonError, MnistKitError
from mnistkit.messages import shown


@dataclass(frozen=True, eq=False)
class MeasuredImages:
    """The images that a comparison was measured on.

    Attributes
    ----------
    split : Split
        In the order of the comparison's evaluations.
    dataset : str
        The name of the data set that gives them and those that were trained on, as their digests
        say; empty if no name alone does.
    """

    split: Split
    dataset: str


def measured_images(comparison: Comparison, data: Dataset | str | None = None) -> MeasuredImages:
    """The images that a comparison was measured on, found again.

    Parameters
    ----------
    comparison : Comparison
    data : Dataset or str, optional
        The data set that was compared on, or its name. By default the one of the name by which it
        was loaded then, or else the images in the comparison's folder.

    Returns
    -------
    MeasuredImages

    Raises
    ------
    ComparisonError
        If they are other images, or nothing is known of where they came from.
    DownloadError
        If the data set is not on this machine, and cannot be had.
    """
    if data is not None:
        return _checked(comparison, splits_of(data, comparison.on, (), robustness=False), data)
    try:
        name = _loadable(comparison.loaded_as)
        return _checked(comparison, splits_of(name, comparison.on, (), robustness=False), name)
    except MnistKitError:
        folder, wanted = comparison.run_dir, comparison.digests.get("measured", "")
        if folder is None or not is_kept(folder, wanted):
            raise
        split = kept(folder, wanted)
        if digest(split) != wanted:
            raise
        return MeasuredImages(split, "")


def _loadable(name: str) -> str:
    """The name of a data set, if it is one that a file may have loaded."""
    if not name or ":" in name:  # a function is not called because a file names it
        raise ComparisonError(
            f"The comparison is of {shown(name) if name else 'data without a name'}, which is not "
            "loaded by a name alone. Give the data set that was compared on: data=..., or "
            "--dataset NAME."
        )
    return name


def _checked(comparison: Comparison, splits: Splits, data: Dataset | str) -> MeasuredImages:
    if splits.digests[""] != comparison.digests.get("measured"):
        raise ComparisonError(
            f"The comparison was measured on {comparison.num_measured:,} images of "
            f"{comparison.name!r} that are not the {len(splits.measured):,} of the data set: their "
            "digests differ. Give the data set that was compared on, made in the same way: "
            "data=..., or --dataset NAME."
        )
    is_all = splits.train_digest == comparison.digests.get("train")
    return MeasuredImages(splits.measured, data if is_all and isinstance(data, str) else "")
