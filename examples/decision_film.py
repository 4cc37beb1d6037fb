"""A network learns two spirals: the regions it decides by, and the map of each of its neurons.

    python examples/decision_film.py [FOLDER] [--small]

Writes decision.mp4 and decision.png. Half a minute on one processor core; with --small a few
seconds. Any other classifier is asked as well: a forest of scikit-learn on the same points.
"""

from __future__ import annotations

import sys
from pathlib import Path

from sklearn.ensemble import RandomForestClassifier

import layerwise as lw
from layerwise.explain import DecisionRecorder, decision
from layerwise.view import decision as decision_film


def main(words: list[str]) -> None:
    """Train, record a map every few epochs, film it."""
    small = "--small" in words
    folder = Path(next((word for word in words if not word.startswith("--")), "out"))
    folder.mkdir(parents=True, exist_ok=True)
    spirals = lw.data.load("spirals", size=400, turns=1.3, noise=0.03)
    epochs, every, size = (24, 8, (960, 540)) if small else (480, 8, (1920, 1080))
    seen = DecisionRecorder(every=every, resolution=50 if small else 140)
    run = lw.fit(
        "mlp 8-8-6 tanh", spirals, epochs=epochs, batch_size="full", learning_rate=0.02,
        on_epoch=seen, keep=None,
    )  # fmt: skip
    film = decision_film(seen.trace, size=size, title="Two spirals: lines, then shapes")
    print(run)
    print("wrote", film.save(folder / "decision.mp4"), film.save(folder / "decision.png"))
    forest = RandomForestClassifier(20 if small else 200, random_state=0)
    forest.fit(spirals.features, spirals.y)
    still = decision_film(decision(forest, spirals), size=size, title="The same by a forest")
    print("wrote", still.save(folder / "decision-forest.png"))


if __name__ == "__main__":
    main(sys.argv[1:])
