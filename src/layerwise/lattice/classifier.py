"""The very deep lattice network as a scikit-learn classifier.

Step 1: a table's points become cells of a grid. Step 2: layer after layer, each cell takes its
class from its neighbours, until every cell has one. Step 3: further layers make the borders fuzzy,
and the probabilities that they tend to are computed exactly.
"""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, TypeAlias, cast

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from ..errors import TooLargeError
from ..trace import Trace
from ..types import Array, BoolArray, Float32Array, FloatArray, IntArray
from .cells import first_frame
from .crowding import mixed_share, roomy_share, spread_points
from .depth import Choice, Start, TrainingCells, choose
from .device.place import chosen_device
from .diffusion import strongest
from .inputs import check_classes, check_numbers, column_names, seed_of
from .layers import LayerStack, Recipe, Rule
from .mapping import GridMapping, Kind
from .options import Grid, check_options, grid_over
from .probabilities import ExactProbabilities
from .projection import Method, fit_projection

TOO_MIXED = 0.2  # share of the points in cells of several classes beyond which they are spread,
ROOMY = 2 / 3  # if more than this share of them has room to be
Crowded: TypeAlias = Literal["auto", "majority", "spread"]


class LatticeClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A classifier whose layers are images, exact in its probabilities.

    Parameters
    ----------
    grid : rows and columns of the lattice, one number for both or a pair; or slices, rows and
        columns, for three columns of data (more are projected). "auto" is 400 × 400; for exactly
        three columns 64 × 64 × 64, beyond 10,000 points 96 and beyond 35,000 points 128. A single
        column of data has one row of cells, four a value or more (up to 16,384), and up and down
        are *stay*; two columns need no slices.
    rule : how filling layers colour an unclassified cell: "copy" one random neighbour, or "vote",
        the majority in a window of (2·window + 1)² cells, with slices (2·window + 1)³.
    window : the reach of a vote.
    weighting : the votes of a window: "uniform", or "distance" for 1/√(1 + d²).
    lazy : in each layer a cell stays as it is with probability ½ (this keeps the lattice from
        falling apart into two chequerboards). With slices it is always so, with probability ¼.
    anchored : training cells never change, not even in fuzzy layers. Overconfident; for looking at.
    fuzzy_from : "filled" (the filled grid goes on copying), "points" (copying starts again from
        layer 0, *unclassified* being one more state, and the probability is that of a class given
        that the cell is classified), or "auto".
    fuzzy_layers : how many, or "auto"; both automatic choices go by leave-one-out log-loss.
    mapping : "linear", "quantile" or "logistic": how data become positions on the grid.
    margin : room left at each side, as a share of the data's range.
    projection : for more columns than the grid has axes: "lda", "pca", or None to refuse them.
    crowded : points that share a cell: "majority" shows the class with most weight (of equals the
        one that comes first), "spread" gives each point a free cell nearby, "auto"
        spreads where more than a fifth of the points lie in cells of several classes, and most
        crowds have room before the next.
    random_state : the seed of the random bits (see `random_bits`).
    n_jobs : threads; None is one, −1 is all processors. The result does not depend on it.
    device : what computes the copying layers: "cpu"; a torch device such as "cuda", "cuda:1" or
        "mps"; or "auto", a CUDA device where there is one and the grid is large enough to be worth
        it. Everything is the same to the last bit: votes and the exact probabilities are computed
        by the processor in any case, and so is a model that was copied or saved.

    Attributes
    ----------
    classes_ : (class,) labels in sorted order. mapping_ : `GridMapping`. projection_ : how columns
    became axes of the grid. labels_ : (row, column) or (slice, row, column) the filled grid,
    numbers into `classes_`. probabilities_ : (class, …, row, column). depth_ : how many layers
    filled the grid. fuzzy_depth_, fuzzy_from_ : how many fuzzy layers, and from where. tried_ : the
    (start, layers, log-loss) that were compared. spread_ : whether crowded points were spread.
    trace_ : the recording of all layers.

    Examples
    --------
    >>> from sklearn.datasets import make_moons
    >>> X, y = make_moons(400, noise=0.2, random_state=0)
    >>> LatticeClassifier(grid=100).fit(X, y).score(X, y) > 0.9
    True
    """

    def __init__(
        self,
        grid: Grid = "auto",
        rule: Rule = "copy",
        window: int = 1,
        lazy: bool = True,
        anchored: bool = False,
        fuzzy_from: Start | Literal["auto"] = "auto",
        fuzzy_layers: int | Literal["auto"] = "auto",
        random_state: Any = 0,
        n_jobs: int | None = None,
        *,
        weighting: str = "uniform",
        mapping: Kind = "linear",
        margin: float = 0.05,
        projection: Method | None = "lda",
        crowded: Crowded = "auto",
        device: str = "cpu",
    ) -> None:
        self.grid = grid
        self.rule = rule
        self.window = window
        self.lazy = lazy
        self.anchored = anchored
        self.fuzzy_from = fuzzy_from
        self.fuzzy_layers = fuzzy_layers
        self.random_state = random_state
        self.n_jobs = n_jobs
        self.weighting = weighting
        self.mapping = mapping
        self.margin = margin
        self.projection = projection
        self.crowded = crowded
        self.device = device

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> LatticeClassifier:
        """Fill the lattice from points X (sample, feature) and their classes y (sample,).

        Raises `InputError` (a ValueError) for options or data that cannot be used and
        `TooLargeError` for a grid that does not fit into memory, before any of it is taken.
        """
        check_options(self)
        X, y = validate_data(self, X, y, dtype=np.float64)
        grid = grid_over(self, X)
        check_classification_targets(y)
        self.classes_, labels = np.unique(y, return_inverse=True)
        weights = _check_sample_weight(sample_weight, X, dtype=np.float64, ensure_non_negative=True)
        self._check_data(X, labels, weights, grid)
        place = chosen_device(self.device, grid)
        names = column_names(self, X.shape[1])
        self.projection_ = fit_projection(
            X, labels, weights, names, self.projection, axes=len(grid)
        )
        points = self.projection_.apply(X)
        self.mapping_ = GridMapping.fit(points, weights, grid, self.mapping, self.margin)
        classes = len(self.classes_)
        counted = weights > 0
        self.n_training_points_ = int(np.count_nonzero(counted))
        self.class_points_ = np.bincount(labels[counted], minlength=classes)
        cells, _ = self.mapping_.cells(points)
        self.spread_ = self.crowded == "spread" or (
            self.crowded == "auto"
            and mixed_share(cells, labels, weights, grid) > TOO_MIXED
            and roomy_share(cells, weights, grid) > ROOMY
        )
        if self.spread_:
            cells, labels, weights = spread_points(cells, labels, weights, grid, classes)
        frame = first_frame(cells, labels, weights, grid, classes)
        training = TrainingCells.of(frame, cells, labels, weights, classes)
        recipe = Recipe(
            frame=frame,
            classes=classes,
            seed=seed_of(self.random_state),
            rule=self.rule,
            window=int(self.window),
            weighting=self.weighting,
            lazy=bool(self.lazy),
            anchored=bool(self.anchored),
        )
        stack = LayerStack(recipe, self._threads(), place)
        recipe = stack.fill()
        depth = None if self.fuzzy_layers == "auto" else int(self.fuzzy_layers)
        choice = choose(stack, training, self.fuzzy_from, depth)
        self._settle(stack, choice, training.frequencies, training.nearest_error())
        return self

    def predict(self, X: Any) -> Array:
        """The likeliest class of each point (sample,): a look-up."""
        flat = self._look_up(X)
        return np.asarray(self.classes_[self._strongest.reshape(-1)[flat]])

    def predict_proba(self, X: Any) -> FloatArray:
        """The probability of each class (sample, class), in the order of `classes_`: a look-up."""
        flat = self._look_up(X)
        found = self.probabilities_.reshape(len(self.classes_), -1)[:, flat].T.astype(np.float64)
        return np.asarray(found / found.sum(axis=1, keepdims=True))

    def outside(self, X: Any) -> BoolArray:
        """Which points (sample,) lie beyond the grid and are answered by its nearest edge cell."""
        check_is_fitted(self)
        points = self.projection_.apply(validate_data(self, X, dtype=np.float64, reset=False))
        return self.mapping_.cells(points)[1]

    def simulate(self, runs: int = 100, *, layers: int | None = None) -> Float32Array:
        """How often each cell shows each class after the fuzzy layers, in that many random runs.

        (class, …, row, column), the share among the runs in which the cell is classified, NaN where
        it never is. It tends to `probabilities_`; the standard error of a share p is
        √(p(1−p)/runs). Each run has its own seed for the fuzzy layers; the filled grid is the same.
        """
        check_is_fitted(self)
        known = replace(self._stack.recipe, held=self._stack.recipe.anchors)
        first = known.frame if self.fuzzy_from_ == "points" else self.labels_
        depth = self.fuzzy_depth_ if layers is None else layers
        shown = np.zeros((known.classes, *known.grid), np.int32)
        numbers = np.arange(known.classes, dtype=np.uint8).reshape(-1, *(1,) * len(known.grid))
        for run in range(runs):
            seed = (known.seed + 1 + run) % 2**64
            recipe = replace(known, frame=first, seed=seed, depth=0, restart=False)
            copies = LayerStack(recipe, self._threads(), self._stack.place)
            shown += copies.labels(depth) == numbers
        times = shown.sum(axis=0)
        with np.errstate(invalid="ignore"):
            return np.asarray(shown / times, np.float32)

    @cached_property
    def trace_(self) -> Trace:
        """The recording of every layer, filling and fuzzy, made when it is first asked for."""
        return self.record()

    def record(self, X_control: Any = None, y_control: Any = None, **options: Any) -> Trace:
        """The recording, with what control points (sample, feature) say of each layer.

        Without control points, those that `show_with` gave. See `recording.record` for the sites
        and for `options` (how many moments, baselines, …).
        """
        check_is_fitted(self)
        from .recording import record

        shown = getattr(self, "shown_with_", None)
        if X_control is None and shown is not None:
            return record(self, **{**shown.record_options(), **options})
        return record(self, X_control, y_control, **options)

    def show_with(
        self,
        X_control: Any,
        y_control: Any,
        *,
        data: str = "",
        baselines: Sequence[tuple[str, float]] = (),
    ) -> LatticeClassifier:
        """Control points, the data's name and known accuracies for this model's recordings.

        They are saved with the model, so that its film can be made again anywhere.
        """
        check_is_fitted(self)
        from .recording import Showing

        self.shown_with_ = Showing.of(self, X_control, y_control, data, baselines)
        self.__dict__.pop("trace_", None)
        return self

    def save(self, path: str | Path) -> Path:
        """Write the fitted model as one file (safetensors and JSON; no code in it)."""
        check_is_fitted(self)
        from .model_file import save_model

        return save_model(self, Path(path))

    def _settle(
        self, stack: LayerStack, choice: Choice, frequencies: FloatArray, error: float
    ) -> None:
        """Set everything that follows from the recipe, the choice and two numbers."""
        recipe = replace(stack.recipe, restart=choice.start == "points")
        stack.recipe = recipe
        self._stack = stack
        self.__dict__.pop("trace_", None)
        self.depth_ = cast(int, recipe.depth)
        self.fuzzy_from_, self.fuzzy_depth_, self.tried_ = choice.start, choice.layers, choice.tried
        self.labels_ = stack.labels(self.depth_)
        self.class_frequencies_, self.nearest_error_ = frequencies, error
        self._exact = ExactProbabilities(recipe, self.labels_, frequencies, error)
        self.probabilities_ = self._exact.after(self.fuzzy_depth_).astype(np.float32)
        self._strongest = strongest(self.probabilities_)

    def probabilities_after(self, layers: int) -> FloatArray:
        """The exact class probabilities after that many fuzzy layers: (class, …, row, column)."""
        check_is_fitted(self)
        return self._exact.after(layers)

    def _look_up(self, X: Any) -> IntArray:
        check_is_fitted(self)
        X = validate_data(self, X, dtype=np.float64, reset=False)
        plain = self.projection_.note == "" and X.shape[1] > 1
        return self.mapping_.flat_cells(X if plain else self.projection_.apply(X))

    def _check_data(
        self, X: FloatArray, labels: IntArray, weights: FloatArray, grid: tuple[int, ...]
    ) -> None:
        check_numbers(X)
        check_classes(self.classes_, labels[weights > 0])
        check_memory(grid, len(self.classes_))

    def _threads(self) -> int:
        if self.n_jobs is None:
            return 1
        processors = os.cpu_count() or 1
        return max(1, self.n_jobs if self.n_jobs > 0 else processors + 1 + self.n_jobs)


def check_memory(grid: tuple[int, ...], classes: int) -> None:
    """Raise `TooLargeError` if a lattice of that size does not fit into the free memory."""
    # Maps in double precision (spectrum, result, one between), kept probabilities; the walk of
    # the leave-one-out and the planes.
    needed = math.prod(grid) * (classes * (8 * 4 + 4) + 120)
    free = available_memory()
    if needed > free:
        raise TooLargeError(
            f"A grid of {_spoken(grid)} cells with {classes} classes needs "
            f"{needed / 2**30:,.1f} GiB of memory",
            received=f"a machine with {free / 2**30:,.1f} GiB free",
            do=f"Choose a smaller grid; {_spoken(_within(grid, free / needed))} cells would fit. "
            "Layers alone can be computed on larger ones: layerwise.lattice.big.GridFile",
        )


def _spoken(grid: tuple[int, ...]) -> str:
    return " × ".join(f"{side:,}" for side in grid)


def _within(grid: tuple[int, ...], share: float) -> tuple[int, ...]:
    """A grid of that shape with at most that share of the cells, in round numbers."""
    open_axes = sum(side > 1 for side in grid)
    sides = [side * (0.95 * share) ** (1 / max(open_axes, 1)) for side in grid]
    steps = [10 ** max(0, math.floor(math.log10(max(side, 1))) - 1) for side in sides]
    return tuple(
        max(1, math.floor(side / step) * step) for side, step in zip(sides, steps, strict=True)
    )


def available_memory() -> int:
    """Bytes of memory that can still be had."""
    try:
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (OSError, ValueError, AttributeError):
        return 1 << 33
