"""What is drawn: the plain outlines of circle, square, triangle and many other kinds of things.

Each kind is a function from a random generator to outlines, in a square of side 2 about 0, y down.
An outline is what the hand means to draw; what it makes of it is `hand`'s business.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.random import Generator
from numpy.typing import ArrayLike

from ..types import FloatArray


@dataclass(frozen=True, eq=False)
class Outline:
    """A line that is meant: its places (point, xy), whether it ends where it began, and whether
    its points are corners or lie along a smooth curve."""

    points: FloatArray
    closed: bool = False
    smooth: bool = False


def corners(*points: ArrayLike, closed: bool = False) -> Outline:
    """A line with corners at these places."""
    return Outline(np.array(points, np.float64), closed)


def _regular(count: int, turn: float = -90.0, radius: float = 1.0) -> FloatArray:
    angles = np.radians(turn + 360.0 / count * np.arange(count))
    return radius * np.column_stack([np.cos(angles), np.sin(angles)])


def _ellipse(
    x: float = 0.0, y: float = 0.0, a: float = 1.0, b: float = 1.0, *, count: int = 40
) -> Outline:
    angles = 2 * np.pi * np.arange(count) / count
    points = np.column_stack([x + a * np.cos(angles), y + b * np.sin(angles)])
    return Outline(points, closed=True, smooth=True)


def _arc(
    x: float, y: float, a: float, b: float, start: float, stop: float, count: int = 24
) -> FloatArray:
    angles = np.radians(np.linspace(start, stop, count))
    return np.column_stack([x + a * np.cos(angles), y + b * np.sin(angles)])


def _curve(points: FloatArray, closed: bool = False) -> Outline:
    return Outline(points, closed=closed, smooth=True)


def _circle(rng: Generator) -> list[Outline]:
    # Between a lens, a circle and a box with round corners; sometimes one end is narrower.
    power = 2 / (rng.uniform(1.7, 3.0) if rng.random() < 0.5 else 2.0)
    angles = 2 * np.pi * np.arange(48) / 48
    x, y = np.cos(angles), np.sin(angles)
    x, y = np.sign(x) * np.abs(x) ** power, np.sign(y) * np.abs(y) ** power
    egg = rng.normal(0, 0.12)
    return [_curve(np.column_stack([x * (1 + egg * y), y]), closed=True)]


def _square(rng: Generator) -> list[Outline]:
    taper, lean = rng.normal(0, 0.06 if rng.random() < 0.7 else 0.2, 2)
    points = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]], np.float64)
    points[:, 0] *= 1 + taper * points[:, 1]
    points[:, 1] *= 1 + lean * points[:, 0]
    return [Outline(points, closed=True)]


def _triangle(rng: Generator) -> list[Outline]:
    # The apex stands over the base, most often over its middle or one of its ends.
    choice = rng.random()
    apex = 0.0 if choice < 0.4 else rng.choice([-1.0, 1.0]) if choice < 0.65 else rng.uniform(-1, 1)
    return [corners([-1, 0.9], [apex, -0.9], [1, 0.9], closed=True)]


def _polygon(count: int) -> Callable[[Generator], list[Outline]]:
    def draw(rng: Generator) -> list[Outline]:
        return [Outline(_regular(count, turn=rng.choice([-90.0, -90.0 + 180 / count])), True)]

    return draw


def _star(rng: Generator) -> list[Outline]:
    if rng.random() < 0.5:  # in one line, crossing itself
        return [Outline(_regular(5)[[0, 2, 4, 1, 3]], closed=True)]
    count = int(rng.integers(4, 7))
    points = np.empty((2 * count, 2))
    points[::2] = _regular(count)
    points[1::2] = _regular(count, -90 + 180 / count, rng.uniform(0.3, 0.5))
    return [Outline(points, closed=True)]


def _plus(rng: Generator) -> list[Outline]:
    x, y = rng.uniform(-0.3, 0.3, 2)
    return [corners([-1, y], [1, y]), corners([x, -1], [x, 1])]


def _cross(rng: Generator) -> list[Outline]:
    return [corners([-1, -1], [1, 1]), corners([1, -1], [-1, 1])]


def _thick_cross(rng: Generator) -> list[Outline]:
    a = rng.uniform(0.25, 0.45)
    quarter = [[-a, -1], [a, -1], [a, -a], [1, -a]]
    points = []
    for x, y in quarter[:3]:
        points.append([x, y])
    points += [[1, -a], [1, a], [a, a], [a, 1], [-a, 1], [-a, a], [-1, a], [-1, -a], [-a, -a]]
    return [corners(*points, closed=True)]


def _crescent(rng: Generator) -> list[Outline]:
    depth = rng.uniform(0.05, 0.6)
    outer, inner = _arc(0, 0, 0.9, 1, 90, 270), _arc(0, 0, depth, 1, 270, 90)
    if rng.random() < 0.5:
        return [_curve(outer), _curve(inner)]
    return [_curve(np.concatenate([outer, inner[1:]]))]


def _heart(rng: Generator) -> list[Outline]:
    t = np.linspace(0, 2 * np.pi, 48)
    x = np.sin(t) ** 3
    dent = rng.uniform(0.25, 0.5)
    y = -(0.75 * np.cos(t) - dent * np.cos(2 * t) - 0.12 * np.cos(3 * t) - 0.06 * np.cos(4 * t))
    return [_curve(np.column_stack([x, y]))]


def _zigzag(rng: Generator) -> list[Outline]:
    count = int(rng.integers(3, 9))
    x = np.linspace(-1, 1, count + 1)
    y = rng.uniform(0.3, 1.0) * (-1.0) ** np.arange(count + 1)
    return [Outline(np.column_stack([x, y]))]


def _wave(rng: Generator) -> list[Outline]:
    x = np.linspace(-1, 1, 48)
    y = rng.uniform(0.2, 0.6) * np.sin(np.pi * rng.uniform(1.5, 5) * x + rng.uniform(0, 6))
    return [_curve(np.column_stack([x, y]))]


def _spiral(rng: Generator) -> list[Outline]:
    t = np.linspace(0.05, 1, 64)
    angles = 2 * np.pi * rng.uniform(1.6, 3.5) * t + rng.uniform(0, 6)
    return [_curve(np.column_stack([t * np.cos(angles), t * np.sin(angles)]))]


def _arrow(rng: Generator) -> list[Outline]:
    head, back = rng.uniform(0.3, 0.8), rng.uniform(0.2, 0.6)
    if rng.random() < 0.3:
        y = head / 2.5
        return [
            corners(
                [-1, -y], [1 - back, -y], [1 - back, -head], [1, 0],
                [1 - back, head], [1 - back, y], [-1, y], closed=True,
            )
        ]  # fmt: skip
    return [corners([-1, 0], [1, 0]), corners([1 - back, -head], [1, 0], [1 - back, head])]


def _line(rng: Generator) -> list[Outline]:
    bend = rng.choice([0.0, 0.0, rng.uniform(0.1, 0.6)])
    x = np.linspace(-1, 1, 16)
    return [_curve(np.column_stack([x, bend * (x * x - 0.5)]))]


def _lines(rng: Generator) -> list[Outline]:
    gap = rng.uniform(0.2, 0.8)
    slant = rng.normal(0, 0.3)
    return [
        corners([-1 + x, -gap + lean], [1 + x, -gap - lean])
        if side
        else corners([-1, gap], [1, gap])
        for side, x, lean in ((1, rng.normal(0, 0.4), slant), (0, 0.0, 0.0))
    ]


def _cylinder(rng: Generator) -> list[Outline]:
    flat, wide = rng.uniform(0.15, 0.35), rng.uniform(0.5, 1.0)
    top, floor = -1 + flat, 1 - flat
    if rng.random() < 0.5:
        sides = [corners([-wide, top], [-wide, floor]), corners([wide, top], [wide, floor])]
        return [_ellipse(0, top, wide, flat), *sides, _curve(_arc(0, floor, wide, flat, 0, 180))]
    around = np.concatenate([[[-wide, top]], _arc(0, floor, wide, flat, 180, 0), [[wide, top]]])
    return [_ellipse(0, top, wide, flat), _curve(around)]


def _cube(rng: Generator) -> list[Outline]:
    d, wide = rng.uniform(0.3, 0.8), rng.uniform(0.6, 1.4)
    side = rng.choice([-1.0, 1.0])
    front = [[-wide, -0.6], [wide, -0.6], [wide, 1], [-wide, 1]]
    back = [[-wide + d, -0.6 - d], [wide + d, -0.6 - d], [wide + d, 1 - d]]
    lines = [
        corners(*front, closed=True),
        corners(front[0], back[0], back[1], front[1]),
        corners(back[1], back[2], front[2]),
    ]
    return [Outline(line.points * [side, 1], line.closed) for line in lines]


def _crown(rng: Generator) -> list[Outline]:
    count = int(rng.integers(3, 5))
    x = np.linspace(-1, 1, 2 * count - 1)
    y = np.where(np.arange(2 * count - 1) % 2 == 0, -0.6, rng.uniform(-0.2, 0.2))
    points = [[-1, 0.7], *np.column_stack([x, y]).tolist(), [1, 0.7]]
    return [corners(*points, closed=True)]


def _letter(*lines: Sequence[Sequence[float]]) -> Callable[[Generator], list[Outline]]:
    def draw(rng: Generator) -> list[Outline]:
        return [corners(*line) for line in lines]

    return draw


def _letter_u(rng: Generator) -> list[Outline]:
    y = rng.uniform(0, 0.6)
    points = np.concatenate([[[-0.8, -1]], _arc(0, y, 0.8, 1 - y, 180, 0), [[0.8, -1]]])
    return [_curve(points)]


def _letter_s(rng: Generator) -> list[Outline]:
    points = np.concatenate(
        [_arc(0, -0.5, 0.7, 0.5, -30, -270, 20), _arc(0, 0.5, 0.7, 0.5, -90, 150, 20)[1:]]
    )
    return [_curve(points * [rng.choice([-1.0, 1.0]), 1])]


def _letter_c(rng: Generator) -> list[Outline]:
    gap = rng.uniform(55, 110)
    return [_curve(_arc(0, 0, 1, 1, gap, 360 - gap))]


def _letter_b(rng: Generator) -> list[Outline]:
    bowls = np.concatenate([[[-0.6, -1]], _arc(-0.1, -0.5, 0.7, 0.5, -90, 90, 14), [[-0.6, 0]]])
    lower = np.concatenate([[[-0.6, 0]], _arc(0, 0.5, 0.8, 0.5, -90, 90, 14), [[-0.6, 1]]])
    parts = [corners([-0.6, -1], [-0.6, 1]), _curve(bowls)]
    return [*parts, _curve(lower)] if rng.random() < 0.6 else parts  # B or P


def _letter_q(rng: Generator) -> list[Outline]:
    tail = rng.choice(
        [[[0.3, 0.3], [1.1, 1.1]], [[0.9, -0.9], [0.9, 1.6]], [[-0.9, -1.8], [-0.9, 1]]]
    )
    return [_ellipse(), corners(*tail)]


def _scribble(rng: Generator) -> list[Outline]:
    t = np.linspace(0, 2 * np.pi, 90)
    x, y = np.zeros(90), np.zeros(90)
    for k in range(1, 6):
        x += rng.normal(0, 1 / k) * np.sin(k * t + rng.uniform(0, 6))
        y += rng.normal(0, 1 / k) * np.sin((k + 1) * t + rng.uniform(0, 6))
    return [_curve(np.column_stack([x, y]))]


def _hatching(rng: Generator) -> list[Outline]:
    count = int(rng.integers(4, 10))
    x = np.linspace(-1, 1, count)
    if rng.random() < 0.5:
        return [corners([a + rng.normal(0, 0.05), -0.9], [a, 0.9]) for a in x]
    points = [[a, 0.9 * (-1) ** k + rng.normal(0, 0.05)] for k, a in enumerate(np.repeat(x, 2))]
    return [corners(*points)]


def _random_lines(rng: Generator) -> list[Outline]:
    return [
        Outline(rng.uniform(-1, 1, (int(rng.integers(2, 6)), 2))) for _ in range(rng.integers(1, 4))
    ]


def _infinity(rng: Generator) -> list[Outline]:
    t = np.linspace(0.3, 2 * np.pi + 0.3, 56)
    return [_curve(np.column_stack([np.cos(t), rng.uniform(0.6, 1) * np.sin(t) * np.cos(t)]))]


def _loop(rng: Generator) -> list[Outline]:
    # A ribbon: the ends cross and go on.
    t = np.linspace(-1.25, 1.25, 40)
    return [_curve(np.column_stack([t**3 - 0.85 * t, rng.uniform(0.7, 1.2) * t * t]))]


def _cloud(rng: Generator) -> list[Outline]:
    count = int(rng.integers(5, 9))
    t = np.linspace(0, 2 * np.pi, 96)
    radius = 0.72 + rng.uniform(0.15, 0.28) * np.abs(np.sin(count * t / 2))
    return [_curve(np.column_stack([radius * np.cos(t), 0.7 * radius * np.sin(t)]))]


def _flower(rng: Generator) -> list[Outline]:
    count = int(rng.integers(3, 7))
    t = np.linspace(0, 2 * np.pi, 96)
    radius = 0.6 + 0.4 * np.cos(count * t)
    return [_curve(np.column_stack([radius * np.cos(t), radius * np.sin(t)]))]


def _half_circle(rng: Generator) -> list[Outline]:
    return [_curve(_arc(0, 0.5, 1, 1, 180, 360)), corners([1, 0.5], [-1, 0.5])]


def _arch(rng: Generator) -> list[Outline]:
    inner, legs = rng.uniform(0.25, 0.6), rng.uniform(0, 0.8)
    inner_height = inner + rng.uniform(0, 0.4) * (1 - inner)
    points = np.concatenate(
        [[[-1, legs]], _arc(0, 0, 1, 1, 180, 360), [[1, legs], [inner, legs]],
         _arc(0, 0, inner, inner_height, 360, 180), [[-inner, legs]]]
    )  # fmt: skip
    outer = np.concatenate([[[-1, legs]], _arc(0, 0, 1, 1, 180, 360), [[1, legs]]])
    within = np.concatenate(
        [[[-inner, legs]], _arc(0, 0, inner, inner_height, 180, 360), [[inner, legs]]]
    )
    if rng.random() < 0.5:
        feet = [corners([-1, legs], [-inner, legs]), corners([inner, legs], [1, legs])]
        return [_curve(outer), _curve(within), *feet]
    return [_curve(np.concatenate([points, points[:1]]))]


def _lightning(rng: Generator) -> list[Outline]:
    return [
        corners([0.2, -1], [-0.5, 0.1], [0, 0.1], [-0.3, 1], [0.6, -0.25], [0.1, -0.25], [0.6, -1],
                closed=True)
    ]  # fmt: skip


def _house(rng: Generator) -> list[Outline]:
    roof = rng.uniform(-0.4, 0.2)
    walls = corners([-0.8, roof], [-0.8, 1], [0.8, 1], [0.8, roof], closed=rng.random() < 0.6)
    return [walls, corners([-1, roof], [0, -1], [1, roof])]


def _drop(rng: Generator) -> list[Outline]:
    t = np.linspace(0, 2 * np.pi, 48)
    return [_curve(np.column_stack([0.7 * np.sin(t) * np.sin(t / 2) ** 2, -np.cos(t)]))]


def _stairs(rng: Generator) -> list[Outline]:
    count = int(rng.integers(2, 5))
    points = [[0.0, 0.0]]
    for _ in range(count):
        x, y = points[-1]
        points += [[x + 1, y], [x + 1, y + 1]]
    return [Outline(np.array(points) - count / 2)]


def _fish(rng: Generator) -> list[Outline]:
    x = np.linspace(-1, 1, 40)
    half = 0.5 * np.cos(np.pi * (x + 0.25) / 1.5)
    upper, lower = np.column_stack([x, half]), np.column_stack([x, -half])
    return [_curve(upper), _curve(lower), corners([1, half[-1]], [1, -half[-1]])]


def _small(rng: Generator) -> list[Outline]:
    shape = (_circle, _square, _triangle)[rng.integers(3)]
    scale = rng.uniform(0.25, 0.5) * rng.uniform(0.5, 1, 2)
    return [Outline(line.points * scale, line.closed, line.smooth) for line in shape(rng)]


def _moved(lines: Sequence[Outline], shift: ArrayLike) -> list[Outline]:
    return [Outline(line.points + np.asarray(shift), line.closed, line.smooth) for line in lines]


def _several(rng: Generator) -> list[Outline]:
    # Two to four small things, apart from each other.
    count = int(rng.integers(2, 5))
    if rng.random() < 0.5:
        places = np.column_stack([np.linspace(-1, 1, count), rng.normal(0, 0.1, count)])
    else:
        places = _regular(count, rng.uniform(0, 360), 0.9)
    return [line for place in places for line in _moved(_small(rng), place)]


def _overlapping(rng: Generator) -> list[Outline]:
    shift = _regular(1, rng.uniform(0, 360), rng.uniform(0.3, 0.8))[0]
    shapes = (_circle, _square, _triangle)
    first, second = shapes[rng.integers(3)](rng), shapes[rng.integers(3)](rng)
    scale = rng.uniform(0.4, 0.9)
    small = [Outline(line.points * scale, line.closed, line.smooth) for line in second]
    return [*first, *_moved(small, shift)]


def _crossed(rng: Generator) -> list[Outline]:
    shape = (_circle, _square, _triangle)[rng.integers(3)](rng)
    across = [corners([-1.3, y], [1.3, y + rng.normal(0, 0.2)]) for y in rng.uniform(-0.6, 0.6, 2)]
    return [*shape, *across[: rng.integers(1, 3)]]


def _face(rng: Generator) -> list[Outline]:
    eyes = [_ellipse(x, -0.3, 0.12, 0.12, count=10) for x in (-0.35, 0.35)]
    mouth = _curve(_arc(0, 0.1, 0.5, 0.4, 20, 160, 14))
    return [_ellipse(), *eyes, mouth]


def _divided(rng: Generator) -> list[Outline]:
    # A box with a line, a cross or a flap inside.
    inside = [
        [corners([-1, 0], [1, 0])],
        [corners([-1, -1], [1, 1]), corners([1, -1], [-1, 1])],
        [corners([-1, -1], [0, 0.2], [1, -1])],
        [corners([-1, 0], [1, 0]), corners([0, -1], [0, 1])],
    ]
    return [*_square(rng), *inside[rng.integers(4)]]


def _tree(rng: Generator) -> list[Outline]:
    top = _circle(rng) if rng.random() < 0.5 else _triangle(rng)
    return [*_moved(top, [0, -0.6]), corners([0, 0.3], [0, 1.6])]


def _balloon(rng: Generator) -> list[Outline]:
    line = np.column_stack([0.1 * np.sin(np.linspace(0, 6, 16)), np.linspace(0.0, 1.6, 16)])
    return [*_moved(_circle(rng), [0, -1]), _curve(line)]


def _flag(rng: Generator) -> list[Outline]:
    ends = (
        [[-0.8, -1], [1, -0.5], [-0.8, 0]]
        if rng.random() < 0.5
        else [[-0.8, -1], [0.8, -1], [0.8, 0], [-0.8, 0]]
    )
    return [corners([-0.8, -1], [-0.8, 1.2]), corners(*ends)]


def _rings(rng: Generator) -> list[Outline]:
    inner = rng.uniform(0.3, 0.7)
    shapes = (_circle, _square, _triangle)
    small = [
        Outline(line.points * inner * 0.7, line.closed, line.smooth)
        for line in shapes[rng.integers(3)](rng)
    ]
    return [*shapes[rng.integers(3)](rng), *small]


KNOWN: Final[Mapping[str, Callable[[Generator], list[Outline]]]] = {
    "circle": _circle,
    "square": _square,
    "triangle": _triangle,
    "ellipse": _circle,
    "rectangle": _square,
}
"""The three kinds of the classic exercise. Stretched, circles are ellipses and squares rectangles:
these are the same by another name, for data that calls them so."""

OTHER: Final[Mapping[str, Callable[[Generator], list[Outline]]]] = {
    "pentagon": _polygon(5),
    "hexagon": _polygon(6),
    "star": _star,
    "plus": _plus,
    "cross": _cross,
    "thick cross": _thick_cross,
    "crescent": _crescent,
    "heart": _heart,
    "zigzag": _zigzag,
    "wave": _wave,
    "spiral": _spiral,
    "arrow": _arrow,
    "line": _line,
    "lines": _lines,
    "cylinder": _cylinder,
    "cube": _cube,
    "crown": _crown,
    "scribble": _scribble,
    "hatching": _hatching,
    "random lines": _random_lines,
    "infinity": _infinity,
    "loop": _loop,
    "cloud": _cloud,
    "flower": _flower,
    "half circle": _half_circle,
    "arch": _arch,
    "lightning": _lightning,
    "house": _house,
    "drop": _drop,
    "stairs": _stairs,
    "fish": _fish,
    "several": _several,
    "overlapping": _overlapping,
    "crossed": _crossed,
    "rings": _rings,
    "face": _face,
    "divided": _divided,
    "tree": _tree,
    "balloon": _balloon,
    "flag": _flag,
    "letter a": _letter([[-0.7, 1], [0, -1], [0.7, 1]], [[-0.4, 0.2], [0.4, 0.2]]),
    "letter b": _letter_b,
    "letter c": _letter_c,
    "letter e": _letter([[0.6, -1], [-0.6, -1], [-0.6, 1], [0.6, 1]], [[-0.6, 0], [0.4, 0]]),
    "letter h": _letter([[-0.7, -1], [-0.7, 1]], [[0.7, -1], [0.7, 1]], [[-0.7, 0], [0.7, 0]]),
    "letter k": _letter([[-0.6, -1], [-0.6, 1]], [[0.7, -1], [-0.6, 0], [0.7, 1]]),
    "letter l": _letter([[-0.6, -1], [-0.6, 1], [0.7, 1]]),
    "letter m": _letter([[-0.9, 1], [-0.7, -1], [0, 0.4], [0.7, -1], [0.9, 1]]),
    "letter n": _letter([[-0.7, 1], [-0.7, -1], [0.7, 1], [0.7, -1]]),
    "letter q": _letter_q,
    "letter s": _letter_s,
    "letter t": _letter([[-0.8, -1], [0.8, -1]], [[0, -1], [0, 1]]),
    "letter u": _letter_u,
    "letter v": _letter([[-0.8, -1], [0, 1], [0.8, -1]]),
    "letter y": _letter([[-0.7, -1], [0, 0]], [[0.7, -1], [0, 0], [0, 1]]),
    "letter z": _letter([[-0.7, -1], [0.7, -1], [-0.7, 1], [0.7, 1]]),
}
"""Everything else that people draw: what a class *other* is mixed from."""
