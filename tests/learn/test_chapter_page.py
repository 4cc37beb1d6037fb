"""A chapter as a page: whole, offline, light, readable with the keyboard and by axe."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from html.parser import HTMLParser
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from built_chapters import ChapterOf
from playwright.sync_api import Browser, Page

from layerwise.errors import InputError
from layerwise.language import languages, words
from layerwise.learn.catalog import CHAPTERS, told
from layerwise.learn.chapter import Chapter, Example, Figure, Heading, Prose, Table
from layerwise.learn.page import LARGEST_PAGE, Neighbour, page_html
from layerwise.scene import Scene, Text, Timeline

VOID = {"meta", "input", "br", "img", "link"}


class Outline(HTMLParser):
    """Checks that elements close in order; keeps ids, targets and headings."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.targets: list[str] = []
        self.headings: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.ids += [str(given["id"])] if "id" in given else []
        self.targets += [str(given["href"])] if "href" in given else []
        if re.fullmatch(r"h[1-6]", tag):
            self.headings.append(tag)
        assert "style" not in given, "the policy forbids inline styles"
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag


def still(words_on_it: str = "a picture") -> Scene:
    mark = Text((20, 40), words_on_it, 20, (0, 0, 0, 255))
    return Scene(
        lambda stop, fraction: [mark], Timeline.even(1, step=1.0), size=(320, 180), title="Still"
    )


@pytest.fixture(scope="module")
def small() -> Chapter:
    """One of every part, with what must be escaped."""
    rows = (("a", "−1.5", "1 2"), ("two", "3\u2009%", "1"))
    table = Table(("name", "value", "row"), rows, "A table")
    return Chapter(
        "neuron", "Less < more & \"quoted\"", "A *short* summary.",
        (
            Heading("First `part`"), Prose("One <b> & two.\n\nMore *emphasis* here, 3\u2009%."),
            Figure("one", still(), "What *it* shows", "a picture of \"words\""),
            Heading("Second"), table, Example("festival"),
        ),
    )  # fmt: skip


def outline(text: str) -> Outline:
    found = Outline()
    found.feed(text)
    assert not found.open
    return found


def test_a_page_is_well_formed_and_has_every_part(small: Chapter) -> None:
    text = page_html(small, place=(1, 9))
    found = outline(text)
    assert found.headings.count("h1") == 1 and found.headings[0] == "h1"
    assert len(set(found.ids)) == len(found.ids)
    assert {target[1:] for target in found.targets if target[0] == "#"} <= set(found.ids)
    assert "One &lt;b&gt; &amp; two." in text and "<em>emphasis</em>" in text
    assert "3\u202f%" in text
    assert '<td class="number">−1.5</td>' in text and "<td>two</td>" in text
    assert '<th scope="col" class="number">value</th>' in text and "<td>1 2</td>" in text
    assert "bias -25: 1" in text
    assert 'lang="en"' in text and "chapter 1 of 9" in text


def test_the_same_chapter_gives_the_same_bytes(small: Chapter) -> None:
    assert page_html(small) == page_html(small)


def test_nothing_is_fetched_and_only_neighbours_are_linked(small: Chapter) -> None:
    before = Neighbour("decision", "Before it")
    after = Neighbour("four-pixel", "After it", "four-pixel.html")
    text = page_html(small, before=before, after=after)
    assert [target for target in outline(text).targets if target[0] != "#"] == ["four-pixel.html"]
    assert "layerwise learn decision" in text
    assert "default-src 'none'" in text
    loaded = re.findall(r'(?:src|href)="(?!#|four-pixel)([^"]*)"', text)
    assert not loaded


def test_figures_of_one_key_and_ragged_tables_are_refused() -> None:
    twice = (Figure("one", still(), "", "a"), Figure("one", still(), "", "b"))
    with pytest.raises(InputError, match="different keys"):
        page_html(Chapter("neuron", "", "", twice))
    ragged = Table(("a", "b"), (("1",),), "")
    with pytest.raises(InputError, match="as long as its head"):
        page_html(Chapter("neuron", "", "", (ragged,)))


@pytest.mark.parametrize("language", languages())
def test_every_chapter_is_named(language: str) -> None:
    for key in CHAPTERS:
        assert all(told(key, words(language)))


