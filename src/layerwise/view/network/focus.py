"""One unit in focus: inputs times weights, bias, sum and activation, written out in numbers."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import numpy as np

from ...errors import InputError, unknown_name
from ...scene import Color, Image, Mark, Rectangles
from ...typeface import text_width
from ...types import BoolArray, FloatArray, float32_array
from ..marks import hairlines, inscribed, label
from ..palette import NEGATIVE, POSITIVE, signed_color
from ..style import BOLD_WEIGHT, FOCUS_RING, Theme, format_number
from .layout import Layout
from .links import Links
from .patch import Patch, patch_of
from .places import Places
from .reading import Reading, stored_row
from .story import State

Piece: TypeAlias = tuple[str, Color, Literal[400, 600]]
"""A part of the formula: its text, colour and weight."""

Terms: TypeAlias = tuple[FloatArray, FloatArray, float | None, float]
"""Inputs and weights (input,), bias, and the sum."""

FUNCTIONS: Final[dict[str, Callable[[float], float]]] = {
    "ReLU": lambda x: max(0.0, x),
    "tanh": math.tanh,
    "sigmoid": lambda x: 0.5 * (1 + math.tanh(0.5 * x)),
}
EXACT: Final = 1e-4  # single precision, with room
BASE, PATCH_BASE = 39.0, 53.0  # of its lines, below the top of the strip
PATCH_TOP, PATCH_SIDE = 9.0, 72.0
STEP: Final = 26.0  # from line to line, where there are several
HEIGHTS: Final = (124.0, 190.0)  # of the strip of a tall picture: with a formula, with a patch


@dataclass(frozen=True, eq=False)
class Focus:
    """The unit in focus: its layer, its place among those drawn, its own number."""

    reading: Reading
    theme: Theme
    layer: int
    place: int
    unit: int
    title: str
    places: Places
    top: float  # of the strip

    def lights(self, links: Links) -> BoolArray:
        """Which links are lit: (link,)."""
        if links.target != self.layer:
            return np.zeros(len(links.pairs), bool)
        lit: BoolArray = links.pairs[:, 1] == self.place
        return lit

    def height(self, moments: Sequence[int]) -> float:
        """How high the strip of a tall picture is."""
        patches = (patch_of(self.reading, self.layer, self.unit, moment) for moment in moments)
        return HEIGHTS[any(patch is not None for patch in patches)]

    def marks(self, state: State) -> list[Mark]:
        """The strip with the formula at that moment."""
        left, right = self.places.layout.strip
        marks: list[Mark] = [
            hairlines(float32_array([[left, self.top, right, self.top]]), self.theme.hairline)
        ]
        patch = patch_of(self.reading, self.layer, self.unit, state.moment)
        if patch is not None:
            return marks + self._convolution(patch, state.moment)
        line = _Line(self.places.layout, self.top + BASE)
        return marks + line.written(self._pieces(state.moment))

    def _convolution(self, patch: Patch, moment: int) -> list[Mark]:
        """Patch × kernel of the channel that adds most, the rest in numbers."""
        ink, grey, theme = self.theme.ink, self.theme.grey, self.theme
        at = patch.strongest
        marks: list[Mark] = []
        line = _Line(self.places.layout, self.top + PATCH_BASE, self.top + 108)

        def say(text: str, color: Color, weight: Literal[400, 600] = 400) -> None:
            marks.extend(line.written([(text, color, weight)]))

        def show(plane: FloatArray) -> None:
            limit = float(np.abs(plane).max()) or 1.0
            wide = PATCH_SIDE * plane.shape[1] / max(plane.shape)
            tall = PATCH_SIDE * plane.shape[0] / max(plane.shape)
            box = (line.x, self.top + PATCH_TOP + (PATCH_SIDE - tall) / 2, wide, tall)
            marks.append(Image(box, signed_color(plane, limit, theme)))
            line.x += wide

        say(f"{self.title}, row {patch.row + 1}, column {patch.column + 1}   ", grey)
        show(patch.patch[at])
        say(" × ", ink)
        show(patch.kernel[at])
        say(f" = {format_number(float(patch.shares[at]), 3)}", ink)
        if len(patch.shares) > 1:
            rest = float(patch.shares.sum() - patch.shares[at])
            say(f" {signed(rest)} from {len(patch.shares) - 1:,} more channels", ink)
        if patch.bias is not None:
            say(f" {signed(patch.bias)} ", ink)
            say("bias", grey)
        say(f" = {format_number(patch.total, 3)}", ink)
        if self._after():
            say(f" → {self._after()} → ", ink)
            say(format_number(patch.value, 3), ink, BOLD_WEIGHT)
        return marks + self._window(patch)

    def _window(self, patch: Patch) -> list[Mark]:
        """The patch on the picture that the layer sees, if that stands at the left."""
        source = self.reading.graph.layers[self.layer].inputs[0]
        if self.places.inputs != (source,) or self.places.column(source) is not None:
            return []
        x, y, width, height = self.places.layout.input_box
        rows, columns = self.reading.graph.layers[source].shape[-2:]
        left, top, wide, _ = inscribed((x + 1, y + 1, width - 2, height - 2), rows, columns)
        scale = wide / columns
        box = [
            left + patch.corner[1] * scale, top + patch.corner[0] * scale,
            patch.span[1] * scale, patch.span[0] * scale,
        ]  # fmt: skip
        edge = np.array(POSITIVE, np.uint8)
        nothing = np.array((0, 0, 0, 0), np.uint8)
        frame = Rectangles(
            float32_array([box]), nothing, float32_array([2]), edge, float32_array([FOCUS_RING])
        )
        return [frame]

    def _pieces(self, moment: int) -> list[Piece]:
        ink, grey = self.theme.ink, self.theme.grey
        head: list[Piece] = [(f"{self.title}   ", grey, 400)]
        terms = self._terms(moment)
        value = self._value(moment)
        if terms is None or value is None:
            said = "not kept" if value is None else format_number(value, 3)
            return [*head, ("= ", ink, 400), (said, ink, BOLD_WEIGHT)]
        exact, whole = self._sum(head, terms, value, 3)
        return exact if whole else self._sum(head, terms, value, 2)[0]

    def _sum(
        self, head: list[Piece], terms: Terms, value: float, digits: int
    ) -> tuple[list[Piece], bool]:
        """The sum in so many digits, the largest products first; and whether all had room."""
        ink = self.theme.ink
        inputs, weights, bias, total = terms
        named = self._function(total, value)
        end = self._end(total, value, bias, named, digits)
        layout = self.places.layout
        size, lines = layout.text, 3 if layout.is_tall else 1
        room = lines * (layout.strip[1] - layout.strip[0]) - (200 if lines > 1 else 40)
        room -= sum(text_width(t, size, w) for t, _, w in [*head, *end])
        opening = f"{named}(" if named else ""
        opening = "max(0, " if named == "ReLU" else opening
        pieces = [*head, (opening, ink, 400)] if opening else [*head]
        room -= text_width(opening, size)
        order = np.argsort(-np.abs(inputs * weights), kind="stable")
        shown, left_over = 0, int(np.count_nonzero(inputs * weights))
        for place in order[: max(left_over, 1)]:
            value_text = format_number(abs(float(inputs[place])), digits)
            weight = float(weights[place])
            sign = "−" if weight * inputs[place] < 0 else ("+" if shown else "")
            lead = f"{sign} " if shown else sign
            number = format_number(abs(weight), digits)
            part: list[Piece] = [
                (f"{lead}{value_text}·", ink, 400),
                (number + " ", NEGATIVE if weight < 0 else POSITIVE, 400),
            ]
            left = len(order) - shown - 1
            rest = f"+ … {left} more … " if left else ""
            wide = sum(text_width(t, size) for t, _, _ in part) + text_width(rest, size)
            if wide > room and shown:
                break
            room -= sum(text_width(t, size) for t, _, _ in part)
            pieces += part
            shown += 1
        left = len(order) - shown
        if left and shown >= left_over:
            pieces.append((f"+ {left:,} × 0 ", ink, 400))
        elif left:
            pieces.append((f"+ … {left:,} more … ", ink, 400))
        return [*pieces, *end], shown >= left_over

    def _function(self, total: float, value: float) -> str:
        """The activation, where it gives exactly that; "" where something else happens too."""
        name = self.reading.graph.layers[self.layer].activation
        if name not in FUNCTIONS:
            return ""
        same = abs(FUNCTIONS[name](total) - value) <= EXACT * max(1.0, abs(value))
        return name if same else ""

    def _end(
        self, total: float, value: float, bias: float | None, named: str, digits: int
    ) -> list[Piece]:
        ink, grey = self.theme.ink, self.theme.grey
        pieces: list[Piece] = []
        if bias is not None:
            pieces += [
                ("+ ", ink, 400),
                ("bias ", grey, 400),
                (format_number(bias, digits), ink, 400),
            ]
        summed, given = format_number(total, 3), format_number(value, 3)
        if named:
            again = f"max(0, {summed})" if named == "ReLU" else f"{named}({summed})"
            pieces.append((f") = {again} = ", ink, 400))
        elif abs(total - value) <= EXACT * max(1.0, abs(value)):
            pieces.append((" = ", ink, 400))
        else:
            pieces.append((f" = {summed} → {self._after()} → ", ink, 400))
        return [*pieces, (given, ink, BOLD_WEIGHT)]

    def _after(self) -> str:
        """What happens to the sum before it is shown, in order."""
        layer = self.reading.graph.layers[self.layer]
        own = summing_site(self.reading, self.layer)
        later = layer.sites[layer.sites.index(own) + 1 :] if own else layer.sites
        names = [str(self.reading.trace.site(site).about.get("operation", site)) for site in later]
        return " → ".join(name.replace("_", " ") for name in names)

    def _value(self, moment: int) -> float | None:
        units = self.reading.units(self.layer, moment)
        if units is None:
            return None
        own = units[self.place].reshape(-1)
        return float(own[np.abs(own).argmax()])

    def _terms(self, moment: int) -> Terms | None:
        """Inputs, weights, bias and sum of a dense unit; None where that is not what it is."""
        reading, layer = self.reading, self.reading.graph.layers[self.layer]
        if layer.kind != "dense" or len(layer.inputs) != 1 or not layer.weight:
            return None
        weight = reading.value(layer.weight, moment)
        given = reading.output(layer.inputs[0], moment)
        own_site = summing_site(reading, self.layer)
        total = reading.value(own_site, moment) if own_site else None
        if weight is None or given is None or total is None or total.ndim != 1:
            return None
        site = reading.trace.site(layer.weight)
        row = stored_row(site.entries.get(site.axes[0]), self.unit)
        whole = stored_row(reading.trace.site(own_site).entries.get("unit"), self.unit)
        flat = given.reshape(-1)
        if row is None or whole is None or len(flat) != weight.shape[1]:
            return None
        bias = reading.value(layer.bias, moment) if layer.bias else None
        own = None
        if bias is not None:
            at = stored_row(reading.trace.site(layer.bias).entries.get("unit"), self.unit)
            own = None if at is None else float(bias[at])
        if not (np.isfinite(flat).all() and np.isfinite(weight[row]).all()):
            return None
        products = flat * weight[row]
        size = float(np.abs(products).sum()) + abs(own or 0.0)
        if abs(float(products.sum()) + (own or 0.0) - float(total[whole])) > EXACT * max(size, 1.0):
            return None  # something else was computed: rather nothing than a wrong sum
        return flat, weight[row], own, float(total[whole])


class _Line:
    """Writes pieces one after another, in another line where one does not fit.

    `x` is where the next one begins; `base` the line; `after` the base of the second line.
    """

    def __init__(self, layout: Layout, base: float, after: float | None = None) -> None:
        self.left, self.right = layout.strip
        self.size, self.x, self.base = layout.text, self.left, base
        self._after = base + STEP if after is None else after

    def written(self, pieces: Sequence[Piece]) -> list[Mark]:
        """The marks of more pieces."""
        marks: list[Mark] = []
        for text, color, weight in pieces:
            wide = text_width(text.rstrip(), self.size, weight)
            if self.x > self.left and self.x + wide > self.right:
                self.x, self.base, self._after = self.left, self._after, self._after + STEP
            marks.append(label(self.x, self.base, text, color, size=self.size, weight=weight))
            self.x += text_width(text.replace(" ", "\u00a0"), self.size, weight)
        return marks


def summing_site(reading: Reading, number: int) -> str:
    """The site of a layer that its weight goes into; "" if there is none."""
    layer = reading.graph.layers[number]
    sites = (site for site in layer.sites if layer.weight in reading.trace.site(site).inputs)
    return next(sites, "")


def signed(value: float) -> str:
    """A number that is added: "+ 0.31", "− 1.2"."""
    return f"{'−' if value < 0 else '+'} {format_number(abs(value), 3)}"


def focus_on(text: str, reading: Reading, places: Places, theme: Theme, top: float) -> Focus:
    """The unit that "layer:unit" names; units count from 1, "fc2:5" is the fifth of fc2.

    A layer is named as in the model, or by its number ("layer2:5"). `top` is where its strip
    begins. Raises `InputError` where there is no such layer or unit, with the nearest.
    """
    name, colon, which = str(text).rpartition(":")
    if not colon or not which.isdigit():
        raise InputError(
            "A focus is a layer and a unit", received=repr(text), allowed="Such as 'fc2:5'"
        )
    drawn = [column.number for column in places.columns if column.rank > 0]
    layers = reading.graph.layers
    names = {layers[number].name: number for number in drawn}
    for number in drawn:
        names.update(dict.fromkeys(layers[number].sites, number))
    counted = re.fullmatch(r"layer ?(\d+)", name)
    if name in names:
        number = names[name]
    elif counted and 1 <= int(counted[1]) <= len(drawn):
        number = drawn[int(counted[1]) - 1]
    else:
        raise unknown_name("layer", name, names, where="this picture")
    chosen = reading.chosen(number)
    column = places.column(number)
    numbers = chosen.numbers[: len(column.boxes) if column else 0]
    place = np.flatnonzero(numbers == int(which) - 1)
    if not len(place):
        near = min((int(n) for n in numbers), key=lambda n: abs(n + 1 - int(which)), default=0)
        raise InputError(
            f"Unit {which} of {name} is not drawn",
            received=repr(text),
            allowed=f"{len(numbers)} of {chosen.total} are; the nearest is {name}:{near + 1}",
        )
    title = f"{layers[number].name}, unit {which}"
    return Focus(reading, theme, number, int(place[0]), int(which) - 1, title, places, top)
