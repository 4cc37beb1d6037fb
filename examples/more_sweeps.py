"""Do more neurons help? More layers? The sweeps that the chapter "more" shows, made anew.

    python examples/more_sweeps.py [FOLDER] [--small]

Writes width.trace, depth.trace and digits.trace, each with its picture; broken off, it goes on
where it stood. Some minutes on one processor core; with --small a few seconds, few trainings.
"""

from __future__ import annotations

import sys
from pathlib import Path

from layerwise.learn.more_sweeps import RECIPES, measure
from layerwise.view import sweep as sweep_chart


def main(words: list[str]) -> None:
    """Measure, keep, draw."""
    small = "--small" in words
    folder = Path(next((word for word in words if not word.startswith("--")), "out"))
    folder.mkdir(parents=True, exist_ok=True)
    for key, recipe in RECIPES.items():
        values, seeds = (recipe.values[1:3], 2) if small else (recipe.values, recipe.seeds)
        file = folder / f"{key}.trace"
        with measure(key, values=values, seeds=seeds, path=file, progress=not small) as trace:
            picture = sweep_chart(trace).save(folder / f"{key}.png")
        print("wrote", file, picture)


if __name__ == "__main__":
    main(sys.argv[1:])
