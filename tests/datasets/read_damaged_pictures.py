"""Read damaged pictures from folders in a process of its own, and print what came of it as JSON.

python read_damaged_pictures.py <how many> <folder to work in>
"""

from __future__ import annotations

import io
import json
import random
import struct
import sys
import time
import zlib
from pathlib import Path

import numpy as np
from PIL import Image

from mnistkit import Dataset
from mnistkit.errors import ImageFolderError

DIGIT = np.full((40, 36), 235, np.uint8)
DIGIT[5:35, 16:21] = 30
COLOUR = Image.fromarray(DIGIT).convert("RGB")
DEEP = Image.fromarray(DIGIT.astype(np.uint16) * 257)
VALID = [
    (Image.fromarray(DIGIT), "PNG", {}),
    (DEEP, "PNG", {}),
    (COLOUR.convert("RGBA"), "PNG", {}),
    (COLOUR.quantize(8), "PNG", {"transparency": 3}),
    (Image.fromarray(DIGIT), "JPEG", {}),
    (COLOUR, "JPEG", {"progressive": True}),
    (Image.fromarray(DIGIT), "GIF", {"save_all": True, "append_images": [COLOUR]}),
    (COLOUR, "BMP", {}),
    (COLOUR.quantize(8), "BMP", {}),
    (Image.fromarray(DIGIT), "TIFF", {}),
    (COLOUR, "TIFF", {"compression": "tiff_lzw"}),
    (COLOUR.convert("LAB"), "TIFF", {}),
    (Image.fromarray(DIGIT).convert("1"), "TIFF", {"compression": "group4"}),
    (Image.fromarray(DIGIT.astype(np.float32)), "TIFF", {}),
    (COLOUR, "WEBP", {}),
    (COLOUR.convert("RGBA"), "WEBP", {"lossless": True}),
    (DEEP.convert("I"), "PPM", {}),
]


def encoded(image: Image.Image, kind: str, options: dict) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def damaged(data: bytes, chance: random.Random) -> bytes:
    changed = bytearray(data)
    # Half of the damage goes to the header, where sizes and kinds are.
    place = lambda: chance.randrange(chance.choice([min(64, len(changed)), len(changed)]))  # noqa: E731
    how = chance.choice(["flip", "flip", "flip", "cut", "insert", "number"])
    if how == "flip":
        for _ in range(chance.randint(1, 8)):
            changed[place()] ^= 1 << chance.randrange(8)
    elif how == "cut":
        del changed[chance.randrange(len(changed)) :]
    elif how == "insert":
        start = place()
        changed[start:start] = chance.randbytes(chance.randint(1, 30))
    else:
        start, width = place(), chance.choice([2, 4])
        number = chance.choice([0, 1, 2**15, 2**16 - 1, 2**31 - 1, 2**32 - 1, 13_000, 60_000])
        order = chance.choice(["little", "big"])
        changed[start : start + width] = (number % 256**width).to_bytes(width, order)
    return with_right_checksum(bytes(changed)) if chance.random() < 0.5 else bytes(changed)


def with_right_checksum(data: bytes) -> bytes:
    """Have a PNG's header believed, whatever it now says."""
    if data[12:16] != b"IHDR" or len(data) < 33:
        return data
    return data[:29] + struct.pack(">I", zlib.crc32(data[12:29])) + data[33:]


def main(count: int, folder: Path) -> None:
    seeds = [(encoded(*valid), valid[1].lower()) for valid in VALID]
    outcomes = {"read": 0, "refused": 0}
    others, slowest = [], 0.0
    for part in ("train", "test"):
        (folder / part / "0").mkdir(parents=True)
    Image.fromarray(DIGIT).save(folder / "test" / "0" / "good.png")
    for number in range(count):
        data, suffix = seeds[number % len(seeds)]
        path = folder / "train" / "0" / f"{number}.{suffix}"
        path.write_bytes(damaged(data, random.Random(number)))
        start = time.perf_counter()
        try:
            Dataset.from_folder(folder)
            outcomes["read"] += 1
        except ImageFolderError as error:
            outcomes["refused"] += 1
            if path.name not in str(error):
                others.append(f"{path.name} is not named: {error}")
        except BaseException as error:  # noqa: BLE001  (these are what is looked for)
            others.append(f"{path.name}: {type(error).__name__}: {error}")
        slowest = max(slowest, time.perf_counter() - start)
        path.unlink()
    report = {"others": others, "slowest": slowest, "bytes": most_memory()}
    json.dump(outcomes | report, sys.stdout)


def most_memory() -> int:
    """The most memory that this process has had, in bytes."""
    status = Path("/proc/self/status")
    if status.exists():  # Linux's getrusage counts what the parent had before this one was started
        lines = dict(line.split(":", 1) for line in status.read_text().splitlines())
        return int(lines["VmHWM"].split()[0]) * 1024
    import resource  # Windows has none, and this file is imported where doctests are looked for

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
