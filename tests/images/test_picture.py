"""Reading pictures: real files of every kind, damaged ones, and arrays."""

from __future__ import annotations

import io
import struct
import subprocess
import sys
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy
from PIL import ExifTags, Image, ImageOps, TiffImagePlugin

from mnistkit.errors import ImageError, PictureError
from mnistkit.images.picture import WORKING_SIDE, Picture, read_picture

GREY = np.arange(0, 240, 2, dtype=np.uint8).reshape(10, 12)
COLOUR = np.stack([GREY, 255 - GREY, np.full_like(GREY, 77)], axis=-1)
BLACK_WHITE = np.where(GREY % 3 == 0, 255, 0).astype(np.uint8)


def encoded(image, kind, **options) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def png(width, height, bits, colour_type, rows: bytes, *extra: tuple[bytes, bytes]) -> bytes:
    """A PNG file by hand, for the kinds that Pillow does not write."""
    chunks = [
        (b"IHDR", struct.pack(">IIBBBBB", width, height, bits, colour_type, 0, 0, 0)),
        *extra,
        (b"IDAT", zlib.compress(rows)),
        (b"IEND", b""),
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    )


def png_rows(values: np.ndarray) -> bytes:
    return b"".join(b"\0" + row.tobytes() for row in values)


def assert_is_picture(picture: Picture) -> None:
    pixels = picture.pixels
    assert pixels.dtype == np.uint8
    assert pixels.ndim == 2 or (pixels.ndim == 3 and pixels.shape[2] == 3)
    assert min(pixels.shape) >= 1
    assert max(pixels.shape[:2]) <= WORKING_SIDE
    assert pixels.flags.c_contiguous
    assert pixels.flags.writeable
    assert picture.reduction >= 1
    assert all(isinstance(remark, str) for remark in picture.remarks)


# --- what can be in a file -------------------------------------------------------------------

LOSSLESS = [
    ("PNG", {}),
    ("GIF", {}),
    ("BMP", {}),
    ("WEBP", {"lossless": True}),
    ("TIFF", {}),
    ("TIFF", {"compression": "tiff_lzw"}),
    ("TIFF", {"compression": "tiff_adobe_deflate"}),
]


@pytest.mark.parametrize(("kind", "options"), LOSSLESS)
def test_greyscale_files_come_back_as_drawn(tmp_path, kind, options):
    path = tmp_path / "picture"  # no suffix: what is inside counts
    Image.fromarray(GREY).save(path, kind, **options)
    picture = read_picture(path)
    assert_is_picture(picture)
    np.testing.assert_array_equal(picture.pixels, GREY)
    assert (picture.reduction, picture.remarks) == (1, ())


@pytest.mark.parametrize(("kind", "options"), [case for case in LOSSLESS if case[0] != "GIF"])
def test_colour_files_come_back_as_drawn(tmp_path, kind, options):
    path = tmp_path / "picture.any"
    Image.fromarray(COLOUR).save(path, kind, **options)
    picture = read_picture(path)
    assert_is_picture(picture)
    np.testing.assert_array_equal(picture.pixels, COLOUR)


@pytest.mark.parametrize("kind", ["PNG", "GIF", "BMP", "TIFF"])
def test_palettes_are_looked_up(kind):
    picture = read_picture(encoded(Image.fromarray(COLOUR).quantize(256), kind))
    np.testing.assert_array_equal(picture.pixels, COLOUR)


@pytest.mark.parametrize("kind", ["PNG", "GIF", "BMP", "TIFF"])
def test_one_bit_a_pixel(kind):
    image = Image.fromarray(BLACK_WHITE).convert("1")
    assert image.mode == "1"
    np.testing.assert_array_equal(read_picture(encoded(image, kind)).pixels, BLACK_WHITE)


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_sixteen_bits_become_eight(kind):
    image = Image.fromarray(GREY.astype(np.uint16) * 257 + 100)
    assert image.mode == "I;16"
    np.testing.assert_array_equal(read_picture(encoded(image, kind)).pixels, GREY)


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_eight_bits_in_sixteen_are_not_black(kind):
    image = Image.fromarray(GREY.astype(np.uint16))
    np.testing.assert_array_equal(read_picture(encoded(image, kind)).pixels, GREY)


@pytest.mark.parametrize(("mode", "values"), [("L", GREY), ("RGB", COLOUR), ("1", BLACK_WHITE)])
def test_the_kin_of_ppm(mode, values):
    picture = read_picture(encoded(Image.fromarray(values).convert(mode), "PPM"))
    np.testing.assert_array_equal(picture.pixels, values)


