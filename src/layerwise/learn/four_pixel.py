"""The chapter on the four-pixel camera: a whole network, small enough to check by hand."""

from __future__ import annotations

import re
from typing import Any, Final

import numpy as np

from ..errors import InputError
from ..explain.four_pixel import (
    PHOTO,
    WORKED,
    four_pixel,
    four_pixel_pair,
    four_pixel_table,
)
from ..explain.neuron import neuron
from ..language import Words
from ..trace import Trace
from ..view.principles.four_pixel.film import four_pixel as draw_walk
from ..view.principles.four_pixel.pair import four_pixel_pair as draw_pair
from ..view.principles.four_pixel.parts import PixelSheet, verdict_words
from ..view.principles.four_pixel.signs import four_pixel_signs as draw_signs
from ..view.principles.four_pixel.table import four_pixel_rows
from ..view.principles.four_pixel.table import four_pixel_table as draw_table
from .chapter import Chapter, Example, Figure, Heading, Part, Prose, Table

LETTER: Final = (1.0, -1.0, 1.0, 1.0)
"""White with one black pixel: an L."""
CLEAN: Final = (1.0, -1.0, -1.0, 1.0)
SIGNS_IMAGE: Final = (1.0, 1.0, -1.0, -0.5)


def chapter(words: Words, *, theme: str = "light", input: str | None = None) -> Chapter:
    """The chapter; with an `input` of four numbers, clockwise, its walk is that image's.

    Raises `InputError` unless `input` holds four numbers from −1 to 1.
    """
    image = _read(input) if input is not None else LETTER
    sheet = PixelSheet.of(theme, words.language)
    view: dict[str, Any] = {"theme": theme, "language": words.language}
    walk, clean = four_pixel(image), four_pixel(CLEAN)
    table = four_pixel_table()
    parts: list[Part] = [
        Prose(words("four_pixel.intro")),
        Heading(words("four_pixel.heading-walk")),
        Prose(_walk_words(words, sheet, walk)),
        _figure(words, "walk", draw_walk(walk, **view)),
        Heading(words("four_pixel.heading-fields")),
        Prose(words("four_pixel.prose-fields")),
        Heading(words("four_pixel.heading-pair")),
        *_pair(words, sheet, image, view),
        Heading(words("four_pixel.heading-table")),
        Prose(_table_words(words, sheet, table, clean)),
        _figure(words, "table", draw_table(table, **view)),
        Table(*four_pixel_rows(table, language=words.language), words("four_pixel.table-caption")),
        Heading(words("four_pixel.heading-tanh")),
        *_tanh(words, sheet, view),
        Heading(words("four_pixel.heading-signs")),
        *_signs(words, sheet, view),
        Heading(words("four_pixel.heading-try")),
        Prose(words("four_pixel.prose-try")),
        Example("four_pixel"),
    ]
    return Chapter(
        "four-pixel", words("learn.title_four_pixel"), words("learn.summary_four_pixel"),
        tuple(parts),
    )  # fmt: skip


def answer(words: Words, input: str) -> str:
    """The network's answer to four pixels, layer by layer, in a few lines."""
    trace = four_pixel(_read(input))
    sheet = PixelSheet.of("light", words.language)
    pixels = [sheet.number(float(pixel)) for pixel in trace["image", 0]]
    wide = max(map(len, pixels))
    lines = [
        f"{pixels[0]:>{wide}}  {pixels[1]:>{wide}}",
        f"{pixels[3]:>{wide}}  {pixels[2]:>{wide}}",
        "",
    ]
    for moment, name in ((1, "h"), (2, "k")):
        values = trace[f"{name} values", moment]
        lines.append(f"{name}  " + "  ".join(sheet.number(float(v)).rjust(6) for v in values))
    lines.append("")
    names = [words(f"four_pixel.class-{name}") for name in trace.about["classes"]]
    for name, value in zip(names, trace["out values", 4], strict=True):
        lines.append(f"{name:<12}{sheet.percent(float(value)):>8}")
    said = verdict_words(words, trace.about["verdict"], len(trace.about["leading"]))
    return "\n".join([*lines, "", words("four_pixel.answer-line", verdict=said)])


def _read(text: str) -> tuple[float, ...]:
    """Four numbers as a person writes them: "1 -1 1 1", also with commas between."""
    parts = [part for part in re.split(r"[\s,;]+", text.replace("−", "-").strip()) if part]
    try:
        numbers = tuple(map(float, parts))
    except ValueError:
        numbers = ()
    if len(numbers) != 4 or not all(-1 <= number <= 1 for number in numbers):
        raise InputError(
            "The camera has four pixels, each a number from −1 (black) to 1 (white)",
            received=repr(text), do='Write them clockwise from the upper left, such as "1 -1 1 1"',
        )  # fmt: skip
    return numbers


