"""Numbers short enough for a unit."""

from __future__ import annotations

import numpy as np


def short_number(value: float) -> str:
    """A number that fits into a unit: 0.77, −.03, −1.2, 12, 3e4."""
    if not np.isfinite(value):
        return "∞" if value > 0 else "−∞" if value < 0 else "none"
    size = abs(value)
    if size >= 9999.5:
        text = f"{size:.0e}".replace("e+0", "e").replace("e+", "e")
    elif size >= 99.5 or (value < 0 and size >= 9.95):
        text = f"{size:.0f}"
    elif size >= 9.995 or (value < 0 and size >= 0.995):
        text = f"{size:.1f}"
    else:
        text = f"{size:.2f}"
    if value >= 0 or float(text) == 0:
        return text
    return f"−{text.removeprefix('0')}"
