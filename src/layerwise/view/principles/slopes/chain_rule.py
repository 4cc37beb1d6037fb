"""The chain rule on a drawn network: one path lit after another, their products, their sum."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np

from ....errors import InputError
from ....scene import Curves, Discs, Mark, Scene
from ....trace import Trace
from ....types import FloatArray, float32_array
from ...charts.frame import chosen
from ...marks import hairlines
from ...palette import signed_color, text_on
from ...sheet import LEFT, MOST_STOPS, SMALL, WIDTH, Drawing, sheet, trace_with
from ...style import Theme, format_count

MOST_NEURONS: Final = 16
ROWS: Final = 11
_NETWORK: Final = (82.0, 96.0, 530.0, 350.0)
_LIST: Final = 900.0
_CHIPS: Final = 518.0


def chain_rule(
    trace: Trace,
    *,
    theme: str | Theme = "dark",
    language: str = "en",
    size: tuple[int, int] = (1920, 1080),
) -> Scene:
    """The paths of `explain.chain_rule`: a stop for each, its product written out, the sum growing.

    The last stop shows all paths, their sum and autograd's gradient. Of more than 58 paths so
    many are shown, spread evenly, and the picture says so; the sum is always over all. Raises
    `InputError` for a trace of another kind, or a network with more than sixteen neurons a layer.
    """
    given = trace_with(trace, ("factors", "partial sum"), "A view of paths", "chain_rule")
    if max(given.header.about["sizes"]) > MOST_NEURONS:
        raise InputError(
            f"Up to {MOST_NEURONS} neurons a layer are drawn",
            received=f"layers of {given.header.about['sizes']}", do="Take a smaller network",
        )  # fmt: skip
    return _Paths(given, sheet(size, theme, language)).scene()


@dataclass(frozen=True, eq=False)
class _Paths(Drawing):
    @cached_property
    def about(self) -> dict[str, Any]:
        """What the trace says of itself."""
        return dict(self.trace.header.about)

    @property
    def _count(self) -> int:
        return int(self.about["paths"])

    def scene(self) -> Scene:
        """The network, its paths, the sum."""
        told, number = self.sheet.words, self.sheet.number
        shown = chosen(self._count, MOST_STOPS - 2)
        moments = [0, *(1 + path for path in shown), len(self.trace) - 1]
        labels = [told("learning.chain-stop-network")]
        labels += [told("learning.chain-stop-path", number=number(path + 1)) for path in shown]
        labels.append(told("learning.chain-stop-sum"))
        return self.sheet.scene(
            lambda stop: self.marks(moments[stop]), labels, title=self._title, pace_s=1.2,
            description=told(
                "learning.chain-description", weight=self._weight, count=number(self._count),
                gradient=number(self._gradient),
            ),
        )  # fmt: skip

    @property
    def _title(self) -> str:
        return self.sheet.words("learning.chain-title", count=format_count(self._count))

    @property
    def _weight(self) -> str:
        return str(self.about["weight"])

    @property
    def _gradient(self) -> float:
        return float(self.trace["gradient", len(self.trace) - 1])

    @cached_property
    def places(self) -> list[FloatArray]:
        """Where the neurons of each layer stand, the input first: (neuron, xy)."""
        left, top, width, height = _NETWORK
        sizes = self.about["sizes"]
        found = []
        for layer, count in enumerate(sizes):
            x = left + width * layer / (len(sizes) - 1)
            gap = min(height / max(count - 1, 1), 118.0)
            y = top + height / 2 + gap * (np.arange(count) - (count - 1) / 2)
            found.append(np.stack([np.full(count, x), y], axis=1))
        return found

    @cached_property
    def radius(self) -> float:
        """Of a neuron."""
        most = max(self.about["sizes"])
        return float(min(29.0, _NETWORK[3] / max(most - 1, 1) * 0.42))

    def marks(self, moment: int) -> list[Mark]:
        """The picture of one moment of the trace."""
        last = moment == len(self.trace) - 1
        lit = [moment] if moment > 0 and not last else []
        lit = list(range(1, self._count + 1)) if last else lit
        marks = self.sheet.frame(self._title, self._foot())
        marks += self._links(lit)
        marks += self._neurons(lit)
        if moment:
            marks += self._sums(min(moment, self._count))
        if lit and not last:
            marks += self._chips(moment)
        if last:
            marks += self._equality()
        return marks

    def _foot(self) -> list[str]:
        told, about = self.sheet.words, self.about
        sizes = "–".join(str(size) for size in about["sizes"])
        target = ", ".join(f"{float(value):g}".replace("-", "\u2212") for value in about["target"])
        parts = [told("learning.chain-foot-network", sizes=sizes, target=target)]
        parts.append(told(f"learning.chain-foot-{about['error']}"))
        if self._count > MOST_STOPS - 2:
            shown, every = str(MOST_STOPS - 2), format_count(self._count)
            parts.append(told("learning.chain-foot-shown", shown=shown, all=every))
        return [self.sheet.words.figures(part) for part in parts]

    def _links(self, lit: list[int]) -> list[Mark]:
        """All links, quietly, and those of the paths that are lit."""
        marks: list[Mark] = []
        for layer in range(1, len(self.places)):
            matrix = self.trace[f"weights {layer}", 0]
            to, source = np.divmod(np.arange(matrix.size), matrix.shape[1])
            own = matrix.reshape(-1)
            limit = max(float(np.abs(own).max()), 1e-12)
            hues = signed_color(np.where(own < 0, -limit, limit), limit, self.sheet.theme)
            on = self._lit_links(layer, lit)
            for strong in (False, True):
                kept = on == strong
                if not kept.any():
                    continue
                alpha = 245 if strong else (60 if lit else 110)
                colors = np.column_stack([hues[kept], np.full(kept.sum(), alpha, np.uint8)])
                widths = 0.8 + 3.4 * np.abs(own[kept]) / limit + (1.4 if strong else 0)
                points = self._curves(layer, source[kept], to[kept])
                marks.append(Curves(points, float32_array(widths), colors.astype(np.uint8)))
        ends = self.places[-1]
        stub = np.column_stack([ends, ends + np.array([70.0, 0.0])])
        stub[:, 0] += self.radius
        marks.append(hairlines(float32_array(stub), self.sheet.theme.grey))
        return marks

    def _lit_links(self, layer: int, lit: list[int]) -> Any:
        """Which links (to × from,) of a layer belong to a path that is lit."""
        shape = self.trace[f"weights {layer}", 0].shape
        on = np.zeros(shape, bool)
        first = int(self.about["layer"])
        for moment in lit:
            neurons = self.trace["neurons", moment]
            if layer == first and self.about["source"] >= 0:
                on[neurons[0], self.about["source"]] = True
            elif layer > first:
                on[neurons[layer - first], neurons[layer - first - 1]] = True
        return on.reshape(-1)

    def _curves(self, layer: int, source: Any, to: Any) -> Any:
        start, end = self.places[layer - 1][source], self.places[layer][to]
        start = start + np.array([self.radius, 0.0])
        end = end - np.array([self.radius, 0.0])
        bend = 0.45 * (end[:, :1] - start[:, :1]) * [1.0, 0.0]
        return float32_array(np.column_stack([start, start + bend, end - bend, end]))

    def _neurons(self, lit: list[int]) -> list[Mark]:
        sheet, theme = self.sheet, self.sheet.theme
        marks: list[Mark] = []
        on = self._lit_neurons(lit)
        for layer, places in enumerate(self.places):
            values = self.trace[f"values {layer}", 0]
            limit = max(float(np.abs(values).max()), 1.0)
            fills = signed_color(values, limit, theme)
            opaque = np.column_stack([fills, np.full(len(fills), 255, np.uint8)]).astype(np.uint8)
            rings = [
                theme.ink if (layer, at) in on else theme.hairline for at in range(len(places))
            ]
            widths = [3.0 if (layer, at) in on else 1.0 for at in range(len(places))]
            marks.append(
                Discs(
                    float32_array(places), float32_array([self.radius]), opaque,
                    np.array(rings, np.uint8), float32_array(widths),
                )
            )  # fmt: skip
            if self.radius < 20:
                continue
            for (x, y), value, fill in zip(places.tolist(), values, fills, strict=True):
                said = sheet.words.figures(f"{float(value):z.2f}".replace("-", "\u2212"))
                ink = text_on(fill)
                marks.append(sheet.text(x, y + 6, said, size=16, color=ink, anchor="middle"))
        names = [sheet.words("learning.chain-input")]
        names += [name or sheet.words("learning.chain-no-activation") for name in self._activations]
        for name, places in zip(names, self.places, strict=True):
            marks.append(
                sheet.text(
                    float(places[0, 0]), 82, name, size=SMALL, color=theme.grey, anchor="middle"
                )
            )
        ends = self.places[-1]
        slopes = self.trace["loss slopes", 0]
        for (x, y), slope in zip(ends.tolist(), slopes, strict=True):
            told = sheet.words("learning.chain-loss-slope", slope=sheet.number(float(slope)))
            marks.append(sheet.text(x + self.radius + 8, y - 10, told, size=16, color=theme.grey))
        return marks

    @property
    def _activations(self) -> list[str]:
        return [str(name) for name in self.about["activations"]]

    def _lit_neurons(self, lit: list[int]) -> set[tuple[int, int]]:
        first = int(self.about["layer"])
        on = set()
        for moment in lit:
            if self.about["source"] >= 0:
                on.add((first - 1, int(self.about["source"])))
            neurons = self.trace["neurons", moment].tolist()
            on |= {(first + step, neuron) for step, neuron in enumerate(neurons)}
        return on

    def _sums(self, upto: int) -> list[Mark]:
        """The paths so far with their products, and their sum."""
        sheet, grey, told = self.sheet, self.sheet.theme.grey, self.sheet.words
        right = WIDTH - LEFT
        heads = told("learning.chain-path"), told("learning.chain-product")
        marks: list[Mark] = [
            sheet.text(_LIST, 100, heads[0], size=SMALL, color=grey),
            sheet.text(right, 100, heads[1], size=SMALL, color=grey, anchor="end"),
        ]
        rows = range(max(1, upto - ROWS + 1), upto + 1)
        for line, moment in enumerate(rows):
            base = 132 + 28 * line
            way = " → ".join(str(neuron + 1) for neuron in self.trace["neurons", moment].tolist())
            color = sheet.theme.ink if moment == upto else grey
            marks.append(sheet.text(_LIST, base, way, size=SMALL, color=color))
            product = sheet.number(float(self.trace["product", moment]), 4)
            marks.append(sheet.text(right, base, product, size=SMALL, color=color, anchor="end"))
        base = 132 + 28 * len(rows) + 12
        edge = float32_array([[_LIST, base - 24, right, base - 24]])
        marks.append(hairlines(edge, sheet.theme.hairline))
        total = sheet.number(float(self.trace["partial sum", upto]), 6)
        name = told("learning.chain-sum", count=format_count(upto))
        marks.append(sheet.text(_LIST, base, name, size=SMALL))
        marks.append(sheet.text(right, base, total, size=SMALL, bold=True, anchor="end"))
        return marks

    def _chips(self, moment: int) -> list[Mark]:
        """The factors of one path, each with what it is, and their product."""
        sheet, told = self.sheet, self.sheet.words
        factors = self.trace["factors", moment]
        first, names = int(self.about["layer"]), []
        source = int(self.about["source"])
        names.append(told("learning.factor-input" if first == 1 else "learning.factor-value"))
        if source < 0:
            names[0] = told("learning.factor-bias")
        kept = [0]
        for step, activation in enumerate(self._activations[first - 1 :]):
            if step:
                names.append(told("learning.factor-weight"))
                kept.append(2 * step)
            if activation:
                names.append(told("learning.factor-slope"))
                kept.append(2 * step + 1)
        names.append(told("learning.factor-loss"))
        kept.append(len(factors) - 1)
        values = [sheet.number(float(factors[place])) for place in kept]
        values.append(sheet.number(float(self.trace["product", moment]), 4))
        names.append(told("learning.chain-product"))
        wide = min(150.0, (WIDTH - 2 * LEFT) / len(values))
        marks: list[Mark] = []
        for at, (value, name) in enumerate(zip(values, names, strict=True)):
            middle, last = LEFT + wide * (at + 0.5), at == len(values) - 1
            marks.append(sheet.text(middle, _CHIPS, value, size=22, anchor="middle", bold=last))
            grey = sheet.theme.grey
            marks.append(
                sheet.text(middle, _CHIPS + 28, name, size=16, color=grey, anchor="middle")
            )
            if at:
                sign = "=" if last else "×"
                x = LEFT + wide * at
                marks.append(sheet.text(x, _CHIPS, sign, size=22, color=grey, anchor="middle"))
        return marks

    def _equality(self) -> list[Mark]:
        sheet, told, last = self.sheet, self.sheet.words, len(self.trace) - 1
        total = sheet.number(float(self.trace["partial sum", self._count]), 10)
        gradient = sheet.number(self._gradient, 10)
        difference = float(self.trace["difference", last])
        key = "learning.chain-equal" if difference == 0 else "learning.chain-difference"
        values = {} if difference == 0 else {"difference": sheet.number(difference, 2)}
        said = [
            (told("learning.chain-all", count=format_count(self._count)), total),
            (told("learning.chain-autograd", weight=self._weight), gradient),
        ]
        marks: list[Mark] = []
        for line, (name, value) in enumerate(said):
            base = _CHIPS - 8 + 34 * line
            marks.append(sheet.text(LEFT, base, name))
            marks.append(sheet.text(760, base, value, bold=True, anchor="end"))
        grey = sheet.theme.grey
        return [*marks, sheet.text(LEFT, _CHIPS + 60, told(key, **values), color=grey)]