def test_dib():
    picture = read_picture(encoded(Image.fromarray(COLOUR), "DIB"))
    np.testing.assert_array_equal(picture.pixels, COLOUR)


def test_sixteen_bits_of_colour_become_eight():
    wide = (COLOUR.astype(">u2") * 257).astype(">u2")
    picture = read_picture(png(12, 10, 16, 2, png_rows(wide)))
    np.testing.assert_array_equal(picture.pixels, COLOUR)


def test_two_bits_a_pixel():
    picture = read_picture(png(4, 1, 2, 0, b"\0" + bytes([0b00_01_10_11])))
    assert picture.pixels.tolist() == [[0, 85, 170, 255]]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([[0, 257, 65535]], [[0, 1, 255]]),
        ([[0, 1_000_000, 4_000_000]], [[0, 64, 255]]),
        ([[0, 9, 255]], [[0, 9, 255]]),  # 8 bits in a wide type
        ([[0, 0, 0]], [[0, 0, 0]]),
    ],
)
def test_integers_of_32_bits_are_scaled(values, expected):
    image = Image.fromarray(np.array(values, dtype=np.int32))
    assert image.mode == "I"
    assert read_picture(image).pixels.tolist() == expected
    assert read_picture(encoded(image, "TIFF")).pixels.tolist() == expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [([[0, 0.5, 1]], [[0, 128, 255]]), ([[0, 9, 255]], [[0, 9, 255]])],
)
def test_floats_are_scaled(values, expected):
    image = Image.fromarray(np.array(values, dtype=np.float32))
    assert image.mode == "F"
    assert read_picture(encoded(image, "TIFF")).pixels.tolist() == expected


@pytest.mark.parametrize(
    ("values", "dtype", "text"),
    [
        ([[0, 256]], np.float32, "from 0 to 256"),
        ([[-1, 0.5]], np.float32, "from -1 to 0.5"),
        ([[np.nan, 0.5]], np.float32, "nan"),
        ([[0, np.inf]], np.float32, "from 0 to inf"),
        ([[-5, 7]], np.int32, "from -5 to 7"),
    ],
)
def test_files_with_values_out_of_range_are_refused(values, dtype, text):
    data = encoded(Image.fromarray(np.array(values, dtype=dtype)), "TIFF")
    with pytest.raises(PictureError, match=rf"^<bytes> has values .*{text}.*Scale them"):
        read_picture(data)


def flat(mode: str, colour) -> Image.Image:
    return Image.new("RGB", (32, 24), colour).convert(mode)


@pytest.mark.parametrize(
    ("mode", "colour"),
    [("L", (90, 90, 90)), ("RGB", (200, 40, 90)), ("CMYK", (200, 40, 90)), ("CMYK", (0, 0, 255))],
)
def test_jpeg(mode, colour):
    data = encoded(flat(mode, colour), "JPEG", quality=95)
    assert Image.open(io.BytesIO(data)).mode == mode
    pixels = read_picture(data).pixels
    assert pixels.shape == ((24, 32) if mode == "L" else (24, 32, 3))
    assert np.abs(pixels - np.float32(colour[0] if mode == "L" else colour)).max() <= 4


def test_a_colour_file_without_colours_becomes_grey():
    picture = read_picture(encoded(Image.fromarray(GREY).convert("RGB"), "PNG"))
    np.testing.assert_array_equal(picture.pixels, GREY)


def test_a_single_pixel():
    assert read_picture(encoded(Image.new("L", (1, 1), 7), "PNG")).pixels.tolist() == [[7]]


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "TIFF", "MPO"])
def test_of_several_frames_the_first_is_read(kind):
    frames = [Image.new("RGB", (16, 16), colour) for colour in ("red", "blue", "black")]
    options = {"lossless": True} if kind == "WEBP" else {}
    data = encoded(frames[0], kind, save_all=True, append_images=frames[1:], **options)
    picture = read_picture(data)
    assert np.abs(picture.pixels - np.float32([255, 0, 0])).max() <= 2
    several = "several pages" if kind in {"TIFF", "MPO"} else "animated"
    assert picture.remarks == (f"{several}: only its first frame is read",)


