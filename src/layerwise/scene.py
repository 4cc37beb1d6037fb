"""Contract 2, the Scene: a few kinds of flat marks over time, and a table of who writes them.

A scene knows no model and draws nothing itself. A *view* gives it a function from a stop of its
timeline to marks; a *renderer* turns marks into pixels, SVG or a page. Every renderer gets the same
marks, so that every output is the same picture.

Lengths are logical pixels, x to the right and y down, origin at the upper left corner. Colours are
straight (not premultiplied) sRGB with alpha, 8 bits each, and are blended in that space, as
browsers do. Marks are drawn in order, later ones on top.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from importlib import import_module
from inspect import signature
from pathlib import Path
from typing import Any, ClassVar, Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from .errors import InputError, unknown_name
from .scene_volume import Volume
from .types import Array, ByteArray, Float32Array, FloatArray, IntArray, float32_array

Color: TypeAlias = tuple[int, int, int, int]
CLEAR: Color = (0, 0, 0, 0)

WRITERS: Mapping[str, str] = {
    ".mp4": "layerwise.render.video:write_mp4",
    ".webm": "layerwise.render.video:write_webm",
    ".gif": "layerwise.render.video:write_gif",
    ".png": "layerwise.render.still:write_png",
    ".webp": "layerwise.render.still:write_webp",
    ".svg": "layerwise.render.svg:write_svg",
    ".html": "layerwise.render.html:write_html",
    ".json": "layerwise.scene_json:write_json",
}
"""Who writes a file of that suffix: an import path, so that a scene loads no renderer unasked."""


@dataclass(frozen=True, eq=False)
class Reference:
    """What marks stand for: a site of the trace, its moment, and one index per mark.

    `indices`: (mark, axis of the site) whole numbers, or None where the mark is the whole array.
    """

    site: str
    moment: int | None = None
    indices: Array | None = None


@dataclass(frozen=True, eq=False)
class Discs:
    """Filled circles with an optional ring drawn inside their edge."""

    kind: ClassVar[str] = "discs"
    centers: Float32Array  # (disc, xy)
    radii: Float32Array  # (disc,)
    fill: ByteArray  # (disc, rgba)
    stroke: ByteArray = field(default_factory=lambda: np.array(CLEAR, np.uint8))  # (disc, rgba)
    stroke_widths: Float32Array = field(default_factory=lambda: float32_array([0]))  # (disc,)
    refers: Reference | None = None

    def __post_init__(self) -> None:
        _settle(self, "centers", 2, ("radii", "stroke_widths"), ("fill", "stroke"))


@dataclass(frozen=True, eq=False)
class Segments:
    """Straight strokes with round ends (capsules): all points within width/2 of the line.

    A stroke under one pixel wide is drawn one pixel wide with its alpha scaled down instead.
    """

    kind: ClassVar[str] = "segments"
    ends: Float32Array  # (segment, x0 y0 x1 y1)
    widths: Float32Array  # (segment,)
    colors: ByteArray  # (segment, rgba)
    refers: Reference | None = None

    def __post_init__(self) -> None:
        _settle(self, "ends", 4, ("widths",), ("colors",))


@dataclass(frozen=True, eq=False)
class Curves:
    """Cubic Bézier curves stroked with round ends: all points within width/2 of the curve.

    `points` holds where a curve starts, its two control points, and where it ends. A stroke
    under one pixel wide is drawn one pixel wide with its alpha scaled down instead.
    """

    kind: ClassVar[str] = "curves"
    points: Float32Array  # (curve, x0 y0 x1 y1 x2 y2 x3 y3)
    widths: Float32Array  # (curve,)
    colors: ByteArray  # (curve, rgba)
    refers: Reference | None = None

    def __post_init__(self) -> None:
        _settle(self, "points", 8, ("widths",), ("colors",))


@dataclass(frozen=True, eq=False)
class Rectangles:
    """Filled boxes, corners rounded by a radius, with an optional line drawn inside the edge."""

    kind: ClassVar[str] = "rectangles"
    boxes: Float32Array  # (rectangle, x y width height)
    fill: ByteArray  # (rectangle, rgba)
    radii: Float32Array = field(default_factory=lambda: float32_array([0]))  # (rectangle,)
    stroke: ByteArray = field(default_factory=lambda: np.array(CLEAR, np.uint8))
    stroke_widths: Float32Array = field(default_factory=lambda: float32_array([0]))
    refers: Reference | None = None

    def __post_init__(self) -> None:
        _settle(self, "boxes", 4, ("radii", "stroke_widths"), ("fill", "stroke"))


@dataclass(frozen=True, eq=False)
class Image:
    """A picture in a box: colours per pixel, or one index per pixel into a palette.

    `pixels` is (row, column, rgb or rgba), or (row, column) indices with `palette` (entry, rgba).
    `sampling`: "nearest" gives an output pixel the value of the cell that its centre falls in;
    "area" gives it the mean colour of all cells that it covers, in proportion.
    """

    kind: ClassVar[str] = "image"
    box: tuple[float, float, float, float]  # x y width height
    pixels: ByteArray
    palette: ByteArray | None = None
    sampling: Literal["nearest", "area"] = "nearest"
    refers: Reference | None = None

    def __post_init__(self) -> None:
        pixels = np.ascontiguousarray(self.pixels, np.uint8)
        indexed = self.palette is not None
        if pixels.ndim != (2 if indexed else 3) or (not indexed and pixels.shape[2] not in (3, 4)):
            raise InputError(
                "An image mark needs pixels of (row, column, 3 or 4), or (row, column) indices "
                "with a palette",
                received=f"shape {pixels.shape}, {'a' if indexed else 'no'} palette",
            )
        object.__setattr__(self, "pixels", _frozen(pixels))
        if self.palette is not None:
            object.__setattr__(self, "palette", _frozen(np.asarray(self.palette, np.uint8)))

    def colors(self) -> ByteArray:
        """The pixels as colours: (row, column, rgba)."""
        if self.palette is not None:
            return self.palette[self.pixels]
        if self.pixels.shape[2] == 4:
            return self.pixels
        opaque = np.full((*self.pixels.shape[:2], 1), 255, np.uint8)
        return np.concatenate([self.pixels, opaque], axis=2)


@dataclass(frozen=True, eq=False)
class Text:
    """One line of text; `at` is the point on its base line that `anchor` says."""

    kind: ClassVar[str] = "text"
    at: tuple[float, float]
    string: str
    size: float
    color: Color
    weight: Literal[300, 400, 600] = 400
    anchor: Literal["start", "middle", "end"] = "start"
    family: Literal["sans", "mono"] = "sans"
    refers: Reference | None = None


Mark: TypeAlias = Discs | Segments | Curves | Rectangles | Image | Text


@dataclass(frozen=True)
class Camera:
    """What part of the world the frame shows: the point at its middle, and the magnification."""

    center: tuple[float, float]
    zoom: float = 1.0

    def apply(self, mark: Mark, size: tuple[float, float]) -> Mark:
        """The mark as seen by this camera in a frame of that size (width, height)."""
        zoom = self.zoom
        shift = float32_array(
            [size[0] / 2 - zoom * self.center[0], size[1] / 2 - zoom * self.center[1]]
        )
        match mark:
            case Discs():
                return replace(
                    mark,
                    centers=mark.centers * zoom + shift,
                    radii=mark.radii * zoom,
                    stroke_widths=mark.stroke_widths * zoom,
                )
            case Segments():
                ends = mark.ends * zoom + np.tile(shift, 2)
                return replace(mark, ends=ends, widths=mark.widths * zoom)
            case Curves():
                points = mark.points * zoom + np.tile(shift, 4)
                return replace(mark, points=points, widths=mark.widths * zoom)
            case Rectangles():
                boxes = mark.boxes * zoom + np.concatenate([shift, float32_array([0, 0])])
                return replace(
                    mark,
                    boxes=boxes,
                    radii=mark.radii * zoom,
                    stroke_widths=mark.stroke_widths * zoom,
                )
            case Image():
                x, y, width, height = mark.box
                corner = (float(x * zoom + shift[0]), float(y * zoom + shift[1]))
                return replace(mark, box=(*corner, width * zoom, height * zoom))
            case Text():
                at = (float(mark.at[0] * zoom + shift[0]), float(mark.at[1] * zoom + shift[1]))
                return replace(mark, at=at, size=mark.size * zoom)


@dataclass(frozen=True)
class Stop:
    """A place of the timeline where the picture rests: from `start`, for `rest` seconds."""

    start: float
    rest: float
    label: str


@dataclass(frozen=True)
class Chapter:
    """A named part of a film, from the stop of that index on."""

    stop: int
    name: str


@dataclass(frozen=True, eq=False)
class GridReading:
    """The true numbers behind a picture of a grid: what a page shows when a cell is pointed at.

    `percent` is (class, row, column), whole per cent, rounded from the exact probability;
    `caption` says in a few words what they are.
    """

    box: tuple[float, float, float, float]
    column_axis: str
    row_axis: str
    column_values: FloatArray  # (column,) data coordinate of each column's middle
    row_values: FloatArray  # (row,)
    classes: tuple[str, ...]
    percent: ByteArray
    caption: str = ""


@dataclass(frozen=True, eq=False)
class Terms:
    """How the units of a layer got their sums: inputs × weights, the largest of each unit.

    Arrays are (row, unit, term), by the size of the product; `inputs` and `weights` are numbers of
    the trace, `places` says which input each is. `rest` (row, unit) is what all other products add
    up to, `total` how many inputs there are; `sums` and `bias` are (row, unit). `shape` is that of
    what the layer sees, `source` its name, `names` what its numbers are called, if they have names.
    `function` is the activation that turns the sum into the value, exactly; "" where `after`, the
    names of several operations, does that.
    """

    places: IntArray
    inputs: Float32Array
    weights: Float32Array
    rest: Float32Array
    total: int
    bias: Float32Array | None
    sums: Float32Array
    source: str
    shape: tuple[int, ...]
    names: tuple[str, ...]
    function: str
    after: str


@dataclass(frozen=True, eq=False)
class Kernels:
    """How the maps of a layer got their sums: patch × kernel of each channel, and the bias.

    `weights` are (row, unit, channel, row of the kernel, column) of those channels that are units
    of the layer of index `source`, which `channels` (unit, channel) tells; −1 for none. `total` is
    how many channels each unit sees. `sums` (row, unit, row of the map, column) hold the `bias`
    (row, unit); None where they are the values. `stride`, `pads` (zeros before) and `dilation` are
    by rows and by columns. `function` and `after` are as in `Terms`.
    """

    weights: Float32Array
    channels: IntArray
    source: int
    total: int
    bias: Float32Array | None
    sums: Float32Array | None
    stride: tuple[int, int]
    pads: tuple[int, int]
    dilation: tuple[int, int]
    function: str
    after: str


@dataclass(frozen=True, eq=False)
class LayerReading:
    """The true numbers of a layer whose units are drawn: what a page tells of each.

    `boxes` are (unit, x y width height) in the picture, `numbers` (unit,) each unit's own, from 0.
    `values` are (row, unit) or, of maps, (row, unit, row of the map, column); with `is_picture`
    all units share one box. `slopes` (row, unit) are the loss's derivatives by single values,
    `shares` (row, unit) probabilities, shown in `bars` (unit, x y width height). `weights` are
    (row, unit, unit of the layer of index `source`), of the links that refer to `site`; where each
    stands for several, `sides` are their lengths and it is their length, with the sign of their
    sum. Numbers that were not kept are NaN. `note` says what is left out.
    """

    name: str
    boxes: Float32Array
    numbers: IntArray
    names: tuple[str, ...] = ()
    values: Float32Array | None = None
    is_picture: bool = False
    slopes: Float32Array | None = None
    shares: Float32Array | None = None
    bars: Float32Array | None = None
    site: str = ""
    source: int | None = None
    weights: Float32Array | None = None
    terms: Terms | None = None
    note: str = ""
    sides: tuple[int, ...] = ()
    kernels: Kernels | None = None


@dataclass(frozen=True, eq=False)
class Part:
    """A part of a picture that a page tells of: its box, its name, what is known of it.

    `inside` draws what is in it: a page shows that when the part is magnified or opened. Parts with
    the same function share it. `stops` (stop of the picture,) says at which of its own stops it
    opens; () at the first.
    """

    box: tuple[float, float, float, float]
    name: str
    lines: tuple[str, ...] = ()
    inside: Callable[[], Scene] | None = None
    stops: tuple[int, ...] = ()


@dataclass(frozen=True, eq=False)
class WindowReading:
    """How each cell of an output came from a window of its input: what a page tells of a cell.

    `box` is where the output lies in the picture, `sources` where the channels of the input lie
    that are `drawn` (by their places). `output` is (row, column), `planes` (channel, row, column)
    the input with its padding, `kernel` (channel, row, column) or None. `kind` says what is made of
    a window of `window` rows and columns, laid on by `stride` and `dilation` (down, across): the
    "sum" of the products with the kernel and the `bias`, the "max" or the "mean"; `value_name` says
    it in words. `names` are those of the channels, `written` the kernel's numbers as a person wrote
    them, in reading order.
    """

    box: tuple[float, float, float, float]
    sources: tuple[tuple[float, float, float, float], ...]
    drawn: tuple[int, ...]
    output: FloatArray
    planes: FloatArray
    kernel: FloatArray | None
    window: tuple[int, int]
    stride: tuple[int, int]
    dilation: tuple[int, int]
    bias: float | None
    kind: str
    value_name: str
    names: tuple[str, ...] = ()
    written: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class UnitReading:
    """The true numbers behind a picture of a network; `rows` (stop,) says which a stop shows."""

    rows: tuple[int, ...]
    layers: tuple[LayerReading, ...]


class Timeline:
    """Stops in order, and the eased way between them.

    >>> Timeline.even(3, step=1.0, rest=0.5).at(0.75)
    (0, 0.5)
    """

    def __init__(self, stops: Sequence[Stop], end: float) -> None:
        if not stops:
            raise InputError("A timeline needs at least one stop", received="none")
        starts = [stop.start for stop in stops]
        if starts != sorted(starts) or end < starts[-1]:
            raise InputError("The stops of a timeline must be in order of time, the end last")
        self.stops = tuple(stops)
        self.end = float(end)
        self._starts = starts

    @classmethod
    def even(cls, count: int, *, step: float, rest: float | None = None) -> Timeline:
        """Stops every `step` seconds, each at rest for `rest` of them (all of it if None)."""
        pause = step if rest is None else rest
        stops = [Stop(index * step, pause, str(index)) for index in range(count)]
        return cls(stops, count * step)

    def at(self, time: float) -> tuple[int, float]:
        """The stop that time belongs to, and how far the way to the next one has come, 0 to 1.

        The way eases in and out: its speed is zero at both ends and never turns back.
        """
        index = max(bisect_right(self._starts, time + 1e-9) - 1, 0)
        if index + 1 >= len(self.stops):
            return index, 0.0
        leave = self.stops[index].start + self.stops[index].rest
        span = self.stops[index + 1].start - leave
        if span <= 0 or time <= leave:
            return index, 0.0
        return index, ease(min((time - leave) / span, 1.0))


def ease(fraction: float) -> float:
    """Ease in and out: 0 → 0, ½ → ½, 1 → 1, with speed zero at both ends (a cubic)."""
    return fraction * fraction * (3 - 2 * fraction)


class Scene:
    """A picture over time: draws nothing until asked, keeps no frame.

    `draw(stop, fraction)` gives the marks at a stop (fraction 0) or on the way to the next one.
    `portrait` is the same film laid out for a tall screen; `replays` gives recipes by which a
    page can compute an image's pixels itself (site name → recipe, as in the trace); `readings`,
    `windows` and `units` give what a page needs to answer a hover, `parts` what can be opened in
    it, `volume` what it needs to draw a grid in three dimensions itself, `beside` the marks of a
    stop without those of that grid.
    """

    def __init__(
        self,
        draw: Callable[[int, float], Sequence[Mark]],
        timeline: Timeline,
        *,
        size: tuple[int, int] = (1920, 1080),
        fps: float = 30.0,
        ground: Color = (15, 17, 21, 255),
        title: str = "",
        description: str = "",
        chapters: Sequence[Chapter] = (),
        poster: int = 0,
        camera: Callable[[float], Camera] | None = None,
        portrait: Scene | None = None,
        replays: Callable[[], Mapping[str, Any]] | None = None,
        readings: Callable[[], Sequence[GridReading]] | None = None,
        units: Callable[[], UnitReading | None] | None = None,
        parts: Callable[[], Sequence[Part]] | None = None,
        windows: Callable[[], Sequence[WindowReading]] | None = None,
        volume: Callable[[], Volume] | None = None,
        beside: Callable[[int], Sequence[Mark]] | None = None,
    ) -> None:
        if min(size) < 2 or fps <= 0:
            raise InputError("A scene needs a size of 2 pixels or more and a positive frame rate")
        self._draw, self._readings, self._units = draw, readings, units
        self._parts, self._windows = parts, windows
        self._volume, self._beside = volume, beside
        self.timeline, self.size, self.fps, self.ground = timeline, size, float(fps), ground
        self.title, self.description, self.chapters = title, description, tuple(chapters)
        self.poster, self.camera, self.portrait = poster, camera, portrait
        self._replays = replays
        self._resting: tuple[tuple[int, float], list[Mark]] | None = None

    @property
    def duration(self) -> float:
        """The length of the film in seconds."""
        return self.timeline.end

    @property
    def stops(self) -> tuple[Stop, ...]:
        """Where the picture rests, in order."""
        return self.timeline.stops

    def __len__(self) -> int:
        """How many frames the film has at its frame rate."""
        return max(1, math.ceil(self.duration * self.fps - 1e-6))

    def marks(self, time: float) -> list[Mark]:
        """The marks at that time in seconds, as the camera sees them, in drawing order."""
        place = self.timeline.at(time)
        if self.camera is None and self._resting is not None and self._resting[0] == place:
            return list(self._resting[1])  # the same marks: a renderer sees that nothing moved
        marks = list(self._draw(*place))
        if self.camera is None:
            self._resting = (place, marks)
            return list(marks)
        camera = self.camera(time)
        return [camera.apply(mark, self.size) for mark in marks]

    def stop_marks(self, stop: int) -> list[Mark]:
        """The marks at rest at the stop of that index."""
        return self.marks(self.stops[stop].start)

    def frame_time(self, index: int) -> float:
        """The time of frame `index`; negative ones count from the end."""
        count = len(self)
        if not -count <= index < count:
            raise InputError(
                "There is no such frame",
                received=f"{index}",
                allowed=f"Frames are 0 to {count - 1}, or −{count} to −1 from the end",
            )
        return (index % count) / self.fps

    def frame(self, index: int, *, scale: float = 1.0) -> ByteArray:
        """Frame `index` of the film as pixels: (row, column, rgb), each side times `scale`."""
        rasterize = _load("layerwise.render.raster:rasterize")
        pixels: ByteArray = rasterize(
            self.marks(self.frame_time(index)), self.size, self.ground, scale=scale
        )
        return pixels

    @cached_property
    def replays(self) -> Mapping[str, Any]:
        """Recipes by which a page computes images itself: site name → recipe, made when asked."""
        return dict(self._replays()) if self._replays is not None else {}

    def readings(self) -> list[GridReading]:
        """What a page needs to answer when a cell is pointed at."""
        return list(self._readings()) if self._readings is not None else []

    def windows(self) -> list[WindowReading]:
        """What a page needs to answer when a cell of a convolution's output is pointed at."""
        return list(self._windows()) if self._windows is not None else []

    def volume(self) -> Volume | None:
        """What a page needs to draw a grid in three dimensions itself, if there is one."""
        return self._volume() if self._volume is not None else None

    def written_marks(self, stop: int) -> list[Mark]:
        """The marks at rest at a stop, without those that whoever reads `volume` draws itself."""
        return self.stop_marks(stop) if self._beside is None else list(self._beside(stop))

    def units(self) -> UnitReading | None:
        """What a page needs to answer when a unit or a link is pointed at, if there are any."""
        return self._units() if self._units is not None else None

    def parts(self) -> list[Part]:
        """What can be pointed at and opened in a page."""
        return list(self._parts()) if self._parts is not None else []

    def save(self, path: str | Path, **options: Any) -> Path:
        """Write the scene in the format that the suffix says; returns the path.

        Formats: .mp4 .webm .gif (film), .png .webp .svg (still, the poster unless `stop=`),
        .html (one file with a player), .json (the written form). The file appears whole or not
        at all. Raises `UnknownNameError` for a suffix or an option that the format does not know,
        `OutputError` for a place that cannot be written.
        """
        path = Path(path)
        writer_path = WRITERS.get(path.suffix.lower())
        if writer_path is None:
            raise unknown_name("file suffix", path.suffix or path.name, WRITERS, where=str(path))
        writer = _load(writer_path)
        known = [name for name in signature(writer).parameters if name not in ("scene", "path")]
        for name in options:
            if name not in known:
                raise unknown_name("option", name, known, where=f"files of type {path.suffix}")
        writer(self, path, **options)
        return path

    def _repr_html_(self) -> str:
        """The page in a frame: how a notebook shows a scene."""
        show: Callable[[Scene], str] = _load("layerwise.render.html:notebook_frame")
        return show(self)


def _load(path: str) -> Callable[..., Any]:
    module, _, name = path.partition(":")
    function: Callable[..., Any] = getattr(import_module(module), name)
    return function


def _frozen(array: Array) -> Array:
    view = array.view()
    view.flags.writeable = False
    return view


def _settle(
    mark: Any, lead: str, width: int, scalars: Sequence[str], colors: Sequence[str]
) -> None:
    """Bring a mark's arrays to their types and to one length, and freeze them."""
    first = np.asarray(getattr(mark, lead), np.float32).reshape(-1, width)
    object.__setattr__(mark, lead, _frozen(first))
    for name, shape, dtype in [
        *((name, (len(first),), np.float32) for name in scalars),
        *((name, (len(first), 4), np.uint8) for name in colors),
    ]:
        given: ArrayLike = getattr(mark, name)
        try:
            whole = np.broadcast_to(np.asarray(given, dtype), shape)
        except ValueError:
            raise InputError(
                f"The {name} of {mark.kind} must be one, or one for each of the {len(first)}",
                received=f"shape {np.shape(given)}",
            ) from None
        object.__setattr__(mark, name, _frozen(np.ascontiguousarray(whole)))