def _figure(words: Words, key: str, scene: Any) -> Figure:
    caption = words(f"four_pixel.caption-{key}")
    return Figure(key, scene, caption, f"{scene.title}. {scene.description}")


def _walk_words(words: Words, sheet: PixelSheet, walk: Trace) -> str:
    pixels = walk["image", 0]
    left, h1 = pixels[0] + pixels[3], walk["h values", 1][0]
    right, h2 = pixels[1] + pixels[2], walk["h values", 1][1]
    k1 = walk["k values", 2][0]
    verdict = verdict_words(words, walk.about["verdict"], len(walk.about["leading"]))
    number = [sheet.number(float(value)) for value in (left, h1, right, h2, k1)]
    return words(
        "four_pixel.prose-walk",
        image=", ".join(sheet.number(float(pixel)) for pixel in pixels),
        left=number[0], h1=number[1], right=number[2], h2=number[3], k1=number[4],
        verdict=verdict,
    )  # fmt: skip


def _pair(
    words: Words, sheet: PixelSheet, image: tuple[float, ...], view: dict[str, Any]
) -> list[Part]:
    """For the neuron of h whose number fits most pairs of black and white."""
    pairs = [four_pixel_pair(image, number) for number in range(4)]
    pair = max(pairs, key=lambda trace: len(trace["same", 0]))
    value = sheet.number(float(pair["value", 0]))
    count = len(pair["same", 0])
    said = words("four_pixel.prose-pair", neuron=pair.about["neuron"], value=value, count=count)
    return [Prose(said), _figure(words, "pair", draw_pair(pair, **view))]


def _table_words(words: Words, sheet: PixelSheet, table: Trace, clean: Trace) -> str:
    kinds = table.about["kinds"]
    answers = table["answers", 0]
    odd, photo = kinds.index("odd"), kinds.index("photo")
    return words(
        "four_pixel.prose-table",
        clean=sheet.percent(float(clean["out values", 4].max())),
        clean_count=kinds.count("clean"), odd_count=kinds.count("odd"),
        odd=sheet.percent(float(answers[odd].max())),
        photo=", ".join(sheet.number(pixel) for pixel in PHOTO),
        photo_best=sheet.percent(float(answers[photo].max())),
        photo_class=words(f"four_pixel.class-{table.about['verdicts'][photo]}"),
        photo_second=sheet.percent(float(np.sort(answers[photo])[-2])),
    )  # fmt: skip


def _tanh(words: Words, sheet: PixelSheet, view: dict[str, Any]) -> list[Part]:
    """The worked neuron by both curves, and the whole table with the logistic function."""
    by_tanh, by_logistic = (neuron(PHOTO, WORKED, activation=name) for name in ("tanh", "sigmoid"))
    turned = neuron(PHOTO, [-weight for weight in WORKED], activation="sigmoid")
    last = len(by_tanh) - 1
    wrong = four_pixel_table(activation="sigmoid")
    patterns = [place for place, kind in enumerate(wrong.about["kinds"]) if kind == "clean"]
    right = four_pixel_table().about["verdicts"]
    hits = sum(wrong.about["verdicts"][place] == right[place] for place in patterns)
    grey = wrong.about["kinds"].index("grey")
    said = words(
        "four_pixel.prose-tanh",
        weights=", ".join(sheet.number(weight) for weight in WORKED),
        total=sheet.number(float(by_tanh["biased sum", last - 1]), 4),
        tanh=sheet.number(float(by_tanh["output", last])),
        logistic=sheet.number(float(by_logistic["output", last])),
        turned=sheet.number(float(turned["output", last])),
    )  # fmt: skip
    fails = words(
        "four_pixel.prose-logistic", hits=hits, count=len(patterns),
        grey=sheet.percent(float(wrong["answers", 0][grey].max())),
    )  # fmt: skip
    scene = draw_table(wrong, **view)
    return [Prose(said), Prose(fails), _figure(words, "logistic", scene)]


def _signs(words: Words, sheet: PixelSheet, view: dict[str, Any]) -> list[Part]:
    one, other = (four_pixel(SIGNS_IMAGE, k4_sign=sign) for sign in (-1, 1))
    said = words(
        "four_pixel.prose-signs",
        one=sheet.number(float(one["k values", 2][3])),
        other=sheet.number(float(other["k values", 2][3])),
        share=sheet.percent(float(one["out values", 4][3])),
    )
    return [Prose(said), _figure(words, "signs", draw_signs(one, other, **view))]
