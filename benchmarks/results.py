"""How benchmark results are kept: figures and versions as JSON beside the scripts."""

from __future__ import annotations

import json
import os
import platform
from importlib import metadata
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "results"


def keep(
    name: str, figures: dict[str, Any], packages: tuple[str, ...] = ("numpy", "numba")
) -> None:
    """Write `figures` to results/NAME.json with the versions that they were measured with."""
    about = {
        "processors": os.cpu_count(),
        "python": platform.python_version(),
        **{package: metadata.version(package) for package in packages},
    }
    text = json.dumps({"figures": figures, "measured with": about}, indent=2, ensure_ascii=False)
    (FOLDER / f"{name}.json").write_text(text + "\n", encoding="utf-8")
