"""The same small network with and without dropout: its loss on both parts."""

from layerwise.explain import regularisation

trace = regularisation(ways=("nothing", "dropout"), epochs=40, seeds=1)

for place, way in enumerate(trace.about["ways"]):
    training = trace["training loss", place][0, -1]
    control = trace["control loss", place][0, -1]
    print(f"{way:8}  training loss {training:.3f}  control loss {control:.3f}")
