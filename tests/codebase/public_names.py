"""The public names with their signatures: `python tests/codebase/public_names.py --write`."""

from __future__ import annotations

import importlib
import inspect
import re
import sys
from pathlib import Path
from types import ModuleType

PINNED = Path(__file__).with_name("public_names.txt")
PUBLIC = ("layerwise", "layerwise.data", "layerwise.view")


def lines_of(module: ModuleType) -> list[str]:
    """One line for each name of a module's `__all__`: the name and how it is called."""
    return [
        described(f"{module.__name__}.{name}", getattr(module, name))
        for name in getattr(module, "__all__", [])
    ]


def described(name: str, value: object) -> str:
    if inspect.ismodule(value):
        return f"{name}: module"
    if not callable(value):
        return f"{name}: {type(value).__name__}"
    kind = "class " if inspect.isclass(value) else ""
    text = str(inspect.signature(value))
    # Annotations are kept as text, and defaults may show where they lie in memory.
    text = re.sub(r"(: |-> )'([^']*)'", r"\1\2", text)
    return f"{kind}{name}{re.sub(r' at 0x[0-9a-f]+', '', text)}"


def listing() -> str:
    lines = [line for name in PUBLIC for line in lines_of(importlib.import_module(name))]
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        PINNED.write_text(listing(), encoding="utf-8")
    else:
        sys.stdout.write(listing())
