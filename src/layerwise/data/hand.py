"""The hand: what becomes of an outline when a person draws it.

Sides bow, corners round off or stick out, a line is closed too early or too late, the pen is lifted
between sides, sets down with a hook, presses more or less, and the whole leans, turns and is drawn
flat or tall. `wobble` scales all of it but the turning and stretching: 0 draws the outline itself.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.random import Generator

from ..types import FloatArray
from .shapes_drawn import Outline

_SIDE = np.linspace(0, 1, 10)[1:]
_BOW = 4 * _SIDE * (1 - _SIDE)
_SWAY = np.sin(2 * np.pi * _SIDE)


def drawn(rng: Generator, outlines: Sequence[Outline], wobble: float = 1.0) -> list[FloatArray]:
    """The pen's paths for these outlines: a list of (point, xy), in the outlines' unit."""
    mood = wobble * rng.choice([0.18, 0.4, 0.58, 0.9], p=[0.25, 0.35, 0.3, 0.1])
    several = len(outlines) > 1
    paths: list[FloatArray] = []
    for outline in outlines:
        if outline.smooth:
            paths += _smooth_paths(rng, outline, mood, several)
        else:
            paths += _cornered_paths(rng, outline, mood, several)
    return [_hooked(rng, path, mood) for path in paths]


def _smooth_paths(rng: Generator, outline: Outline, mood: float, several: bool) -> list[FloatArray]:
    points = outline.points
    if outline.closed:
        count = len(points)
        choice = rng.random()
        beyond = rng.normal(0, 0.015)  # of a turn: past the beginning, or short of it
        if choice < 0.25 * min(mood, 1.5):
            beyond = -rng.uniform(0.02, 0.06 if several else 0.14)
        elif choice < 0.7 * min(mood, 1.2):
            beyond = rng.uniform(0.02, 0.06 if several else 0.35)
        steps = max(round((1 + beyond * min(mood, 1.5)) * count), 3)
        turning = rng.choice([-1, 1]) * np.arange(steps + 1) + rng.integers(count)
        points = points[turning % count]
        along = np.linspace(-0.5, 0.5, len(points))[:, None]
        points = points + along * rng.normal(0, 0.07 * mood, 2)  # drifts: ends beside its beginning
        points = points * (1 + along * rng.normal(0, 0.08 * mood))
        if not several:
            points = _strayed(rng, _strayed(rng, points, mood)[::-1], mood)
    elif rng.random() < 0.5:
        points = points[::-1]
    return [points + _ripples(rng, len(points), 0.018 * mood)]


def _strayed(rng: Generator, points: FloatArray, mood: float) -> FloatArray:
    """A round line whose end leaves it: winds in or out, or goes straight on."""
    choice = rng.random()
    if choice < 0.35 * min(mood, 1.5):
        back = np.arange(len(points))[::-1] / (len(points) * rng.uniform(0.06, 0.3))
        strength = rng.normal(0.05, 0.22 * mood)
        return points * (1 + strength * np.exp(-(back**1.5)))[:, None]
    if choice < 0.55 * min(mood, 1.5):
        leave = points[-1] - points[-3]
        length = rng.uniform(0.1, 1.2) / max(float(np.hypot(*leave)), 1e-6)
        tail = points[-1] + leave * length * np.array([[0.33], [0.67], [1.0]])
        return np.concatenate([points, tail])
    return points


def _cornered_paths(
    rng: Generator, outline: Outline, mood: float, several: bool
) -> list[FloatArray]:
    vertices = outline.points + rng.normal(0, 0.05 * mood, outline.points.shape)
    count = len(vertices)
    if outline.closed:
        start, way = rng.integers(count), rng.choice([-1, 1])
        vertices = vertices[(start + way * np.arange(count + 1)) % count]
    elif rng.random() < 0.5:
        vertices = vertices[::-1]
    sides = len(vertices) - 1
    if sides < 1:
        return [vertices]
    lifted = sides > 1 and rng.random() < (0.2 if several or not outline.closed else 0.4)
    breaks = {0, sides}
    if lifted:
        share = rng.choice([0.4, 1.0])
        breaks |= {k for k in range(1, sides) if rng.random() < share}
    order = sorted(breaks)
    rounding = 0.0
    if rng.random() < 0.6:
        rounding = min(rng.exponential(0.07) * min(mood, 1.2), 0.3)
    bow = mood * (0.12 if rng.random() < 0.12 else 0.045)
    common = rng.normal(0, bow * 0.4)  # all sides lean out, or in
    paths = []
    for first, last in pairwise(order):
        run = vertices[first : last + 1].copy()
        small = 0.4 if several else 1.0
        if outline.closed or lifted:
            run[-1] += _missed(rng, run[-1] - run[-2], mood * small)
            if outline.closed and not lifted and rng.random() < 0.3 * min(mood, 1.5):
                # The last side meets the first one elsewhere than where that began.
                run[-1] += rng.uniform(-0.15, 0.35) * mood * (run[1] - run[0])
            if lifted:
                run[0] += _missed(rng, run[0] - run[1], mood * small)
        paths.append(_through(rng, run, bow, common, rounding))
    return paths


def _missed(rng: Generator, along: FloatArray, mood: float) -> FloatArray:
    """By how much a side's end misses its corner: too long, too short, and a little aside."""
    choice = rng.random()
    share = rng.normal(0, 0.02 * mood)
    if choice < 0.2 * min(mood, 1.3):
        share = -rng.uniform(0.03, 0.14) * mood
    elif choice < 0.45 * min(mood, 1.3):
        share = rng.uniform(0.03, 0.16) * mood
    across = np.array([-along[1], along[0]])
    missed: FloatArray = share * along + rng.normal(0, 0.025 * mood) * across
    return missed


