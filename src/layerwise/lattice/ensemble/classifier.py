"""Lattices for any number of columns: many small ones over pairs of axes, boosted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from ...errors import InputError, unknown_name
from ...trace import Trace
from ...types import Array, Float32Array, FloatArray
from ..inputs import check_classes, check_numbers, column_names, seed_of
from .axes import Axes
from .boosting import Settings, add_scores, boost, by_cell, row_keys

LARGEST_SIDE: Final = 256
MISSING: Final = ("refuse", "ignore")


@dataclass(frozen=True)
class PairMap:
    """All that the ensemble's lattices over one pair of axes add to the classes' scores.

    `axes`: numbers into the ensemble's axes, across and up; `names`: what they are called;
    `scores` (class, row, column), row 0 the smallest value; `weight`: how far the map moves a
    score, the root of its mean square over the training points and classes; `members`: how many
    lattices it is the sum of.
    """

    axes: tuple[int, int]
    names: tuple[str, str]
    scores: Float32Array
    weight: float
    members: int


class LatticeEnsembleClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A classifier for any number of columns, whose parts are lattices that can be looked at.

    The score of a class is the sum of one map for each of some pairs of axes; an axis is a column,
    a principal component or a discriminant. The maps are found by boosting: see `boosting`.

    Parameters
    ----------
    grid : cells a side of each lattice.
    rounds : how many lattices at most; it stops when further ones help no more.
    learning_rate : by how much of its step a lattice moves the scores.
    depths : how many lazy copying layers a lattice may be spread by; each round chooses.
    candidates : how many pairs, drawn at random, a round compares.
    components : how many principal components, and discriminants, become axes beside the columns.
    share : of the points, what each round learns from; the others judge it.
    ridge : how many further points without error each window is taken to hold.
    missing : "refuse" NaN, or "ignore" it: a lattice says nothing of a point of which it lacks a
        value, and in components the column's mean stands for it.
    random_state : the seed of the random bits (see `random_bits`).

    Attributes
    ----------
    classes_ : (class,) in sorted order. axes_ : the columns and components. prior_ : (class,) the
    first scores. members_ : the lattices in order. pairs_ : their sums, a `PairMap` for each pair
    of axes, the one that matters most first. trace_ : the recording of the members.

    Examples
    --------
    >>> from sklearn.datasets import load_wine
    >>> X, y = load_wine(return_X_y=True)
    >>> LatticeEnsembleClassifier().fit(X[::2], y[::2]).score(X[1::2], y[1::2]) > 0.95
    True
    """

    def __init__(
        self,
        grid: int = 32,
        rounds: int = 300,
        learning_rate: float = 0.12,
        depths: tuple[int, ...] = (4, 16, 64),
        candidates: int = 12,
        components: int = 6,
        share: float = 0.8,
        ridge: float = 1.0,
        missing: Literal["refuse", "ignore"] = "refuse",
        random_state: Any = 0,
    ) -> None:
        self.grid = grid
        self.rounds = rounds
        self.learning_rate = learning_rate
        self.depths = depths
        self.candidates = candidates
        self.components = components
        self.share = share
        self.ridge = ridge
        self.missing = missing
        self.random_state = random_state

    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        progress: Callable[[int, int], None] | None = None,
    ) -> LatticeEnsembleClassifier:
        """Learn from points X (sample, feature) and their classes y (sample,).

        Weights count as repetitions. `progress(rounds done, rounds at most)`. Raises `InputError`
        (a ValueError) for options or data that cannot be used.
        """
        settings = self._settings()
        X, y = validate_data(
            self, X, y, dtype=np.float64, ensure_all_finite=self._finite(), ensure_min_features=2
        )
        check_classification_targets(y)
        self.classes_, labels = np.unique(y, return_inverse=True)
        weights = _check_sample_weight(sample_weight, X, dtype=np.float64, ensure_non_negative=True)
        counted = weights > 0
        X, labels, weights = X[counted], labels[counted], weights[counted]
        check_numbers(X)
        check_classes(self.classes_, labels)
        names = column_names(self, X.shape[1])
        self.axes_ = Axes.fit(X, labels, weights, names, settings.side, int(self.components))
        cells = self.axes_.cells(X)
        self.prior_, self.members_ = boost(
            cells, labels, weights, row_keys(X), len(self.classes_), settings, progress
        )
        self._add_up(self._weigh(cells, weights))
        return self

    def decision_function(self, X: Any) -> FloatArray:
        """The classes' scores (sample, class); of two classes the second's less the first's.

        Their softmax is `predict_proba`.
        """
        scores = self._scores(X)
        return np.asarray(scores[:, 1] - scores[:, 0]) if scores.shape[1] == 2 else scores

    def predict_proba(self, X: Any) -> FloatArray:
        """The probability of each class (sample, class), in the order of `classes_`."""
        scores = self._scores(X)
        powers = np.exp(scores - scores.max(axis=1, keepdims=True))
        return np.asarray(powers / powers.sum(axis=1, keepdims=True))

    def predict(self, X: Any) -> Array:
        """The likeliest class of each point (sample,)."""
        likeliest = self._scores(X).argmax(axis=1)
        return np.asarray(self.classes_[likeliest])

    @cached_property
    def trace_(self) -> Trace:
        """The recording of all members, made when it is first asked for; see `record`."""
        return self.record()

    def record(self, X: Any = None, y: Any = None, **options: Any) -> Trace:
        """Member by member, the maps of the pairs that matter most, and how right all of them are.

        On control points X (sample, feature) with classes y (sample,); without them, on those that
        `show_with` gave. See `recording.record_ensemble` for the sites and the options.
        """
        from .recording import record_ensemble

        shown = getattr(self, "shown_with_", None)
        if X is None and shown is not None:
            return record_ensemble(self, **{**shown.record_options(), **options})
        return record_ensemble(self, X, y, **options)

    def show_with(
        self, X: Any, y: Any, *, data: str = "", baselines: Sequence[tuple[str, float]] = ()
    ) -> LatticeEnsembleClassifier:
        """Control points, the data's name and known accuracies for this model's recordings.

        They are saved with the model, so that its film can be made again anywhere.
        """
        check_is_fitted(self)
        from .recording import EnsembleShowing

        self.shown_with_ = EnsembleShowing.of(self, X, y, data, baselines)
        self.__dict__.pop("trace_", None)
        return self

    def save(self, path: str | Path) -> Path:
        """Write the fitted model as one file (safetensors and JSON; no code in it)."""
        check_is_fitted(self)
        from .file import save_ensemble

        return save_ensemble(self, Path(path))

    def _scores(self, X: Any) -> FloatArray:
        check_is_fitted(self)
        X = validate_data(self, X, dtype=np.float64, reset=False, ensure_all_finite=self._finite())
        cells = self.axes_.cells(X)
        scores = np.tile(self.prior_, (len(X), 1))
        for pair, added in zip(self.pairs_, self._by_cell, strict=True):
            across, up = pair.axes
            add_scores(scores, cells[across], cells[up], added, self.axes_.side)
        return scores

    def _weigh(self, cells: Array, weights: FloatArray) -> dict[tuple[int, int], float]:
        """How far each pair's lattices together move a score at the training points."""
        found = {}
        for pair, scores in self._sums().items():
            moved = np.zeros((cells.shape[1], len(self.classes_)))
            add_scores(moved, cells[pair[0]], cells[pair[1]], by_cell(scores), self.axes_.side)
            found[pair] = float(np.sqrt(np.average((moved**2).mean(axis=1), weights=weights)))
        return found

    def _sums(self) -> dict[tuple[int, int], Float32Array]:
        """The members of each pair added up, in order."""
        sums: dict[tuple[int, int], Float32Array] = {}
        for member in self.members_:
            if member.pair in sums:
                sums[member.pair] += member.scores
            else:
                sums[member.pair] = member.scores.copy()
        return sums

    def _add_up(self, weights: dict[tuple[int, int], float]) -> None:
        """Settle `pairs_` from the members and what each pair weighs."""
        axes, numbers = self.axes_.names, Counter(member.pair for member in self.members_)
        found = [
            PairMap(pair, (axes[pair[0]], axes[pair[1]]), scores, weights[pair], numbers[pair])
            for pair, scores in self._sums().items()
        ]
        self.pairs_ = tuple(sorted(found, key=lambda pair: (-pair.weight, pair.axes)))
        self.__dict__.pop("trace_", None)
        self._by_cell = [by_cell(pair.scores) for pair in self.pairs_]

    def _finite(self) -> bool | str:
        return True if self.missing == "refuse" else "allow-nan"

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = self.missing == "ignore"
        return tags

    def _settings(self) -> Settings:
        """The options, once all of them have been looked at."""
        for name, least, most in (
            ("grid", 8, LARGEST_SIDE), ("rounds", 1, 100_000), ("candidates", 1, 10_000),
            ("components", 0, 1000),
        ):  # fmt: skip
            value = getattr(self, name)
            if not isinstance(value, (int, np.integer)) or isinstance(value, bool):
                raise InputError(f"The option {name} is a whole number", received=f"{value!r}")
            if not least <= value <= most:
                raise InputError(
                    f"The option {name} is out of range", received=f"{value:,}",
                    allowed=f"{least:,} to {most:,}",
                )  # fmt: skip
        for name, low, high in (("learning_rate", 0, 1), ("share", 0, 1), ("ridge", 0, 1e9)):
            value = getattr(self, name)
            number = isinstance(value, (int, float, np.number)) and not isinstance(value, bool)
            if not number or not low < value <= high:
                raise InputError(
                    f"The option {name} is out of range", received=f"{value!r}",
                    allowed=f"Above {low:g}, up to {high:g}",
                )  # fmt: skip
        depths = tuple(self.depths) if isinstance(self.depths, (tuple, list)) else ()
        if not depths or not all(
            isinstance(depth, (int, np.integer)) and 0 <= depth <= 10**6 for depth in depths
        ):
            raise InputError(
                "The option depths is some whole numbers of layers", received=f"{self.depths!r}",
                allowed="0 to 1,000,000 each, such as (4, 16, 64)",
            )  # fmt: skip
        if self.missing not in MISSING:
            raise unknown_name("value of missing", str(self.missing), MISSING)
        return Settings(
            side=int(self.grid),
            rounds=int(self.rounds),
            learning_rate=float(self.learning_rate),
            depths=tuple(int(depth) for depth in depths),
            candidates=int(self.candidates),
            share=float(self.share),
            ridge=float(self.ridge),
            seed=seed_of(self.random_state),
        )
