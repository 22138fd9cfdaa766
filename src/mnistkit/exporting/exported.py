"""What was exported: the file, and how far it agrees with Keras."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mnistkit.exporting.check import Agreement
from mnistkit.models.network_metadata import NetworkMetadata


@dataclass(frozen=True)
class Exported:
    """A file that `export` wrote.

    Attributes
    ----------
    path : pathlib.Path
        The file; for a SavedModel the folder.
    format : str
        ``"onnx"``, ``"litert"`` or ``"saved_model"``.
    size : int
        Bytes, of all files together.
    metadata : NetworkMetadata
        What the file says of itself: model, classes, input, output, temperature.
    agreement : Agreement
        On which images it was run, and how far it agreed with Keras.
    """

    path: Path
    format: str
    size: int
    metadata: NetworkMetadata
    agreement: Agreement

    def __str__(self) -> str:
        agreed = self.agreement
        checked = f"{agreed.num_images:,} images of {agreed.data}"
        if self.metadata.precision == "int8" and agreed.accuracy is not None:
            says = (
                f"{agreed.accuracy:.2%} of {checked} correct, {agreed.keras_accuracy:.2%} by Keras"
            )
        else:
            says = f"probabilities within {agreed.difference:.1g} of Keras' on {checked}"
        return f"{self.path}: {self.size / 1000:,.1f} kB, {says}"

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values that JSON can hold."""
        return {
            "path": str(self.path),
            "format": self.format,
            "size": self.size,
            "metadata": self.metadata.to_dict(),
            "agreement": asdict(self.agreement),
        }
