"""The chapter on size: its kept sweeps are made again in part, its claims hold for them."""

from __future__ import annotations

import re
from importlib.resources import files

import numpy as np
import pytest
from built_chapters import ChapterOf

from layerwise.errors import InputError, UnknownNameError
from layerwise.language import topic_texts, words
from layerwise.learn.chapter import Figure, Prose
from layerwise.learn.example import run_example
from layerwise.learn.more import answer
from layerwise.learn.more_sweeps import RECIPES, measure, measured
from layerwise.scene_json import document_text, scene_document


def medians(key: str, site: str = "control accuracy") -> np.ndarray:
    trace = measured(key)
    table = trace.series(site)[1].reshape(len(trace.about["values"]), -1)
    return np.asarray(np.median(table, axis=1))


@pytest.mark.parametrize(
    ("key", "value", "seed"),
    [("width", 1, 3), ("width", 8, 0), ("depth", 2, 5), ("digits", 4, 1), ("digits", 64, 0)],
)
def test_a_kept_training_comes_out_the_same(key: str, value: int, seed: int) -> None:
    kept = measured(key)
    place = RECIPES[key].values.index(value)
    number = next(
        number for number, moment in enumerate(kept.moments)
        if (moment.at["place"], moment.at["seed"]) == (place, seed)
    )  # fmt: skip
    again = measure(key, values=[value], seeds=[seed])
    for site in ("training accuracy", "control accuracy", "parameters"):
        assert again[site, 0] == kept[site, number]
    for site in ("training loss", "control loss"):
        assert again[site, 0] == pytest.approx(float(kept[site, number]), rel=1e-3)
    for fact in ("guess", "known", "known accuracy", "training samples", "control samples"):
        assert again.about[fact] == kept.about[fact]


@pytest.mark.parametrize("key", RECIPES)
def test_kept_sweeps_can_be_read_where_nothing_can_be_written(key: str) -> None:
    place = files("layerwise.learn").joinpath("sweeps", f"{key}.trace")
    assert place.read_bytes()[18:20] == b"\x01\x01"  # SQLite: plain journals, no log beside it


@pytest.mark.parametrize("key", RECIPES)
def test_all_that_the_recipe_says_is_kept(key: str) -> None:
    trace, recipe = measured(key), RECIPES[key]
    assert tuple(trace.about["values"]) == recipe.values
    assert len(trace) == len(recipe.values) * recipe.seeds
    assert trace.about["options"] == {name: repr(one) for name, one in recipe.options.items()}


def test_what_the_text_claims_was_measured() -> None:
    width, depth, digits = (medians(key) for key in RECIPES)
    assert RECIPES["width"].values[3] == 8
    assert width[3] - width[0] > (width[-1] - width[0]) / 2
    assert measured("width").about["known accuracy"] > width.max()
    assert width[-1] > width[-2]  # still gains a little
    enough = int(np.flatnonzero(depth >= depth.max() - 0.01)[0])
    assert depth[enough] > width.max()
    share = medians("depth", "parameters")[enough] / medians("width", "parameters")[-1]
    assert 0.25 < share < 0.42  # about a third
    assert depth[-1] < depth[0]
    assert np.nanmax(measured("depth").series("control accuracy")[1][-10:]) > 0.95
    assert (np.diff(digits) > 0).all()
    spread = np.ptp(measured("width").series("control accuracy")[1].reshape(-1, 10), axis=1)
    assert spread[-1] < spread.max()


@pytest.mark.parametrize("language", ["en", "de"])
def test_a_page_stays_small(language: str, chapter_of: ChapterOf) -> None:
    built = chapter_of("more", language)
    figures = [part for part in built.parts if isinstance(part, Figure)]
    assert [figure.key for figure in figures] == ["width", "depth", "digits"]
    size = sum(len(document_text(scene_document(figure.scene))) for figure in figures)
    assert size < 500_000
    assert all(figure.alt and figure.caption for figure in figures)
    prose = " ".join(part.text for part in built.parts if isinstance(part, Prose))
    share = f"{100 * medians('width')[0]:.1f}"
    assert (share if language == "en" else share.replace(".", ",")) in prose


def test_widths_of_ones_own() -> None:
    said = answer(words("en"), "1, 3").splitlines()
    assert len(said) == 2
    assert said[0].startswith("1 hidden neurons: median ")
    for wrong in ("", "many", "0", "3 " * 9, "100000"):
        with pytest.raises(InputError, match="widths of a sweep"):
            answer(words("en"), wrong)
    with pytest.raises(UnknownNameError, match="width"):
        measured("widht")


def test_the_example_runs() -> None:
    printed = run_example("more").printed
    assert printed.count("neurons, seed") == 6


def test_both_languages_say_everything() -> None:
    english, german = topic_texts("en", "more"), topic_texts("de", "more")
    assert english.keys() == german.keys()
    for key, text in english.items():
        assert set(re.findall(r"\{\w+\}", text)) == set(re.findall(r"\{\w+\}", german[key])), key
