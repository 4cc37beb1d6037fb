"""Many columns: lattices over pairs of axes, boosted."""
