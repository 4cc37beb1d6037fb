"""The exact class probabilities of a lattice network after any number of fuzzy layers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..types import ByteArray, FloatArray
from .diffusion import Average, anchored_average, average_of, conditional, fallback_maps, one_hot
from .layers import Recipe

if TYPE_CHECKING:
    import torch


class ExactProbabilities:
    """What a recipe's fuzzy layers tend to, for any number of them.

    `filled` (…, row, column): the filled grid; `frequencies` (class,) of the training points and
    `error`, how often the nearest training cell has another class, decide in cells without
    evidence (see `diffusion.conditional`). `place`: a torch device that computes them, if any.
    """

    def __init__(
        self,
        recipe: Recipe,
        filled: ByteArray,
        frequencies: FloatArray,
        error: float,
        place: torch.device | None = None,
    ) -> None:
        self.recipe, self._place = recipe, place
        self._maps = one_hot(recipe.frame if recipe.restart else filled, recipe.classes)
        self._average: Average | None = None
        self._fallback: FloatArray | None = None
        if recipe.restart:
            self._fallback = fallback_maps(filled, frequencies, error)

    def after(self, layers: int) -> FloatArray:
        """The probabilities after that many fuzzy layers: (class, …, row, column), summing to 1.

        From the filled map the T-fold average itself; from the points, the average given that the
        cell is classified.
        """
        anchors = self.recipe.anchors
        if layers == 0:
            spread = self._maps
        elif anchors is not None:
            spread = anchored_average(self._maps, anchors, layers, lazy=self.recipe.lazy)
        else:
            if self._average is None:
                self._average = average_of(
                    self._maps, lazy=self.recipe.lazy, workers=-1, place=self._place
                )
            spread = self._average.after(layers)
        if self._fallback is not None:
            return conditional(spread, self._fallback)
        return np.asarray(spread / spread.sum(axis=0))
