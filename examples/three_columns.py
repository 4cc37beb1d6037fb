"""A table of three columns: a lattice in three dimensions, filmed, and a page to turn and to cut.

    python examples/three_columns.py [FOLDER] [--small]

Writes wines.png and wines.html, and without --small wines.mp4.
"""

from __future__ import annotations

import sys
from pathlib import Path

import layerwise as lw

COLUMNS = ("flavanoids", "color_intensity", "proline")


def main(words: list[str]) -> None:
    """Learn three columns of the wines, ask for one wine, show how the grid filled."""
    small = "--small" in words
    folder = Path(next((word for word in words if not word.startswith("--")), "out"))
    folder.mkdir(parents=True, exist_ok=True)
    wines = lw.data.load("wine").select(COLUMNS)
    training, control = wines.split(0.5, seed=0)

    side = 20 if small else 64
    network = lw.LatticeClassifier(grid=(side, side, side)).fit(training.X, training.y)
    print(f"{network.depth_} layers fill {side**3:,} cells")
    print(f"right on {network.score(control.X, control.y):.1%} of the control wines")
    for name, share in zip(
        network.classes_, network.predict_proba([[2.5, 5, 900]])[0], strict=True
    ):
        print(f"  a wine of 2.5, 5 and 900: {name} {share:.1%}")

    always = max((control.y == name).mean() for name in network.classes_)
    trace = network.record(
        control.X, control.y, data="wines", axes=[name.replace("_", " ") for name in COLUMNS],
        baselines=[("always the largest class", always)],
    )  # fmt: skip
    film = lw.view.lattice(trace)
    last = len(film.timeline.stops) - 2
    written = [
        film.save(folder / "wines.png", stop=last, scale=0.75),
        film.save(folder / "wines.html"),
    ]
    if not small:
        written.append(film.save(folder / "wines.mp4"))
    print("wrote", *written)


if __name__ == "__main__":
    main(sys.argv[1:])
