"""A kernel over your own picture, then the same walk on a layer of a network.

python examples/convolution.py [FOLDER] [PICTURE] [KERNEL]
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from torch import nn

import layerwise as lw
from layerwise.explain import convolution, convolution_layer, picture_array
from layerwise.view import convolution as film
from layerwise.view import convolutions

KERNELS = ("blur", "sharpen", "edges", "sobel", "laplacian", "emboss")


def main(folder: Path, picture: str, kernel: str) -> None:
    """Write a film of the kernel, a gallery of six kernels, and a film of a layer."""
    folder.mkdir(parents=True, exist_ok=True)
    walk = convolution(picture, kernel, size=14)
    film(walk).save(folder / "slide.html")
    middle = walk.where("sum")[len(walk.where("sum")) // 2]
    print("window\n", walk["window", middle][0], "\nproducts\n", walk["products", middle][0])
    print("sum", walk["sum", middle])

    shown = {name: convolution(picture, name, size=120) for name in KERNELS}
    convolutions(shown, theme="light").save(folder / "kernels.png")

    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.ReLU(), nn.Conv2d(4, 2, 3, stride=2))
    small = torch.tensor(picture_array(picture, size=(16, 16), colour=True) / 255).float()
    trace = lw.record(network, small[None])
    layer = convolution_layer(trace, "2", channel=1)
    film(layer, theme="light").save(folder / "layer.html")
    difference = layer.about["largest difference"]
    print(f"written out in double precision the layer differs by at most {difference:.1e}")
    print("wrote", folder / "slide.html", folder / "kernels.png", folder / "layer.html")


if __name__ == "__main__":
    given = sys.argv[1:]
    main(
        Path(given[0] if given else "out"),
        given[1] if len(given) > 1 else "china",
        given[2] if len(given) > 2 else "sharpen",
    )
