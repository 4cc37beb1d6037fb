"""Without classes: a density, its hills, and which of them are clusters."""
