"""A lattice of one row: its layers one below the other, a picture that grows."""

from __future__ import annotations

import numpy as np

from ...scene import Image, Mark, Rectangles, Reference
from ...types import ByteArray, float32_array
from .layout import Box
from .timeline import Film, Picture, averaged

ROOM_BELOW = 40  # for the name of the axis
FINEST = 1680  # dots across, at most: two for each pixel of the square


class History:
    """The rows of all moments in a box (x y width height), uncovered from the top down.

    Fuzzy moments from the points show the exact probabilities, as a single run of them is nearly
    all unclassified.
    """

    def __init__(self, film: Film, box: Box) -> None:
        x, y, width, height = box
        self.film, self.box = film, (x, y, width, height - ROOM_BELOW)
        self._block = -(-film.recipe["columns"] // FINEST)
        rows = [self._row(moment) for moment in range(len(film.moments))]
        self._image = Image(self.box, np.stack(rows), None, "area", Reference("labels"))

    def upto(self, moment: int) -> list[Mark]:
        """What has happened; the rest is covered."""
        x, y, width, height = self.box
        count = len(self.film.moments)
        done = height * (moment + 1) / count
        if moment == count - 1:
            return [self._image]
        ground = np.array([self.film.theme.ground], np.uint8)
        # A little larger, so that nothing shines through at its edges.
        cover = Rectangles(float32_array([[x - 1, y + done, width + 2, height - done + 1]]), ground)
        return [self._image, cover]

    def strip(self, picture: Picture, room: Box, refers: Reference) -> Mark:
        """A picture of one row, such as the exact probabilities, as a strip in a room."""
        x, y, width, height = room
        pixels, palette = picture
        box = (x, y + height / 4, width, height / 2)
        return Image(box, pixels, palette, "area", refers)

    def _row(self, moment: int) -> ByteArray:
        """One moment's colours: (column, rgb)."""
        film = self.film
        if moment > film.filled and film.recipe["restart"]:
            exact = max(each for each in film.exact if each <= moment)
            pixels, palette = film.probability_picture(exact, 1)
            colors = pixels[0] if palette is None else palette[pixels[0]]
            colors = colors[:, :3]
        else:
            colors = film.cell_colors[film.trace["labels", moment][0]][:, :3]
        mixed = averaged(colors.T[:, None].astype(np.float64), (1, self._block))[:, 0].T
        return np.rint(mixed).astype(np.uint8)
