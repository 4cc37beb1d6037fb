"""A table becomes a film, a page and two stills: the pictures of the README are made here.

python examples/first_film.py [FOLDER]
"""

from __future__ import annotations

import sys
from pathlib import Path

import layerwise as lw


def main(folder: Path) -> None:
    """Study the data set `overlap`, then write what it looks like."""
    found = lw.study(lw.data.load("overlap"), grid=400, rule="copy")
    print(found.verdict)

    trace = found.model.trace_
    dark, light = (lw.view.lattice(trace, theme=theme) for theme in ("dark", "light"))
    folder.mkdir(parents=True, exist_ok=True)
    dark.save(folder / "filling.png", stop=24, scale=0.75)
    fuzzy = next(n for n, moment in enumerate(trace.moments) if moment.at.get("fuzzy", 0) > 250)
    light.save(folder / "fuzzy.png", stop=fuzzy, scale=0.75)
    print("wrote", folder / "filling.png", folder / "fuzzy.png")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "docs/pictures"))
