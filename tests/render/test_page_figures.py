"""Several players among prose: each plays alone, all are accessible, nothing else is loaded."""

import html

import pytest
from test_page import film

from layerwise.errors import InputError, UnknownNameError
from layerwise.render.html import document_parts, figure_html
from layerwise.scene import Discs, Scene, Text, Timeline

INK = (242, 243, 245, 255)


def still(number=1):
    marks = [
        Text((40, 80), f"Still {number}", 34, INK),
        Discs([[500, 90]], 50, (18, 138, 107, 255)),
    ]
    return Scene(lambda *_: marks, Timeline.even(1, step=1), size=(960, 200), title="A still")


FIGURES = {"first": film(), "quiet-one": still(), "second": film()}


def document(figures=FIGURES, *, language="en", **options):
    parts = document_parts(
        figures, language=language, text="Prose Bild ’", style="body { margin: 20px }", **options
    )
    prose = "".join(
        f"<p>Prose.</p><figure>{figure_html(scene, key, language=language, label=f'<{key}>')}"
        f"<figcaption>{html.escape(key)}</figcaption></figure>"
        for key, scene in figures.items()
    )
    return (
        f'<!DOCTYPE html><html lang="{language}"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{parts.policy}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Figures</title>{parts.styles}</head>"
        f"<body><main><h1>Figures</h1>{prose}</main>{parts.end}</body></html>"
    )


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    path = tmp_path_factory.mktemp("figures") / "figures.html"
    path.write_text(document(), encoding="utf-8")
    return path


def opened(chromium, path, troubles, **options):
    page = chromium.new_page(**{"viewport": {"width": 1000, "height": 700}, **options})
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("console", lambda message: troubles.append(message.text))
    page.goto(path.as_uri())
    page.wait_for_selector("html[data-ready]")
    return page


def stops(page):
    return page.evaluate(
        "Object.fromEntries(Object.entries(layerwise.figures).map(([key, p]) => [key, p.stop]))"
    )


def test_a_key_must_be_one():
    for key in ("", "1st", "a b", "a<b", "é"):
        with pytest.raises(InputError, match="key of a figure"):
            figure_html(still(), key)
        with pytest.raises(InputError, match="key of a figure"):
            document_parts({key: still()})
    with pytest.raises(UnknownNameError, match="language"):
        figure_html(still(), "a", language="xx")


def test_same_figures_give_same_bytes(path):
    assert document() == path.read_text(encoding="utf-8")
    text = path.read_text(encoding="utf-8")
    assert text.count('type="module"') == text.count('data-written="fonts"') == 1
    assert text.count("<style>") == 1
    assert "unsafe-inline" not in text


@pytest.mark.browser
def test_keys_act_on_the_figure_in_focus_only(chromium, path):
    troubles = []
    page = opened(chromium, path, troubles)
    assert stops(page) == {"first": 5, "quiet-one": 0, "second": 5}  # the posters
    page.keyboard.press("ArrowRight")
    assert stops(page) == {"first": 5, "quiet-one": 0, "second": 5}
    page.locator('[data-player="second"] canvas').focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.locator('[data-player="first"]').get_by_role("slider").focus()
    page.keyboard.press("Home")
    page.locator('[data-player="first"][data-stop="0"]').wait_for()
    assert stops(page) == {"first": 0, "quiet-one": 0, "second": 7}
    assert page.evaluate("location.hash") == ""
    page.locator('[data-player="second"]').get_by_role("button", name="Play").click()
    page.locator('[data-player="second"].playing').wait_for()
    assert not page.locator('[data-player="first"].playing').count()
    page.keyboard.press("?")
    assert page.get_by_role("dialog").count() == 1
    assert not troubles
    page.close()


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["dark", "light"])
@pytest.mark.parametrize(("width", "height"), [(1000, 700), (390, 844)])
def test_an_accessibility_checker_finds_nothing(chromium, path, scheme, width, height):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    troubles = []
    view = {"width": width, "height": height}
    page = opened(chromium, path, troubles, viewport=view, color_scheme=scheme)
    assert axe.Axe().run(page).response["violations"] == []
    page.locator('[data-player="first"] canvas').focus()
    page.keyboard.press("?")
    assert axe.Axe().run(page).response["violations"] == []
    page.keyboard.press("Escape")
    page.evaluate("document.querySelector('figcaption').style.color = '#888'")
    page.evaluate("document.querySelector('canvas').removeAttribute('aria-label')")
    found = {each["id"] for each in axe.Axe().run(page).response["violations"]}
    assert "role-img-alt" in found  # it can fail
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    identities = page.evaluate("[...document.querySelectorAll('[id]')].map(({ id }) => id)")
    assert len(identities) == len(set(identities)) == 3
    page.close()


