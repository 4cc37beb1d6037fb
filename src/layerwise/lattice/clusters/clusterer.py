"""The lattice without classes: it finds clusters, and says why it takes them for such.

Step 1: a table's points are counted in the cells of a grid. Step 2: layer after layer the counts
spread, as many layers as foretell left-out points best: a density. Step 3: each cell takes the
colour of its densest neighbour, until every peak has its hill. Step 4: hills whose peak does not
stand out from the saddle by more than chance are merged.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
from sklearn.base import BaseEstimator, ClusterMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from ...errors import InputError
from ...trace import Trace
from ...types import IntArray
from ..classifier import check_memory
from ..inputs import check_numbers, column_names
from ..mapping import GridMapping, Kind
from ..projection import fit_projection
from .density import Density, choose_layers
from .options import checked_cluster_grid
from .peaks import NOBODY, find_hills

NOISE = -1


@dataclass(frozen=True)
class Peak:
    """The top of a cluster, and why it is one.

    `cell`: row and column; `position`: the same in the coordinates of the two axes; `height`:
    expected points a cell; `points`: how many have the cluster's label. `z`: by how many times the
    variation of chance √height exceeds √saddle, where `saddle` is the density of the highest way
    to a higher peak, that of cluster `neighbor`. The highest peaks of separate lands have no such
    way (`neighbor` None) and are compared with the background.
    """

    label: int
    cell: tuple[int, int]
    position: tuple[float, float]
    height: float
    points: int
    z: float
    saddle: float
    neighbor: int | None


class LatticeClusterer(ClusterMixin, BaseEstimator):  # type: ignore[misc]
    """Clusters from the peaks of a density that lattice layers make, with noise.

    Parameters
    ----------
    grid : rows and columns of the lattice, one number for both or a pair.
    layers : how many lazy layers spread the points (σ = √layers/2 cells), or "auto": by
        leave-one-out likelihood.
    z : how far a peak must stand out from its saddle, in units of chance (see `peaks`).
    noise : a point is noise where evenly strewn background makes up this share of the density or
        more (see `density.background`; often there is none), or where its hill, and all that it is
        merged with, does not stand out from the background (without one, from nothing) by z, or
        holds fewer than z²/8 points (which could not, even in a single cell).
    mapping, margin : as in `LatticeClassifier`.
    projection : for more than two columns: "pca", or None to refuse them.

    Attributes
    ----------
    labels_ : (sample,) clusters 0, 1, … by falling number of points, −1 for noise. n_clusters_.
    peaks_ : a `Peak` for each cluster. density_ : (row, column) expected points a cell.
    cell_labels_ : (row, column) the label of any point there. layers_, blur_ : how many layers, and
    their σ in cells. background_ : the level of evenly strewn points, 0 for none. mapping_,
    projection_ (its `note` says the variance kept). tried_ : the (layers, loss) compared. trace_ :
    the recording, from points to clusters.

    Nothing is random: the same points give the same labels, in any order.

    Examples
    --------
    >>> from sklearn.datasets import make_moons
    >>> X, y = make_moons(500, noise=0.05, random_state=0)
    >>> LatticeClusterer().fit(X).n_clusters_
    2
    """

    def __init__(
        self,
        grid: int | tuple[int, int] = 256,
        layers: int | Literal["auto"] = "auto",
        z: float = 4.5,
        noise: float = 1 / 3,
        *,
        mapping: Kind = "linear",
        margin: float = 0.05,
        projection: Literal["pca"] | None = "pca",
    ) -> None:
        self.grid = grid
        self.layers = layers
        self.z = z
        self.noise = noise
        self.mapping = mapping
        self.margin = margin
        self.projection = projection

    def fit(self, X: Any, y: Any = None) -> LatticeClusterer:
        """Find the clusters of points X (sample, feature); `y` is not looked at.

        Raises `InputError` (a ValueError) for options or data that cannot be used and
        `TooLargeError` for a grid that does not fit into memory, before any of it is taken.
        """
        grid = checked_cluster_grid(self)
        X = validate_data(self, X, dtype=np.float64)
        if X.shape[1] < 2:
            raise InputError(
                "A lattice of rows and columns needs two columns",
                received=f"{X.shape[1]} feature(s)",
            )
        check_numbers(X)
        check_memory(grid, 2)
        names = column_names(self, X.shape[1])
        ones = np.ones(len(X))
        same = np.zeros(len(X), np.int64)
        self.projection_ = fit_projection(X, same, ones, names, self.projection)
        points = X if self.projection_.note == "" else self.projection_.apply(X)
        self.mapping_ = GridMapping.fit(points, ones, grid, self.mapping, self.margin)
        flat = self.mapping_.flat_cells(points)
        self._count(flat, grid)
        layers, self.tried_ = (
            choose_layers(self.counts_.astype(np.float64))
            if self.layers == "auto"
            else (int(self.layers), ())
        )
        self._settle(layers)
        return self

    def predict(self, X: Any) -> IntArray:
        """The cluster of each point (sample,): that of its cell, −1 beyond the grid."""
        check_is_fitted(self)
        points = self.projection_.apply(validate_data(self, X, dtype=np.float64, reset=False))
        cells, outside = self.mapping_.cells(points)
        found = self.cell_labels_[cells[:, 0], cells[:, 1]]
        return np.asarray(np.where(outside, NOISE, found))

    @cached_property
    def trace_(self) -> Trace:
        """The recording from points to clusters, made when it is first asked for."""
        return self.record()

    def record(self, **options: Any) -> Trace:
        """The recording; see `recording.record_clusters` for its sites and `options`.

        Names that are not given are those of `show_with`.
        """
        check_is_fitted(self)
        from .recording import record_clusters

        data, axes = getattr(self, "shown_with_", ("", None))
        return record_clusters(self, **{"data": data, "axes": axes, **options})

    def save(self, path: str | Path) -> Path:
        """Write the fitted model as one file (safetensors and JSON; no code in it)."""
        check_is_fitted(self)
        from .file import save_clusters

        return save_clusters(self, Path(path))

    def show_with(self, data: str, axes: tuple[str, str] | None = None) -> LatticeClusterer:
        """The data's name, and names for the two axes, in this model's recordings.

        They are saved with the model, so that its film can be made again anywhere.
        """
        check_is_fitted(self)
        self.shown_with_ = (str(data), None if axes is None else (str(axes[0]), str(axes[1])))
        self.__dict__.pop("trace_", None)
        return self

    def _count(self, flat: IntArray, grid: tuple[int, int]) -> None:
        """Set the points of each cell (row, column), and the cell of each point (sample,)."""
        self._cells = flat
        self.counts_ = np.bincount(flat, minlength=grid[0] * grid[1]).reshape(grid)

    def _settle(self, layers: int) -> None:
        """Set everything that follows from the points' cells and the number of layers."""
        self.__dict__.pop("trace_", None)
        counts = self.counts_.astype(np.float64)
        self._density = Density.of(counts, layers, _covered(self.counts_), float(self.noise))
        self._hills = find_hills(self._density, float(self.z))
        self.layers_, self.blur_ = layers, float(np.sqrt(layers) / 2)
        self.density_, self.background_ = self._density.map, self._density.background
        belongs = self._clusters(self._cells)
        # A cell without a hill has the number −1: that is the last entry, noise.
        self.cell_labels_: IntArray = np.append(belongs, NOISE)[self._hills.basin]
        self.labels_ = self.cell_labels_.reshape(-1)[self._cells]
        self.n_clusters_ = int(belongs.max(initial=NOISE)) + 1
        self.peaks_ = tuple(self._peaks(belongs))

    def _clusters(self, flat: IntArray) -> IntArray:
        """The cluster of each hill (hill,), the one with most points first; −1 for none."""
        hills, density = self._hills, self._density
        final = hills.final()
        stands = np.sqrt(hills.heights) - np.sqrt(density.background) >= self.z * density.spread
        hill = hills.basin.reshape(-1)[flat]
        points = np.bincount(final[hill[hill >= 0]], minlength=len(final))
        # Points in one cell stand out by √(8 · points); the edge of a grid, which throws
        # hills back, must not make more of fewer.
        points[~stands | (8 * points < self.z**2)] = 0
        # Of equal numbers the higher peak comes first, then the one with the lower cell.
        order = np.lexsort((np.arange(len(final)), -hills.heights, -points))
        number = np.full(len(final), NOBODY)
        order = order[points[order] > 0]
        number[order] = np.arange(len(order))
        return np.asarray(number[final])

    def _peaks(self, belongs: IntArray) -> list[Peak]:
        hills, final = self._hills, self._hills.final()
        rows, columns = self.mapping_.row_values(), self.mapping_.column_values()
        sizes = np.bincount(self.labels_[self.labels_ >= 0], minlength=self.n_clusters_)
        roots = np.flatnonzero((final == np.arange(len(final))) & (belongs >= 0))
        peaks = []
        for hill in roots[np.argsort(belongs[roots])]:
            row, column = (int(place) for place in hills.peaks[hill])
            other = int(hills.neighbor[hill])
            beside = NOISE if other < 0 else int(belongs[other])
            peaks.append(
                Peak(
                    label=int(belongs[hill]),
                    cell=(row, column),
                    position=(float(columns[column]), float(rows[row])),
                    height=float(hills.heights[hill]),
                    points=int(sizes[belongs[hill]]),
                    z=float(hills.z[hill]),
                    saddle=float(hills.saddle[hill] if other >= 0 else self.background_),
                    neighbor=None if beside < 0 else beside,
                )
            )
        return peaks


def _covered(counts: IntArray) -> tuple[slice, slice]:
    """The rows and columns from the first to the last that hold a point."""
    spans: list[slice] = []
    for axis in (1, 0):
        held = np.flatnonzero(counts.any(axis=axis))
        spans.append(slice(int(held[0]), int(held[-1]) + 1))
    return spans[0], spans[1]
