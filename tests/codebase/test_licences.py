"""All that is installed to run Layerwise comes under a permissive licence, by its own word."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import Distribution, PackageNotFoundError, distribution

import pytest
from house import ROOT

PERMISSIVE = {
    *("MIT", "MIT-CMU", "MIT-0", "HPND", "ISC", "ISCL", "0BSD", "BSD", "BSD-2-Clause"),
    *(
        "BSD-3-Clause",
        "Apache-2.0",
        "PSF-2.0",
        "Zlib",
        "BSL-1.0",
        "CC0-1.0",
        "OFL-1.1",
        "Unlicense",
    ),
}
NAMES = [
    (r"\bA(ffero )?GPL|Affero", "AGPL"),
    (r"\bLGPL|Lesser General Public", "LGPL"),
    (r"\bGPL|GNU General Public", "GPL"),
    (r"Mozilla|\bMPL", "MPL"),
    (r"Apache", "Apache-2.0"),
    (r"\bBSD|Redistribution and use in source and binary forms", "BSD"),
    (r"\bMIT\b|Permission is hereby granted, free of charge", "MIT"),
    (r"\bISC\b", "ISC"),
    (r"Python Software Foundation", "PSF-2.0"),
]

COPYLEFT_LIBRARIES = re.compile(r"lib(x264|x265|xvid\w*|postproc|readline|rubberband|fftw\w*)\b")
ACCEPTED_LIBRARIES = {
    # PyAV's own licence is BSD. Its wheel puts x264 and x265 (GPL) beside an FFmpeg that finds them
    # when it is loaded. Layerwise neither contains nor hands on that wheel: each user's pip does.
    "av": {"libx264", "libx265"},
}
"""Copyleft libraries inside a wheel, which its metadata does not tell, and why each is accepted."""


def licences_of(expression: str, classifiers: list[str], field: str) -> list[set[str]]:
    """What must be agreed to: one set of alternatives for each part of the statement.

    An SPDX expression says it best; then the classifiers; then the old free-text field.
    """
    if expression:
        parts = re.split(r"\s+AND\s+", expression.replace("(", "").replace(")", ""))
        return [
            {re.sub(r"\s+WITH\s+.*", "", each.strip()) for each in re.split(r"\s+OR\s+", part)}
            for part in parts
        ]
    named = [text.rpartition("::")[2] for text in classifiers if text.startswith("License ::")]
    texts = [text for text in named if text.strip() != "OSI Approved"] or [field]
    return [{next((name for words, name in NAMES if re.search(words, t)), t[:60])} for t in texts]


def refusals(parts: list[set[str]]) -> list[str]:
    return [" or ".join(sorted(part)) for part in parts if not part & PERMISSIVE]


def needed(requirements: list[str]) -> dict[str, Distribution]:
    """Every installed distribution that these requirements lead to, extras left aside."""
    found: dict[str, Distribution] = {}
    waiting = list(requirements)
    while waiting:
        requirement = waiting.pop()
        name, _, marker = requirement.partition(";")
        name = re.match(r"[\w.-]+", name.strip()).group().lower().replace("_", "-")
        if name in found or "extra" in marker:
            continue
        try:
            found[name] = distribution(name)
        except PackageNotFoundError:
            if marker:  # for another system or another Python
                continue
            raise
        waiting += found[name].requires or []
    return found


def copyleft_libraries(paths: list[str]) -> set[str]:
    return {match.group() for path in paths if (match := COPYLEFT_LIBRARIES.search(path))}


@pytest.fixture(scope="module")
def installed():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return needed(project["dependencies"])


def test_every_dependency_is_permissive(installed):
    assert len(installed) > 15
    wrong = {}
    for name, each in installed.items():
        meta = each.metadata
        parts = licences_of(
            meta.get("License-Expression", ""),
            meta.get_all("Classifier") or [],
            meta.get("License", ""),
        )
        if refused := refusals(parts):
            wrong[name] = refused
    assert not wrong


def test_copyleft_libraries_inside_wheels_are_known(installed):
    inside = {
        name: copyleft_libraries([str(path) for path in each.files or []])
        for name, each in installed.items()
    }
    assert any(each.files for each in installed.values())
    unknown = {name: got - ACCEPTED_LIBRARIES.get(name, set()) for name, got in inside.items()}
    assert not {name: got for name, got in unknown.items() if got}


@pytest.mark.parametrize(
    ("statement", "refused"),
    [
        (("GPL-3.0-or-later", [], ""), ["GPL-3.0-or-later"]),
        (("MIT AND LGPL-2.1-only", [], ""), ["LGPL-2.1-only"]),
        (("MIT OR GPL-2.0-only", [], ""), []),
        (("BSD-2-Clause AND Apache-2.0 WITH LLVM-exception", [], ""), []),
        (("", ["License :: OSI Approved :: MIT License"], "anything"), []),
        (("", ["License :: OSI Approved :: GNU General Public License v3 (GPLv3)"], ""), ["GPL"]),
        (("", ["License :: OSI Approved :: GNU Affero General Public License v3"], ""), ["AGPL"]),
        (("", ["License :: OSI Approved :: GNU Lesser General Public License v2"], ""), ["LGPL"]),
        (("", ["License :: OSI Approved"], "BSD"), []),
        (("", [], "GNU GPL v2"), ["GPL"]),
        (("", [], ""), [""]),
        (("", [], "ask the authors"), ["ask the authors"]),
    ],
)
def test_a_planted_licence_is_judged(statement, refused):
    assert refusals(licences_of(*statement)) == refused


def test_a_planted_library_is_seen():
    paths = ["av.libs/libx264-d6533a8d.so.165", "av.libs/libvpx-edb6de90.so", "a/libfftw3.so.3"]
    assert copyleft_libraries(paths) == {"libx264", "libfftw3"}
