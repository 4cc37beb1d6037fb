"""A loss surface as bands of height: coarse to fine, then the path on it and the gap beside it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ....scene import Color, Mark, Scene
from ....trace import Trace
from ....types import FloatArray
from ...charts.frame import chosen
from ...palette import class_colors
from ...sheet import MOST_STOPS, Drawing, sheet, trace_with
from ...style import Theme, format_count, format_percent
from .box import BOX, SurfaceBox
from .contours import Contours
from .curves import Line, LossCurves


def loss_surface(
    trace: Trace,
    *,
    theme: str | Theme = "dark",
    language: str = "en",
    size: tuple[int, int] = (1920, 1080),
) -> Scene:
    """The surface of `explain.loss_surface`: a stop for each refinement, then for each path state.

    Bands and lines are at round losses, low ones nearest to the ground's colour. Said on it:
    points computed, between them straight; of a path's plane the variance kept and the largest
    gap, whose two curves, true loss and loss on the plane, stand beside it.
    """
    needed = ("x", "y", "loss", "path x", "path loss", "plane loss")
    given = trace_with(trace, needed, "A loss surface", "loss_surface")
    return _Surface(given, sheet(size, theme, language)).scene()


@dataclass(frozen=True, eq=False)
class _Surface(Drawing):
    def scene(self) -> Scene:
        """Levels, then states of the path."""
        told = self.sheet.words
        levels = self.trace.where("loss")
        steps = chosen(len(self.path), MOST_STOPS - len(levels)) if len(self.path) > 1 else [0]
        labels = [
            told.figures(told("downhill.surface-level", done=format_count(self._done(level))))
            for level in levels
        ]
        if len(self.path) > 1:
            labels += [told("downhill.surface-state", number=self.sheet.number(n)) for n in steps]
        stops = [(level, -1) for level in levels]
        stops += [(levels[-1], step) for step in steps] if len(self.path) > 1 else []
        said = told(
            "downhill.surface-description", kind=told(f"downhill.plane-{self._kind}"),
            low=self.sheet.number(self._lowest), high=self.sheet.number(self._highest),
        )  # fmt: skip
        return self.sheet.scene(
            lambda stop: self.marks(*stops[stop]), labels, title=self._title, description=said
        )

    @property
    def _kind(self) -> str:
        return str(self.trace.header.about["plane"])

    @property
    def _title(self) -> str:
        return self.sheet.words(f"downhill.surface-title-{self._kind}")

    @cached_property
    def _finest(self) -> FloatArray:
        return self.trace["loss", self.trace.where("loss")[-1]]

    @cached_property
    def _known(self) -> FloatArray:
        known = self._finest[np.isfinite(self._finest)]
        return known if known.size else np.array([np.nan])

    @property
    def _lowest(self) -> float:
        return float(self._known.min())

    @property
    def _highest(self) -> float:
        return float(self._known.max())

    def _done(self, level: int) -> int:
        return int(self.trace["computed", level].sum())

    @cached_property
    def path(self) -> FloatArray:
        """The path's coordinates (step, xy)."""
        where = len(self.trace) - 1
        return np.stack([self.trace["path x", where], self.trace["path y", where]], axis=1)

    @cached_property
    def boxes(self) -> dict[int, SurfaceBox]:
        """The surface at each level, all with the bands of the finest."""
        finest = Contours(self._finest, BOX, self.sheet.theme)
        found = {}
        for level in self.trace.where("loss"):
            whole = bool(self.trace["computed", level].all())
            contours = Contours(
                self.trace["loss", level], BOX, self.sheet.theme, whole, finest.edges, level
            )
            labels = self._labels
            x, y = self.trace["x", 0], self.trace["y", 0]
            found[level] = SurfaceBox(self.sheet, contours, x, y, labels)
        return found

    @property
    def _labels(self) -> tuple[str, str]:
        one, other = self.trace.header.about["labels"]
        if self._kind == "weights":
            return str(one), str(other)
        told = self.sheet.words
        return (
            told(f"downhill.axis-{self._kind}", number="1"),
            told(f"downhill.axis-{self._kind}", number="2"),
        )

    @cached_property
    def curves(self) -> LossCurves:
        """True loss and loss on the plane, step by step."""
        last, told = len(self.trace) - 1, self.sheet.words
        lines = [
            Line(told("downhill.gap-true"), self.trace["path loss", last], self.ink),
            Line(told("downhill.gap-plane"), self.trace["plane loss", last], self._accent),
        ]
        count = len(self.path) - 1
        heading = told("downhill.gap-heading")
        return LossCurves(self.sheet, lines, count, heading, told("downhill.axis-state"))

    @property
    def ink(self) -> Color:
        """The colour of the true path."""
        return self.sheet.theme.ink

    @property
    def _accent(self) -> Color:
        red, green, blue = class_colors(2)[1].tolist()
        return (red, green, blue, 255)

    def marks(self, level: int, step: int) -> list[Mark]:
        """The picture at a level of refinement, with the path so far (−1: none of it)."""
        told, number = self.sheet.words, self.sheet.number
        box = self.boxes[level]
        done = self._done(level)
        side = told.figures(f"{format_count(len(box.x))}\u2009×\u2009{format_count(len(box.y))}")
        foot = [told("downhill.foot-points", done=told.figures(format_count(done)), side=side)]
        if done == self._finest.size:
            foot.append(told("downhill.foot-straight"))
        foot.append(self._about_plane())
        gone = int((~np.isfinite(self.trace["loss", level])).sum())
        if gone:
            foot.append(told("downhill.foot-not-finite", count=told.figures(format_count(gone))))
        several = len(self.path) > 1
        counter = (told("downhill.counter-state"), number(step)) if step >= 0 else ("", "")
        marks = self.sheet.frame(self._title, foot, counter)
        marks += [*box.still, box.outline()]
        if several and step >= 0:
            marks += box.path(self.path[: step + 1], self.ink)
            marks += [*self.curves.still, *self.curves.upto(step)]
            marks += self._gap(step)
        elif not several:
            marks += box.path(self.path, self.ink)
            marks += self._here()
        return marks

    def _gap(self, step: int) -> list[Mark]:
        gaps = self.trace["gap", len(self.trace) - 1]
        told, sheet = self.sheet.words, self.sheet
        left = self.curves.box[0]
        largest = int(np.nanargmax(np.abs(gaps))) if np.isfinite(gaps).any() else 0
        return [
            sheet.text(left, 556, told("downhill.gap-now", gap=sheet.number(float(gaps[step])))),
            sheet.text(
                left, 582,
                told(
                    "downhill.gap-largest", gap=sheet.number(float(gaps[largest])),
                    step=sheet.number(largest),
                ),
                color=sheet.theme.grey, size=17,
            ),
        ]  # fmt: skip

    def _here(self) -> list[Mark]:
        """Beside a surface without a path: the lowest point, and where the model stands."""
        told, sheet, left = self.sheet.words, self.sheet, 660.0
        x, y = self.trace["x", 0], self.trace["y", 0]
        table = np.where(np.isfinite(self._finest), self._finest, np.inf)
        row, column = np.unravel_index(int(table.argmin()), table.shape)
        own = float(self.trace["path loss", len(self.trace) - 1][0])
        said = [
            (told("downhill.here-own"), own, self.path[0]),
            (told("downhill.here-lowest"), self._lowest, (x[column], y[row])),
        ]
        marks: list[Mark] = []
        for line_number, (name, loss, place) in enumerate(said):
            top = 130 + 150 * line_number
            marks.append(sheet.text(left, top, name, color=sheet.theme.grey))
            marks.append(sheet.text(left, top + 46, sheet.number(loss), size=40))
            at = f"({sheet.number(float(place[0]))}, {sheet.number(float(place[1]))})"
            marks.append(sheet.text(left, top + 78, at, color=sheet.theme.grey))
        return marks

    def _about_plane(self) -> str:
        about, told = self.trace.header.about, self.sheet.words
        count = told.figures(format_count(int(about["parameters"])))
        if self._kind == "path":
            kept = [float(part) for part in about["variance kept"]]
            return told(
                "downhill.foot-path", kept=told.figures(format_percent(sum(kept))),
                first=told.figures(format_percent(kept[0])),
                second=told.figures(format_percent(kept[1])), count=count,
            )  # fmt: skip
        if self._kind == "random":
            return told("downhill.foot-random", count=count, seed=str(about.get("seed", 0)))
        return told("downhill.foot-weights", count=count)