def test_of_a_pil_image_the_present_frame_is_read():
    frames = [Image.new("L", (4, 4), grey) for grey in (10, 20, 30)]
    image = Image.open(
        io.BytesIO(encoded(frames[0], "GIF", save_all=True, append_images=frames[1:]))
    )
    image.seek(2)
    picture = read_picture(image)
    assert (picture.pixels == 30).all()
    assert picture.remarks == ("animated: only its frame 3 is read",)
    assert image.tell() == 2


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP", "JPEG"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied(kind, orientation):
    image = Image.fromarray(np.kron(GREY, np.ones((8, 8), dtype=np.uint8)))
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    options = {"lossless": True} if kind == "WEBP" else {}
    data = encoded(image, kind, exif=exif, **options)
    expected = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
    assert expected.size == (image.size if orientation < 5 else image.size[::-1])
    expected = np.asarray(expected.convert("L"))
    np.testing.assert_array_equal(read_picture(data).pixels, expected)
    np.testing.assert_array_equal(read_picture(Image.open(io.BytesIO(data))).pixels, expected)


def test_a_camera_held_on_its_side():
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6  # turn it clockwise
    data = encoded(Image.fromarray(np.array([[1, 2, 3], [4, 5, 6]], np.uint8)), "PNG", exif=exif)
    assert read_picture(data).pixels.tolist() == [[4, 1], [5, 2], [6, 3]]


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
def test_damaged_exif_data_do_not_cost_the_picture():
    data = encoded(flat("L", (9, 9, 9)), "JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\xff damaged")
    assert read_picture(data).pixels.shape == (24, 32)
    image = Image.new("L", (3, 2))
    image.info["Raw profile type exif"] = "\n\n\nno hexadecimal number"
    assert read_picture(image).remarks == ("damaged EXIF data: it may lie on its side",)


# --- transparency ----------------------------------------------------------------------------

ALPHA = np.array([[0, 255, 128, 0]], dtype=np.uint8)
OTHER = 99  # what hides where nothing is visible


def rgba(ink: int) -> np.ndarray:
    grey = np.where(ALPHA > 0, ink, OTHER).astype(np.uint8)
    return np.stack([grey, grey, grey, ALPHA], axis=-1)


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF", "image", "array"])
@pytest.mark.parametrize(
    ("ink", "expected", "paper"),
    [
        (0, [[255, 0, 127, 255]], "white"),
        (40, [[255, 40, 147, 255]], "white"),
        (255, [[0, 255, 128, 0]], "black"),
        (200, [[0, 200, 100, 0]], "black"),
    ],
)
def test_ink_stands_out_from_the_paper(kind, ink, expected, paper):
    image = Image.fromarray(rgba(ink))
    if kind == "image":
        source = image
    elif kind == "array":
        source = rgba(ink)
    else:
        source = encoded(
            image, kind, **({"lossless": True, "exact": True} if kind == "WEBP" else {})
        )
    picture = read_picture(source)
    assert picture.pixels.tolist() == expected
    assert picture.remarks == (f"transparent: laid on {paper} paper",)


def test_coloured_ink():
    pixels = np.zeros((2, 2, 4), dtype=np.uint8)
    pixels[0, 0] = (200, 0, 0, 255)  # dark to the eye
    assert read_picture(pixels).pixels.tolist()[0] == [[200, 0, 0], [255, 255, 255]]
    pixels[0, 0] = (255, 255, 0, 255)
    assert read_picture(pixels).pixels.tolist()[0] == [[255, 255, 0], [0, 0, 0]]


@pytest.mark.parametrize("mode", ["LA", "La", "RGBa", "PA"])
def test_other_modes_with_alpha(mode):
    grey_alpha = Image.fromarray(rgba(0)).convert("LA")
    if mode == "PA":
        image = grey_alpha.convert("P").convert("PA")
        image.putalpha(Image.fromarray(ALPHA))
    else:
        image = (grey_alpha if mode == "La" else Image.fromarray(rgba(0))).convert(mode)
    assert image.mode == mode
    picture = read_picture(image)
    assert picture.pixels.tolist() == [[255, 0, 127, 255]]


@pytest.mark.parametrize("kind", ["PNG", "GIF"])
def test_a_transparent_colour_of_the_palette(kind):
    image = Image.fromarray(np.array([[0, 1, 1, 0]], dtype=np.uint8)).convert("P")
    image.putpalette([200, 200, 200, 10, 10, 10])
    picture = read_picture(encoded(image, kind, transparency=0))
    assert picture.pixels.tolist() == [[255, 10, 10, 255]]


