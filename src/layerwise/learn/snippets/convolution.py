"""A kernel over a picture: one sum written out, and the whole output."""

from layerwise.explain import convolution

trace = convolution("china", "0 -1 0; -1 5 -1; 0 -1 0", size=14, cells=[(4, 6)])

print("window\n", trace["window", 1][0])
print("products\n", trace["products", 1][0])
print("sum", trace["sum", 1], "= output at row 4, column 6:", trace["output", 0][0, 4, 6])
