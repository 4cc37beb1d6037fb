"""The lattice at work, told slowly: points, the grid that fills, and its borders growing fuzzy."""

from __future__ import annotations

import numpy as np

from ....scene import Mark, Reference, Scene
from ....trace import Trace
from ...sheet import COLUMN, LEFT, SMALL, TOP, sheet, trace_with
from ...style import Theme
from .maps import LatticeDrawing

_BOX = (LEFT, TOP + 10, 510.0, 510.0)
_RIGHT = 600.0


def lattice_filling(
    trace: Trace, *, theme: str | Theme = "dark", language: str = "en",
    size: tuple[int, int] = COLUMN,
) -> Scene:  # fmt: skip
    """A film of a lattice's recording for first readers: one map, its layer, each class's share.

    `trace` is what `LatticeClassifier.record` gives for two axes; its poster is the filled grid.
    Raises `InputError` for a trace of another kind.
    """
    given = trace_with(trace, ("labels", "counts", "probabilities"), "This picture", "record",
                       about="depth")  # fmt: skip
    drawing = _Filling(given, sheet(size, theme, language))
    words, moments = drawing.words, given.moments
    labels = [words("lattice.layer", number=drawing.layer(stop)) for stop in range(len(moments))]
    title = words("lattice.title-filling")
    about = words("lattice.filling-description", layers=drawing.sheet.count(given.about["depth"]))
    return drawing.sheet.scene(
        drawing.marks, labels, title=title, description=about, pace_s=0.25, poster=drawing.turn
    )


class _Filling(LatticeDrawing):
    @property
    def turn(self) -> int:
        """The moment that shows the filled grid."""
        layers = [int(moment.at["layer"]) for moment in self.trace.moments]
        return layers.index(int(self.trace.about["depth"]))

    def layer(self, stop: int) -> str:
        """The number of a stop's layer."""
        return self.sheet.count(self.trace.moments[stop].at["layer"])

    def marks(self, stop: int) -> list[Mark]:
        """Everything at that moment."""
        trace, words, about, count = self.trace, self.words, self.trace.about, self.sheet.count
        is_fuzzy = stop > self.turn
        phase = "points" if stop == 0 else "fuzzy" if is_fuzzy else "fill"
        phase = "full" if stop == self.turn else phase
        replay = trace.header.replays["labels"]["layers"]
        rows, columns = count(replay["rows"]), count(replay["columns"])
        foot = [words("lattice.foot-grid", rows=rows, columns=columns,
                      points=count(about["points"])),
                words("lattice.foot-shown", shown=count(len(trace)),
                      all=count(about["depth"] + about["fuzzy_layers"] + 1))]  # fmt: skip
        marks = self.sheet.frame(
            words(f"lattice.phase-{phase}"), foot, (words("lattice.counter"), self.layer(stop))
        )
        marks.append(self.label_map(trace["labels", stop], _BOX, Reference("labels", stop)))
        marks.append(self.outline(_BOX))
        cells = replay["rows"] * replay["columns"]
        counts = trace["counts", stop]
        shares = np.append(counts, cells - counts.sum()) / cells
        names = [*about["classes"], words("lattice.unclassified")]
        marks.append(self.sheet.text(_RIGHT, TOP + 34, words("lattice.shares"), quiet=True))
        marks += self.share_bars(shares, (_RIGHT, TOP + 50, 560, 56 * len(shares)), names=names)
        said = words(f"lattice.told-{phase}")
        top = TOP + 50 + 56 * len(shares) + 36
        for number, line in enumerate(said.split("\n\n")):
            marks.append(self.sheet.text(_RIGHT, top + 27 * number, line, size=SMALL + 1))
        return marks