def test_a_palette_with_alphas():
    image = Image.fromarray(np.array([[0, 1, 2]], dtype=np.uint8)).convert("P")
    image.putpalette([0, 0, 0] * 3)
    picture = read_picture(encoded(image, "PNG", transparency=bytes([0, 128, 255])))
    assert picture.pixels.tolist() == [[255, 127, 0]]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (png(3, 1, 8, 0, b"\0\x05\x00\x05", (b"tRNS", b"\0\x05")), [[255, 0, 255]]),
        (png(2, 1, 8, 2, b"\0\x05\x05\x05\0\0\0", (b"tRNS", b"\0\x05" * 3)), [[255, 0]]),
        (png(2, 1, 16, 0, b"\0\x05\x05\x00\x00", (b"tRNS", b"\x05\x05")), [[255, 0]]),
        (png(8, 1, 1, 0, b"\0\x0f", (b"tRNS", b"\0\x01")), [[0] * 4 + [255] * 4]),
    ],
    ids=["8 bits", "colour", "16 bits", "1 bit"],
)
def test_one_transparent_value(data, expected):
    assert read_picture(data).pixels.tolist() == expected


@pytest.mark.parametrize("alpha", [255, 60])
def test_an_alpha_channel_that_says_nothing_is_dropped(alpha):
    pixels = np.dstack([COLOUR, np.full_like(GREY, alpha)])
    for source in (pixels, encoded(Image.fromarray(pixels), "PNG")):
        picture = read_picture(source)
        np.testing.assert_array_equal(picture.pixels, COLOUR)
        assert picture.remarks == ()


def test_what_is_wholly_transparent_is_blank_paper():
    pixels = np.dstack([COLOUR, np.zeros_like(GREY)])
    picture = read_picture(encoded(Image.fromarray(pixels), "PNG"))
    assert picture.pixels.shape == GREY.shape
    assert (picture.pixels == 255).all()
    assert picture.remarks == ("fully transparent: read as blank white paper",)


# --- large pictures --------------------------------------------------------------------------