@pytest.mark.browser
def test_a_still_has_no_controls_and_a_film_has(chromium, path):
    page = opened(chromium, path, [])
    assert not page.locator('[data-player="quiet-one"]').get_by_role("button").count()
    assert page.locator('[data-player="first"]').get_by_role("button").count() == 8
    box = page.locator('[data-player="quiet-one"] canvas').bounding_box()
    assert abs(box["width"] / box["height"] - 960 / 200) < 0.02
    whole = page.locator('[data-player="quiet-one"]').bounding_box()
    assert abs(whole["width"] - box["width"]) <= 3
    page.close()


@pytest.mark.browser
def test_a_phone_gets_the_tall_layout_or_scrolls(chromium, tmp_path):
    wide = still()
    (tmp_path / "narrow.html").write_text(document({"tall": film(), "wide": wide}))
    troubles = []
    page = opened(
        chromium, tmp_path / "narrow.html", troubles, viewport={"width": 390, "height": 844}
    )
    tall = page.locator('[data-player="tall"] canvas').bounding_box()
    assert tall["height"] > tall["width"]
    canvas = page.locator('[data-player="wide"] canvas').bounding_box()
    assert abs(canvas["width"] - 0.55 * 960) < 2
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert not troubles
    page.close()


@pytest.mark.browser
def test_the_controls_speak_the_page_s_language(chromium, tmp_path):
    (tmp_path / "de.html").write_text(document(language="de"), encoding="utf-8")
    page = opened(chromium, tmp_path / "de.html", [])
    first = page.locator('[data-player="first"]')
    first.get_by_role("button", name="Abspielen").click()
    first.get_by_role("button", name="Pause").wait_for()
    assert first.get_by_label("Tempo").count() == 1
    page.close()


@pytest.mark.browser
def test_the_theme_can_be_fixed(chromium, tmp_path):
    grounds = {}
    for theme in ("light", "dark", None):
        (tmp_path / "page.html").write_text(document({"one": still()}, theme=theme))
        page = opened(chromium, tmp_path / "page.html", [], color_scheme="dark")
        grounds[theme] = page.evaluate(
            "getComputedStyle(document.documentElement).getPropertyValue('--ground')"
        ).strip()
        page.close()
    assert grounds == {"light": "#fbfaf7", "dark": "#0f1115", None: "#0f1115"}


def test_fonts_hold_what_is_said():
    with_text = document_parts({"one": still()}, text="ΩЖ").end
    assert len(with_text) > len(document_parts({"one": still()}).end)
    assert "Layerwise Mono" in document_parts({"one": still()}, code="print()").end


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_a_page_of_one_scene_is_accessible_too(chromium, tmp_path, scheme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    film().save(tmp_path / "one.html", autoplay=False)
    page = chromium.new_page(color_scheme=scheme)
    page.goto((tmp_path / "one.html").as_uri())
    page.wait_for_selector("main[data-ready]")
    page.locator("canvas").focus()
    page.keyboard.press("p")
    page.locator(".card:not([hidden])").wait_for()
    assert axe.Axe().run(page).response["violations"] == []
    page.close()
