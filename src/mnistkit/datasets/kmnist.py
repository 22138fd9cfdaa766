"""Kuzushiji-MNIST: 70,000 cursive Japanese characters in MNIST's format."""

from __future__ import annotations

from mnistkit.datasets.dataset import Dataset
from mnistkit.datasets.idx_dataset import idx_files, load_idx_dataset
from mnistkit.datasets.info import DatasetInfo, described_by

INFO = DatasetInfo(
    name="kmnist",
    title="ten cursive Japanese characters, 60,000 + 10,000 images",
    classes=("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"),
    homepage="http://codh.rois.ac.jp/kmnist/",
    licence="CC BY-SA 4.0",
    citation=(
        "T. Clanuwat, M. Bober-Irizar, A. Kitamoto, A. Lamb, K. Yamamoto, D. Ha: Deep learning "
        "for classical Japanese literature. arXiv:1812.01718, 2018."
    ),
    files=idx_files(
        "kmnist",
        sizes=(18165135, 29497, 3041136, 5120),
        sha256=(
            "51467d22d8cc72929e2a028a0428f2086b092bb31cfb79c69cc0a90ce135fde4",
            "e38f9ebcd0f3ebcdec7fc8eabdcdaef93bb0df8ea12bee65224341c8183d8e17",
            "edd7a857845ad6bb1d0ba43fe7e794d164fe2dce499a1694695a792adfac43c5",
            "20bb9a0ef54c7db3efc55a92eef5582c109615df22683c380526788f98e42a1c",
        ),
        hosts=("http://codh.rois.ac.jp/kmnist/dataset/kmnist/",),
        also_at=("torchvision:KMNIST/raw/",),
    ),
)


@described_by(INFO)
def kmnist() -> Dataset:
    """Kuzushiji-MNIST; the classes are the characters' Latin transcription."""
    return load_idx_dataset(INFO)
