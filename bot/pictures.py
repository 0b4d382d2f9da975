"""Portraits for people who have no picture: drawn from a seed, the same each time."""

from __future__ import annotations

from hashlib import sha256
from io import BytesIO

from PIL import Image, ImageDraw

SIZE = 320
_CELLS = 5
_PALETTE = (
    ((79, 124, 255), (232, 239, 255)),
    ((0, 150, 136), (224, 245, 241)),
    ((214, 90, 120), (252, 232, 238)),
    ((140, 100, 220), (240, 233, 252)),
    ((222, 126, 40), (253, 240, 226)),
    ((70, 140, 80), (232, 245, 233)),
)


def draw_portrait(seed: str) -> bytes:
    """Return a square PNG, mirrored left to right so that it looks like a face."""
    digest = sha256(seed.encode()).digest()
    ink, paper = _PALETTE[digest[0] % len(_PALETTE)]
    image = Image.new("RGB", (SIZE, SIZE), paper)
    pen = ImageDraw.Draw(image)
    margin = SIZE // 8
    cell = (SIZE - 2 * margin) // _CELLS
    for row in range(_CELLS):
        for column in range((_CELLS + 1) // 2):
            if digest[1 + row * 3 + column] % 5 < 2:
                continue
            for x in {column, _CELLS - 1 - column}:
                left, top = margin + x * cell, margin + row * cell
                pen.rounded_rectangle((left + 3, top + 3, left + cell - 3, top + cell - 3), radius=cell // 3, fill=ink)
    out = BytesIO()
    image.save(out, "PNG", optimize=True)
    return out.getvalue()
