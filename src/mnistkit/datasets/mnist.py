"""MNIST: 70,000 handwritten digits."""

from __future__ import annotations

from mnistkit.datasets.dataset import Dataset
from mnistkit.datasets.idx_dataset import idx_files, load_idx_dataset
from mnistkit.datasets.info import DatasetInfo, described_by
from mnistkit.datasets.qmnist import mnist_writers
from mnistkit.datasets.remote_file import RemoteFile

DIGITS = tuple("0123456789")

KERAS_ARCHIVE = RemoteFile(
    dataset="mnist",
    name="mnist.npz",
    size=11490434,
    digest="sha256:731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1",
    urls=("https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz",),
    also_at=("keras:mnist.npz",),
)

INFO = DatasetInfo(
    name="mnist",
    title="handwritten digits of 539 + 297 writers, 60,000 + 10,000 images",
    classes=DIGITS,
    homepage="http://yann.lecun.com/exdb/mnist/",
    licence="CC BY-SA 3.0",
    citation=(
        "Y. LeCun, L. Bottou, Y. Bengio, P. Haffner: Gradient-based learning applied to document "
        "recognition. Proceedings of the IEEE 86(11), 1998."
    ),
    files=idx_files(
        "mnist",
        sizes=(9912422, 28881, 1648877, 4542),
        sha256=(
            "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
            "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
            "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
            "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
        ),
        unpacked_sha256=(
            "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
            "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
            "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
            "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
        ),
        hosts=(
            "https://storage.googleapis.com/cvdf-datasets/mnist/",
            "https://ossci-datasets.s3.amazonaws.com/mnist/",
        ),
        also_at=("torchvision:MNIST/raw/",),
    ),
    substitutes=(KERAS_ARCHIVE,),
)


@described_by(INFO)
def mnist() -> Dataset:
    """MNIST, with its writers on demand.

    The writers (``split.writers``, ``split.holdout(..., by="writer")``) come from QMNIST's label
    files, which are fetched the first time that they are asked for.
    """
    return load_idx_dataset(INFO, mnist_writers)
