"""Anybody's picture of digits as a plain array: a file, bytes, a PIL image or an array."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mnistkit.errors import PictureError
from mnistkit.images.arrays import checked_array, eight_bit

if TYPE_CHECKING:
    from PIL import Image
    from PIL.ImageFile import ImageFile

WORKING_SIDE = 1400  # pixels

_MOST_PIXELS = 200_000_000  # the largest telephone cameras; as RGB it takes 800 MB
_MOST_PIXELS_OF = {
    "WEBP": 50_000_000,  # libwebp and Pillow have four copies; a bomb of 38 bytes took 3 GB
    "TIFF": 75_000_000,  # libtiff decodes a strip, which can be all of it, beside Pillow's copy
}
_BAND_PIXELS = 1 << 20
# MPO comes through JPEG, PBM and PGM through PPM; DIB has the vaguest beginning, so it is the last.
_FORMATS = {
    "PNG": "Png", "JPEG": "Jpeg", "GIF": "Gif", "BMP": "Bmp", "WEBP": "WebP", "TIFF": "Tiff",
    "PPM": "Ppm", "DIB": "Bmp",
}  # fmt: skip
Pixels = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture as it is worked on. Two pictures are equal only if they are the same object.

    Attributes
    ----------
    pixels : numpy.ndarray of uint8, shape (height, width) or (height, width, 3)
        Upright and opaque; two dimensions where there is no colour. An array of its own, shared
        with nobody.
    reduction : int
        How many pixels of the original one side of a pixel covers; 1 if it was not reduced.
    remarks : tuple of str
        What happened, in words, for instance ``"animated: only its first frame is read"``.
    """

    pixels: Pixels
    reduction: int = 1
    remarks: tuple[str, ...] = ()


def read_picture(
    source: str | os.PathLike[str] | bytes | bytearray | IO[bytes] | Image.Image | ArrayLike,
) -> Picture:
    """Read a picture from wherever it is.

    Parameters
    ----------
    source : str, path-like, bytes, binary file, PIL.Image.Image or array_like
        A path, or what is in such a file: PNG, JPEG, MPO, GIF, BMP, DIB, WebP, TIFF, or
        PPM and its kin. A file that is open is read from its start and stays open. Of a PIL image
        the present frame is read.
        An array is ``(h, w)``, ``(h, w, 1)``, ``(h, w, 3)`` or ``(h, w, 4)``, of booleans,
        integers in 0-255 or floats in [0, 1].

    Returns
    -------
    Picture
        Turned upright by its EXIF orientation. Larger pictures are reduced by a whole number, so
        that the longer side has at most `WORKING_SIDE` pixels; smaller ones are never enlarged.
        What is transparent becomes black paper under light ink, white paper under dark ink.

    Raises
    ------
    PictureError
        If a file or a PIL image cannot be read: missing, no picture, damaged, cut short, or
        declared to have more than 200 megapixels (50 as WebP, 75 as TIFF), which is found out
        before it is decoded.
    ImageError
        If an array has a wrong shape, data type or range of values.

    Examples
    --------
    >>> read_picture([[0, 255], [128, 0]])
    Picture(pixels=array([[  0, 255],
           [128,   0]], dtype=uint8), reduction=1, remarks=())
    """
    from PIL import Image

    if isinstance(source, Image.Image):
        with _explained("<image>"):
            return _from_image(source, "<image>")
    if isinstance(source, str | os.PathLike):
        return _from_path(os.fsdecode(source))
    if isinstance(source, bytes | bytearray):
        return _from_stream(io.BytesIO(source), "<bytes>")
    if hasattr(source, "read"):
        name = getattr(source, "name", None)
        name = repr(name) if isinstance(name, str) else "<stream>"
        return _from_stream(cast("IO[bytes]", source), name)
    return _from_array(source)


def _from_path(path: str) -> Picture:
    shown = repr(path if len(path) < 1000 else f"{path[:80]}...")  # somebody's base64
    try:
        stream = open(path, "rb")  # noqa: PTH123, SIM115  (Path("") is a folder; closed below)
    except (OSError, ValueError) as error:  # ValueError: a path cannot hold a null byte
        raise PictureError(f"{shown} {_why_not_opened(path, error)}") from error
    with stream:
        return _from_stream(stream, shown)


def _why_not_opened(path: str, error: Exception) -> str:
    if isinstance(error, FileNotFoundError):
        return (
            f"does not exist; it was looked for from {str(Path.cwd())!r}. Check the "
            "spelling, or give the whole path."
        )
    # Windows says of a folder that one may not read it.
    if isinstance(error, IsADirectoryError | PermissionError) and Path(path).is_dir():
        return "is a folder. Give the path of a picture in it."
    if isinstance(error, PermissionError):
        return (
            f"may not be read ({error.strerror}). Change the file's permissions, or copy it to a "
            "folder of yours."
        )
    return f"cannot be opened ({getattr(error, 'strerror', error)}). Check the path."


