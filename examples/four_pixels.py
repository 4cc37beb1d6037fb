"""The four-pixel camera: the walk of an image of your own, and the table of all 16 images.

    python examples/four_pixels.py [FOLDER]

Writes stills of the walk and of the table.
"""

from __future__ import annotations

import sys
from pathlib import Path

from layerwise.explain import four_pixel, four_pixel_table
from layerwise.view import four_pixel as draw_walk
from layerwise.view import four_pixel_table as draw_table

folder = Path(sys.argv[1] if len(sys.argv) > 1 else "out")
folder.mkdir(parents=True, exist_ok=True)

trace = four_pixel((0.5, 0, -0.75, 0.75))
for name, value in zip(trace.about["classes"], trace["out values", 4], strict=True):
    print(f"{name:12} {value:6.1%}")
print("answer:", trace.about["verdict"])
print("wrote", draw_walk(trace).save(folder / "four_pixels.png"))
print("wrote", draw_table(four_pixel_table(), theme="light").save(folder / "sixteen_images.png"))
