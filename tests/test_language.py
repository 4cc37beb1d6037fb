"""Every language says the same things, and says them with the same numbers."""

from __future__ import annotations

import re

import pytest

from layerwise.errors import InputError, UnknownNameError
from layerwise.language import Words, languages, topic_texts, topics, words

PLACES = re.compile(r"\{(\w+)\}")


def test_english_and_german_are_there() -> None:
    assert languages()[:2] == ("en", "de")
    assert words("de")("language.name") == "Deutsch"


@pytest.mark.parametrize("language", languages()[1:])
def test_a_language_has_the_topics_keys_and_places_of_english(language: str) -> None:
    assert topics(language) == topics("en")
    for topic in topics("en"):
        english, other = topic_texts("en", topic), topic_texts(language, topic)
        assert other.keys() == english.keys(), topic
        for name, text in english.items():
            same = set(PLACES.findall(other[name])) == set(PLACES.findall(text))
            assert same, f"{topic}.{name}"


@pytest.mark.parametrize("language", languages())
def test_no_text_is_empty_or_has_a_brace_that_is_no_place(language: str) -> None:
    checked = 0
    for topic in topics(language):
        for name, text in topic_texts(language, topic).items():
            assert text.strip(), f"{topic}.{name}"
            assert not re.search(r"[{}]", PLACES.sub("", text)), f"{topic}.{name}"
            assert text.count("`") % 2 == 0, f"{topic}.{name}: a ` is not closed"
            checked += 1
    assert checked > 2


def test_paragraphs_are_one_line_each() -> None:
    for language in languages():
        for topic in topics(language):
            for text in topic_texts(language, topic).values():
                assert all("\n" not in part for part in text.split("\n\n"))


def test_numbers_are_written_as_the_language_does() -> None:
    assert words("en").figures("1,234.5 of 2, 3.") == "1,234.5 of 2, 3."
    assert words("de").figures("1,234.5 of 2, 3.") == "1.234,5 of 2, 3."
    assert words("de").figures("−0.25 × 10⁻³, 95.9 %") == "−0,25 × 10⁻³, 95,9 %"


@pytest.mark.parametrize(
    ("given", "offered"), [("dee", "'de'"), ("EN", "'en'"), ("klingon", "Known: en, de")]
)
def test_an_unknown_language_is_refused_with_the_nearest(given: str, offered: str) -> None:
    with pytest.raises(InputError, match=f"Unknown language.*{offered}"):
        words(given)


def test_an_unknown_text_and_a_missing_value_are_refused() -> None:
    with pytest.raises(UnknownNameError, match=r"Did you mean 'language\.name'"):
        words()("language.nam")
    with pytest.raises(UnknownNameError, match="Unknown text 'nothing'"):
        words()("nothing")
    with pytest.raises(InputError, match="values for"):
        words()("language.name", surplus=1)


def test_words_of_one_language_are_equal_and_frozen() -> None:
    assert words("de") == Words("de")
    with pytest.raises(AttributeError):
        words("de").language = "en"  # type: ignore[misc]
