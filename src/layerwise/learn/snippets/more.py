"""More neurons in one hidden layer: three widths, two seeds each."""

from layerwise.data.load import load
from layerwise.explain import sweep

moons = load("moons", size=300, noise=0.15)
trace = sweep(
    lambda width: f"mlp {width} tanh", moons, [1, 2, 8], seeds=2,
    epochs=60, batch_size="full", learning_rate=0.05,
)  # fmt: skip

accuracies = trace.series("control accuracy")[1]
for moment, accuracy in zip(trace.moments, accuracies, strict=True):
    print(f"{moment.at['value']} neurons, seed {moment.at['seed']}: {accuracy:.1%}")
