"""How deep networks work: the chapters, each built from real computations when it is opened."""
