"""Your own table: any frame with columns of numbers and a column of classes.

python examples/own_table.py [FOLDER]
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd

import layerwise as lw


def main(folder: Path) -> None:
    """Make a small table, learn it, ask it, film it, keep it."""
    rng = np.random.default_rng(7)
    kind = rng.integers(0, 3, 300)
    leaves = pd.DataFrame(
        {
            "length_cm": rng.normal(6 + 2 * kind, 1.0),
            "width_cm": rng.normal(3 + (kind == 1), 0.4),
            "tree": np.array(["ash", "birch", "cedar"])[kind],
        }
    )
    data = lw.data.load(leaves, target="tree")
    training, control = data.split(0.25, seed=0)

    network = lw.LatticeClassifier(grid=200).fit(training.X, training.y)
    print(f"{network.depth_} layers fill the grid, {network.fuzzy_depth_} make it fuzzy")
    print(f"right on {network.score(control.X, control.y):.1%} of the control points")
    for name, share in zip(network.classes_, network.predict_proba([[7.0, 3.5]])[0], strict=True):
        print(f"  a leaf of 7 by 3.5 cm: {name} {share:.1%}")

    network.show_with(control.X, control.y, data="leaves")
    folder.mkdir(parents=True, exist_ok=True)
    lw.view.lattice(network.trace_, theme="light").save(folder / "leaves.html")
    network.save(folder / "leaves.lw")
    again = lw.load(folder / "leaves.lw")
    assert (again.predict(control.X) == network.predict(control.X)).all()
    print("wrote", folder / "leaves.html", folder / "leaves.lw")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "out"))
