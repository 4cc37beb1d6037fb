"""The architecture of a network: its layers, folded where they repeat, laid out and drawn."""
