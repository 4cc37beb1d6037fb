"""The festival neuron, each step recorded."""

from layerwise.explain import neuron

trace = neuron([3, 2, 4, 2], [4, 2, 2, 1], threshold=25)

for number, moment in enumerate(trace):
    if moment.kind == "product":
        product, so_far = trace["product", number], trace["partial sum", number]
        print(f"product {product:4.0f}   sum so far {so_far:4.0f}")

print(f"bias {trace['bias', 6]:.0f}: {trace['biased sum', 6]:.0f}")
print(f"step: {trace['output', 7]:.0f}")