def _from_stream(stream: IO[bytes], name: str) -> Picture:
    if isinstance(stream, io.TextIOBase):
        raise PictureError(f"{name} was opened as text. Open it with open(path, 'rb').")
    with _explained(name):
        image = _opened(stream, name)
        _check_size(image, name)
        return _from_image(image, name, drafted=_draft(image))


@contextmanager
def _explained(name: str) -> Iterator[None]:
    """Turn whatever Pillow raises into an error that says which picture it was."""
    try:
        yield
    except PictureError:
        raise
    except Exception as error:
        # Everything: over damaged bytes Pillow raises OSError, SyntaxError, ValueError, EOFError,
        # struct.error, zlib.error, IndexError, KeyError, TypeError, AttributeError, OverflowError,
        # MemoryError, and it does not say which.
        raise PictureError(
            f"{name} cannot be read, it may be damaged or cut short "
            f"({type(error).__name__}: {error}). Copy or save it again, or convert it to PNG."
        ) from error


def _opened(stream: IO[bytes], name: str) -> ImageFile:
    """Read the header only.

    Not by ``Image.open``: it warns above 89 megapixels, a warning cannot be silenced in one thread
    alone, and it tries every format that Pillow knows, some of which start other programs.
    """
    from PIL import Image

    try:
        stream.seek(0)
    except (AttributeError, OSError):  # a pipe, or what comes over a network
        stream = io.BytesIO(stream.read())
    prefix = stream.read(16)
    if not isinstance(prefix, bytes):
        raise PictureError(f"{name} gives text. Open it with open(path, 'rb').")
    if not prefix:
        raise PictureError(f"{name} is empty, it holds no bytes. Copy or save it again.")
    for kind, plugin in _FORMATS.items():
        import_module(f"PIL.{plugin}ImagePlugin")  # it registers itself
        factory, accept = Image.OPEN[kind]
        if accept is None or accept(prefix):
            stream.seek(0)
            return factory(stream, "")
    raise PictureError(
        f"{name} is not a picture that can be read: it starts with {prefix!r}. Convert it to one "
        f"of {', '.join(_FORMATS)}; a HEIC photo or a PDF page for instance to JPEG or PNG."
    )


def _check_size(image: Image.Image, name: str) -> None:
    width, height = image.size
    most = _MOST_PIXELS_OF.get(image.format or "", _MOST_PIXELS)
    if width * height > most:
        raise PictureError(
            f"{name} declares {width:,} x {height:,} pixels, {width * height / 1e6:,.0f} "
            f"megapixels; at most {most / 1e6:.0f} are read. Crop it or make it smaller."
        )
    if width * height == 0:
        raise PictureError(f"{name} has no pixels, it is {width} x {height}. Save it again.")


