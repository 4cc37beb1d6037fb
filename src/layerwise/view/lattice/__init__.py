"""The lattice film: each frame is a layer."""