def noise(height: int, width: int, channels: int) -> np.ndarray:
    pixels = np.random.default_rng(0).integers(0, 256, (height, width, channels), dtype=np.uint8)
    return pixels[..., 0] if channels == 1 else pixels


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("size", [(900, 5000), (4321, 700), (1, 6000), (2001, 2)])
def test_large_pictures_are_reduced_as_a_whole(size, channels):
    pixels = noise(*size, channels)
    factor = -(-max(size) // WORKING_SIDE)
    expected = np.asarray(Image.fromarray(pixels).reduce(factor))
    for source in (pixels, encoded(Image.fromarray(pixels), "PNG", compress_level=0)):
        picture = read_picture(source)
        assert_is_picture(picture)
        assert picture.reduction == factor
        np.testing.assert_array_equal(picture.pixels, expected)


@pytest.mark.parametrize("mode", ["1", "P", "LA", "RGBA", "I;16", "I", "F", "CMYK"])
def test_every_mode_can_be_large(mode):
    # 4 x 4 pixels of one value, so that the mean is exact.
    small = np.where(noise(5, 1050, 1) > 127, 255, 0).astype(np.uint8)
    image = Image.fromarray(small).resize((4200, 20), Image.Resampling.NEAREST)
    if mode in {"I;16", "I"}:
        image = Image.fromarray(
            np.asarray(image).astype(np.uint16 if mode != "I" else np.int32) * 257
        )
    elif mode in {"CMYK", "LA", "RGBA"}:
        image = image.convert("RGB" if mode == "CMYK" else "L").convert(mode)
    else:
        image = image.convert(mode)
    assert image.mode == mode
    picture = read_picture(image)
    assert picture.reduction == 3
    expected = np.asarray(Image.fromarray(np.asarray(small.repeat(4, 0).repeat(4, 1))).reduce(3))
    assert np.abs(picture.pixels.astype(int) - expected).max() <= 1


def test_a_picture_of_the_working_side_stays():
    assert read_picture(np.zeros((3, WORKING_SIDE))).pixels.shape == (3, WORKING_SIDE)
    assert read_picture(np.zeros((3, WORKING_SIDE + 1))).reduction == 2


@pytest.mark.parametrize(
    ("width", "reduction"), [(1399, 1), (4032, 3), (8000, 6), (8688, 8), (16320, 12), (30000, 24)]
)
def test_large_jpegs_are_reduced(width, reduction):
    ramp = np.linspace(0, 255, width).astype(np.uint8)
    pixels = np.broadcast_to(ramp, (64, width))
    picture = read_picture(encoded(Image.fromarray(pixels), "JPEG", quality=95))
    assert picture.reduction == reduction
    assert picture.pixels.shape == (-(-64 // reduction), -(-width // reduction))
    middle = ramp[reduction // 2 :: reduction][: picture.pixels.shape[1]]
    assert np.abs(picture.pixels[1, : len(middle)].astype(int) - middle).max() <= 6


def test_a_jpeg_thinner_than_it_is_reduced():
    picture = read_picture(encoded(Image.new("L", (16000, 3), 80), "JPEG"))
    assert picture.pixels.shape == (1, 1334)
    assert picture.reduction == 12


@pytest.mark.parametrize("size", [(30_000, 30_000), (2**31 - 1, 1), (14_143, 14_143)])
def test_too_many_pixels_are_refused_from_the_header(tmp_path, size):
    path = tmp_path / "bomb.png"
    path.write_bytes(png(*size, 8, 2, b"\0"))
    limit = Image.MAX_IMAGE_PIXELS
    with pytest.raises(PictureError, match=r"bomb\.png' declares [\d,]+ x .*at most 200 are read"):
        read_picture(path)
    assert limit == Image.MAX_IMAGE_PIXELS


@pytest.mark.parametrize("kind", ["GIF", "BMP", "TIFF", "WEBP", "JPEG"])
def test_no_kind_of_file_is_a_bomb(kind):
    """Sizes of more than 200 megapixels, written into the header of a small picture."""
    data = bytearray(encoded(Image.new("L", (40, 30)), kind, **LOSSLESS_WEBP.get(kind, {})))
    if kind == "GIF":
        data[6:10] = struct.pack("<HH", 60_000, 60_000)
    elif kind == "BMP":
        data[18:26] = struct.pack("<ii", 60_000, 60_000)
    elif kind == "WEBP":
        data[21:25] = struct.pack("<I", 16_383 | 16_383 << 14)
    elif kind == "JPEG":
        start = data.index(b"\xff\xc0") + 5
        data[start : start + 4] = struct.pack(">HH", 60_000, 60_000)
    else:
        data = bytearray(encoded_tiff_of(60_000, 60_000))
    with pytest.raises(PictureError, match=r"at most (50|75|200) are read|exceeds limit"):
        read_picture(bytes(data))


def test_webp_takes_more_memory_than_others():
    data = bytearray(encoded(Image.new("L", (40, 30)), "WEBP", lossless=True))
    data[21:25] = struct.pack("<I", 7_999 | 7_999 << 14)
    with pytest.raises(PictureError, match="64 megapixels; at most 50 are read"):
        read_picture(bytes(data))


def test_tiff_takes_more_memory_than_others():
    with pytest.raises(PictureError, match="196 megapixels; at most 75 are read"):
        read_picture(encoded_tiff_of(14_000, 14_000))


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process's own peak")
@pytest.mark.parametrize(("bits", "sample"), [((8,) * 3, 1), ((16,) * 4, 1), ((32,), 3)])
def test_the_largest_tiff_of_one_strip_takes_less_than_a_gigabyte(tmp_path, bits, sample):
    side = 8_600  # 74 megapixels
    strip = zlib.compress(bytes(sum(bits) // 8 * side * side), 1)
    kind = {258: bits, 259: 8, 262: 2 if len(bits) > 1 else 1, 277: len(bits), 339: sample}
    kind |= {278: side, 273: 0, 279: len(strip)} | ({338: 2} if len(bits) == 4 else {})
    path = tmp_path / "one_strip.tif"
    path.write_bytes(encoded_tiff_of(side, side, kind) + strip)
    script = f"""
import re
from pathlib import Path
from mnistkit.images.picture import read_picture
assert read_picture({str(path)!r}).reduction == 7
print(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1])
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    assert int(done.stdout) * 1024 < 1_000_000_000


LOSSLESS_WEBP = {"WEBP": {"lossless": True}}


def encoded_tiff_of(width: int, height: int, others: dict | None = None) -> bytes:
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    grey = {258: 8, 259: 1, 262: 1, 273: 8, 277: 1, 278: height, 279: 1}
    values = {256: width, 257: height, **(grey if others is None else others)}
    for tag, value in values.items():
        tags[tag] = value
    stream = io.BytesIO(b"II*\0\x08\0\0\0")
    stream.seek(8)
    stream.write(tags.tobytes(8))
    return stream.getvalue()


def test_pillow_does_not_warn_of_what_is_within_the_limit():
    """Above 89 megapixels Image.open would warn, in every thread; warnings are errors here."""
    side = 10_000
    data = png(side, side, 1, 0, (b"\0" + b"\xff" * (side // 8)) * side)
    picture = read_picture(data)
    assert picture.reduction == 8
    assert (picture.pixels == 255).all()


# --- where a picture may come from -----------------------------------------------------------


class Pipe:
    """It can only be read, once, from front to back."""

    def __init__(self, data: bytes) -> None:
        self._stream = io.BytesIO(data)

    def read(self, count: int = -1) -> bytes:
        return self._stream.read(count)


@pytest.mark.parametrize(
    "source",
    [
        str,
        Path,
        lambda path: path.read_bytes(),
        lambda path: bytearray(path.read_bytes()),
        lambda path: io.BytesIO(path.read_bytes()),
        lambda path: Pipe(path.read_bytes()),
        lambda path: GREY,
        lambda path: GREY.tolist(),
        lambda path: Image.fromarray(GREY),
    ],
)
def test_every_source_gives_the_same(tmp_path, source):
    path = tmp_path / "picture.png"
    Image.fromarray(GREY).save(path)
    np.testing.assert_array_equal(read_picture(source(path)).pixels, GREY)


@pytest.mark.parametrize("compression", [None, "tiff_lzw"])
def test_an_open_file_stays_open_and_is_read_from_its_start(tmp_path, compression):
    path = tmp_path / "picture.tif"
    Image.fromarray(GREY).save(path, compression=compression)
    with path.open("rb") as stream:
        stream.seek(0, io.SEEK_END)
        for _ in range(2):
            np.testing.assert_array_equal(read_picture(stream).pixels, GREY)
        assert not stream.closed


@pytest.mark.parametrize(
    "mode", ["1", "L", "P", "RGB", "RGBA", "CMYK", "YCbCr", "LAB", "HSV", "I", "F", "RGBX", "I;16B"]
)
def test_a_pil_image_of_any_mode_is_read_and_left_alone(mode):
    image = Image.new(mode, (4, 3))
    before = image.tobytes()
    assert_is_picture(read_picture(image))
    assert (image.mode, image.size, image.tobytes()) == (mode, (4, 3), before)


def test_a_pil_image_is_not_closed(tmp_path):
    path = tmp_path / "large.jpg"
    Image.new("RGB", (4100, 10), "red").save(path)
    with Image.open(path) as image:
        assert read_picture(image).reduction == 3
        assert image.size == (4100, 10)
        image.getpixel((0, 0))


def test_a_closed_pil_image_is_an_error(tmp_path):
    Image.new("RGB", (4, 4)).save(tmp_path / "a.gif")
    image = Image.open(tmp_path / "a.gif")
    image.close()
    with pytest.raises(PictureError, match="<image> cannot be read"):
        read_picture(image)


def test_a_pil_image_without_pixels_is_an_error():
    with pytest.raises(PictureError, match="no pixels, it is 0 x 3"):
        read_picture(Image.new("L", (0, 3)))


def test_many_threads_at_once():
    colours = [(grey, 255 - grey, 7) for grey in range(40)]
    files = [encoded(Image.new("RGB", (50, 40), colour), "PNG") for colour in colours]
    with ThreadPoolExecutor(8) as pool:
        for colour, picture in zip(colours, pool.map(read_picture, files), strict=True):
            assert (picture.pixels == colour).all()


def test_pillow_is_imported_only_when_a_picture_is_read():
    code = (
        "import sys, mnistkit.images.picture as picture\n"
        "assert not {'PIL', 'tensorflow', 'keras'} & set(sys.modules)\n"
        "picture.read_picture([[0, 255]])\n"
        "assert not {'tensorflow', 'keras'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


# --- files that cannot be read ---------------------------------------------------------------


def test_a_missing_file(tmp_path):
    with pytest.raises(PictureError, match=r"seven\.png' does not exist.*Check the spelling"):
        read_picture(tmp_path / "seven.png")
    with pytest.raises(OSError, match="'' does not exist"):
        read_picture("")


def test_a_folder(tmp_path):
    with pytest.raises(PictureError, match=r"is a folder\. Give the path of a picture in it"):
        read_picture(tmp_path)


def test_no_permission(tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")  # root may read everything

    monkeypatch.setattr("builtins.open", refuse)
    with pytest.raises(PictureError, match=r"a\.png' may not be read \(Permission denied\)"):
        read_picture(tmp_path / "a.png")


@pytest.mark.parametrize("path", ["null\0byte.png", "long" * 5000])
def test_an_impossible_path(path):
    with pytest.raises(PictureError, match=r"^.{,200} cannot be opened .* Check the path"):
        read_picture(path)


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"", "<bytes> is empty, it holds no bytes"),
        (b"hello", "<bytes> is not a picture that can be read: it starts with b'hello'"),
        (b"%PDF-1.7 and so on, for long", "Convert it to one of PNG, JPEG, .* a PDF page"),
        (b"BMhello", "cannot be read, it may be damaged"),
        (b"\x89PNG\r\n\x1a\n", "cannot be read, it may be damaged"),
        (b"\x89PNG\r\n\x1a\n" + b"\xff" * 100, "cannot be read, it may be damaged"),
        (b"\xff\xd8\xff\xe0", "cannot be read, it may be damaged"),
    ],
)
def test_what_is_no_picture(data, text):
    with pytest.raises(PictureError, match=text):
        read_picture(data)


def test_a_file_opened_as_text(tmp_path):
    path = tmp_path / "picture.png"
    Image.fromarray(GREY).save(path)
    with path.open() as stream, pytest.raises(PictureError, match=r"picture\.png' was opened as"):
        read_picture(stream)

    class Text:
        def read(self, _: int = -1) -> str:
            return "text"

        def seek(self, _: int) -> None:
            pass

    with pytest.raises(PictureError, match=r"<stream> gives text.*'rb'"):
        read_picture(Text())


FILES = {
    "PNG": {},
    "JPEG": {},
    "GIF": {},
    "BMP": {},
    "WEBP": {},
    "TIFF": {},
    "TIFF lzw": {"compression": "tiff_lzw"},
    "JPEG progressive": {"progressive": True},
    "WEBP lossless": {"lossless": True},
}


def real_file(kind: str) -> bytes:
    pixels = noise(40, 50, 3)
    return encoded(Image.fromarray(pixels), kind.split(maxsplit=1)[0], **FILES[kind])


@pytest.mark.parametrize("kind", FILES)
def test_a_file_cut_short_is_no_half_grey_picture(tmp_path, kind):
    path = tmp_path / "cut"
    data = real_file(kind)
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(PictureError, match=r"cut' cannot be read, .*Copy or save it again"):
        read_picture(path)


SEEDS = [
    *(real_file(kind) for kind in FILES),
    encoded(Image.fromarray(COLOUR).quantize(256), "PNG", transparency=3),
    encoded(Image.fromarray(GREY).convert("1"), "TIFF", compression="group4"),
    encoded(Image.fromarray(GREY.astype(np.uint16) * 257), "PNG"),
    encoded(Image.fromarray(rgba(0)), "PNG"),
    encoded(Image.fromarray(rgba(0)), "WEBP"),
    encoded(Image.fromarray(GREY), "GIF", save_all=True, append_images=[Image.new("L", (12, 10))]),
    encoded(Image.fromarray(COLOUR), "MPO", save_all=True, append_images=[Image.new("L", (9, 9))]),
    encoded(Image.fromarray(GREY.astype(np.float32)), "TIFF"),
]


@st.composite
def damaged_files(draw) -> bytes:
    data = bytearray(draw(st.sampled_from(SEEDS)))
    # Headers are short and hold what matters: half of the damage goes there.
    place = st.integers(0, min(99, len(data) - 1)) | st.integers(0, len(data) - 1)
    for position, byte in draw(st.lists(st.tuples(place, st.integers(0, 255)), max_size=6)):
        data[position] = byte
    if draw(st.booleans()):
        start, length = draw(place), draw(st.integers(0, 40))
        data[start : start + length] = draw(st.binary(max_size=40))
    if draw(st.booleans()):
        del data[draw(st.integers(0, len(data))) :]
    return bytes(data)


def assert_read_or_refused(source, error) -> None:
    try:
        picture = read_picture(source)
    except error as refused:
        assert len(str(refused)) > 30  # noqa: PT017  (either outcome is right)
    else:
        assert_is_picture(picture)


@pytest.mark.filterwarnings("ignore")  # Pillow warns and goes on: that is where the depths are
@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow])
@given(damaged_files() | st.binary(max_size=200))
def test_damaged_files_are_read_or_refused(data):
    assert_read_or_refused(data, PictureError)


# --- arrays ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "dtype", ["?", "u1", "i1", "u2", "i2", "i4", "i8", "u8", ">i4", "f2", "f4", "f8", "g"]
)
@pytest.mark.parametrize("shape", [(1, 2), (1, 2, 1)])
def test_arrays_of_every_type(dtype, shape):
    kind = np.dtype(dtype).kind
    most = 127 if dtype == "i1" else 1 if kind in "bf" else 255
    array = np.array([0, most], dtype=dtype).reshape(shape)
    picture = read_picture(array)
    assert_is_picture(picture)
    assert picture.pixels.tolist() == [[0, 127 if dtype == "i1" else 255]]


def test_floats_are_rounded():
    assert read_picture([[0.0, 0.001, 0.5, 0.999, 1.0]]).pixels.tolist() == [[0, 0, 128, 255, 255]]


@pytest.mark.parametrize("channels", [3, 4])
def test_colour_arrays(channels):
    array = np.dstack([COLOUR, np.full_like(GREY, 255)])[..., :channels]
    np.testing.assert_array_equal(read_picture(array).pixels, COLOUR)
    np.testing.assert_array_equal(read_picture(array / 255).pixels, COLOUR)


@pytest.mark.parametrize(
    "view",
    [
        lambda array: array[::-1, ::2],
        lambda array: array.T,
        np.asfortranarray,
        lambda array: np.broadcast_to(array[:1], array.shape),
    ],
)
def test_arrays_in_any_order_are_read_and_left_alone(view):
    base = GREY.copy()
    base.flags.writeable = False
    array = view(base)
    picture = read_picture(array)
    np.testing.assert_array_equal(picture.pixels, array)
    picture.pixels[:] = 1
    np.testing.assert_array_equal(base, GREY)


def test_the_picture_shares_no_memory_with_the_array():
    array = GREY.copy()
    picture = read_picture(array)
    assert not np.shares_memory(picture.pixels, array)


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (np.zeros((0, 5)), r"no pixels in an array of shape \(0, 5\)"),
        ([], r"no pixels in an array of shape \(0,\)"),
        (np.zeros(784), r"shape \(784,\) is not one picture"),
        (5, r"shape \(\) is not one picture"),
        (np.zeros((10, 28, 28)), r"shape \(10, 28, 28\).*one at a time, images\[0\]"),
        (np.zeros((2, 28, 28, 3)), r"one at a time, images\[0\]"),
        (np.zeros((3, 28, 28)), r"np\.moveaxis\(array, 0, -1\)"),
        (np.zeros((28, 28, 2)), r"\(28, 28, 2\) is not one picture"),
        ([[0, 300]], r"int64 picture has values from 0 to 300.*\(array // 257\)"),
        (np.array([[0, 65535]], np.uint16), r"0 to 65535.*\(array // 257\)\.astype\(np\.uint8\)"),
        ([[0, 70000]], r"0 to 70000.*array / array\.max\(\)"),
        ([[-1, 5]], r"from -1 to 5.*array\.min\(\)"),
        ([[-(2**63), 2**63 - 1]], r"from -9\.22337e\+18 to 9\.22337e\+18"),
        ([[0, 254.5]], r"float64 picture has values from 0 to 254\.5.*Divide it by 255"),
        ([[0, 1e6]], r"from 0 to 1e\+06.*Divide it by its largest value"),
        ([[-0.5, 1.0]], r"from -0\.5 to 1"),
        ([[0.0, 1.0], [np.nan, 0.0]], r"value nan at \[1, 0\].*np\.nan_to_num"),
        ([[0.0, np.inf]], r"value inf at \[0, 1\]"),
        ([[-np.inf, 0]], r"value -inf at \[0, 0\]"),
        ([[0.5, np.float16("nan")]], "value nan"),
        (None, "cannot be of type object"),
        ({"a": 1}, "cannot be of type object"),
        ([["a", "b"]], "cannot be of type <U1"),
        ([[1j, 0]], "cannot be of type complex128"),
        (np.zeros((2, 2), "m8[s]"), r"cannot be of type timedelta64\[s\]"),
        ([[1, 2], [3]], "This is not an array"),
    ],
)
def test_arrays_that_are_no_picture(source, text):
    with pytest.raises(ImageError, match=text) as caught:
        read_picture(source)
    assert "Expected one picture: an array (height, width)" in str(caught.value)


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int64, np.float16, np.float64])
def test_large_arrays_are_reduced(dtype):
    array = np.ones((3, 4001), dtype=dtype)
    if dtype in {np.uint8, np.int64}:
        array *= 255
    picture = read_picture(array)
    assert picture.reduction == 3
    assert picture.pixels.shape == (1, 1334)
    assert (picture.pixels == 255).all()


ANY_ARRAY = st_numpy.arrays(
    st_numpy.scalar_dtypes() | st_numpy.byte_string_dtypes() | st_numpy.unicode_string_dtypes(),
    st_numpy.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=5),
)
LIKELY_ARRAY = st_numpy.array_shapes(min_dims=2, max_dims=2, max_side=9).flatmap(
    lambda shape: st.sampled_from([(), (1,), (3,), (4,)]).flatmap(
        lambda channels: (
            st_numpy.arrays(np.uint8, shape + channels)
            | st_numpy.arrays(bool, shape + channels)
            | st_numpy.arrays(np.int32, shape + channels, elements=st.integers(0, 256))
            | st_numpy.arrays(np.float32, shape + channels, elements=st.floats(0, 1, width=32))
        )
    )
)


@settings(max_examples=200)
@given(ANY_ARRAY | LIKELY_ARRAY)
def test_arrays_are_read_or_refused(array):
    before = array.copy()
    assert_read_or_refused(array, ImageError)
    assert array.tobytes() == before.tobytes()