def _draft(image: ImageFile) -> int:
    """Have a large JPEG decoded at 1/2, 1/4 or 1/8, which is quick and takes little memory.

    It returns how many times smaller it will be, and stays at full size where the picture would
    come out coarser by a third than by the box mean alone, as 12-megapixel photos would.
    """
    width, height = image.size
    factor = _factor(image.size)
    for scale in (8, 4, 2):
        rest = _factor((-(-width // scale), -(-height // scale)))
        if 3 * scale * rest < 4 * factor:
            drafted = image.draft(None, (max(1, width // scale), max(1, height // scale)))
            # A thin picture is decoded larger than asked for, other formats as they are.
            return 1 if drafted is None else round(width / drafted[1][2])
    return 1


def _factor(size: tuple[int, int]) -> int:
    return -(-max(size) // WORKING_SIDE)


def _from_image(image: Image.Image, name: str, drafted: int = 1) -> Picture:
    _check_size(image, name)
    frame_remarks = _frame_remarks(image)
    image.load()
    orientation, exif_remarks = _orientation(image)  # PNG and TIFF know it once they are loaded
    converted = _conversion(image, name)
    return _picture(
        image.size,
        lambda top, bottom: converted(image.crop((0, top, image.width, bottom))),
        orientation=orientation,
        drafted=drafted,
        remarks=frame_remarks + exif_remarks,
    )


def _from_array(source: Any) -> Picture:
    from PIL import Image

    array = checked_array(source)
    return _picture(
        (array.shape[1], array.shape[0]),
        lambda top, bottom: Image.fromarray(eight_bit(array[top:bottom])),
    )


def _picture(
    size: tuple[int, int],
    band: Callable[[int, int], Image.Image],
    *,
    orientation: int = 1,
    drafted: int = 1,
    remarks: tuple[str, ...] = (),
) -> Picture:
    """Reduce a picture band by band, so that there is never a second copy of a large one."""
    from PIL import ExifTags, Image, ImageOps

    factor = _factor(size)
    bands = [np.asarray(band(*rows).reduce(factor)) for rows in _bands(size, factor)]
    image = Image.fromarray(np.concatenate(bands))
    image.getexif()[ExifTags.Base.Orientation] = orientation
    ImageOps.exif_transpose(image, in_place=True)
    image, alpha_remarks = _opaque(image)
    pixels = np.array(image)
    if pixels.ndim == 3 and (pixels == pixels[..., :1]).all():  # the colours say nothing
        pixels = pixels[..., 0].copy()
    return Picture(pixels, drafted * factor, remarks + alpha_remarks)


def _frame_remarks(image: Image.Image) -> tuple[str, ...]:
    if not getattr(image, "is_animated", False):
        return ()
    several = "several pages" if image.format in {"TIFF", "MPO"} else "animated"
    which = f"frame {image.tell() + 1}" if image.tell() else "first frame"
    return (f"{several}: only its {which} is read",)


def _orientation(image: Image.Image) -> tuple[int, tuple[str, ...]]:
    from PIL import ExifTags

    try:
        return image.getexif().get(ExifTags.Base.Orientation, 1), ()
    except Exception:  # noqa: BLE001  (as in _explained; a good picture can have damaged EXIF data)
        return 1, ("damaged EXIF data: it may lie on its side",)


def _conversion(image: Image.Image, name: str) -> Callable[[Image.Image], Image.Image]:
    """Return what makes a band of the picture 8-bit L, LA, RGB or RGBA."""
    if image.mode in {"I", "F"} or image.mode.startswith("I;16"):
        multiplier = _multiplier(image, name)
        return lambda band: _from_numbers(band, multiplier)
    clear = image.has_transparency_data
    if image.mode in {"1", "L", "LA", "La"}:
        mode = "LA" if clear else "L"
    else:
        mode = "RGBA" if clear else "RGB"
    return lambda band: band.convert(mode)


def _multiplier(image: Image.Image, name: str) -> float:
    """The factor that scales the values of a picture of 16 or 32 bits to 0-255."""
    bands = (
        np.asarray(image.crop((0, top, image.width, bottom))) for top, bottom in _bands(image.size)
    )
    with np.errstate(invalid="ignore"):  # not a number: found below
        ranges = [(band.min(), band.max()) for band in bands]
        low, high = np.min(ranges), np.max(ranges)
    most = 255 if image.mode == "F" else np.inf
    if not (low >= 0 and high <= most):  # written so that not-a-number is refused too
        raise PictureError(
            f"{name} has values from {low:g} to {high:g}; floats go from 0 to 1 or from 0 to 255, "
            "integers of 32 bits from 0 up. Scale them and save it again."
        )
    if image.mode == "F":
        return 255 if high <= 1 else 1
    # Integers up to 255 are 8 bits in a wide type, as arrays are: else all of it would be black.
    return 1 if high <= 255 else 1 / 257 if high <= 65535 else 255 / float(high)


def _from_numbers(band: Image.Image, multiplier: float) -> Image.Image:
    from PIL import Image

    values = np.asarray(band)
    grey = np.rint(np.multiply(values, multiplier, dtype=np.float32)).astype(np.uint8)
    key = band.info.get("transparency")
    if key is None:
        return Image.fromarray(grey)
    alpha = np.where(values == key, 0, 255).astype(np.uint8)
    return Image.fromarray(np.stack([grey, alpha], axis=-1))


def _bands(size: tuple[int, int], factor: int = 1) -> Iterator[tuple[int, int]]:
    """Top and bottom of each band, whole multiples of the factor but for the last one."""
    width, height = size
    rows = factor * max(1, _BAND_PIXELS // (factor * width))
    for top in range(0, height, rows):
        yield top, min(top + rows, height)


def _opaque(image: Image.Image) -> tuple[Image.Image, tuple[str, ...]]:
    """Lay a transparent picture on the paper on which its ink stands out."""
    from PIL import Image

    if image.mode not in {"LA", "RGBA"}:
        return image, ()
    alpha, colours = image.getchannel("A"), image.convert(image.mode[:-1])
    low, high = alpha.getextrema()
    if high == 0:
        blank = Image.new("L", image.size, "white")
        return blank, ("fully transparent: read as blank white paper",)
    if low == high:  # the same everywhere: the ink is in the colours
        return colours, ()
    is_light = np.average(np.asarray(colours.convert("L")), weights=np.asarray(alpha)) > 127
    paper = "black" if is_light else "white"
    on_paper = Image.composite(colours, Image.new(colours.mode, image.size, paper), alpha)
    return on_paper, (f"transparent: laid on {paper} paper",)
