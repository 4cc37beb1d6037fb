"""A model of your own with branches, trained in your own loop: recorded, filmed, its diagram drawn.

python examples/your_own_model.py [FOLDER]
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

import layerwise as lw

SIDE, STEPS = 12, 120


class TwoSights(nn.Module):
    """A drawing seen closely and from afar; both sights are joined, with a skip around the last."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.stem = nn.Conv2d(1, 8, 3, padding=1)
        self.near = nn.Conv2d(8, 8, 3, padding=1)
        self.far = nn.Conv2d(8, 8, 5, stride=2, padding=2)
        self.mix = nn.Linear(16, 16)
        self.answer = nn.Linear(16, classes)

    def forward(self, picture: Tensor) -> Tensor:
        """Logits (sample, class) of pictures (sample, channel, row, column)."""
        seen = functional.relu(self.stem(picture))  # (sample, 8, row, column)
        near = functional.relu(self.near(seen)).amax((2, 3))  # (sample, 8)
        far = functional.relu(self.far(seen)).mean((2, 3))  # (sample, 8)
        both = torch.cat([near, far], dim=1)  # (sample, 16)
        logits: Tensor = self.answer(both + torch.tanh(self.mix(both)))
        return logits


def bars(count: int) -> tuple[Tensor, Tensor]:
    """Noisy pictures (sample, 1, row, column) of a bar that is level, upright, or not there."""
    pictures = 0.3 * torch.randn(count, 1, SIDE, SIDE)
    kinds = torch.randint(0, 3, (count,))
    places = torch.randint(0, SIDE, (count,))
    for picture, kind, place in zip(pictures, kinds, places, strict=True):
        if kind == 0:
            picture[0, place, :] += 1.0
        elif kind == 1:
            picture[0, :, place] += 1.0
    return pictures, kinds


def main(folder: Path) -> None:
    """Train, and write the film and the diagram of what was recorded."""
    torch.manual_seed(0)
    model = TwoSights(classes=3)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)

    with lw.recording(model, lw.Keep(every=7, budget="50 MB")) as recorder:
        for _ in range(STEPS):
            pictures, kinds = bars(64)
            optimizer.zero_grad()
            loss = functional.cross_entropy(model(pictures), kinds)
            loss.backward()
            optimizer.step()

    trace = recorder.trace
    _, losses = trace.series("loss")
    pictures, kinds = bars(600)
    with torch.no_grad():
        right = (model(pictures).argmax(1) == kinds).float().mean()
    print(f"loss {losses[0]:.3f} at first, {losses[-1]:.3f} after {STEPS} steps")
    print(f"{100 * right:.1f} % of 600 new pictures right; a constant guess gets a third")

    folder.mkdir(parents=True, exist_ok=True)
    film = lw.view.network(
        trace, title="Two sights of one picture", classes=["level", "upright", "nothing"]
    )
    print("wrote", film.save(folder / "your-own-model.mp4"))
    drawn = lw.view.diagram(trace, title="Two sights of one picture")
    print("wrote", drawn.save(folder / "your-own-model.png"))
    print("wrote", lw.view.diagram(trace, columns=1).save(folder / "your-own-model.svg"))


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "out"))
