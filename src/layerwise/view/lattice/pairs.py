"""The film of an ensemble of lattices: the pair of axes that matters most, and those after it."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from ...errors import InputError
from ...scene import Discs, Image, Mark, Reference, Scene
from ...trace import Trace
from ...typeface import shorten
from ...types import ByteArray, FloatArray, float32_array
from ..charts.chart import Box
from ..charts.frame import Frame
from ..curve import Baseline, Curve
from ..marks import hairlines, label, swatches
from ..palette import class_colors, probability_color
from ..style import (
    BOLD_WEIGHT,
    FRAME,
    LABEL_SIZE,
    MARGIN,
    TEXT_SIZE,
    Theme,
    format_count,
    format_number,
    format_percent,
)
from ..style import theme as theme_named
from .recorded import recorded

SQUARE: Box = (MARGIN, 150, 768, 768)
RIGHT = 930.0  # where the column beside it begins
WIDE = FRAME[0] - MARGIN - RIGHT
TILE, TILE_STEP = 176.0, 244.0
TILES_TOP = 476.0
TILES_PITCH = 240.0
DOT = 4.5
LEGEND_PITCH, LEGEND_ROWS = 34.0, 5
PICTURES = 64  # that are kept: films go forward


def lattice_pairs(
    trace: Trace,
    *,
    pair: int = 1,
    theme: str | Theme = "dark",
    palette: str = "layerwise",
    speed: float = 1.0,
) -> Scene:
    """A film of an ensemble of lattices (`LatticeEnsembleClassifier.record`), member by member.

    Large, what one pair of axes says of the classes so far (the one that matters most, or number
    `pair` of the kept ones), with the control points on it; beside it the accuracy of all members
    together and the next pairs. A cell has the hue of the class that this pair alone makes the
    likeliest, as strong as it is likely.

    Raises `InputError` for a recording of something else or a pair that was not kept.
    """
    trace = recorded(
        trace, "an ensemble of lattices", "LatticeEnsembleClassifier", {"scores of pair 1"}
    )
    about = trace.about
    count = len(about["pairs"])
    if not isinstance(pair, (int, np.integer)) or not 1 <= pair <= count:
        raise InputError(
            "That pair is not in this recording", received=f"pair={pair!r}",
            allowed=f"1 to {count}",
            do="LatticeEnsembleClassifier.record(pairs=…) keeps more of them",
        )  # fmt: skip
    frame = Frame(FRAME, theme_named(theme))
    drawing = _Drawing(trace, frame, pair, palette)
    labels = [f"lattice {moment.at['member']:,}" for moment in trace.moments]
    title = about["data"] or "An ensemble of lattices"
    return frame.scene(
        drawing.marks, labels, title=f"{title}: lattices over pairs of axes",
        description=" · ".join(drawing.foot), speed=speed,
    )  # fmt: skip


class _Drawing:
    """What stands where, for one recording."""

    def __init__(self, trace: Trace, frame: Frame, pair: int, palette: str) -> None:
        self.trace, self.frame, self.theme, self.pair = trace, frame, frame.theme, pair
        self.about = trace.about
        self.pairs = self.about["pairs"]
        self.classes: list[str] = self.about["classes"]
        self.colors = class_colors(len(self.classes), palette)
        last = len(trace.moments) - 1
        shares = [self._shares(number, last) for number in range(1, len(self.pairs) + 1)]
        self.strongest = max(float(each.max()) for each in shares)
        self.foot = self._foot()
        self.curve = self._curve()
        self.picture = lru_cache(maxsize=PICTURES)(self._picture)
        others = [number for number in range(1, len(self.pairs) + 1) if number != pair]
        self.others = [
            (number, (RIGHT + place % 4 * TILE_STEP, TILES_TOP + place // 4 * TILES_PITCH))
            for place, number in enumerate(others[:8])
        ]
        self._still = [
            *frame.words(self._title(), self.foot, f"lattice {self.about['members']}"),
            *self._axes(), *self._legend(), *self._points(), *self._names(),
            *(self.curve.still() if self.curve else []),
        ]  # fmt: skip

    def marks(self, stop: int) -> list[Mark]:
        number = int(self.trace.moments[stop].at["member"])
        of = f"of {format_count(self.about['members'])}"
        marks: list[Mark] = [Image(SQUARE, self.picture(self.pair, stop), None, "nearest",
                                   Reference(f"scores of pair {self.pair}", stop))]  # fmt: skip
        for other, (x, y) in self.others:
            box = (x, y, TILE, TILE)
            refers = Reference(f"scores of pair {other}", stop)
            marks.append(Image(box, self.picture(other, stop), None, "nearest", refers))
        marks += self._still
        marks += self.frame.counter("lattice", format_count(number), of)
        if self.curve:
            marks += self.curve.upto(stop)
        return marks

    def _shares(self, pair: int, stop: int) -> FloatArray:
        """The probabilities by a pair's map and the first scores alone: (class, row, column)."""
        scores = self.trace[f"scores of pair {pair}", stop].astype(np.float64)
        scores = scores + np.array(self.about["prior"])[:, None, None]
        powers = np.exp(scores - scores.max(axis=0))
        return np.asarray(powers / powers.sum(axis=0))

    def _picture(self, pair: int, stop: int) -> ByteArray:
        """The likeliest class of each cell and how likely it is, row 0 the largest value.

        One pair of many says little alone: the full hue is the strongest that any of them says.
        """
        shares = self._shares(pair, stop)[:, ::-1]
        likeliest, guess = shares.argmax(axis=0).astype(np.uint8), 1 / len(shares)
        certain = guess + (shares.max(axis=0) - guess) * (1 - guess) / max(
            self.strongest - guess, 1e-9
        )
        return probability_color(likeliest, certain, self.theme, self.colors)

    def _title(self) -> str:
        rank = "matters most" if self.pair == 1 else f"is number {self.pair} by weight"
        across, up = self.pairs[self.pair - 1]["names"]
        return f"{across} × {up}: the pair that {rank}"

    def _axes(self) -> list[Mark]:
        left, top, width, height = SQUARE
        grey = self.theme.grey
        across, up = self.pairs[self.pair - 1]["names"]
        values = self.pairs[self.pair - 1]["values"]
        base = top + height + 24
        ends = [format_number(values[0][0]), format_number(values[0][-1])]
        across_name = shorten(f"{across} →", width - 260, LABEL_SIZE)
        low, high = format_number(values[1][0]), format_number(values[1][-1])
        return [
            label(left, base, ends[0], grey),
            label(left + width / 2, base, across_name, grey, anchor="middle"),
            label(left + width, base, ends[1], grey, anchor="end"),
            label(left, top - 10, shorten(f"{up} ↑   {low} to {high}", width, LABEL_SIZE), grey),
        ]

    def _legend(self) -> list[Mark]:
        """The classes' colours, in as many columns as they need; the rest are counted."""
        theme = self.theme
        columns = 1 if len(self.classes) <= LEGEND_ROWS else 2
        room = LEGEND_ROWS * columns
        shown = self.classes if len(self.classes) <= room else self.classes[: room - 1]
        width = 300 / columns
        left, top = FRAME[0] - MARGIN - 300.0, 196.0
        marks: list[Mark] = [label(left, top - 16, "classes", theme.grey)]
        for number, name in enumerate(shown):
            x = left + number // LEGEND_ROWS * width
            y = top + number % LEGEND_ROWS * LEGEND_PITCH
            color = np.array([[*self.colors[number], 255]], np.uint8)
            marks.append(swatches(float32_array([[x, y, 18, 18]]), color, theme.hairline))
            short = shorten(name, width - 34, TEXT_SIZE - 2)
            marks.append(label(x + 28, y + 16, short, theme.ink, size=TEXT_SIZE - 2))
        if len(shown) < len(self.classes):
            x, y = left + width, top + (LEGEND_ROWS - 1) * LEGEND_PITCH
            rest = f"and {len(self.classes) - len(shown)} more"
            marks.append(label(x + 28, y + 16, rest, theme.grey))
        return marks

    def _points(self) -> list[Mark]:
        """The control points in the middle of their cells, a ring around each."""
        if not self.about["points_shown"]:
            return []
        site = f"points of pair {self.pair}"
        cells, labels = self.trace[site, 0], self.trace["classes of points", 0]
        known = (cells >= 0).all(axis=1)
        left, top, width, height = SQUARE
        side = self.about["grid"]
        x = left + (cells[known, 1] + 0.5) * width / side
        y = top + (side - cells[known, 0] - 0.5) * height / side
        fill = np.concatenate(
            [self.colors[labels[known]], np.full((known.sum(), 1), 255, np.uint8)], axis=1
        )
        ring = np.array(self.theme.ground, np.uint8)
        centers = np.stack([x, y], axis=1).astype(np.float32)
        return [Discs(centers, float32_array([DOT]), fill, ring, float32_array([1.2]),
                      Reference(site, 0))]  # fmt: skip

    def _names(self) -> list[Mark]:
        """Under each smaller picture its axes, and how far it moves a score."""
        theme = self.theme
        marks: list[Mark] = []
        if self.others:
            which = "the next pairs" if self.pair == 1 else "the pairs that matter most"
            words = f"{which}: across × up, and how far each moves a score"
            marks.append(label(RIGHT, TILES_TOP - 18, words, theme.grey))
        most = max(pair["weight"] for pair in self.pairs)
        for number, (x, y) in self.others:
            pair = self.pairs[number - 1]
            across, up = pair["names"]
            length = TILE * pair["weight"] / max(most, 1e-300)
            bar = float32_array([[x, y + TILE + 8, x + length, y + TILE + 8]])
            marks.append(hairlines(bar, theme.ink))
            lines = (f"{across} ×", f"{up}  {format_number(pair['weight'], 2)}")
            for row, line in enumerate(lines):
                color = theme.ink if row == 0 else theme.grey
                base = y + TILE + 30 + 21 * row
                marks.append(label(x, base, shorten(line, TILE, 17), color, size=17))
        own = self.pairs[self.pair - 1]
        said = f"moves a score by {format_number(own['weight'], 2)} · {own['members']} lattice"
        said += "s" * (own["members"] != 1)
        left, top, width, _ = SQUARE
        marks.append(label(left + width, top - 10, said, theme.ink, weight=BOLD_WEIGHT,
                           anchor="end"))  # fmt: skip
        return marks

    def _curve(self) -> Curve | None:
        about = self.about
        if not about["control_points"]:
            return None
        moments = range(len(self.trace.moments))
        values = np.array([float(self.trace["accuracy", moment]) for moment in moments])
        name = f"{format_count(about['control_points'])} control points: right by all lattices"
        last = len(moments) - 1
        ticks = [(0, "0"), (last, format_count(about["members"]))] if last else [(0, "0")]
        baselines = [Baseline(each["name"], each["accuracy"]) for each in about["baselines"]]
        box = (RIGHT, 236, 340, 150)
        return Curve(box, values, baselines, self.theme, name=name, ticks=ticks,
                     edge=FRAME[0] - MARGIN - 330)  # fmt: skip

    def _foot(self) -> list[str]:
        about = self.about
        shown, every = min(len(self.pairs), 9), about["all_pairs"]
        return self.frame.foot([
            about["data"],
            f"{about['columns']} columns and {about['axes'] - about['columns']} components",
            f"{about['grid']} × {about['grid']} cells, placed half by rank, half by value",
            f"{shown} of {every:,} pairs, largest root mean square of what they add to a score",
            "hue: the class that a pair alone makes the likeliest, strength: how likely, "
            f"in full at {format_percent(self.strongest)}",
            *self.trace.notes,
            self._undrawn(),
        ])  # fmt: skip

    def _undrawn(self) -> str:
        """How many control points have no place in the large picture, nothing if all have one."""
        if not self.about["points_shown"]:
            return ""
        lacking = int((self.trace[f"points of pair {self.pair}", 0] < 0).any(axis=1).sum())
        one = "1 point lacks its value" if lacking == 1 else f"{lacking:,} points lack their values"
        return f"{one} here and {'is' if lacking == 1 else 'are'} not drawn" if lacking else ""
