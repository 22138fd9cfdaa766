"""What the tests of reports share: a hostile comparison, a run, and a reader of pages."""

from __future__ import annotations

import shutil
from collections import Counter
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import mnistkit
from mnistkit.datasets import DatasetInfo

HOSTILE = "<script>alert('title')</script> & \"$x_{$\""
CLASSES = ("<b>bar</b>", "dot", "$_{")
EMPTY = {"area", "base", "br", "col", "hr", "img", "input", "link", "meta", "path", "use", "line",
         "circle", "rect"}  # fmt: skip


def pictures(count: int, seed: int, part: str, loaded_as: str = "") -> mnistkit.Split:
    """Pictures of 28x28 that are easy to tell apart, by 12 writers."""
    generator = np.random.default_rng(seed)
    labels = np.arange(count) % 3
    images = generator.integers(0, 120, (count, 28, 28), dtype=np.uint8)
    images[labels == 0, :, 8:12] = 220
    images[labels == 1, 10:16, 10:16] = 220
    return mnistkit.Split(
        images, labels, classes=CLASSES, writers=np.arange(count) % 12, dataset="small",
        part=part, loaded_as=loaded_as,
    )  # fmt: skip


def by_grey(train: mnistkit.Split, images: Any, seed: int, *, noise: float = 0.1) -> Any:
    """Train in its own way: the mean grey of each class."""
    grey = lambda given: given.reshape(len(given), -1).mean(axis=1)  # noqa: E731
    means = np.array([grey(train.images[train.labels == label]).mean() for label in range(3)])
    shift = noise * np.random.default_rng(seed).normal(size=(len(images), 3))
    weights = np.exp(-np.abs(grey(images)[:, None] - means) - shift)
    return weights / weights.sum(axis=1, keepdims=True)


def fails(train: mnistkit.Split, images: Any, seed: int) -> Any:
    raise ValueError("not <i>today</i>")


def make_small(loaded_as: str = "") -> mnistkit.Dataset:
    """120 pictures to train on, 36 to test on."""
    info = DatasetInfo("small", title="bars and dots", classes=CLASSES)
    parts = [pictures(n, n, part, loaded_as) for n, part in ((120, "train"), (36, "test"))]
    return mnistkit.Dataset(*parts, info)


@pytest.fixture(scope="session")
def small() -> mnistkit.Dataset:
    return make_small()


@pytest.fixture(scope="session")
def compared(small, tmp_path_factory) -> mnistkit.Comparison:
    """Two contenders that train in their own way, one of them with a hostile title; one fails."""
    noisy = mnistkit.Contender(by_grey, options={"noise": 20.0}, title=HOSTILE)
    folder = tmp_path_factory.mktemp("reports") / "kept"
    return mnistkit.compare(
        [by_grey, noisy, fails], small, seeds=3, run_dir=folder, robustness=True
    )


@pytest.fixture(scope="session")
def kept_digits(tmp_path_factory) -> Path:
    """A comparison's folder: one contender, one seed, one epoch on the digits."""
    contender = mnistkit.Contender("dense128", recipe=mnistkit.Recipe(epochs=1), title="short")
    folder = tmp_path_factory.mktemp("reports") / "digits"
    mnistkit.compare([contender], "digits", seeds=1, run_dir=folder)
    return folder


@pytest.fixture(scope="session")
def run(kept_digits, tmp_path_factory) -> Path:
    """The same run by itself."""
    folder = tmp_path_factory.mktemp("reports") / "first"
    return shutil.copytree(kept_digits / "short" / "seed-0", folder)


@dataclass
class Page(HTMLParser):
    """A page as a strict reader sees it: every element closed, and what each refers to."""

    text: str
    tags: Counter[str] = field(default_factory=Counter)
    ids: list[str] = field(default_factory=list)
    references: list[str] = field(default_factory=list)
    images: list[dict[str, str]] = field(default_factory=list)
    plots: list[dict[str, str]] = field(default_factory=list)
    words: str = ""

    def __post_init__(self) -> None:
        super().__init__()
        self._open: list[str] = []
        self.feed(self.text)
        self.close()
        assert self._open == []
        self.words = " ".join(self.words.split())

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        given = {name: value or "" for name, value in attrs}
        assert not [name for name in given if name.startswith("on")]
        self.tags[tag] += 1
        self.ids += [given["id"]] if "id" in given else []
        self.references += [given[name] for name in ("src", "href", "xlink:href") if name in given]
        if tag == "img":
            self.images.append(given)
        if tag == "svg":
            self.plots.append(given)
        if tag not in EMPTY:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: Any) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in EMPTY:
            self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        if tag not in EMPTY:
            assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] != "style":
            self.words += data


@pytest.fixture(scope="session")
def read():
    """Read a page strictly."""
    return lambda path: Page(Path(path).read_text(encoding="utf-8"))
