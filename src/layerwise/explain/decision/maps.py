"""The decision map of a classifier: what it answers at every point of a plane, neuron by neuron."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ...errors import InputError, unknown_name
from ...spread import spread
from ...trace import Header, Moment, Site, Trace
from ...types import Array, FloatArray
from .data import Samples, order_of, samples_of
from .plane import plane_of
from .reader import MOST_NEURONS, Look, Reader, reader_of


def decision(
    model: Any,
    data: Any,
    *,
    plane: str | None = None,
    columns: Sequence[str | int] | None = None,
    at: str | int | ArrayLike = "median",
    samples: Sequence[int] | None = None,
    resolution: int = 100,
    limits: Sequence[float] | None = None,
    outputs: str = "auto",
    title: str = "",
) -> Trace:
    """What a classifier answers everywhere in a plane, and what each of its neurons does there.

    `model` is a run, a torch network, an estimator (`predict_proba`, or `predict` alone), or a
    function from rows to probabilities; `data` a data set, pictures, parts, (X, y) or X alone.
    How the plane is laid: `decision_plane.plane_of`; what a network's `outputs` are:
    `decision_reader.reader_of`. All `resolution` × `resolution` points are asked in one batch.

    One moment, "map". Sites: "across" (column,) and "up" (row,), coordinates; "places" (sample,
    xy), "labels" (sample,) where known; "probabilities" (class, row, column), row 0 on top;
    "answers" (sample,) for the samples themselves, not their projections; "accuracy"; of a network
    of up to 12 dense layers "maps 0" (its inputs), "maps 1", … (neuron, row, column), what enters
    each dense layer, and "weights 1", "biases 1", …; `about["unseen"]` says which layers have no
    maps: a "reason" ("deep": more than 12, "other": not dense, "inside": dense, but not over
    samples) and how many "layers"; "otherwise", for how many samples an estimator's own `predict`
    is not its likeliest class; "direction" (xy), the slope of the second of two
    classes' score in the plane, where it is the same everywhere. Single precision.

    Raises `InputError` for models, data and planes that cannot be; see there.
    """
    recorder = DecisionRecorder(
        data, plane=plane, columns=columns, at=at, samples=samples, resolution=resolution,
        limits=limits, outputs=outputs, title=title,
    )  # fmt: skip
    recorder.see(model, Moment("map"))
    return recorder.trace


class DecisionRecorder:
    """A decision map after every epoch, with the map of every hidden neuron.

    ``seen = DecisionRecorder(); fit(model, data, on_epoch=seen); view.decision(seen.trace)``

    Without `data` the samples are those of that `part` of the run's data set. `every` keeps one
    epoch in so many, the first always. The other options, and the sites, are those of `decision`;
    moments are of kind "epoch". `see` records any model at any moment, for a loop of one's own.
    The training itself is the same to the last bit.
    """

    def __init__(
        self,
        data: Any = None,
        *,
        part: str = "training",
        every: int = 1,
        plane: str | None = None,
        columns: Sequence[str | int] | None = None,
        at: str | int | ArrayLike = "median",
        samples: Sequence[int] | None = None,
        resolution: int = 100,
        limits: Sequence[float] | None = None,
        outputs: str = "auto",
        title: str = "",
    ) -> None:
        for name, value, least, most in (
            ("resolution", resolution, 8, 1000), ("every", every, 1, 10**9),
        ):  # fmt: skip
            whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
            if not whole or not least <= value <= most:
                raise InputError(
                    f"The {name} of a decision map is a whole number from {least} to {most:,}",
                    received=repr(value),
                )
        if part not in ("training", "control", "test"):
            raise unknown_name("part", part, ("training", "control", "test"))
        self._data, self._part, self._every, self._title = data, part, every, title
        self._plane: dict[str, Any] = {
            "plane": plane, "columns": columns, "at": at, "samples": samples,
        }  # fmt: skip
        self._resolution, self._limits, self._outputs = resolution, limits, outputs
        self._map: _Map | None = None

    @property
    def trace(self) -> Trace:
        """The maps so far. Raises `InputError` before the first."""
        if self._map is None:
            raise InputError(
                "No map was made yet", do="Give the recorder to fit as on_epoch, then train"
            )
        return self._map.trace

    def __call__(self, run: Any) -> None:
        """Make the map of a run as it stands after an epoch."""
        epoch = int(run.history.last["epoch"])
        if epoch == 1 or epoch % self._every == 0:
            self.see(run, Moment("epoch", {"epoch": epoch}))

    def see(self, model: Any, moment: Moment) -> None:
        """Make the map of a classifier as it stands, as that moment."""
        if self._map is None:
            samples = samples_of(self._samples(model))
            reader = reader_of(model, samples.shape, outputs=self._outputs)
            laid = plane_of(samples.rows, samples.columns, picture=samples.picture, **self._plane)
            across, up = laid.axes(self._resolution, self._limits)
            known = {"across": across, "up": up, "places": laid.places}
            rows = np.concatenate([laid.points(across, up), samples.rows])
            title = self._title or samples.title or reader.kind
            facts = {"plane": laid.facts, "names": list(laid.names)}
            self._map = _Map(model, reader, samples, rows, known, facts, title)
        elif model is not self._map.model:
            self._map.take(model, self._outputs)
        self._map.see(moment)

    def _samples(self, model: Any) -> Any:
        if self._data is not None:
            return self._data
        parts = getattr(model, "parts", None)
        if parts is None:
            raise InputError("A decision map needs samples to lay its plane by", do="Give data=")
        return getattr(parts, self._part)


class _Map:
    """One plane, asked again and again."""

    def __init__(
        self, model: Any, reader: Reader, samples: Samples, rows: FloatArray,
        known: dict[str, Array], facts: dict[str, Any], title: str,
    ) -> None:  # fmt: skip
        self.model, self.reader, self._samples, self._rows = model, reader, samples, rows
        self._size = (len(known["up"]), len(known["across"]))
        self._grid = self._size[0] * self._size[1]
        self._ready = reader.ready(rows)
        first = reader.ask(self._ready)
        count = first.probabilities.shape[1]
        self.classes = samples.classes(reader, count)
        self._order = order_of(reader, self.classes, count)
        self._labels = samples.labels(self.classes)
        self._chosen = [np.array(spread(layer.shape[1], MOST_NEURONS)) for layer in first.layers]
        self._known = dict(known)
        if self._labels is not None:
            self._known["labels"] = self._labels
        self.trace = Trace(Header(title, self._sites(first), self._about(first, facts)))

    def take(self, model: Any, outputs: str) -> None:
        """Go on with another classifier of the same classes."""
        self.model, self.reader = model, reader_of(model, self._samples.shape, outputs=outputs)
        self._ready = self.reader.ready(self._rows)
        self._order = order_of(self.reader, self.classes, len(self._order))

    def see(self, moment: Moment) -> None:
        """Ask, and append what was answered."""
        look = self.reader.ask(self._ready)
        answers = np.zeros((len(self._rows), len(self.classes)))
        answers[:, self._order] = look.probabilities
        grid = answers[: self._grid].T.reshape(-1, *self._size)
        values: dict[str, Any] = dict(self._known) if not len(self.trace) else {}
        values["probabilities"] = np.ascontiguousarray(grid, np.float32)
        values["answers"] = answers[self._grid :].argmax(1).astype(np.int64)
        if self._labels is not None:
            values["accuracy"] = float((values["answers"] == self._labels).mean())
        if self.reader.predict is not None:
            own = np.asarray(self.reader.predict(self._ready))[self._grid :]
            likeliest = np.asarray(self.reader.classes)[look.probabilities[self._grid :].argmax(1)]
            values["otherwise"] = int((own != likeliest).sum())
        for number, (layer, chosen) in enumerate(zip(look.layers, self._chosen, strict=True)):
            maps = layer[: self._grid, chosen].T.reshape(-1, *self._size)
            values[f"maps {number}"] = np.ascontiguousarray(maps)
        if look.layers:
            weights, biases = self.reader.weights(), self.reader.biases()
            for number, (weight, bias) in enumerate(zip(weights, biases, strict=True), 1):
                values[f"weights {number}"], values[f"biases {number}"] = weight, bias
        slope = self._slope(look)
        if slope is not None:
            values["direction"] = slope
        self.trace.append(moment, values)

    def _slope(self, look: Look) -> Array | None:
        """The slope of the score in the plane, where one dense layer makes it the same everywhere.

        From the layer's sums at three corners of the grid: exact but for rounding.
        """
        if len(look.layers) != 1 or len(self.classes) != 2 or look.scores is None:
            return None
        rows, columns = self._size
        corner = [0, columns - 1, (rows - 1) * columns]
        weight = self.reader.weights()[0].astype(np.float64)
        sums = look.layers[0][corner].astype(np.float64) @ weight.T
        score = sums[:, 0] if sums.shape[1] == 1 else sums[:, 1] - sums[:, 0]
        across, up = self._known["across"], self._known["up"]
        return np.array(
            [
                (score[1] - score[0]) / (across[-1] - across[0]),
                (score[2] - score[0]) / (up[-1] - up[0]),
            ]
        )

    def _sites(self, first: Look) -> tuple[Site, ...]:
        entries = {"class": self.classes}
        sites = [
            Site("across", "coordinate", ("column",)),
            Site("up", "coordinate", ("row",)),
            Site("places", "coordinate", ("sample", "xy")),
            Site("probabilities", "probability", ("class", "row", "column"), entries=entries),
            Site("answers", "answer", ("sample",)),
        ]
        if self._labels is not None:
            sites.append(Site("labels", "answer", ("sample",)))
            sites.append(Site("accuracy", "metric", note=f"{len(self._labels):,} samples"))
        if self.reader.predict is not None:
            note = "samples for which the classifier's own predict is not its likeliest class"
            sites.append(Site("otherwise", "metric", note=note))
        for number, (layer, chosen) in enumerate(zip(first.layers, self._chosen, strict=True)):
            width = layer.shape[1]
            note = "" if len(chosen) == width else f"{len(chosen)} of {width:,}, evenly spread"
            sites.append(
                Site(
                    f"maps {number}", "activation", ("neuron", "row", "column"), note=note,
                    inputs=(f"maps {number - 1}", f"weights {number}") if number else (),
                    entries={"neuron": tuple(chosen.tolist())},
                    about={
                        "width": width,
                        "activation": self.reader.after[number - 1] if number else "",
                    },
                )
            )  # fmt: skip
        for number, name in enumerate(self.reader.dense_names, 1):
            if first.layers:
                about = {"layer": name}
                sites.append(Site(f"weights {number}", "weight", ("neuron", "input"), about=about))
                sites.append(Site(f"biases {number}", "weight", ("neuron",), about=about))
        if len(first.layers) == 1 and len(self.classes) == 2:
            sites.append(Site("direction", "gradient", ("xy",)))
        return tuple(sites)

    def _about(self, first: Look, facts: dict[str, Any]) -> dict[str, Any]:
        unseen = self.reader.unseen
        if unseen is None and self.reader.dense and not first.layers:
            unseen = ("inside", len(self.reader.dense))
        return {
            "classes": list(self.classes), "model": self.reader.kind,
            "certain": self.reader.certain, "layers": len(first.layers),
            "columns": list(self._samples.columns) if len(self._samples.columns) <= 64 else [],
            "samples": len(self._samples.rows), "data": self._samples.title,
            "unseen": {} if unseen is None else {"reason": unseen[0], "layers": unseen[1]}, **facts,
        }  # fmt: skip
