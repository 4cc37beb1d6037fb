"""The plane of a decision map: two columns, two principal components, or three samples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike

from ...errors import InputError, unknown_name
from ...types import FloatArray

PLANES: Final = ("columns", "components", "samples")
MARGIN: Final = 0.08
_NEARLY_EQUAL: Final = 2.0  # spans within this factor get one scale for both directions


@dataclass(frozen=True, eq=False)
class Plane:
    """Where a point (across, up) of the picture lies among all inputs.

    A point is `base` + across · `directions[0]` + up · `directions[1]`; `places` (sample, 2) are
    the samples' own coordinates, exact where they lie in the plane and else their projections.
    `names` are those of the two directions, `facts` what a reader must know (JSON values).
    """

    base: FloatArray  # (input,)
    directions: FloatArray  # (2, input)
    places: FloatArray  # (sample, 2)
    names: tuple[str, str]
    facts: dict[str, Any] = field(default_factory=dict)

    def points(self, across: FloatArray, up: FloatArray) -> FloatArray:
        """All points of a grid, row after row: (row · column, input)."""
        a, b = np.meshgrid(across, up)
        flat = np.stack([a.ravel(), b.ravel()], axis=1)
        found: FloatArray = self.base + flat @ self.directions
        return found

    def axes(self, count: int, limits: Any = None) -> tuple[FloatArray, FloatArray]:
        """The middles of so many columns, left to right, and of so many rows, top to bottom.

        Without `limits` (left, right, bottom, top) all samples are within; both directions have
        one scale unless one of them spans more than twice the other.
        """
        left, right, bottom, top = self._limits(limits)
        steps = (np.arange(count) + 0.5) / count
        return left + (right - left) * steps, top - (top - bottom) * steps

    def _limits(self, limits: Any) -> tuple[float, float, float, float]:
        if limits is not None:
            given = _numbers("limits", limits)
            if given.shape != (4,) or given[0] >= given[1] or given[2] >= given[3]:
                raise InputError(
                    "The limits of a decision map are (left, right, bottom, top)",
                    received=str(limits),
                )
            return (float(given[0]), float(given[1]), float(given[2]), float(given[3]))
        low, high = self.places.min(0), self.places.max(0)
        spans = high - low
        if not (spans > 0).all():
            flat = int(np.flatnonzero(~(spans > 0))[0])
            raise InputError(
                f"All samples have the same value in {self.names[flat]!r}: the map has no extent "
                "in that direction",
                received=f"{low[flat]:g} in all {len(self.places):,} samples",
                do="Give limits=(left, right, bottom, top), or choose other columns",
            )
        if spans.max() <= _NEARLY_EQUAL * spans.min():
            spans = np.full(2, spans.max())
        middle, half = (low + high) / 2, spans * (0.5 + MARGIN)
        (left, bottom), (right, top) = middle - half, middle + half
        return float(left), float(right), float(bottom), float(top)


def plane_of(
    rows: FloatArray,
    names: Sequence[str],
    *,
    plane: str | None = None,
    columns: Sequence[str | int] | None = None,
    at: str | int | ArrayLike = "median",
    samples: Sequence[int] | None = None,
    picture: bool = False,
) -> Plane:
    """The plane of samples (sample, input) whose inputs have those names.

    `plane` is "columns", "components" or "samples"; None takes what the other options ask for, the
    columns of a table of two, and the components of anything wider. `at` says where the other
    columns stand: at their "median" or "mean", at those of the sample of a number, or at values of
    your own, one for each input. The components of a table are those of standardised columns, of
    pictures (`picture`) those of the pixels as they are.

    Raises `InputError` for a plane that cannot be laid and one without an extent.
    """
    kind = plane or ("samples" if samples is not None else "columns" if columns else "")
    kind = kind or ("columns" if rows.shape[1] == 2 and not picture else "components")
    if kind not in PLANES:
        raise unknown_name("plane", kind, PLANES)
    if rows.shape[1] < 2:
        raise InputError(
            "A decision map needs two inputs or more", received=f"{rows.shape[1]} input"
        )
    if kind == "samples":
        return _through_samples(rows, samples)
    if kind == "components":
        return _components(rows, picture)
    if picture:
        raise InputError(
            "A picture has no two columns to make a map of",
            do='Lay a plane: plane="components", or samples=(i, j, k)',
        )
    return _slice(rows, names, columns, at)


def _slice(
    rows: FloatArray, names: Sequence[str], columns: Sequence[str | int] | None, at: Any
) -> Plane:
    width = rows.shape[1]
    if columns is None and width > 2:
        raise InputError(
            f"A slice of {width} inputs needs two columns", do='Say which: columns=("…", "…")'
        )
    chosen = [_column(one, names) for one in (range(2) if columns is None else columns)]
    if len(set(chosen)) != 2 or len(chosen) != 2:
        raise InputError("A slice has two different columns", received=repr(columns))
    base, said = _standing(rows, at)
    facts: dict[str, Any] = {"kind": "columns", "others": width - 2, "at": said}
    base[chosen] = 0
    directions = np.zeros((2, width))
    directions[[0, 1], chosen] = 1
    return Plane(base, directions, rows[:, chosen], (names[chosen[0]], names[chosen[1]]), facts)


def _column(one: str | int, names: Sequence[str]) -> int:
    if isinstance(one, (int, np.integer)) and not isinstance(one, bool):
        if not 0 <= one < len(names):
            raise InputError(
                "There is no such column", received=str(one),
                allowed=f"They are 0 to {len(names) - 1}",
            )  # fmt: skip
        return int(one)
    if one not in names:
        raise unknown_name("column", str(one), names)
    return list(names).index(str(one))


def _standing(rows: FloatArray, at: Any) -> tuple[FloatArray, str]:
    if isinstance(at, str):
        if at not in ("median", "mean"):
            raise unknown_name("place", at, ("median", "mean"), do="Or give a sample's number")
        return (np.median(rows, 0) if at == "median" else rows.mean(0)), at
    if isinstance(at, (int, np.integer)) and not isinstance(at, bool):
        return rows[_sample(at, len(rows))].copy(), f"sample {int(at) + 1}"
    values = _numbers("values of the other columns", at)
    if values.shape != (rows.shape[1],):
        raise InputError(
            f"The place of a slice is one number for each of {rows.shape[1]} inputs",
            received=f"shape {values.shape}",
        )
    return values.copy(), "given"


def _components(rows: FloatArray, picture: bool) -> Plane:
    mean = rows.mean(0)
    scale = np.ones_like(mean) if picture else rows.std(0)
    scale = np.where(scale > 0, scale, 1.0)
    ready = (rows - mean) / scale
    _, sizes, found = np.linalg.svd(ready, full_matrices=False)
    shares = sizes**2 / max(float((sizes**2).sum()), 1e-300)
    if len(shares) < 2 or sizes[1] <= 1e-9 * max(float(sizes[0]), 1e-300):
        raise InputError(
            "These samples lie on a line: no plane can be laid through them",
            received=f"{len(rows)} samples",
        )
    # The sign of a component is arbitrary: its largest part is made positive.
    axes = found[:2] * np.sign(found[[0, 1], np.abs(found[:2]).argmax(1)])[:, None]
    facts = {
        "kind": "components", "variance": float(shares[:2].sum()),
        "shares": [float(share) for share in shares[:2]], "standardised": not picture,
    }  # fmt: skip
    return Plane(mean, axes * scale, ready @ axes.T, ("1", "2"), facts)


def _through_samples(rows: FloatArray, samples: Sequence[int] | None) -> Plane:
    if samples is None or len(samples) != 3:
        raise InputError(
            "A plane through samples takes the numbers of three", received=repr(samples)
        )
    places = [_sample(one, len(rows)) for one in samples]
    base = rows[places[0]]
    first, second = rows[places[1]] - base, rows[places[2]] - base
    length = float(np.linalg.norm(first))
    along = first / (length or 1.0)
    rest = second - (second @ along) * along
    height = float(np.linalg.norm(rest))
    if length == 0 or height <= 1e-9 * max(length, float(np.linalg.norm(second))):
        raise InputError(
            "These three samples lie on a line: no plane can be laid through them",
            received=f"samples {', '.join(str(one + 1) for one in places)}",
        )
    axes = np.stack([along, rest / height])
    centred = rows - rows.mean(0)
    kept = float(((centred @ axes.T) ** 2).sum() / max(float((centred**2).sum()), 1e-300))
    facts = {"kind": "samples", "samples": places, "variance": kept}
    return Plane(base, axes, (rows - base) @ axes.T, ("1", "2"), facts)


def _sample(one: Any, count: int) -> int:
    whole = isinstance(one, (int, np.integer)) and not isinstance(one, bool)
    if not whole or not 0 <= one < count:
        raise InputError(
            "There is no such sample", received=repr(one), allowed=f"They are 0 to {count - 1}"
        )
    return int(one)


def _numbers(name: str, given: Any) -> FloatArray:
    try:
        values = np.asarray(given, np.float64)
    except (TypeError, ValueError):
        raise InputError(f"The {name} must be numbers", received=repr(given)[:80]) from None
    if not np.isfinite(values).all():
        raise InputError(f"The {name} must be finite numbers", received=repr(given)[:80])
    return values
