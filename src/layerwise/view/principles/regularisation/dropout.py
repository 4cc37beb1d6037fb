"""Dropout at work: a layer before and after its mask, and the masks of all steps so far."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ....errors import InputError
from ....language import Words, words
from ....scene import Image, Mark, Reference, Scene
from ....trace import Trace
from ....types import FloatArray, float32_array
from ...charts.frame import Frame, trace_of
from ...marks import hairlines, label
from ...palette import POSITIVE
from ...style import LABEL_SIZE, TEXT_SIZE, Theme, format_number, format_percent
from ...style import theme as theme_named
from ..convolution.grid import Grid

_LEFT, _WIDTH = 280.0, 1560.0
_ROWS = (180.0, 264.0, 348.0)
_FIELD = (496.0, 420.0)  # top and height of the masks of all steps


def dropout_masks(trace: Trace, *, theme: str | Theme = "dark", language: str = "en") -> Scene:
    """A film of dropout, a stop for each step of the training and a last one in evaluation.

    `trace` is what `explain.dropout_masks` gives. Above, the neurons of the layer before the mask,
    the mask, and after it; below, a line for each step so far, blue where a neuron was on. Raises
    `InputError` for a trace of another kind.
    """
    given = trace_of(trace, "Dropout")
    if not {"before", "mask", "after"} <= {site.name for site in given.sites} or not len(given):
        raise InputError(
            "There is no dropout in the trace", received=repr(given.title),
            do="Give what explain.dropout_masks made",
        )  # fmt: skip
    told, frame = words(language), Frame((1920, 1080), theme_named(theme))
    film = _Film(given, frame, told)
    labels = [
        told("regularisation.step", number=int(moment.at["step"]))
        if moment.kind == "step"
        else told("regularisation.evaluation")
        for moment in given.moments
    ]
    title = told("regularisation.title-dropout")
    about = told("regularisation.dropout-description", count=len(given) - 1)
    return frame.scene(film.marks, labels, title=title, description=about)


@dataclass(frozen=True, eq=False)
class _Film:
    trace: Trace
    frame: Frame
    words: Words

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
        about, grey = self.trace.about, self.frame.theme.grey
        title = self.words("regularisation.title-dropout")
        foot = [
            self.words(
                "regularisation.foot-dropout",
                share=self.words.figures(format_percent(about["share"], 0)),
                factor=self._number(1 / (1 - about["share"])),
            ),
            self.words(
                "regularisation.foot-one-sample",
                data=about["data"], samples=about["samples"], batch=about["batch"],
            ),
        ]  # fmt: skip
        marks = self.frame.words(title, self.frame.foot(foot))
        names = ("regularisation.before", "regularisation.mask", "regularisation.after")
        for y, name in zip(_ROWS, names, strict=True):
            marks.append(label(80, y + 32, self.words(name), grey, size=LABEL_SIZE))
        said = self.words("regularisation.all-steps")
        marks.append(label(80, _FIELD[0] - 18, said, grey, size=LABEL_SIZE))
        count = len(self.masks)
        high = _FIELD[1] / count
        marks.append(
            label(_LEFT - 14, _FIELD[0] + high * 0.5 + 6, "1", grey, size=16, anchor="end")
        )
        base = _FIELD[0] + _FIELD[1] - high * 0.5 + 6
        marks.append(label(_LEFT - 14, base, str(count), grey, size=16, anchor="end"))
        return marks

    def marks(self, stop: int) -> list[Mark]:
        """Everything at that stop."""
        theme, moment = self.frame.theme, self.steps[stop]
        training = self.trace.moments[moment].kind == "step"
        marks = list(self._still)
        limits = (-self.limit, self.limit)
        mask = self.trace["mask", moment]
        most = 1 / (1 - float(self.trace.about["share"]))
        for y, site, ends in zip(
            _ROWS, ("before", "mask", "after"), (limits, (-most, most), limits), strict=True
        ):
            values = self.trace[site, moment][None]
            wide = _WIDTH / values.shape[1]
            box = (_LEFT, y, _WIDTH, min(wide, 56.0))
            marks += Grid(box, values, ends, theme, self.words.figures,
                          refers=Reference(site, moment)).marks()  # fmt: skip
        off = int(np.sum(mask == 0))
        if training:
            said = self.words("regularisation.off", off=off, all=len(mask))
            name = self.words("regularisation.step", number=stop + 1)
        else:
            said = self.words("regularisation.none-off", all=len(mask))
            name = self.words("regularisation.evaluation")
        marks.append(label(1840, 82, said, theme.ink, size=TEXT_SIZE, anchor="end"))
        marks.append(label(1840, 118, name, theme.grey, size=LABEL_SIZE, anchor="end"))
        return marks + self._field(stop)

    def _field(self, stop: int) -> list[Mark]:
        theme = self.frame.theme
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

    def _number(self, value: float) -> str:
        return self.words.figures(format_number(value, 3))
