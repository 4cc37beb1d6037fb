"""A table of many columns: lattices over pairs of axes, boosted, and which pairs mattered.

python examples/many_columns.py [FOLDER]
"""

from __future__ import annotations

import sys
from pathlib import Path

from sklearn.datasets import load_breast_cancer

import layerwise as lw


def main(folder: Path) -> None:
    """Learn thirty columns, say which pairs decide, film them, keep the model."""
    table = load_breast_cancer(as_frame=True)
    cells, kinds = table.data, table.target_names[table.target].astype(str)
    train, control = slice(0, None, 2), slice(1, None, 2)

    network = lw.LatticeEnsembleClassifier().fit(cells[train], kinds[train])
    right = network.score(cells[control], kinds[control])
    print(f"{len(network.members_)} lattices over {len(network.pairs_)} pairs, {right:.1%} right")
    for pair in network.pairs_[:3]:
        print(f"  {' × '.join(pair.names)} moves a score by {pair.weight:.2f}")

    always = max((kinds[control] == name).mean() for name in network.classes_)
    network.show_with(
        cells[control], kinds[control], data="breast cancer",
        baselines=[("always the largest class", always)],
    )  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    film = lw.view.lattice_pairs(network.trace_)
    film.save(folder / "pairs.png")
    film.save(folder / "pairs.html")
    network.save(folder / "pairs.lw")
    again = lw.load(folder / "pairs.lw")
    assert (again.predict(cells) == network.predict(cells)).all()
    print("wrote", folder / "pairs.png", folder / "pairs.html", folder / "pairs.lw")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "out"))
