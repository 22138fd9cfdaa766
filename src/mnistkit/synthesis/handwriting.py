"""The data set "handwriting": digits as the preparation of `mnistkit.recognize` finds them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import numpy as np

from mnistkit.datasets import Dataset, DatasetInfo, Split, described_by, load_dataset, storage
from mnistkit.datasets.array_cache import Arrays, cached_arrays
from mnistkit.datasets.fashion_mnist import INFO as FASHION_MNIST
from mnistkit.datasets.given import whole
from mnistkit.datasets.mnist import INFO as MNIST
from mnistkit.datasets.qmnist import INFO as QMNIST
from mnistkit.errors import MissingPackageError
from mnistkit.files.locking import locked
from mnistkit.packages import require

_VERSION = 1  # raise it when other images are made, so that kept ones are left behind
_TO_MAKE = ("skimage", "joblib", "matplotlib")
_TEST_SHARE = 6  # training images for each test image, as in MNIST
_PARTS = {"train": 1, "test": _TEST_SHARE}
_ARRAYS = tuple(f"{kind}_{part}" for part in _PARTS for kind in ("x", "y", "writers"))

INFO = DatasetInfo(
    name="handwriting",
    title="MNIST's digits found in photos, scans and drawings, and what is no digit; made here",
    classes=(*MNIST.classes, "no digit"),
    homepage=MNIST.homepage,
    licence=f"MNIST's, {MNIST.licence}; Fashion-MNIST's, {FASHION_MNIST.licence}",
    citation=f"{MNIST.citation} {FASHION_MNIST.citation}",
    conversion=(
        "digits are written on synthetic paper, and found there by the preparation of "
        "mnistkit.recognize"
    ),
    files=(
        *MNIST.files,
        *(file for file in QMNIST.files if "labels" in file.name),  # with MNIST's writers
        *FASHION_MNIST.files,
    ),
)


@described_by(INFO)
def handwriting(
    *,
    digits: int = 60_000,
    pictures: int = 20_000,
    others: int = 8_000,
    seed: int = 0,
    processes: int | None = None,
) -> Dataset:
    """MNIST's digits as they are found in people's own pictures, and what is no digit.

    What is trained on it can read photos: `mnistkit.recognize` takes the folder of the run as its
    model. The images are MNIST's own; digits written on synthetic paper, scanned, cropped or
    drawn on a screen, and found again by the preparation of `mnistkit.recognize`; and, as an
    eleventh class, what else it finds: leftovers of those pictures, letters, clothes, digits that
    touch, noise, scribbles, and empty sheets.

    It is made once, which takes minutes, and then kept in the folder of `mnistkit`.

    Parameters
    ----------
    digits : int, default 60000
        How many of MNIST's training images to use: the first ones.
    pictures : int, default 20000
        How many pictures of digits to render. Most give one image, some give several or none.
    others : int, default 8000
        How many pictures of what is no digit to render.
    seed : int, default 0
        The images are a function of these four numbers and of the versions of NumPy, SciPy, Pillow,
        scikit-image and matplotlib (its fonts).
    processes : int, optional
        How many processes share the work; by default as many as there are processors. The images
        do not depend on it.

    Returns
    -------
    Dataset
        MNIST's images come first, in their order. The test part is made in the same way, a sixth as
        large, from MNIST's test digits and Fashion-MNIST's test images; no training image shows
        any of them.

    Raises
    ------
    SplitError
        If a number is none, or too small.
    MissingPackageError
        If it has to be made, and scikit-image, joblib or matplotlib is not installed.
    DownloadError, CacheError
        If MNIST, its writers or Fashion-MNIST cannot be downloaded, or the result cannot be kept.

    Notes
    -----
    The writer of an image (``split.writers``) is the writer of the digit that it shows, or that was
    on the same page. Any other picture counts as a writer of its own, with a negative number.

    Accuracy on the test part favours this generator: the pictures of no digit are of the kinds that
    were trained on, and the ways to write on paper are the same. People's own pictures are
    harder.

    Examples
    --------
    >>> import mnistkit
    >>> data = mnistkit.load_dataset("handwriting")  # doctest: +SKIP
    >>> data  # doctest: +SKIP
    <Dataset handwriting: 156,064 + 25,980 images of 28x28, 11 classes>
    """
    sizes = (
        whole(digits, "digits", at_least=_TEST_SHARE),
        whole(pictures, "pictures", at_least=_TEST_SHARE),
        whole(others, "others", at_least=_TEST_SHARE),
    )
    seed = whole(seed, "seed", at_least=0)
    processes = None if processes is None else whole(processes, "processes", at_least=1)
    kept = "-".join(map(str, [_VERSION, *sizes, seed]))
    with _one_process(kept):
        arrays = cached_arrays(
            INFO.name, kept, _ARRAYS, lambda: _make(sizes, seed, processes), INFO.files
        )
    train, test = (
        Split(
            arrays[f"x_{part}"],
            arrays[f"y_{part}"],
            classes=INFO.classes,
            writers=arrays[f"writers_{part}"],
        )
        for part in _PARTS
    )
    return Dataset.from_splits(train, test, INFO)


@contextlib.contextmanager
def _one_process(kept: str) -> Iterator[None]:
    """Let the others wait for what one makes."""
    folder = storage.home() / INFO.name
    with contextlib.ExitStack() as held:
        with contextlib.suppress(OSError):  # a folder that is only read from needs no lock
            folder.mkdir(mode=0o755, parents=True, exist_ok=True)
            try:
                held.enter_context(locked(folder / f".making-{kept}.lock", wait=True))
            except MissingPackageError:  # where this is missing, the rest is, most likely
                _require_for_making("requests", "filelock")
                raise
        yield


def _require_for_making(*others: str) -> None:
    require(*others, *_TO_MAKE, to=f"make the data set {INFO.name!r}")


def _make(sizes: tuple[int, int, int], seed: int, processes: int | None) -> Arrays:
    """The arrays of both parts."""
    _require_for_making()
    from mnistkit.synthesis.making import make_examples

    storage.ensure_writable_folder(storage.home() / INFO.name)  # before minutes are spent
    digits, pictures, others = sizes
    sources, clothes = load_dataset("mnist"), load_dataset("fashion_mnist")
    arrays: Arrays = {}
    for number, (part, share) in enumerate(_PARTS.items()):
        source: Split = getattr(sources, part)[: digits // share]
        writers = source.writers
        assert writers is not None
        made = make_examples(
            source,
            getattr(clothes, part).images,
            pictures=pictures // share,
            others=others // share,
            seed=(seed, number),
            processes=processes,
            title=f"Making handwriting, {part}",
        )
        alone = -1 - np.arange(len(made.origins))
        arrays[f"x_{part}"], arrays[f"y_{part}"] = made.images, made.labels
        arrays[f"writers_{part}"] = np.where(made.origins < 0, alone, writers[made.origins])
    return arrays
