"""A contact sheet of all kinds of pictures: ``python benchmarks/paper_sheet.py sheet.png``.

``--folder pictures`` writes the pictures as files as well.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from mnistkit.synthesis import KINDS, PAPER, RenderedDigit, render_digit
from mnistkit.synthesis.randomness import Random


def cell(item: RenderedDigit, label: int, side: int = 160, *, boxed: bool = False) -> Image.Image:
    """A specimen on a contact sheet; what is transparent shows a chequered ground."""
    image = Image.fromarray(item.pixels)
    if boxed:
        image = image.convert("RGB")
        left, top, right, bottom = item.box
        ImageDraw.Draw(image).rectangle([left, top, right - 1, bottom - 1], outline=(255, 0, 0))
    scale = (side - 4) / max(image.size)
    size = tuple(max(1, round(length * scale)) for length in image.size)
    method = Image.Resampling.NEAREST if scale > 1.5 else Image.Resampling.BOX
    tile = Image.new("RGB", (side, side), (90, 120, 90))
    resized = image.resize(size, method)
    corner = ((side - size[0]) // 2, (side - size[1]) // 2)
    tile.paste((225, 225, 225), (*corner, corner[0] + size[0], corner[1] + size[1]))
    tile.paste(resized, corner, resized if resized.mode == "RGBA" else None)
    ImageDraw.Draw(tile).text((2, 1), str(label), fill=(255, 255, 0))
    return tile


def main() -> None:
    import mnistkit

    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("sheet", type=Path, help="where the contact sheet goes, a PNG file")
    parser.add_argument("--kinds", nargs="+", choices=[*KINDS], default=[*KINDS])
    parser.add_argument("--count", type=int, default=10, help="specimens of each kind")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--max-side", type=int, help="of the pictures, in pixels")
    parser.add_argument("--boxes", action="store_true", help="show the box of the ink")
    parser.add_argument("--folder", type=Path, help="where single pictures go as files")
    options = parser.parse_args()

    split = mnistkit.load_dataset("mnist").train
    sheet = Image.new("RGB", (160 * options.count, 160 * len(options.kinds)))
    seconds = 0.0
    for row, kind in enumerate(options.kinds):
        # A kind's pictures do not depend on which others are drawn.
        rng = np.random.default_rng([options.seed, [*KINDS].index(kind)])
        for column in range(options.count):
            i = int(rng.integers(len(split.images)))
            label, start = int(split.labels[i]), time.perf_counter()
            item = render_digit(split.images[i], kind, rng, label=label, max_side=options.max_side)
            seconds += time.perf_counter() - start
            sheet.paste(cell(item, label, boxed=options.boxes), (160 * column, 160 * row))
            if options.folder:
                save(item, options.folder / kind / f"{column}-{label}", rng)
    sheet.save(options.sheet)
    num = options.count * len(options.kinds)
    print(f"{num} specimens, {num / seconds:.0f} a second")


def save(item: RenderedDigit, path: Path, rng: Random) -> None:
    """Photos now and then as JPEG, all else as PNG."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if item.kind in PAPER and item.pixels.ndim == 3 and rng.random() < 0.5:
        Image.fromarray(item.pixels).save(path.with_suffix(".jpg"), quality=92)
    else:
        Image.fromarray(item.pixels).save(path.with_suffix(".png"))


if __name__ == "__main__":
    main()
