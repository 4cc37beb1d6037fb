"""A module imports only from its left; pictures load no torch; the package loads quickly."""

from __future__ import annotations

import ast
import importlib
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from house import HALVES, SOURCE, Module, imports, is_late_import, modules, plant, rank, room_of

TABLES = {"layerwise.scene", "layerwise.trace"}
"""Modules that may name code to their right in a string: who writes a file, who replays a site."""

CHOSEN_AT_RUN_TIME = TABLES | {"layerwise.typeface", "layerwise"}
"""Modules whose late imports are not written out: typeface's are the packages of the fonts."""

WRITTEN_PATH = re.compile(r"layerwise(\.\w+)+:\w+")

HEAVY = ("torch", "numba", "llvmlite", "scipy", "sklearn", "pandas", "PIL", "av", "fontTools")


def order_violations(source: Path) -> tuple[int, list[str]]:
    """How many modules were read, and where one imports from its right."""
    every = modules(source)
    known = {module.name for module in every}
    wrong = []
    for module in every:
        here = rank(module.room)
        if here is None:
            wrong.append(f"{module.name}: '{module.room}' has no place in house.ORDER")
            continue
        for line, name in imports(module, known):
            if name.split(".")[0] != "layerwise":
                continue
            room = room_of(name)
            place = rank(room)
            together = room == module.room or {room, module.room} in HALVES
            if not together and (place is None or place >= here):
                wrong.append(f"{module.name}:{line} imports {name}, which is not on its left")
    return len(every), wrong


def late_violations(source: Path) -> tuple[int, list[str]]:
    """How many modules were read, and where code is named in a string outside the tables."""
    every = modules(source)
    wrong = []
    for module in every:
        for node in ast.walk(module.tree):
            match node:
                case ast.Constant(value=str(text)) if WRITTEN_PATH.fullmatch(text):
                    if module.name not in TABLES:
                        wrong.append(f"{module.name}:{node.lineno} names {text} in a string")
                case ast.Call(args=[name, *_]) if is_late_import(node):
                    if not (stays_inside(name) or module.name in CHOSEN_AT_RUN_TIME):
                        wrong.append(f"{module.name}:{node.lineno} imports what cannot be read")
    return len(every), wrong


def stays_inside(name: ast.expr) -> bool:
    """Whether an import's name is written out, or starts with one dot: f".{view}"."""
    if isinstance(name, ast.JoinedStr):
        first = name.values[0]
        start = first.value if isinstance(first, ast.Constant) else ""
        return isinstance(start, str) and start.startswith(".") and not start.startswith("..")
    return isinstance(name, ast.Constant)


def torch_violations(source: Path) -> tuple[int, list[str]]:
    """How many modules of `view` and `render` were read, and where one imports torch."""
    every = [module for module in modules(source) if module.room in ("view", "render")]
    known = {module.name for module in every}
    return len(every), [
        f"{module.name}:{line} imports {name}"
        for module in every
        for line, name in imports(module, known)
        if name.split(".")[0] == "torch"
    ]


def written_paths(every: list[Module]) -> list[str]:
    return [
        node.value
        for module in every
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and WRITTEN_PATH.fullmatch(node.value)
    ]


def leading_nowhere(paths: list[str]) -> list[str]:
    nowhere = []
    for path in paths:
        module, _, name = path.partition(":")
        try:
            found = getattr(importlib.import_module(module), name, None)
        except ModuleNotFoundError:
            found = None
        if not callable(found):
            nowhere.append(path)
    return nowhere


def loaded(code: str, *folders: Path) -> set[str]:
    """The first names of all modules that a fresh interpreter has loaded after that code."""
    path = os.pathsep.join(map(str, [*folders, SOURCE.parent]))
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys\nprint(*sys.modules)"],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return {name.split(".")[0] for name in done.stdout.split()}


