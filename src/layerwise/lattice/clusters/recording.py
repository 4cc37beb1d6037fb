"""A fitted clusterer as a Trace: points, density, hills, merges, labels."""

from __future__ import annotations

from importlib import metadata
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from ...errors import InputError
from ...trace import Header, Moment, Site, Trace
from ...types import IntArray
from ..diffusion import Diffusion
from ..recording import spaced
from .peaks import flow_layers

if TYPE_CHECKING:
    from .clusterer import LatticeClusterer

MOST_SPREADING: Final = 40
MOST_FLOWING: Final = 60
MOST_MERGING: Final = 40
KEPT_CELLS: Final = 40 << 16
"""Cells of densities in a recording: with more to a map, fewer maps are shown."""


def record_clusters(
    clusterer: LatticeClusterer,
    *,
    data: str = "",
    axes: tuple[str, str] | None = None,
    spreading_moments: int | None = None,
    flowing_moments: int = MOST_FLOWING,
    merging_moments: int = MOST_MERGING,
) -> Trace:
    """The recording of a fitted clusterer.

    `data`: the data's name; `axes`: names for the two axes. The last three: how many moments of
    each kind at most (of spreading ones 40 if None, fewer where a grid has more than 256 × 256
    cells). What is left out is in `notes`.

    Moments of kind "layer" carry "layer" (and "flow", from where cells take colours from uphill);
    of kind "merge", "merges" done so far; the last is "labels". Sites: "density" (row, column)
    expected points a cell after so many layers; "hill" (row, column) each cell's hill and "wait"
    (row, column) after how many layers its colour has come, once; "colored": the cells that have a
    colour; "peaks" (hill, row column) and "heights" (hill,), "peak z" (hill,), once; "belongs"
    (hill,) the hill that each counts to at each merge; "hills left"; "merge z" of the hills merged
    since the moment before (the largest); "cell labels" (row, column), "cluster points" (cluster,),
    "cluster z" (cluster,), "cluster neighbor" (cluster,), "cluster peak" (cluster, row column) and
    "noise points" at the end.
    """
    density, hills = clusterer._density, clusterer._hills
    cells = density.map.size
    most = max(3, min(MOST_SPREADING, KEPT_CELLS // cells))
    most = most if spreading_moments is None else spreading_moments
    for name, number in (
        ("spreading_moments", most),
        ("flowing_moments", flowing_moments),
        ("merging_moments", merging_moments),
    ):
        if not isinstance(number, (int, np.integer)) or number < 2:
            raise InputError(
                f"A recording needs a whole number of {name}",
                received=f"{number!r}", allowed="2 or more",
            )  # fmt: skip
    wait = flow_layers(hills.uphill)
    deepest = max(int(wait.max()), 0)
    spreading = spaced(clusterer.layers_, most - 1, even=False)
    flowing = spaced(deepest, flowing_moments - 1, even=True)
    merging = spaced(len(hills.order), merging_moments - 1, even=True)
    trace = Trace(
        Header(
            title="lattice clusters",
            sites=SITES,
            about={
                "data": data,
                "axes": list(axes or clusterer.projection_.names),
                "projection": clusterer.projection_.note,
                "points": int(clusterer.counts_.sum()),
                "rows": density.map.shape[0],
                "columns": density.map.shape[1],
                "mapping": clusterer.mapping_.horizontal.kind,
                "layers": clusterer.layers_,
                "flow_layers": deepest,
                "blur": clusterer.blur_,
                "tried": [[layers, float(loss)] for layers, loss in clusterer.tried_],
                "z": float(clusterer.z),
                "noise": float(clusterer.noise),
                "background": clusterer.background_,
                "floor": density.floor,
                "near": density.near,
                "spread": density.spread,
                "hills": len(hills.peaks),
                "clusters": clusterer.n_clusters_,
                "column_values": clusterer.mapping_.column_values().tolist(),
                "row_values": clusterer.mapping_.row_values().tolist(),
                "versions": {name: metadata.version(name) for name in ("layerwise", "numpy")},
            },
            notes=_notes(clusterer, spreading, flowing, merging, deepest),
        )
    )
    total = float(clusterer.counts_.sum())
    spread_out = Diffusion(clusterer.counts_[None] / total, lazy=True)
    for layer in spreading.tolist():
        now = density.map
        if layer == 0:
            now = clusterer.counts_.astype(np.float64)
        elif layer < clusterer.layers_:
            now = spread_out.after(layer)[0] * total
        trace.append(
            Moment("layer", {"layer": layer}), {"density": now.astype(np.float32)}, copy=False
        )
    for step in flowing.tolist():
        values: dict[str, Any] = {"colored": np.count_nonzero((wait >= 0) & (wait <= step))}
        if step == 0:
            values |= {
                "hill": hills.basin.astype(np.int32),
                "wait": wait.astype(np.int32),
                "peaks": hills.peaks,
                "heights": hills.heights,
                "peak z": hills.z,
            }
        trace.append(Moment("layer", {"layer": clusterer.layers_ + step, "flow": step}), values)
    _append_merges(trace, clusterer, merging)
    peaks = clusterer.peaks_
    trace.append(
        Moment("labels", {"merges": len(hills.order)}),
        {
            "cell labels": clusterer.cell_labels_.astype(np.int32),
            "cluster points": np.array([peak.points for peak in peaks], np.int64),
            "cluster z": np.array([peak.z for peak in peaks], np.float64),
            "cluster neighbor": np.array(
                [-1 if peak.neighbor is None else peak.neighbor for peak in peaks], np.int64
            ),
            "cluster peak": np.array([peak.cell for peak in peaks], np.int64).reshape(-1, 2),
            "noise points": np.count_nonzero(clusterer.labels_ < 0),
        },
    )
    return trace


SITES: Final = (
    Site("density", "density", ("row", "column"), unit="points a cell",
         note="after that many layers; layer 0: the points themselves"),
    Site("hill", "label map", ("row", "column"), inputs=("density",),
         note="−1 where no point is near (below a hundredth of a lone point's height) or the "
              "background makes up too much"),
    Site("wait", "metric", ("row", "column"), inputs=("density",), unit="layers"),
    Site("colored", "metric", inputs=("wait",), unit="cells"),
    Site("peaks", "metric", ("hill", "row column"), inputs=("density",)),
    Site("heights", "metric", ("hill",), inputs=("density",), unit="points a cell"),
    Site("peak z", "metric", ("hill",), inputs=("density",),
         note="(√peak − √saddle) in units of chance, at the saddle that decided"),
    Site("belongs", "metric", ("hill",), inputs=("hill",)),
    Site("hills left", "metric", inputs=("belongs",)),
    Site("merge z", "metric", inputs=("peak z",)),
    Site("cell labels", "label map", ("row", "column"), inputs=("belongs", "density")),
    Site("cluster points", "metric", ("cluster",), inputs=("cell labels",)),
    Site("cluster z", "metric", ("cluster",), inputs=("peak z",)),
    Site("cluster neighbor", "metric", ("cluster",), inputs=("belongs",),
         note="the cluster that z was taken against; −1: none, but the background"),
    Site("cluster peak", "metric", ("cluster", "row column"), inputs=("peaks",)),
    Site("noise points", "metric", inputs=("cell labels",)),
)  # fmt: skip


def _append_merges(trace: Trace, clusterer: LatticeClusterer, merging: IntArray) -> None:
    hills = clusterer._hills
    root = np.arange(len(hills.into))
    done = 0
    for count in merging.tolist():
        since = hills.order[done:count]
        for hill in since:
            root[root == hill] = root[hills.into[hill]]
        done = count
        values: dict[str, Any] = {"belongs": root.copy(), "hills left": len(root) - count}
        if len(since):
            values["merge z"] = float(hills.z[since].max())
        trace.append(Moment("merge", {"merges": count}), values)


def _notes(
    clusterer: LatticeClusterer,
    spreading: IntArray,
    flowing: IntArray,
    merging: IntArray,
    deepest: int,
) -> tuple[str, ...]:
    notes = []
    merges = len(clusterer._hills.order)
    if len(spreading) < clusterer.layers_ + 1:
        notes.append(f"{len(spreading)} of {clusterer.layers_ + 1:,} spreading layers shown")
    if len(flowing) < deepest + 1:
        notes.append(f"{len(flowing)} of {deepest + 1:,} colouring layers shown")
    if len(merging) < merges + 1:
        notes.append(f"{len(merging)} of {merges + 1:,} steps of merging shown")
    return tuple(notes)
