"""Examples: short scripts that are run when a chapter is built, shown with what they print."""

from __future__ import annotations

import io
import runpy
from contextlib import redirect_stdout
from dataclasses import dataclass
from functools import cache
from importlib.resources import as_file, files

from ..errors import unknown_name
from ..explain.one_thread import one_thread


@dataclass(frozen=True)
class Ran:
    """A script that was run: its code, and what it printed."""

    code: str
    printed: str


@cache
def run_example(name: str) -> Ran:
    """The script `snippets/<name>.py`, run once in a namespace of its own.

    Raises `UnknownNameError` for another name; what the script raises passes through.
    """
    folder = files(__package__).joinpath("snippets")
    known = sorted(
        file.name.removesuffix(".py") for file in folder.iterdir() if file.name.endswith(".py")
    )
    if name not in known:
        raise unknown_name("example", name, known)
    script = folder.joinpath(f"{name}.py")
    printed = io.StringIO()
    with as_file(script) as path, redirect_stdout(printed), one_thread():
        runpy.run_path(str(path), run_name="__main__")
    return Ran(script.read_text(encoding="utf-8").strip() + "\n", printed.getvalue())
