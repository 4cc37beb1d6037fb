"""First principles, drawn: a neuron, a gradient, a kernel, each from a trace of the real thing."""
