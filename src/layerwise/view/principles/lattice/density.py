"""From points to a density: bells that widen layer by layer, their sum, and what it decides."""

from __future__ import annotations

import numpy as np

from ....scene import Discs, Mark, Reference, Scene
from ....trace import Trace
from ....types import float32_array
from ...charts.chart import line
from ...charts.scale import Scale
from ...marks import hairlines
from ...palette import POSITIVE
from ...sheet import COLUMN, LEFT, SMALL, TOP, sheet, trace_with
from ...style import Theme
from .maps import LatticeDrawing

_SITES = ("density", "probabilities", "kernel density", "bell", "normal", "width")


def lattice_density(
    trace: Trace, *, theme: str | Theme = "dark", language: str = "en",
    size: tuple[int, int] = COLUMN,
) -> Scene:  # fmt: skip
    """A still of what `explain.lattice_density` gives: a column for each number of layers.

    Above a cut through one bell, exact and normal; then the density; then the class
    probabilities. Raises `InputError` for a trace of another kind.
    """
    drawing = _Density(trace_with(trace, _SITES, "This picture", "lattice_density"),
                       sheet(size, theme, language))  # fmt: skip
    words = drawing.words
    title = words("lattice.title-density")
    marks = drawing.marks()
    text = words("lattice.density-description")
    return drawing.sheet.scene(lambda stop: marks, [title], title=title, description=text)


class _Density(LatticeDrawing):
    def marks(self) -> list[Mark]:
        """The whole still."""
        trace, words, sheet = self.trace, self.words, self.sheet
        foot = [*self.size_parts(), words("lattice.foot-density"), words("lattice.foot-strength")]
        marks = sheet.frame(words("lattice.title-density"), foot)
        count, side, first = len(trace), 188.0, LEFT + 200
        gap = (sheet.right - first - count * side) / max(count - 1, 1) if count > 1 else 0.0
        gap = min(gap, 130.0)
        tops = (TOP + 30, TOP + 152, TOP + 358)
        for key, top in zip(("bell", "density", "classes"), (tops[0] + 10, *tops[1:]), strict=True):
            said = words(f"lattice.density-{key}")
            for number, part in enumerate(said.split("\n\n")):
                base = top + 24 + 24 * number
                marks.append(sheet.text(LEFT, base, part, size=SMALL, quiet=number > 0))
        for place in range(count):
            x = first + place * (side + gap)
            layer = sheet.count(trace.moments[place].at["layer"])
            width = sheet.number(trace["width", place], 2)
            name = words("lattice.density-layers", layers=layer)
            marks.append(sheet.text(x, tops[0] - 4, name, size=SMALL))
            marks += self._bell(place, (x, tops[0] + 10, side, 74))
            told = words("lattice.density-width", width=width)
            marks.append(sheet.text(x, tops[0] + 106, told, size=SMALL - 1, quiet=True))
            density = trace["density", place]
            box = (x, tops[1], side, side)
            picture = self.magnitude_map(
                density, float(density.max()), box, Reference("density", place)
            )
            marks += [picture, self.outline(picture.box)]
            below = (x, tops[2], side, side)
            maps = trace["probabilities", place]
            marks.append(self.probability_map(maps, below, Reference("probabilities", place)))
        return marks

    def _bell(self, place: int, box: tuple[float, float, float, float]) -> list[Mark]:
        """A cut through one bell: dots for the walk, a line for the normal law."""
        x, y, width, height = box
        exact, normal = self.trace["bell", place], self.trace["normal", place]
        reach = len(exact) // 2
        shown = min(reach, int(np.ceil(4 * float(self.trace["width", place]))))
        part = slice(reach - shown, reach + shown + 1)
        across = Scale(-shown - 0.5, shown + 0.5, x, x + width)
        up = Scale(0, float(max(exact.max(), normal.max())), y + height, y)
        cells = np.arange(-shown, shown + 1, dtype=float)
        floor = float32_array([[x, y + height, x + width, y + height]])
        places = np.stack([across.place(cells), up.place(exact[part])], axis=1)
        return [
            hairlines(floor, self.theme.hairline),
            *line(across.place(cells), up.place(normal[part]), POSITIVE, 2),
            Discs(float32_array(places), float32_array([2.2]), np.array(self.theme.ink, np.uint8)),
        ]
