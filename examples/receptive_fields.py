"""What a unit of a residual network can see of a photograph, and what it looks at.

    python examples/receptive_fields.py [FOLDER]

The field grows layer by layer; weights are from chance. Writes a film as a GIF and its last still.
"""

from __future__ import annotations

import sys
from pathlib import Path

from layerwise.explain import picture_array, receptive_field
from layerwise.models import resnet
from layerwise.view import receptive_field as draw

folder = Path(sys.argv[1] if len(sys.argv) > 1 else "out")
folder.mkdir(parents=True, exist_ok=True)

picture = picture_array("china", size=(96, 96), colour=True)[None] / 255
model = resnet((3, 96, 96), 10, seed=0).eval()
trace = receptive_field(model, picture, "layer2.0")
for moment, layer in enumerate(trace.about["layers"]):
    size, stride = trace["size", moment].tolist(), trace["stride", moment].tolist()
    share = float(trace["share95", moment])
    print(f"{layer:16} size {size}, stride {stride}, 95 % of the effect in {share:.1%}")
scene = draw(trace)
print("wrote", scene.save(folder / "receptive_field.png"))
print("wrote", scene.save(folder / "receptive_field.gif"))
