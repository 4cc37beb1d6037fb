"""Decision maps in the nodes of a recorded network: what each neuron gives all over a plane."""

from __future__ import annotations

import numpy as np

from ...errors import InputError
from ...trace import Trace
from ...types import FloatArray
from ..diagram.graph import NetworkGraph
from .plane import is_plane
from .reading import largest, stored_row


class PlaneMaps:
    """Finds the map of a unit of a recorded network, at the moment that is shown.

    Layers are matched by the names of their modules, moments by their epoch or step: at each the
    latest map that is not newer. Raises `InputError` for a trace without such maps, and where no
    layer or no moment of the recording has one.
    """

    def __init__(self, maps: Trace, trace: Trace, graph: NetworkGraph) -> None:
        if not is_plane(maps):
            raise InputError(
                "These are no maps of neurons over a plane", received=maps.title,
                do="Make them with layerwise.explain.decision or DecisionRecorder",
            )  # fmt: skip
        self.maps = maps
        names = {
            str(maps.site(f"weights {number}").about.get("layer", "")): number
            for number in range(1, int(maps.about["layers"]))
        }
        # What a map shows is what enters the next dense layer: a layer with its activation.
        self._site_of = {
            at: f"maps {names[layer.name]}"
            for at, layer in enumerate(graph.layers)
            if layer.name in names and layer.kind == "dense"
        }
        self._map_at = {m: self._match(trace, m) for m in range(len(trace.moments))}
        if not self._site_of or all(found is None for found in self._map_at.values()):
            raise InputError(
                "These maps are of another network, or of other moments",
                received=f"layers {', '.join(names)}",
                allowed=f"Layers of this recording: {', '.join(x.name for x in graph.layers[1:])}",
            )
        first = maps.where("maps 0")[0]
        rows, columns = maps["maps 0", first].shape[1:]
        self.words = " and ".join(str(name) for name in maps.about.get("names", ())) or "two inputs"
        self.size = (int(rows), int(columns))
        self._limits: dict[str, float] = {}

    def _match(self, trace: Trace, moment: int) -> int | None:
        """The map that belongs to a moment of the recording."""
        at, own = trace.moments[moment].at, self.maps.moments
        if len(own) == 1 and not own[0].at:  # of the network as it is in the end
            return 0 if moment == len(trace.moments) - 1 else None
        found = None
        for number, other in enumerate(own):
            key = next((key for key in ("epoch", "step") if key in at and key in other.at), None)
            if key is not None and other.at[key] <= at[key]:
                found = number
        return found

    def has(self, number: int) -> bool:
        """Whether a layer's units have maps."""
        return number in self._site_of

    def limit(self, number: int) -> float:
        """The largest magnitude of a layer's maps, at all moments."""
        site = self._site_of[number]
        if site not in self._limits:
            where = self.maps.where(site)
            self._limits[site] = largest([np.asarray(self.maps[site, m], float) for m in where])
        return self._limits[site]

    def of(self, number: int, unit: int, moment: int) -> FloatArray | None:
        """A unit's map (row, column) at a moment; None where there is none."""
        site, at = self._site_of.get(number), self._map_at.get(moment)
        if site is None or at is None or (site, at) not in self.maps:
            return None
        row = stored_row(self.maps.site(site).entries.get("neuron"), unit)
        values = self.maps[site, at]
        if row is None or row >= len(values):
            return None
        return np.asarray(values[row], np.float64)