def _through(
    rng: Generator, vertices: FloatArray, bow: float, common: float, rounding: float
) -> FloatArray:
    """A path through the vertices: each side bowed and swayed, corners cut by a round one."""
    points = [vertices[:1]]
    for start, stop in pairwise(vertices):
        along = stop - start
        across = np.array([-along[1], along[0]])
        shift = (common + rng.normal(0, bow)) * _BOW + rng.normal(0, 0.3 * bow) * _SWAY
        points.append(start + _SIDE[:, None] * along + shift[:, None] * across)
    path = np.concatenate(points)
    if rounding > 0 and len(vertices) > 2:
        # A running mean along the path, at evenly spaced places, rounds every corner alike.
        steps = np.hypot(*np.diff(path, axis=0).T)
        length = np.concatenate([[0], np.cumsum(steps)])
        if length[-1] <= 0:
            return path
        count = 12 * (len(vertices) - 1)
        places = np.linspace(0, length[-1], count + 1)
        even = np.column_stack([np.interp(places, length, path[:, axis]) for axis in (0, 1)])
        half = max(round(rounding * 12), 1)
        padded = np.concatenate([[even[0]] * half, even, [even[-1]] * half])
        sums = np.cumsum(np.concatenate([np.zeros((1, 2)), padded]), axis=0)
        smooth = (sums[2 * half + 1 :] - sums[: -2 * half - 1]) / (2 * half + 1)
        smooth[0], smooth[-1] = even[0], even[-1]
        path = smooth
    return path


def _ripples(rng: Generator, count: int, amplitude: float) -> FloatArray:
    """A smooth random displacement along a path: (point, xy)."""
    t = np.linspace(0, 2 * np.pi, count)[:, None]
    total = np.zeros((count, 2))
    for frequency in (2, 3, 5):
        strength, phase = rng.normal(0, amplitude * 2 / frequency, 2), rng.uniform(0, 7, 2)
        total += strength * np.sin(frequency * t + phase)
    return total


def _hooked(rng: Generator, path: FloatArray, mood: float) -> FloatArray:
    """The path with a small hook where the pen is set down or lifted, now and then."""
    if len(path) < 2 or rng.random() > 0.15 * mood:
        return path
    at_end = rng.random() < 0.6
    if at_end:
        path = path[::-1]
    out = path[0] - path[min(3, len(path) - 1)]
    angle = math.atan2(out[1], out[0]) + rng.uniform(0.5, 2.8) * rng.choice([-1, 1])
    hook = path[0] + rng.uniform(0.04, 0.2) * np.array([math.cos(angle), math.sin(angle)])
    path = np.concatenate([hook[None], path])
    return path[::-1] if at_end else path


def posed(
    rng: Generator, paths: Sequence[FloatArray], stretch: float, turn: float, wobble: float
) -> list[FloatArray]:
    """The paths bent a little as a whole, leaning, stretched up to `stretch` to 1, and turned.

    `turn` is the largest angle in degrees: half of all drawings stand nearly upright, the others
    anywhere up to it. Flat drawings are as often wide as tall.
    """
    flat = math.exp(-rng.random() * math.log(stretch)) if stretch > 1 else 1.0
    scale = np.array([1.0, flat]) if rng.random() < 0.5 else np.array([flat, 1.0])
    lean = rng.normal(0, 0.07 * wobble)
    angle = float(np.clip(rng.normal(0, 0.06), -0.15, 0.15)) * min(turn / 9, 1.0)
    if rng.random() < 0.5:
        angle = math.radians(rng.uniform(-turn, turn))
    mirrored = rng.choice([-1.0, 1.0])
    shape = np.array([[mirrored, lean], [0, 1]])
    spin = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    own_frame = rng.random() < 0.5  # stretched along its own axes and then turned, or as it lies
    whole = spin @ np.diag(scale) @ shape if own_frame else np.diag(scale) @ spin @ shape
    bend = rng.normal(0, 0.03 * wobble, (2, 2))
    waves = rng.uniform(0.8, 2.0, (2, 2))
    phases = rng.uniform(0, 7, 2)
    return [(path + np.sin(path @ waves + phases) @ bend) @ whole.T for path in paths]


def pressed(rng: Generator, count: int, width: float, wobble: float) -> FloatArray:
    """The pen's width along a path of so many points: slowly uneven, thinner where it lifts."""
    t = np.linspace(0, 1, count)
    uneven = rng.normal(0, 0.07 * wobble) * np.sin(
        2 * np.pi * (rng.uniform(0.5, 2) * t + rng.random())
    )
    return width * (1 + uneven)
