"""Images as PNG within a page."""

from __future__ import annotations

import base64
import io
from typing import Any

import numpy as np
from numpy.typing import NDArray


def as_data_uri(image: NDArray[np.uint8]) -> str:
    """An image as PNG in a ``data:`` address; grey ones as ink on paper.

    Parameters
    ----------
    image : numpy.ndarray of uint8, shape (height, width), or with 1 or 3 channels at the end
    """
    from PIL import Image

    array: NDArray[Any] = image[..., 0] if image.shape[2:] == (1,) else image
    if array.ndim == 2:
        array = 255 - array
    file = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(array)).save(file, format="PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()
