"""The examples run as they stand, and say what is true."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = sorted((Path(__file__).parents[1] / "examples").glob("*.py"))


def run(script: Path, *words: str) -> str:
    command = [sys.executable, "-W", "error", str(script), *words]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_there_are_examples() -> None:
    assert {path.stem for path in EXAMPLES} >= {"first_film", "own_table", "theorem"}


@pytest.mark.parametrize("script", EXAMPLES, ids=lambda path: path.stem)
def test_example_runs_and_writes_what_it_says(script: Path, tmp_path: Path) -> None:
    text = script.read_text()
    words = [str(tmp_path / "made")] if "[FOLDER]" in text else []
    printed = run(script, *words, *(["--small"] if "--small" in text else []))
    for line in re.findall(r"^wrote (.*)$", printed, re.MULTILINE):
        for name in line.split():
            assert Path(name).stat().st_size > 1000
    assert printed


def test_simulation_agrees_with_the_theorem() -> None:
    printed = run(next(path for path in EXAMPLES if path.stem == "theorem"))
    rows = re.findall(r"mean difference ([\d.]+), by chance alone ([\d.]+)", printed)
    assert len(rows) == 3
    for seen, expected in rows:
        assert float(seen) == pytest.approx(float(expected), rel=0.15)
