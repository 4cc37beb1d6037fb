"""Dropout at work: a layer before and after its mask, and the masks of all steps so far."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ....scene import Image, Mark, Reference, Scene
from ....trace import Trace
from ....types import FloatArray, float32_array
from ...marks import hairlines
from ...palette import POSITIVE
from ...sheet import LEFT, SMALL, Drawing, sheet, trace_with
from ...style import Theme
from ..convolution.grid import Grid

_LEFT, _WIDTH = 200.0, 960.0
_ROWS = (100.0, 154.0, 208.0)
_FIELD = (296.0, 286.0)  # top and height of the masks of all steps
_SMALL = 15.0


def dropout_masks(
    trace: Trace,
    *,
    theme: str | Theme = "dark",
    language: str = "en",
    size: tuple[int, int] = (1920, 1080),
) -> Scene:
    """A film of dropout, a stop for each step of the training and a last one in evaluation.

    `trace` is what `explain.dropout_masks` gives. Above, the neurons of the layer before the mask,
    the mask, and after it; below, a line for each step so far, blue where a neuron was on. Raises
    `InputError` for a trace of another kind.
    """
    given = trace_with(trace, ("before", "mask", "after"), "Dropout", "dropout_masks")
    film = _Dropout(given, sheet(size, theme, language))
    told = film.sheet.words
    labels = [
        told("regularisation.step", number=int(moment.at["step"]))
        if moment.kind == "step"
        else told("regularisation.evaluation")
        for moment in given.moments
    ]
    title = told("regularisation.title-dropout")
    count, neurons = film.masks.shape
    off = float((film.masks == 0).mean())
    about = told(
        "regularisation.dropout-description", count=count, neurons=neurons,
        share=film.sheet.percent(off),
    )  # fmt: skip
    return film.sheet.scene(film.marks, labels, title=title, description=about)


@dataclass(frozen=True, eq=False)
class _Dropout(Drawing):
    @cached_property
    def limit(self) -> float:
        every = [self.trace[site, m] for site in ("before", "after") for m in self.steps]
        return float(np.abs(np.stack(every)).max()) or 1.0

    @cached_property
    def steps(self) -> list[int]:
        return self.trace.where("mask")

    @cached_property
    def masks(self) -> FloatArray:
        trained = [m for m in self.steps if self.trace.moments[m].kind == "step"]
        return np.stack([self.trace["mask", m] for m in trained])

    @cached_property
    def _still(self) -> list[Mark]:
        about, sheet = self.trace.about, self.sheet
        told = sheet.words
        foot = [
            told(
                "regularisation.foot-dropout", share=sheet.percent(about["share"], 0),
                factor=sheet.number(1 / (1 - about["share"])),
            ),
            told(
                "regularisation.foot-one-sample",
                data=about["data"], samples=about["samples"], batch=about["batch"],
            ),
        ]  # fmt: skip
        marks = sheet.frame(told("regularisation.title-dropout"), foot)
        names = ("regularisation.before", "regularisation.mask", "regularisation.after")
        for y, name in zip(_ROWS, names, strict=True):
            marks.append(sheet.text(LEFT, y + 25, told(name), size=SMALL, quiet=True))
        said = told("regularisation.all-steps")
        marks.append(sheet.text(LEFT, _FIELD[0] - 13, said, size=SMALL, quiet=True))
        top, high = _FIELD
        step = high / len(self.masks)
        for base, number in ((top + step / 2, 1), (top + high - step / 2, len(self.masks))):
            said = told("regularisation.step", number=number)
            marks.append(
                sheet.text(_LEFT - 12, base + 5, said, size=_SMALL, quiet=True, anchor="end")
            )
        return marks

    def marks(self, stop: int) -> list[Mark]:
        """Everything at that stop."""
        sheet, moment = self.sheet, self.steps[stop]
        theme, told = sheet.theme, sheet.words
        marks = list(self._still)
        limits = (-self.limit, self.limit)
        mask = self.trace["mask", moment]
        most = 1 / (1 - float(self.trace.about["share"]))
        for y, site, ends in zip(
            _ROWS, ("before", "mask", "after"), (limits, (-most, most), limits), strict=True
        ):
            values = self.trace[site, moment][None]
            box = (_LEFT, y, _WIDTH, min(_WIDTH / values.shape[1], 44.0))
            marks += Grid(box, values, ends, theme, told.figures,
                          refers=Reference(site, moment)).marks()  # fmt: skip
        off = int(np.sum(mask == 0))
        if self.trace.moments[moment].kind == "step":
            said = told("regularisation.off", off=off, all=len(mask))
            name = told("regularisation.step", number=stop + 1)
        else:
            said = told("regularisation.none-off", all=len(mask))
            name = told("regularisation.evaluation")
        marks.append(sheet.text(sheet.right, 44, said, anchor="end"))
        marks.append(sheet.text(sheet.right, 70, name, size=SMALL, quiet=True, anchor="end"))
        return marks + self._field(stop)

    def _field(self, stop: int) -> list[Mark]:
        theme = self.sheet.theme
        count, neurons = self.masks.shape
        pixels = np.empty((count, neurons, 3), np.uint8)
        pixels[:] = theme.unclassified[:3]
        shown = min(stop + 1, count)
        on = self.masks[:shown] > 0
        pixels[:shown] = np.where(on[..., None], POSITIVE[:3], theme.neutral[:3])
        top, high = _FIELD
        marks: list[Mark] = [Image((_LEFT, top, _WIDTH, high), pixels, refers=Reference("mask"))]
        wide, tall = _WIDTH / neurons, high / count
        lines = [[_LEFT + n * wide, top, _LEFT + n * wide, top + high] for n in range(neurons + 1)]
        lines += [[_LEFT, top + n * tall, _LEFT + _WIDTH, top + n * tall] for n in range(count + 1)]
        marks.append(hairlines(float32_array(lines), theme.ground))
        return marks
