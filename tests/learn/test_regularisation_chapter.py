"""The chapter on regularisation: small enough, complete in both languages, its numbers computed."""

from __future__ import annotations

import numpy as np
import pytest
from built_chapters import ChapterOf

from layerwise.explain.regularisation.runs import CURVES, WAYS
from layerwise.language import topic_texts, words
from layerwise.learn.chapter import Figure, Prose, Table
from layerwise.learn.regularisation import _Figures
from layerwise.scene_json import document_text, scene_document
from layerwise.trace import Header, Moment, Site, Trace


@pytest.mark.parametrize("language", ["en", "de"])
def test_the_chapter_is_whole_and_small(language: str, chapter_of: ChapterOf) -> None:
    built = chapter_of("regularisation", language)
    figures = [part for part in built.parts if isinstance(part, Figure)]
    assert len({figure.key for figure in figures}) == len(figures) == 7
    size = sum(len(document_text(scene_document(figure.scene))) for figure in figures)
    assert size < 2_500_000
    assert all(len(figure.scene.stops) <= 60 for figure in figures)
    (table,) = [part for part in built.parts if isinstance(part, Table)]
    assert len(table.rows) == 5
    assert all(len(row) == len(table.head) for row in table.rows)
    assert all("{" not in part.text for part in built.parts if isinstance(part, Prose))


def test_both_languages_say_everything() -> None:
    english, german = (topic_texts(code, "regularisation") for code in ("en", "de"))
    assert english.keys() == german.keys()


def told(control: list[float], training: list[float], others: float) -> _Figures:
    """The chapter of a training with such losses without help; each remedy ends at `others`."""
    about = {"ways": list(WAYS), "rate": 0.003, "weight decay": 3.0}
    trace = Trace(
        Header("", tuple(Site(name, "metric", ("seed", "epoch")) for name in CURVES), about)
    )
    for place, way in enumerate(WAYS):
        losses = {"training loss": training, "control loss": control}
        flat = {name: [others] * len(curve) for name, curve in losses.items()}
        values = losses if way == "nothing" else flat
        rights = {name: [1 - curve[-1] / 10] for name, curve in values.items()}
        trace.append(Moment("way", {"way": place}), {
            **{name: np.array([curve]) for name, curve in values.items()},
            **{name.replace("loss", "accuracy"): np.array([one]) for name, one in rights.items()},
        })  # fmt: skip
    return _Figures(words("en"), "light", "digits", trace)


def test_prose_follows_trainings_that_learn_by_heart() -> None:
    found = told([2.0, 1.0, 1.5], [2.0, 0.5, 0.1], 0.8)
    assert "after epoch 2, at 1.00, and at the end it is 1.50, while" in found.course()
    assert "from 0.500 to 0.100: the network goes on learning, but only" in found.course()
    assert "ends higher, at 0.800 instead of 0.100" in found.price()
    assert "*dropout* ends with the lowest" in found.ranking(list(WAYS))
    assert "*dropout* has the most right answers: 92.0" in found.ranking(list(WAYS))


def test_prose_follows_trainings_that_do_not() -> None:
    found = told([2.0, 1.5, 1.0], [2.0, 1.5, 1.0], 1.0)
    assert "ends at 1.00, its smallest value" in found.course()
    assert "costs nothing" in found.price() and "price" not in found.price()
    said = found.ranking(list(WAYS))
    assert "no remedy ends with a lower mean" in said and "None gets more" in said
    assert "no further" in told([1.0, 1.5, 2.0], [1.0, 1.5, 2.0], 1.0).course()
