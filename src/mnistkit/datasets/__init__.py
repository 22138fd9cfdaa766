"""Where digits come from: the catalogue, downloads, file formats, `Dataset` and `Split`."""

from mnistkit.datasets.catalogue import (
    DATASETS,
    list_datasets,
    load_data,
    load_dataset,
    register_dataset,
    unregister_dataset,
)
from mnistkit.datasets.dataset import Dataset
from mnistkit.datasets.info import DatasetInfo, described_by
from mnistkit.datasets.remote_file import RemoteFile
from mnistkit.datasets.split import Split

__all__ = [
    "DATASETS",
    "Dataset",
    "DatasetInfo",
    "RemoteFile",
    "Split",
    "described_by",
    "list_datasets",
    "load_data",
    "load_dataset",
    "register_dataset",
    "unregister_dataset",
]
