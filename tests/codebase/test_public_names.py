"""The public names are those that are written down, called as it says there."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

from public_names import PINNED, PUBLIC, lines_of, listing


def test_public_names_are_pinned():
    pinned = PINNED.read_text(encoding="utf-8")
    assert all(import_module(name).__all__ for name in PUBLIC)
    assert listing() == pinned, (
        "The public names have changed. If that is meant, say so in CHANGELOG.md and run "
        "python tests/codebase/public_names.py --write"
    )


def test_every_public_name_is_described_in_its_docstring():
    import layerwise

    for name in layerwise.__all__:
        value = getattr(layerwise, name)
        if callable(value):
            assert (value.__doc__ or "").strip(), name


def test_a_planted_change_is_seen():
    module = ModuleType("planted")
    module.__all__ = ["load", "Box", "SIZE"]

    def load(path: str, *, target: str | None = None) -> int:
        return 0

    class Box:
        def __init__(self, side: float = 1.0) -> None: ...

    module.load, module.Box, module.SIZE = load, Box, 3
    before = lines_of(module)
    assert before == [
        "planted.load(path: str, *, target: str | None = None) -> int",
        "class planted.Box(side: float = 1.0) -> None",
        "planted.SIZE: int",
    ]

    def load(path: str, target: str | None = None) -> int:
        return 0

    module.load = load
    assert lines_of(module)[0] != before[0]
    module.__all__ = ["load"]
    assert len(lines_of(module)) == 1
