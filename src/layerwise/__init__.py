"""Layerwise records any deep network while it runs or learns, and draws it with its real numbers."""
