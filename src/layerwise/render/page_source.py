"""The files of the player in `page/`, joined into the one script that a page may run."""

from __future__ import annotations

import base64
import hashlib
import re
from functools import cache
from importlib.resources import files
from typing import Final

_IMPORT: Final = re.compile(r'^import \{[^}]*\} from "\./(\w+\.js)";\n', re.MULTILINE)
_EXPORT: Final = re.compile(r"^export (?=(?:async )?function|class|const)", re.MULTILINE)


@cache
def page_source(name: str) -> str:
    """The text of a file in `page/`."""
    return (files(__package__) / "page" / name).read_text(encoding="utf-8")


def joined_modules(entry: str) -> str:
    """The page's module of that name with all that it imports, as one module without imports.

    Raises `ValueError` where two modules give the same name to different things, or import in
    another form than `import { a, b } from "./other.js";`.
    """
    order: list[str] = []
    _visit(entry, order)
    bodies = [_EXPORT.sub("", _IMPORT.sub("", page_source(name))) for name in order]
    owners: dict[str, str] = {}
    for module, body in zip(order, bodies, strict=True):
        if re.search(r"^(import|export)\b", body, re.MULTILINE):
            raise ValueError(f"{module} imports or exports in a form that cannot be joined")
        for name in re.findall(
            r"^(?:async )?(?:function\*?|class|const|let)\s+(\w+)", body, re.MULTILINE
        ):
            if name in owners:
                raise ValueError(f"{module} and {owners[name]} both define {name}")
            owners[name] = module
    return "\n".join(bodies)


def content_policy(script: str, *styles: str) -> str:
    """A content policy that lets a page run that script and use those styles, and fetch nothing."""
    return (
        f"default-src 'none'; script-src {_source_hash(script)}; "
        f"style-src {' '.join(map(_source_hash, styles))}; base-uri 'none'; form-action 'none'"
    )


def for_script(text: str) -> str:
    """JSON that cannot end the script element it stands in."""
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _visit(name: str, order: list[str]) -> None:
    for imported in _IMPORT.findall(page_source(name)):
        if imported not in order:
            _visit(imported, order)
    order.append(name)


def _source_hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"
