"""Fashion-MNIST: 70,000 pictures of clothes in MNIST's format."""

from __future__ import annotations

from mnistkit.datasets.dataset import Dataset
from mnistkit.datasets.idx_dataset import idx_files, load_idx_dataset
from mnistkit.datasets.info import DatasetInfo, described_by

INFO = DatasetInfo(
    name="fashion_mnist",
    title="pictures of ten kinds of clothes, 60,000 + 10,000 images",
    classes=(
        "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
        "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
    ),
    homepage="https://github.com/zalandoresearch/fashion-mnist",
    licence="MIT",
    citation=(
        "H. Xiao, K. Rasul, R. Vollgraf: Fashion-MNIST: a novel image dataset for benchmarking "
        "machine learning algorithms. arXiv:1708.07747, 2017."
    ),
    files=idx_files(
        "fashion_mnist",
        sizes=(26421880, 29515, 4422102, 5148),
        sha256=(
            "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
            "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
            "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
            "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
        ),
        unpacked_sha256=(
            "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
            "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
            "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
            "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
        ),
        hosts=(
            "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
            "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
        ),
        also_at=("keras:fashion-mnist/", "torchvision:FashionMNIST/raw/"),
    ),
)  # fmt: skip


@described_by(INFO)
def fashion_mnist() -> Dataset:
    """Fashion-MNIST."""
    return load_idx_dataset(INFO)
