"""One valley, three rates: where forty steps lead."""

from layerwise.explain import descent

trace = descent("ravine", rates=(0.01, 0.15, 0.204), steps=40)

for number, rate in enumerate(trace.about["rates"]):
    losses = trace.series(f"loss {number}")[1]
    print(f"rate {rate}: loss {losses[0]:.4g} → {losses[-1]:.4g}")
