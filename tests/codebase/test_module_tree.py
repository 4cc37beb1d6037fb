"""The page of modules says what is there, in the words of each module's own first line."""

from __future__ import annotations

import pytest
from house import modules, plant
from module_tree import PAGE, tree, with_tree

FRAME = "# A house\n<!-- tree -->\n{}<!-- /tree -->\nMore.\n"


def test_the_tree_is_in_step():
    text = PAGE.read_text(encoding="utf-8")
    assert len(modules()) > 10
    assert with_tree(text) == text, "Run python tests/codebase/module_tree.py --write"


def test_every_module_says_what_it_is():
    for module in modules():
        assert module.docstring and module.docstring[0].strip(), f"{module.name} has no docstring"
        assert module.docstring[0].endswith((".", "?")), f"{module.name}: not a sentence"


def test_the_tree_of_a_small_house(tmp_path):
    source = plant(
        tmp_path,
        {
            "__init__.py": '"""All of it."""',
            "view/__init__.py": '"""Views."""',
            "view/style.py": '"""How it looks.\n\nAt length.\n"""',
            "errors.py": '"""What can go wrong."""',
        },
    )
    assert tree(source) == (
        "```text\n"
        "layerwise/    All of it.\n"
        "  errors.py   What can go wrong.\n"
        "  view/       Views.\n"
        "    style.py  How it looks.\n"
        "```\n"
    )
    written = with_tree(FRAME.format("old\n"), source)
    assert written == FRAME.format(tree(source))
    (source / "view" / "style.py").write_text('"""How it all looks."""')
    assert with_tree(written, source) != written
    (source / "types.py").write_text('"""Types."""')
    assert "types.py" in with_tree(written, source)


def test_a_readme_without_a_tree_is_refused(tmp_path):
    with pytest.raises(ValueError, match="has no <!-- tree -->"):
        with_tree("# A house\n", plant(tmp_path, {"__init__.py": ""}))
