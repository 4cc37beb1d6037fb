"""The camera in PyTorch: the eight clean patterns, an L, all grey and a photograph."""

import torch

from layerwise.models import four_pixel
from layerwise.models.four_pixel import FOUR_PIXEL_CLASSES, four_pixel_patterns

network = four_pixel()
patterns, classes = four_pixel_patterns()
extra = torch.tensor([[1, -1, 1, 1], [0, 0, 0, 0], [0.5, 0, -0.75, 0.75]])

print("pixels, clockwise           " + " ".join(f"{name:>10}" for name in FOUR_PIXEL_CLASSES))
for pixels in torch.cat([patterns, extra]):
    answers = network(pixels[None])[0].tolist()
    image = " ".join(f"{pixel:5.2f}" for pixel in pixels.tolist())
    print(f"{image:<28}" + " ".join(f"{answer:10.3f}" for answer in answers))
