"""The clusters in rows: number, points, and by how much each stands out, and from which."""

from __future__ import annotations

import numpy as np

from ...scene import Mark
from ...typeface import shorten
from ...types import float32_array
from ..marks import hairlines, label, swatches
from ..style import TEXT_SIZE, format_count, format_number, format_percent
from .clusters_reading import ClusterFilm
from .layout import WIDE, Layout

SWATCH = 18


class ClusterTable:
    """A row for each cluster, the largest first, as many as fit; the rest and noise in the last."""

    def __init__(self, film: ClusterFilm, layout: Layout) -> None:
        self._marks = _rows(film, layout)

    def marks(self) -> list[Mark]:
        """All of it: it does not change."""
        return list(self._marks)


def _rows(film: ClusterFilm, layout: Layout) -> list[Mark]:
    theme, wide = film.theme, layout is WIDE
    x, y, width, height = layout.table
    pitch = min(38.0, height / layout.rows)
    size = TEXT_SIZE if wide else 17
    z = film.trace["cluster z", film.last]
    beside = film.trace["cluster neighbor", film.last]
    total = film.about["points"]
    room = layout.rows - 1
    shown = min(film.clusters, room if film.clusters <= room else room - 1)
    rows: list[tuple[str, int, str, np.ndarray]] = []
    for number in range(shown):
        other = int(beside[number])
        against = f"cluster {other}" if other >= 0 else film.ground
        why = f"{format_number(float(z[number]))} over {against}"
        rows.append((f"cluster {number}", int(film.sizes[number]), why, film.color(number)))
    if shown < film.clusters:
        more = f"{film.clusters - shown} more clusters"
        grey = np.array(theme.hairline[:3], np.uint8)
        rows.append((more, int(film.sizes[shown:].sum()), "", grey))
    rows.append(("noise", film.noise, "", np.array(theme.grey[:3], np.uint8)))
    places = [y + row * pitch for row in range(len(rows))]
    points_end, share_end = (x + part * width for part in ((0.44, 0.58) if wide else (0.36, 0.51)))
    fill = np.full((len(rows), 4), 255, np.uint8)
    fill[:, :3] = [color for *_, color in rows]
    boxes = [[x, top + (pitch - SWATCH) / 2, SWATCH, SWATCH] for top in places]
    lines = [[x, top + pitch, x + width, top + pitch] for top in places]
    head = 18.0 if wide else 16.0
    marks: list[Mark] = [
        hairlines(float32_array(lines), theme.hairline),
        swatches(float32_array(boxes), fill, theme.hairline),
        label(points_end, y - 8, "points", theme.grey, size=head, anchor="end"),
        label(x + width, y - 8, "z of its peak", theme.grey, size=head, anchor="end"),
    ]
    for top, (name, points, why, _) in zip(places, rows, strict=True):
        base = top + pitch * 0.68
        ink = theme.grey if name == "noise" else theme.ink
        short = shorten(name, points_end - x - 32 - 0.12 * width, size)
        marks.append(label(x + 32, base, short, ink, size=size))
        marks.append(label(points_end, base, format_count(points), ink, size=size, anchor="end"))
        share = format_percent(points / total)
        marks.append(label(share_end, base, share, theme.grey, size=size, anchor="end"))
        if why:
            short = shorten(why, x + width - share_end - 14, size)
            marks.append(label(x + width, base, short, ink, size=size, anchor="end"))
    return marks
