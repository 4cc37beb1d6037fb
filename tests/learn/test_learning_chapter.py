"""The chapter on learning: whole in both languages, its numbers those of a computation."""

from __future__ import annotations

import pytest
import torch
from built_chapters import ChapterOf
from torch import nn

from layerwise.errors import InputError
from layerwise.language import topic_texts, words
from layerwise.learn.chapter import Chapter, Figure, Prose, Table
from layerwise.learn.learning import answer, chapter
from layerwise.models.mlp import mlp
from layerwise.scene_json import document_text, scene_document
from layerwise.view.style import format_number


@pytest.fixture(scope="module", params=["en", "de"])
def built(request: pytest.FixtureRequest, chapter_of: ChapterOf) -> Chapter:
    return chapter_of("learning", request.param)


def gradient(x: list[float]) -> float:
    network = mlp("2-3-3-2", "tanh", seed=1).double()
    loss = nn.functional.cross_entropy(
        network(torch.tensor([x], dtype=torch.float64)), torch.tensor([1])
    )
    return float(torch.autograd.grad(loss, network.fc1.weight)[0][0, 1])


def test_figures_are_small_and_described(built: Chapter) -> None:
    figures = [part for part in built.parts if isinstance(part, Figure)]
    assert [figure.key for figure in figures] == ["slopes", "local", "paths"]
    assert sum(len(document_text(scene_document(f.scene))) for f in figures) < 2_000_000
    assert all(f.alt and f.caption and len(f.scene.stops) <= 60 for f in figures)


def test_the_gradient_of_the_text_is_autograds(built: Chapter) -> None:
    text = " ".join(part.text for part in built.parts if isinstance(part, Prose))
    said = format_number(gradient([0.5, -1.0]), 10)
    assert said in text.replace(",", ".")
    assert text.count("2–3–3–2") >= 2


def test_counts_grow_down_the_table(built: Chapter) -> None:
    table = [part for part in built.parts if isinstance(part, Table)][-1]
    ratios = []
    for row in table.rows:
        slow, fast = (int(cell.replace(",", "").replace(".", "")) for cell in row[2:4])
        ratios.append(slow / fast)
    assert ratios == sorted(ratios) and ratios[-1] > 100


def test_answers_in_the_terminal() -> None:
    said = answer(words("en"), "1.5 -2")
    assert format_number(gradient([1.5, -2.0]), 8) in said
    assert len(said.splitlines()) == 4
    assert answer(words("de"), "1,5 -2").count(",") > 2


@pytest.mark.parametrize("given", ["1", "1 2 3", "a b", "nan 1"])
def test_other_inputs_are_refused(given: str) -> None:
    with pytest.raises(InputError, match="two inputs"):
        chapter(words("en"), input=given)


def test_both_languages_say_everything() -> None:
    assert topic_texts("en", "learning").keys() == topic_texts("de", "learning").keys()
