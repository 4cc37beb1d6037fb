"""The exact class probabilities of a lattice network after any number of fuzzy layers."""

from __future__ import annotations

import numpy as np

from ..types import ByteArray, FloatArray
from .diffusion import Diffusion, anchored_average, conditional, fallback_maps, one_hot
from .layers import Recipe


class ExactProbabilities:
    """What a recipe's fuzzy layers tend to, for any number of them.

    `filled` (…, row, column): the filled grid; `frequencies` (class,) of the training points and
    `error`, how often the nearest training cell has another class, decide in cells without
    evidence (see `diffusion.conditional`).
    """

    def __init__(
        self, recipe: Recipe, filled: ByteArray, frequencies: FloatArray, error: float
    ) -> None:
        self.recipe = recipe
        self._maps = one_hot(recipe.frame if recipe.restart else filled, recipe.classes)
        self._diffusion: Diffusion | None = None
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
            if self._diffusion is None:
                self._diffusion = Diffusion(self._maps, lazy=self.recipe.lazy, workers=-1)
            spread = self._diffusion.after(layers)
        if self._fallback is not None:
            return conditional(spread, self._fallback)
        return np.asarray(spread / spread.sum(axis=0))