@contextmanager
def opened(
    chromium: Browser, chapter: Chapter, language: str, folder: Path, scheme: str, width: int
) -> Iterator[Page]:
    """The chapter's page, opened offline; fails where it says anything on the console."""
    after = Neighbour("decision", "Next")
    text = page_html(chapter, language=language, place=(1, 9), after=after)
    assert len(text.encode()) < LARGEST_PAGE
    place = folder / "chapter.html"
    place.write_text(text, encoding="utf-8")
    context = chromium.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, offline=True,
        reduced_motion="reduce",
    )  # fmt: skip
    said: list[str] = []
    page = context.new_page()
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(place.as_uri())
    page.wait_for_selector("html[data-ready]")
    yield page
    context.close()
    assert not said


@pytest.fixture(scope="module")
def page(
    chromium: Browser, chapter_of: ChapterOf, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Page]:
    """The chapter on neurons, opened once."""
    folder = tmp_path_factory.mktemp("page")
    with opened(chromium, chapter_of("neuron", "en"), "en", folder, "light", 1280) as found:
        yield found


LOOKS = [("en", "light", 1280), ("de", "dark", 400)]


@pytest.mark.browser
@pytest.mark.parametrize("key", CHAPTERS)
def test_axe_finds_nothing_and_nothing_is_wider_than_the_window(
    key: str, chromium: Browser, chapter_of: ChapterOf, tmp_path: Path
) -> None:
    """Each chapter once: in English, wide and light, or in German, narrow and dark."""
    german = key in ("neuron", "four-pixel", "receptive-fields", "learning", "more")
    language, scheme, width = LOOKS[german]
    chapter = chapter_of(key, language)
    with opened(chromium, chapter, language, tmp_path, scheme, width) as page:
        found = Axe().run(page).response
        assert len(found["passes"]) > 20
        faults = [(each["id"], each["nodes"][0]["html"]) for each in found["violations"]]
        assert faults == []
        wide = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        assert wide[0] <= wide[1]
        said = page.locator("canvas").evaluate_all("all => all.map(e => e.ariaLabel)")
        assert len(set(said)) == len(said) > 2
        assert all(len(name) > 40 for name in said)


@pytest.mark.browser
def test_axe_would_find_a_fault(page: Page) -> None:
    page.evaluate("document.documentElement.removeAttribute('lang')")
    found = Axe().run(page).response
    page.evaluate("document.documentElement.setAttribute('lang', 'en')")
    assert "html-has-lang" in [each["id"] for each in found["violations"]]


@pytest.mark.browser
def test_the_keyboard_reaches_everything_with_its_focus_seen(page: Page) -> None:
    page.reload()
    page.wait_for_selector("html[data-ready]")
    wanted = page.evaluate(
        """[...document.querySelectorAll('a, button, input, select, canvas, [tabindex="0"]')]
        .filter(e => e.checkVisibility({visibilityProperty: true}) && !e.disabled).length"""
    )
    assert wanted > 20
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    assert page.evaluate("document.activeElement.getBoundingClientRect().top") >= 0
    seen, unseen = set(), []
    for _ in range(wanted + 5):
        at = page.evaluate(
            """(() => { const e = document.activeElement, s = getComputedStyle(e);
            const all = [...document.querySelectorAll('*')];
            return [all.indexOf(e), e.tagName, s.outlineStyle, parseFloat(s.outlineWidth)]; })()"""
        )
        if at[1] == "BODY" or at[0] in seen:
            break
        seen.add(at[0])
        if at[2] == "none" or at[3] < 1:
            unseen.append(at[1])
        page.keyboard.press("Tab")
    assert len(seen) == wanted
    assert not unseen


@pytest.mark.browser
def test_a_figure_is_stepped_through_with_the_keyboard(page: Page) -> None:
    page.focus('[data-player="festival"] canvas')
    page.keyboard.press("Home")
    first = page.inner_text('[data-player="festival"] output')
    page.keyboard.press("ArrowRight")
    second = page.inner_text('[data-player="festival"] output')
    assert "inputs and weights" in first and "weather: 3 · 4 = 12" in second