def test_modules_import_only_from_their_left():
    scanned, wrong = order_violations(SOURCE)
    assert scanned > 10
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("errors.py", "from .scene import Scene"),
        ("trace.py", "from layerwise.scene import Scene"),
        ("data/load.py", "from ..lattice.kernels import step"),
        ("data/load.py", "from .. import lattice"),
        ("view/network.py", "import layerwise.render.raster"),
        ("view/network.py", "def draw():\n    from ..render import raster"),
        (
            "record/probe.py",
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from ..report import claims",
        ),
        ("render/svg.py", "import importlib\nimportlib.import_module('layerwise.report.audit')"),
        ("view/style.py", "import layerwise"),
        ("__init__.py", "from .cli import main"),
        ("extras.py", ""),
    ],
)
def test_the_import_rule_sees_a_planted_violation(tmp_path, name, text):
    names = (
        "cli.py",
        "lattice/__init__.py",
        "render/raster.py",
        "view/__init__.py",
        "report/audit.py",
    )
    source = plant(tmp_path, {**dict.fromkeys(names, ""), "__init__.py": "", name: text})
    _, wrong = order_violations(source)
    assert len(wrong) == 1


def test_the_import_rule_lets_the_left_and_the_room_be(tmp_path):
    source = plant(
        tmp_path,
        {
            "__init__.py": "from .data import load",
            "cli.py": "import layerwise\nfrom . import data\nfrom .view.network import network",
            "data/__init__.py": "from .load import load\nfrom ..errors import InputError",
            "trace.py": "import importlib\nimportlib.import_module('.trace_file', __package__)",
            "trace_file.py": "from .trace import Trace",
            "render/svg.py": "from layerwise import view",
            "view/__init__.py": "",
            "view/network.py": "import numpy\nfrom . import style\nfrom ..trace import Trace",
        },
    )
    assert order_violations(source) == (8, [])


def test_code_is_named_in_strings_only_in_the_tables():
    scanned, wrong = late_violations(SOURCE)
    assert scanned > 10
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    "text",
    [
        "WRITER = 'layerwise.render.svg:write_svg'",
        "from importlib import import_module\ndef load(name):\n    return import_module(name)",
        "__import__('layer' + 'wise.render')",
    ],
)
def test_a_planted_late_binding_is_seen(tmp_path, text):
    source = plant(tmp_path, {"view/lattice.py": text})
    assert len(late_violations(source)[1]) == 1


def test_every_written_path_leads_somewhere():
    paths = written_paths(modules())
    assert len(paths) > 8
    assert leading_nowhere(paths) == []
    planted = ["layerwise.scene:Scene", "layerwise.scene:Opera", "layerwise.stage:Scene"]
    assert leading_nowhere(planted) == planted[1:]


def test_pictures_import_no_torch():
    scanned, wrong = torch_violations(SOURCE)
    assert scanned > 3
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    "text", ["import torch", "def f():\n    from torch.nn import Linear", "import torch.nn as nn"]
)
def test_a_planted_torch_is_seen(tmp_path, text):
    source = plant(tmp_path, {"render/raster.py": text, "train/fit.py": "import torch"})
    scanned, wrong = torch_violations(source)
    assert scanned == len(wrong) == 1


def test_pictures_load_no_torch(tmp_path):
    # A torch that anyone could import, so that "only if it is there" does not pass for "never".
    (tmp_path / "torch.py").touch()
    names = [module.name for module in modules() if module.room in ("view", "render")]
    assert len(names) > 3
    everything = "\n".join(f"import {name}" for name in names)
    assert "torch" not in loaded(everything, tmp_path)
    planted = f"{everything}\ntry:\n    import torch\nexcept ImportError:\n    pass"
    assert "torch" in loaded(planted, tmp_path)


def test_the_package_loads_nothing_heavy():
    got = loaded("import layerwise")
    assert "layerwise" in got
    assert not got.intersection(HEAVY)
    assert loaded("import layerwise, scipy.special").intersection(HEAVY) == {"scipy"}
