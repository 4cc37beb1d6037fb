"""The tree of modules in docs/modules.md: `python tests/codebase/module_tree.py --write`."""

from __future__ import annotations

import sys
from pathlib import Path

from house import ORDER, ROOT, SOURCE, Module, block, modules, rank

PAGE = ROOT / "docs" / "modules.md"


def tree(source: Path = SOURCE) -> str:
    """Every module and the first line of its docstring, rooms in the order the data walks."""
    every = sorted(modules(source), key=place)
    rows = [row(module) for module in every]
    width = max(len(left) for left, _ in rows) + 2
    lines = [f"{left:{width}}{right}".rstrip() for left, right in rows]
    return "\n".join(["```text", *lines, "```", ""])


def place(module: Module) -> tuple[int, str, bool, str]:
    """The package first, then its rooms in order; a room's own line before its modules."""
    here = rank(module.room)
    first = -1 if module.name == "layerwise" else len(ORDER) if here is None else here
    return first, module.room, not module.is_package, module.name


def row(module: Module) -> tuple[str, str]:
    depth = module.name.count(".")
    last = module.name.rpartition(".")[2]
    written = f"{last}/" if module.is_package else f"{last}.py"
    return "  " * depth + written, (module.docstring or [""])[0]


def with_tree(text: str, source: Path = SOURCE) -> str:
    """The text with the tree between `<!-- tree -->` and `<!-- /tree -->` brought up to date."""
    span = block(text, "tree")
    if span is None:
        raise ValueError("docs/modules.md has no <!-- tree --> and <!-- /tree --> lines")
    return text[: span[0]] + tree(source) + text[span[1] :]


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        PAGE.write_text(with_tree(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    else:
        sys.stdout.write(tree())
