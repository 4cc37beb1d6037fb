"""The plan of the house: its rooms in the order the data walks, and its modules as read."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "layerwise"

ORDER = [
    # The contracts, each of which may know those before it.
    {"errors"},
    {"types"},
    {"spread"},
    {"compiled"},
    {"files"},
    {"garbage"},
    {"language"},
    {"trace", "trace_file"},
    {"scene_volume"},
    {"scene"},
    {"scene_json"},
    {"typeface", "typeface_recipe"},
    # The rooms.
    {"data"},
    {"models"},
    {"lattice"},
    {"record"},
    {"train"},
    {"explain"},
    {"view"},
    {"render"},
    {"report"},
    {"learn"},
    {"apps"},
    {"saved"},
    {"layerwise"},  # the package itself, which shows what all of them give
    {"studio"},
    {"cli", "__main__"},
]
"""A module imports only from the sets before its own, or from its own room."""

HALVES = [{"trace", "trace_file"}, {"typeface", "typeface_recipe"}, {"cli", "__main__"}]
"""Modules that are two halves of one thing, and so know each other."""


@dataclass(frozen=True)
class Module:
    """One Python file of the package."""

    path: Path
    name: str  # dotted, as it is imported: layerwise.lattice.kernels
    is_package: bool
    text: str
    tree: ast.Module

    @property
    def room(self) -> str:
        """The first name after `layerwise`, or `layerwise` for the package itself."""
        return room_of(self.name)

    @property
    def package(self) -> str:
        """What a relative import starts from."""
        return self.name if self.is_package else self.name.rpartition(".")[0]

    @property
    def docstring(self) -> list[str]:
        return (ast.get_docstring(self.tree) or "").splitlines()


def room_of(name: str) -> str:
    _, _, rest = name.partition(".")
    return rest.split(".")[0] or "layerwise"


def rank(room: str) -> int | None:
    """The place of a room in the order; None for a room that is not in the plan."""
    return next((place for place, rooms in enumerate(ORDER) if room in rooms), None)


def modules(source: Path = SOURCE) -> list[Module]:
    """Every Python file under the package's folder, in order of path."""
    found = []
    for path in sorted(source.rglob("*.py")):
        parts = ["layerwise", *path.relative_to(source).with_suffix("").parts]
        is_package = parts[-1] == "__init__"
        if is_package:
            parts.pop()
        text = path.read_text(encoding="utf-8")
        found.append(Module(path, ".".join(parts), is_package, text, ast.parse(text)))
    return found


def imports(module: Module, known: set[str]) -> Iterator[tuple[int, str]]:
    """Line and full name of all that a module imports, wherever in the file it does so.

    `from package import name` gives `package.name` where that is a module among the `known` ones,
    else `package`. A call of `import_module` with a written name counts as an import.
    """
    for node in ast.walk(module.tree):
        match node:
            case ast.Import(names=names):
                yield from ((node.lineno, alias.name) for alias in names)
            case ast.ImportFrom(module=base, names=names, level=level):
                start = absolute("." * level + (base or ""), module.package)
                for alias in names:
                    whole = f"{start}.{alias.name}"
                    yield node.lineno, whole if whole in known else start
            case ast.Call(args=[ast.Constant(value=str(name)), *_]) if is_late_import(node):
                yield node.lineno, absolute(name, module.package)


def is_late_import(node: ast.Call) -> bool:
    called = node.func.attr if isinstance(node.func, ast.Attribute) else ""
    if isinstance(node.func, ast.Name):
        called = node.func.id
    return called in ("import_module", "__import__")


def absolute(name: str, package: str) -> str:
    dots = len(name) - len(name.lstrip("."))
    if not dots:
        return name
    base = package.split(".")
    base = base[: len(base) - (dots - 1)]
    return ".".join([*base, *filter(None, [name[dots:]])])


def plant(folder: Path, files: dict[str, str]) -> Path:
    """A small package with those files, to prove that a guard sees what it is there for."""
    source = folder / "layerwise"
    for name, text in files.items():
        path = source / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return source


def block(text: str, name: str) -> tuple[int, int] | None:
    """Where the lines between `<!-- name -->` and `<!-- /name -->` are, or None."""
    found = re.search(rf"(?<=<!-- {name} -->\n).*?(?=<!-- /{name} -->)", text, re.DOTALL)
    return found.span() if found else None
