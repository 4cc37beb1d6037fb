"""How well networks learn: digits, generated drawings, and real drawings if a folder is given.

    python benchmarks/learning.py [FOLDER]

FOLDER has the folders ellipse, rectangle, triangle and other with one drawing a file, the person
who drew it before the first point of the name (the Hand-drawn Shapes data set has this form).
Accuracies are of parts that nothing was learned from; AUROC is of known against unknown drawings,
beside it that of a threshold on softmax.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from results import keep

import layerwise as lw
from layerwise.data import (
    Augment,
    ImageDataset,
    drawings,
    joined,
    load_images,
    load_parts,
    prepare_drawings,
)

KINDS = ("ellipse", "rectangle", "triangle")
RECIPE: dict[str, Any] = {"schedule": "one-cycle", "learning_rate": 3e-3, "keep": None}
FOLDS = 5


def digits() -> dict[str, Any]:
    """The four-layer ConvNet on scikit-learn's digits, three ways to cut them."""
    found = {}
    for seed in range(3):
        parts = load_parts("digits", seed=seed)
        start = time.perf_counter()
        run = lw.fit("cnn norm=batch dropout=0.3", parts, epochs=30, seed=seed, **RECIPE)
        found[f"cut {seed}"] = {
            "accuracy": run.test().accuracy,
            "samples": run.test().samples,
            "seconds": time.perf_counter() - start,
        }
    return found


def generated() -> dict[str, Any]:
    """A dense network on generated drawings; sixteen kinds that are never trained on."""
    from layerwise.data.shapes_drawn import OTHER

    kinds = sorted(OTHER)
    strange = tuple(kinds[::3][:16])
    others = tuple(kind for kind in kinds if kind not in strange)
    start = time.perf_counter()
    run = lw.fit("mlp 256-128", drawings(per_kind=3000), epochs=20, **RECIPE)
    careful = lw.OpenSet(run, others=drawings(("other",), 3000, others=others))
    seconds = time.perf_counter() - start
    known = drawings(per_kind=1000, seed=7)
    told = careful.compare(known, drawings(("other",), 1600, seed=7, others=strange))
    return {
        "accuracy": float(np.mean(run.predict(known.pixels) == known.y)),
        **judged(told), "seconds": seconds,
    }  # fmt: skip


def judged(told: Any) -> dict[str, float]:
    return {"unknown AUROC": told.auroc, "softmax AUROC": told.auroc_softmax}


def real(folder: Path) -> dict[str, Any]:
    """Trained on generated strokes only; and on some people's drawings, tried on the others'."""
    everything = prepare_drawings(load_images(folder, group="prefix"))
    is_other = everything.y == "other"
    known = joined(only(everything, ~is_other))
    strange = everything.take(np.flatnonzero(is_other))
    start = time.perf_counter()
    run = lw.fit("cnn norm=batch dropout=0.2", drawings(KINDS, 3000), epochs=6, **RECIPE)
    careful = lw.OpenSet(run, others=drawings(("other",), 3000))
    found: dict[str, Any] = {
        "trained on generated strokes only": {
            "accuracy": float(np.mean(run.predict(known.pixels) == known.y)),
            **judged(careful.compare(known, strange)),
            "seconds": time.perf_counter() - start,
        }
    }
    assert known.groups is not None and strange.groups is not None
    people = sorted(set(known.groups))
    for fold in range(FOLDS):
        found[f"other people, fold {fold}"] = one_fold(known, strange, people[fold::FOLDS])
    return found


def only(data: ImageDataset, rows: Any) -> ImageDataset:
    """Those samples, with only the classes that they have."""
    taken = data.take(np.flatnonzero(rows))
    classes = tuple(name for name in taken.classes if name in set(taken.y))
    places = {name: place for place, name in enumerate(classes)}
    labels = np.array([places[name] for name in taken.y])
    return ImageDataset(taken.pixels, labels, classes, taken.card, taken.groups)


def one_fold(known: ImageDataset, strange: ImageDataset, held_out: list[str]) -> dict[str, Any]:
    start = time.perf_counter()
    away = np.isin(known.groups, held_out)
    tried, own = known.take(np.flatnonzero(away)), known.take(np.flatnonzero(~away))
    training, control = own.split(0.15)
    training = joined(training, drawings(KINDS, 1500, wobble=1.2))
    augment = Augment(rotate=8, shift=0.04, scale=0.1, shear=8, flip="columns")
    run = lw.fit(
        "cnn norm=batch dropout=0.3", (training, control), epochs=7, augment=augment, **RECIPE
    )
    there = np.isin(strange.groups, held_out)
    outside, seen = strange.take(np.flatnonzero(there)), strange.take(np.flatnonzero(~there))
    alone = lw.OpenSet(run, training, control, epochs=5)
    taught = lw.OpenSet(run, training, control, others=seen, epochs=5)
    found = {
        "people": len(held_out),
        "accuracy": float(np.mean(run.predict(tried.pixels) == tried.y)),
    }
    if len(outside):
        told, more = alone.compare(tried, outside), taught.compare(tried, outside)
        found |= {"unknown AUROC, none given": told.auroc, "with some others": more.auroc,
                  "softmax AUROC": told.auroc_softmax}  # fmt: skip
    return found | {"seconds": time.perf_counter() - start}


def main() -> None:
    figures: dict[str, Any] = {"digits": digits(), "generated drawings": generated()}
    if len(sys.argv) > 1:
        figures["real drawings"] = real(Path(sys.argv[1]))
    for name, values in figures.items():
        print(name, values)
    keep("learning", figures, ("torch", "numpy", "scikit-learn"))


if __name__ == "__main__":
    main()
