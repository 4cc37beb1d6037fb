"""A language as one file: written to be filled in, checked, used, and never trusted."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from layerwise.errors import FileError, InputError
from layerwise.language import topic_texts, topics, words
from layerwise.language.file import LARGEST, language_file
from layerwise.language.template import template
from layerwise.learn.catalog import build_chapter
from layerwise.learn.page import page_html

HEAD = """[language]
name = "Français"
code = "fr"
decimal_point = ","
thousands_separator = "\u202f"
"""
COUNT = sum(len(topic_texts("en", topic)) for topic in topics("en"))


@pytest.fixture
def written(tmp_path: Path) -> Callable[[str], str]:
    """A language file with that text after its table [language]."""

    def write(text: str, head: str = HEAD) -> str:
        path = tmp_path / "fr.toml"
        path.write_text(head + text, encoding="utf-8")
        return str(path)

    return write


def filled(language: str) -> str:
    """The template filled with all texts of a language of the package, as TOML of our own."""
    lines = []
    for topic in topics(language):
        lines.append(f"[{topic}]")
        for name, text in topic_texts(language, topic).items():
            quoted = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
            lines.append(f'{name} = "{quoted}"')
    return "\n".join(lines)


def test_the_template_has_every_key_once_and_the_english_text_above_it() -> None:
    text = template()
    table = tomllib.loads(text)
    assert {topic: list(own) for topic, own in table.items()} == {
        topic: list(topic_texts("en", topic)) for topic in topics("en")
    }
    assert not any(value.strip() for own in table.values() for value in own.values())
    shown = " ".join(line[2:] for line in text.splitlines() if line.startswith("# "))
    for topic in topics("en"):
        for english in topic_texts("en", topic).values():
            assert " ".join(english.split()) in shown


def test_a_file_with_all_german_texts_says_what_german_says(written) -> None:
    path = written(filled("de"), head="")
    assert not language_file(path).missing and not language_file(path).wrong
    said, german = words(path), words("de")
    assert said.untranslated == 0 and said.code == "de"
    assert said("more.head-width") == german("more.head-width")
    assert said.figures("1,234.5") == "1.234,5"
    again = tomllib.loads(template(language_file(path)))
    for topic in topics("de"):
        for name, text in topic_texts("de", topic).items():
            assert " ".join(again[topic][name].split()) == " ".join(text.split())


def test_what_is_missing_stands_in_english_and_is_counted(written) -> None:
    path = written('[neuron]\ntitle = "Un neurone"\nsum = ""\n')
    said = words(path)
    assert said("neuron.title") == "Un neurone"
    assert said("neuron.sum") == "sum"
    assert said.code == "fr" and said.figures("1,234.5") == "1\u202f234,5"
    assert said.untranslated == COUNT - 5
    assert words(Path(path)) == said


def test_a_changed_file_is_read_again(written) -> None:
    path = written('[neuron]\ntitle = "Un"\n')
    assert words(path)("neuron.title") == "Un"
    written('[neuron]\ntitle = "Deux"\n')
    assert words(path)("neuron.title") == "Deux"


def test_long_texts_may_have_lines_and_paragraphs(written) -> None:
    path = written('[neuron]\nintro = """\nUn\n  deux\n\n\ntrois\n"""\n')
    assert words(path)("neuron.intro") == "Un deux\n\ntrois"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[neuron]\ntitel = "x"', "Unknown text 'titel' in table [neuron]. Did you mean 'title'?"),
        ('[neurons]\ntitle = "x"', "Unknown table 'neurons'"),
        ("neuron = 3", "'neuron' is a table"),
        ("[neuron]\ntitle = 3", "neuron.title is a text. Received 3"),
        ("[neuron]\ntitle = [[1], {a = 2}]", "neuron.title is a text"),
        ('[neuron]\nfoot = "entrées"', "neuron.foot has no name in braces"),
        ('[neuron]\nfoot = "{nombre} entrées"', "names {nombre}, the English text {count}"),
        ('[neuron]\nfoot = "{count} {count.real}"', "a brace that belongs to no name"),
        ('[neuron]\nfoot = "{count} {0}"', "names {0}, {count}, the English text {count}"),
        ('[neuron]\nfoot = "{count!r}"', "no name in braces"),
        ('[neuron]\ntitle = "{__class__}"', "names {__class__}, the English text none"),
        ('[neuron]\ntitle = "un ` deux"', "a ` that is not closed"),
        ('[neuron]\ntitle = "\\u0000"', "control characters"),
        ('[decision]\nsame = "x"\ndifferent = "x"', "must differ"),
    ],
)
def test_a_wrong_text_is_refused(written, text: str, message: str) -> None:
    path = written("", head=f"{text}\n{HEAD}") if text.startswith("neuron") else written(text)
    with pytest.raises(InputError) as told:
        words(path)
    assert message in str(told.value)


@pytest.mark.parametrize(
    ("head", "message"),
    [
        ("", "none for name, code, decimal_point, thousands_separator"),
        (HEAD.replace('"fr"', '"f\\"><script>"'), "a tag such as fr or pt-BR"),
        (HEAD.replace('"fr"', '"../fr"'), "a tag such as fr or pt-BR"),
        (HEAD.replace('"\u202f"', '","'), "two different signs"),
        (HEAD.replace('","', '"5"'), "two different signs"),
        (HEAD.replace('","', '"{x}"'), "language.decimal_point"),
    ],
)
def test_the_table_of_the_language_is_checked(written, head: str, message: str) -> None:
    with pytest.raises(InputError) as told:
        words(written("", head=head))
    assert message in str(told.value)


def test_all_that_is_wrong_is_counted(written) -> None:
    path = written('[neuron]\na = "x"\nb = 3\ntitle = 4\n')
    assert len(language_file(path).wrong) == 3
    with pytest.raises(InputError, match="2 more like it"):
        words(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\xff\xfe", "is not UTF-8 text"),
        (b"[neuron", "is not TOML"),
        (b"a = " + b"[" * 100_000, "is not TOML"),
        (b"#" * (LARGEST + 1), "is too large"),
    ],
)
def test_a_file_that_is_no_language_is_refused(
    tmp_path: Path, content: bytes, message: str
) -> None:
    path = tmp_path / "x.toml"
    path.write_bytes(content)
    with pytest.raises(FileError, match=message):
        words(str(path))


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"--translate .* writes one"):
        words(tmp_path / "no.toml")
    (tmp_path / "folder.toml").mkdir()
    with pytest.raises(FileError, match="not a regular file"):
        words(tmp_path / "folder.toml")
    with pytest.raises(FileError, match="cannot be read"):
        words("a\0b.toml")


@pytest.mark.parametrize("key", ["four-pixel", "learning"])
def test_a_chapter_in_a_language_file_is_the_same_as_in_a_folder(written, key: str) -> None:
    path = written(filled("de"), head="")
    pages = [
        page_html(build_chapter(key, language=language), language=language)
        for language in ("de", path)
    ]
    assert pages[0] == pages[1]
    assert '<html lang="de">' in pages[1]
