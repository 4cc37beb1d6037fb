"""What no module may be called, hold or say."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from pathlib import Path

import pytest
from house import SOURCE, Module, modules, plant

VAGUE = {"utils", "util", "common", "helpers", "helper", "manager", "managers", "misc"}
MOST_LINES = 400
PICKLES = {"pickle", "cPickle", "_pickle", "marshal", "shelve", "dill", "cloudpickle"}
TEXT = {".py", ".js", ".css", ".html", ".json", ".csv", ".svg", ".toml", ".md"}

HOSTS = {
    "www.w3.org": "names of XML namespaces",
    "json-schema.org": "the name of the JSON schema's dialect",
    "doi.org": "sources",
    "arxiv.org": "sources",
    "bottosson.github.io": "the source of OKLab",
}
"""Hosts that may be named in the package, each with its reason. Nothing is ever fetched."""

HOST = re.compile(r"(?:https?|wss?|ftp)://([\w.-]+)")
MACHINE_PATH = re.compile(
    r"(?<![\w./:\\-])/(?:home|root|work|tmp|usr|opt|var|mnt|srv|etc|Users|Volumes)/\w"
    r"|(?<!\w)[A-Z]:\\+\w"
)


def files(source: Path) -> list[Path]:
    return sorted(path for path in source.rglob("*") if path.suffix in TEXT)


def vague_names(source: Path) -> tuple[int, list[str]]:
    every = modules(source)
    return len(every), [each.name for each in every if VAGUE.intersection(each.name.split("."))]


def lines_of_code(module: Module) -> int:
    """Lines that hold code: no docstring, blank line or comment."""
    held: set[int] = set()
    skipped = (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT)
    for token in tokenize.generate_tokens(io.StringIO(module.text).readline):
        if token.type not in (*skipped, tokenize.ENDMARKER):
            held.update(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(module.tree):
        match node:
            case ast.Expr(value=ast.Constant(value=str())):
                held.difference_update(range(node.lineno, (node.end_lineno or 0) + 1))
    return len(held)


def long_modules(source: Path) -> tuple[int, list[str]]:
    every = modules(source)
    counts = {module.name: lines_of_code(module) for module in every}
    return len(every), [f"{name}: {n} lines" for name, n in counts.items() if n > MOST_LINES]


def dangers(source: Path) -> tuple[int, list[str]]:
    """How many modules were read, and where a file or a text could run code."""
    every = modules(source)
    wrong = []
    for module in every:
        for node in ast.walk(module.tree):
            wrong += [f"{module.name}:{node.lineno} {what}" for what in dangers_of(node)]
    return len(every), wrong


def dangers_of(node: ast.AST) -> list[str]:
    match node:
        case ast.Import(names=names):
            return [alias.name for alias in names if alias.name.split(".")[0] in PICKLES]
        case ast.ImportFrom(module=str(name), level=0) if name.split(".")[0] in PICKLES:
            return [name]
        case ast.Call(func=ast.Name(id=("eval" | "exec" | "__import__") as name)):
            return [name]
        case ast.Call(func=func, keywords=keywords):
            given = {each.arg: ast.unparse(each.value) for each in keywords}
            called = ast.unparse(func)
            found = []
            if given.get("allow_pickle", "False") != "False":
                found.append("allow_pickle")
            if called == "torch.load" and given.get("weights_only") != "True":
                found.append("torch.load without weights_only=True")
            if called in ("joblib.load", "pandas.read_pickle", "pd.read_pickle"):
                found.append(called)
            if given.get("shell", "False") != "False" or called == "os.system":
                found.append("a shell")
            return found
    return []


def script_dangers(source: Path) -> tuple[int, list[str]]:
    """How many scripts of the page were read, and where a text could run as code."""
    every = [path for path in files(source) if path.suffix in (".js", ".html")]
    risky = re.compile(r"\beval\s*\(|\bnew\s+Function\b|\bdocument\.write\b|\.innerHTML\s*\+?=")
    return len(every), [
        f"{path.name}:{number} {found.group()}"
        for path in every
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        for found in risky.finditer(line)
    ]


def outside_names(source: Path) -> tuple[int, list[str]]:
    """How many files were read, and where one names a host or a place on a machine."""
    every = files(source)
    wrong = []
    for path in every:
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            named = [host for host in HOST.findall(line) if host.strip(".") not in HOSTS]
            named += MACHINE_PATH.findall(line)
            wrong += [f"{path.relative_to(source)}:{number} names {what}" for what in named]
    return len(every), wrong


GUARDS = [vague_names, long_modules, dangers, script_dangers, outside_names]


@pytest.mark.parametrize("guard", GUARDS)
def test_the_package_keeps_the_rule(guard):
    scanned, wrong = guard(SOURCE)
    assert scanned > 0
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    ("guard", "name", "text"),
    [
        (vague_names, "view/utils.py", ""),
        (vague_names, "common/__init__.py", ""),
        (long_modules, "view/network.py", "x = 1\n" * 401),
        (long_modules, "view/network.py", "x = '''\n" + "text\n" * 400 + "'''\n"),
        (dangers, "trace.py", "import pickle"),
        (dangers, "trace.py", "def f():\n    from pickle import loads"),
        (dangers, "trace.py", "import numpy as np\nnp.load('x', allow_pickle=True)"),
        (dangers, "trace.py", "import numpy as np\nnp.load('x', allow_pickle=trusted)"),
        (dangers, "trace.py", "import torch\ntorch.load('x')"),
        (dangers, "trace.py", "import torch\ntorch.load('x', weights_only=False)"),
        (dangers, "trace.py", "value = eval('1')"),
        (dangers, "trace.py", "exec('1')"),
        (dangers, "trace.py", "import joblib\njoblib.load('x')"),
        (dangers, "trace.py", "import subprocess\nsubprocess.run('x', shell=True)"),
        (script_dangers, "render/page/player.js", "const f = new Function('x');"),
        (script_dangers, "render/page/player.js", "label.innerHTML = text;"),
        (outside_names, "data/load.py", "URL = 'https://data.example.org/iris.csv'"),
        (outside_names, "render/page/player.js", "import 'http://cdn.example.org/d3.js'"),
        (outside_names, "data/load.py", "PATH = '/home/someone/iris.csv'"),
        (outside_names, "data/load.py", "PATH = 'C:\\\\Users'"),
    ],
)
def test_a_planted_violation_is_seen(tmp_path, guard, name, text):
    source = plant(tmp_path, {name: text})
    scanned, wrong = guard(source)
    assert (scanned, len(wrong)) == (1, 1)


@pytest.mark.parametrize(
    ("guard", "text"),
    [
        (long_modules, '"""Long.\n' + "text\n" * 500 + '"""\n' + "\n# why\n" * 500 + "x = 1\n"),
        (
            dangers,
            "import torch, numpy, re\ntorch.load('x', weights_only=True)\nre.compile('eval')",
        ),
        (dangers, "numpy.load('x', allow_pickle=False)\nmodel.eval()"),
        (outside_names, "# https://doi.org/10.1145/1 says why\nratio = a/home/b\nNS = 'a/tmp/b'"),
    ],
)
def test_what_is_allowed_passes(tmp_path, guard, text):
    assert guard(plant(tmp_path, {"view/network.py": text})) == (1, [])
