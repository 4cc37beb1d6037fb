"""The standalone page in a real browser: alone, exact, and usable without a mouse."""

import base64
import io
import re
from contextlib import contextmanager

import numpy as np
import pytest
from PIL import Image as Pictures

from layerwise.errors import OutputError
from layerwise.lattice.classifier import LatticeClassifier
from layerwise.render.html import notebook_frame, page_html, write_html
from layerwise.render.page_source import joined_modules
from layerwise.render.raster import rasterize
from layerwise.scene import (
    Chapter,
    Curves,
    Discs,
    GridReading,
    Image,
    Rectangles,
    Reference,
    Scene,
    Segments,
    Text,
    Timeline,
)
from layerwise.view.lattice.film import lattice

ROWS, COLUMNS, STOPS = 30, 40, 12
INK = (242, 243, 245, 255)
PALETTE = np.array(
    [[47, 111, 222, 255], [232, 89, 12, 255], [18, 138, 107, 255], [21, 23, 28, 255]], np.uint8
)
CLASSES = ("ash <1>", "birch", "cedar & co")
PERCENT = np.stack(
    [
        np.add.outer(np.arange(ROWS), np.arange(COLUMNS)),
        np.full((ROWS, COLUMNS), 20),
        80 - np.add.outer(np.arange(ROWS), np.arange(COLUMNS)),
    ]
).astype(np.uint8)
PERCENT[:, 0, 0] = 0


def cells(stop):
    """Some labels of each stop, unclassified ones (3) among them."""
    return (np.add.outer(np.arange(ROWS), 3 * np.arange(COLUMNS)) // (stop + 2) % 4).astype(
        np.uint8
    )


def links(x, y, size):
    """Curves from eight places of one column to eight of another: (curve, x0 y0 … x3 y3)."""
    places = y + np.linspace(0, size, 8)
    start, end = np.repeat(places, 8), np.tile(places, 8)
    across = [np.full(64, x + part * size) for part in (0, 0.5, 0.5, 1)]
    return np.stack([across[0], start, across[1], start, across[2], end, across[3], end], axis=1)


def film(*, portrait=False, recipe=None):
    size = (1080, 1920) if portrait else (1920, 1080)
    box = (40.0, 160.0, 1000.0, 750.0) if portrait else (80.0, 120.0, 840.0, 630.0)
    x, y = (40, 1000) if portrait else (1010, 200)
    ramp = np.linspace(0, 255, 200 * 300 * 3).reshape(200, 300, 3).astype(np.uint8)
    angles = np.linspace(0, 6, 60)
    curve = np.stack([x + 10 * np.arange(60), y + 300 + 60 * np.sin(angles)], axis=1)
    static = [
        Text((box[0], 82), "Filling AV α — 1,234.5 %", 34, INK, 600),
        Text((x, y), "layer", 18, (154, 161, 173, 255)),
        Segments(np.hstack([curve[:-1], curve[1:]]), 3, INK),
        Segments([[x, y + 40.5, x + 800, y + 40.5]], [0.4], (154, 161, 173, 255)),
        Curves(links(x, y + 560, 200), np.linspace(0.3, 3.6, 64), (8, 119, 189, 100)),
        Discs(curve[::10], 9.5, PALETTE[1], INK, 2.5),
        Rectangles([[x, y + 400, 300, 120]], (24, 27, 33, 255), radii=12, stroke=INK,
                   stroke_widths=1.5),
        Image((x + 400.0, y + 400.0, 220.0, 147.0), ramp, sampling="area"),
        Text((x + 800, y + 600), "print(0.25)", 22, INK, 400, "end", "mono"),
    ]  # fmt: skip

    def draw(stop, fraction):
        picture = Image(
            box, cells(stop), PALETTE, "area" if portrait else "nearest",
            Reference("labels", stop) if recipe else None,
        )  # fmt: skip
        return [*static, picture, Text((x, y + 150), str(stop), 84, INK, 300)]

    reading = GridReading(
        box, "petal length", "petal width", np.linspace(-1.2345, 6.9, COLUMNS),
        np.linspace(2500, 0.000123, ROWS), CLASSES, PERCENT,
    )  # fmt: skip
    timeline = Timeline.even(STOPS, step=0.1)
    return Scene(
        draw, timeline, size=size, title="Filling </script> & more",
        description="A lattice network fills up", poster=5, readings=lambda: [reading],
        chapters=[Chapter(0, "Filling"), Chapter(4, "Fuzzy"), Chapter(8, "Late")],
        replays=(lambda: {"labels": recipe}) if recipe else None,
        portrait=None if portrait else film(portrait=True, recipe=recipe),
    )  # fmt: skip


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "film.html"
    film().save(path)
    return path


@contextmanager
def opened(chromium, path, fragment="#stop=0", **options):
    """The page, ready; at the end it must have asked for nothing and broken nowhere."""
    troubles = []
    context = chromium.new_context(**{"viewport": {"width": 1280, "height": 760}, **options})
    page = context.new_page()
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("console", lambda message: troubles.append(message.text))
    page.on(
        "request",
        lambda request: (
            None
            if request.url.startswith(("file:", "data:", "blob:"))
            else troubles.append(request.url)
        ),
    )
    try:
        page.goto(path.as_uri() + fragment)
        page.wait_for_selector("main[data-ready]")
        yield page
        assert not troubles
    finally:
        context.close()


def at_stop(page, stop):
    page.wait_for_selector(f'main[data-stop="{stop}"]')


def past(page, stop):
    """Wait until a playing page has come to that stop, or beyond where the machine is slow."""
    page.wait_for_selector(",".join(f'main[data-stop="{n}"]' for n in range(stop, 12)))


def card(page):
    page.wait_for_selector(".card:not([hidden])")
    return page.locator(".card").inner_text().split("\n")


def pixels(png):
    with Pictures.open(io.BytesIO(png)) as picture:
        return np.asarray(picture.convert("RGB"))


def psnr(one, other):
    error = np.mean((one.astype(float) - other.astype(float)) ** 2)
    return 10 * np.log10(255**2 / max(error, 1e-9))


# What can be said without a browser.


def test_nothing_is_fetched_from_anywhere(path):
    text = path.read_text(encoding="utf-8")
    assert len(text) > 30_000
    assert not re.findall(r"https?://|//cdn|@import|url\(", text)
    assert "default-src 'none'" in text
    assert "unsafe-inline" not in text
    assert re.search("https?://", text + '<a href="https://example.org">')  # the search can find


def test_same_scene_gives_same_bytes(path):
    assert page_html(film()) == path.read_text(encoding="utf-8")
    assert page_html(film(), autoplay=False) != page_html(film())


def test_the_scene_cannot_end_its_element(path):
    text = path.read_text(encoding="utf-8")
    assert text.count("</script>") == 4
    assert "Filling &lt;/script&gt; &amp; more</title>" in text


def test_joining_refuses_what_it_cannot_join(monkeypatch):
    sources = {"a.js": 'import { f } from "./b.js";\nf();\n', "b.js": "export function f() {}\n"}
    monkeypatch.setattr("layerwise.render.page_source.page_source", sources.__getitem__)
    assert joined_modules("a.js") == "function f() {}\n\nf();\n"
    sources["b.js"] = "export default function f() {}\n"
    with pytest.raises(ValueError, match=r"b\.js imports or exports in a form"):
        joined_modules("a.js")
    sources["b.js"] = "export function f() {}\n"
    sources["a.js"] += "const f = 1;\n"
    with pytest.raises(ValueError, match=r"a\.js and b\.js both define f"):
        joined_modules("a.js")


def test_a_place_that_cannot_be_written(tmp_path):
    with pytest.raises(OutputError, match="Cannot write"):
        write_html(film(), tmp_path / "no" / "film.html")
    assert not list(tmp_path.iterdir())


# What only a browser can say.


@pytest.mark.browser
@pytest.mark.parametrize(("portrait", "ratio"), [(False, 1), (True, 1), (False, 2)])
def test_canvas_is_the_picture_that_the_raster_draws(chromium, path, portrait, ratio):
    scene = film().portrait if portrait else film()
    width, height = (side // ratio for side in scene.size)
    view = {"width": width, "height": height + 200}
    with opened(chromium, path, "#stop=7", viewport=view, device_scale_factor=ratio) as page:
        bar = page.locator(".bar").bounding_box()["height"]
        page.set_viewport_size({"width": width, "height": round(height + bar)})
        page.wait_for_timeout(150)
        canvas = pixels(page.locator("canvas").screenshot())
    drawn = rasterize(scene.stop_marks(7), scene.size, scene.ground)
    assert canvas.shape == drawn.shape
    assert psnr(canvas, drawn) >= 35
    other = rasterize(scene.stop_marks(8), scene.size, scene.ground)
    assert psnr(canvas, other) < 30  # it can fail


def many_curves(stop, fraction=0.0):
    """The same 1,024 links at every stop in other widths and colours; others over a disc."""
    random = np.random.default_rng(stop)
    places = np.linspace(20, 430, 32)
    start, end = np.repeat(places, 32), np.tile(places, 32)
    across = [np.full(1024, x) for x in (40, 220, 220, 400)]
    points = np.stack([across[0], start, across[1], start, across[2], end, across[3], end], axis=1)
    colors = PALETTE[random.integers(0, 2, 1024)]
    colors[:, 3] = random.integers(33, 102, 1024)  # as quiet as the links of a network
    widths = random.uniform(0.4, 3.6, 1024)
    return [
        Curves(points, widths, colors),
        Discs([[600, 225]], 150, PALETTE[1]),
        Curves(points + np.tile([380, 0], 4), widths[::-1], colors[::-1]),
    ]


@pytest.mark.browser
def test_many_curves_that_keep_their_places_are_the_raster_s(chromium, tmp_path):
    size = (800, 450)
    scene = Scene(many_curves, Timeline.even(3, step=0.1), size=size, title="Links")
    scene.save(tmp_path / "links.html")
    with opened(chromium, tmp_path / "links.html", "#stop=1") as page:
        strokes, mixed, sheets = page.evaluate(
            """async () => {
              const painter = layerwise.layout.painter, pictures = [];
              const canvas = document.createElement("canvas");
              [canvas.width, canvas.height] = [800, 450];
              const context = canvas.getContext("2d", { alpha: false, willReadFrequently: true });
              for (const stop of [1, 2, 2]) {
                painter.paint(context, stop, await painter.prepare(stop));
                pictures.push(canvas.toDataURL().split(",")[1]);
                await painter.sheets.ready();
              }
              const sheets = [...painter.sheets.byRun.values()].filter(({ sheet }) => sheet);
              return [pictures[0], pictures[2], sheets.length];
            }"""
        )
    assert sheets == 2
    # The first picture is of the browser's own strokes, whose edges are softened otherwise: where
    # a thousand lie over each other that adds up, and it is below the 35 dB of fewer ones.
    for stop, picture, least in [(1, strokes, 33), (2, mixed, 40)]:
        drawn = rasterize(scene.stop_marks(stop), size, scene.ground)
        assert psnr(pixels(base64.b64decode(picture)), drawn) >= least
        other = rasterize(scene.stop_marks(0), size, scene.ground)
        assert psnr(pixels(base64.b64decode(picture)), other) < least - 8  # it can fail


@pytest.mark.browser
def test_replayed_picture_is_drawn_by_its_recipe(chromium, tmp_path):
    recipe = {
        "rule": "copy", "rows": ROWS, "columns": COLUMNS, "classes": 3, "seed": "5", "lazy": False,
        "phases": [{"first": 0, "mode": "copy", "cells": np.arange(ROWS * COLUMNS),
                    "labels": np.repeat(np.arange(3), ROWS * COLUMNS // 3)}],
        "moments": [0] * STOPS,
    }  # fmt: skip
    film(recipe=recipe).save(tmp_path / "replay.html")
    with opened(chromium, tmp_path / "replay.html", "#stop=3") as page:
        shot = pixels(page.locator("canvas").screenshot())
    scale = shot.shape[1] / 1920
    for part, color in zip((0.17, 0.5, 0.83), PALETTE, strict=False):
        row, column = round((120 + 630 * part) * scale), round(500 * scale)
        np.testing.assert_array_equal(shot[row, column], color[:3])


@pytest.mark.browser
def test_saved_picture_has_the_scene_s_size(chromium, path):
    with opened(chromium, path, "#stop=3") as page, page.expect_download() as download:
        page.get_by_role("button", name="Save this picture as PNG").click()
    saved = download.value
    assert saved.suggested_filename == "filling-script-more-3.png"


@pytest.mark.browser
def test_saved_picture_is_the_raster_s(chromium, path, tmp_path):
    with opened(chromium, path, "#stop=3") as page:
        with page.expect_download() as download:
            page.keyboard.press("s")
        download.value.save_as(tmp_path / "saved.png")
    drawn = rasterize(film().stop_marks(3), (1920, 1080), film().ground)
    assert psnr(pixels((tmp_path / "saved.png").read_bytes()), drawn) >= 35


@pytest.mark.browser
def test_the_keyboard_does_everything(chromium, path):
    with opened(chromium, path) as page:
        for key, stop in [
            ("ArrowRight", 1), ("ArrowRight", 2), ("ArrowLeft", 1), ("End", 11), ("Home", 0),
            ("]", 4), ("]", 8), ("]", 11), ("[", 8), ("[", 4), ("[", 0),
        ]:  # fmt: skip
            page.keyboard.press(key)
            at_stop(page, stop)
            assert page.evaluate("location.hash") == f"#stop={stop}"
        speed = page.get_by_label("Speed")
        assert speed.input_value() == "1"
        for key in ("+", "+", "+", "+"):
            page.keyboard.press(key)
        assert speed.input_value() == "8"
        for key in ("-",) * 9:
            page.keyboard.press(key)
        assert speed.input_value() == "0.25"
        page.keyboard.press("?")
        assert page.get_by_role("dialog").is_visible()
        page.keyboard.press("ArrowRight")  # nothing moves behind the open list
        page.keyboard.press("Escape")
        assert not page.get_by_role("dialog").is_visible()
        assert page.locator("main").get_attribute("data-stop") == "0"
        page.keyboard.press("f")
        page.locator("main:fullscreen").wait_for()
        page.keyboard.press("f")
        page.locator("main:not(:fullscreen)").wait_for()


@pytest.mark.browser
def test_every_control_is_named_and_reached_by_tab(chromium, path):
    with opened(chromium, path) as page:
        names = [
            "First stop", "Step back", "Play", "Step on", "Last stop", "Save this picture as PNG",
            "Full screen", "Keys",
        ]  # fmt: skip
        for name in names:
            box = page.get_by_role("button", name=name, exact=True).bounding_box()
            assert box["height"] >= 44
            assert box["width"] >= 44
        reached = set()
        for _ in range(14):
            page.keyboard.press("Tab")
            focused = page.evaluate(
                """() => {
                  const {outlineStyle, outlineWidth} = getComputedStyle(document.activeElement);
                  return [document.activeElement.getAttribute("aria-label"), outlineStyle,
                    parseFloat(outlineWidth)];
                }"""
            )
            if focused[0]:
                reached.add(focused[0])
                assert focused[1] == "solid"
                assert focused[2] >= 2
        assert {*names, "Stop", "Speed"} <= reached


@pytest.mark.browser
def test_it_plays_pauses_and_ends(chromium, path):
    with opened(chromium, path) as page:
        label = page.locator("output")
        assert label.inner_text() == "Filling · 0 1 / 12"
        assert label.get_attribute("aria-live") == "polite"
        page.keyboard.press(" ")
        assert page.get_by_role("button", name="Pause").is_visible()
        assert label.get_attribute("aria-live") == "off"
        past(page, 2)
        page.keyboard.press(" ")
        assert page.get_by_role("button", name="Play").is_visible()
        stop = page.locator("main").get_attribute("data-stop")
        page.wait_for_timeout(250)
        assert page.locator("main").get_attribute("data-stop") == stop
        page.get_by_label("Speed").select_option("8")
        page.locator("canvas").focus()
        page.keyboard.press(" ")
        at_stop(page, 11)
        page.get_by_role("button", name="Play").wait_for()  # it paused itself at the end
        assert label.inner_text() == "Late · 11 12 / 12"
        assert page.evaluate("location.hash") == "#stop=11"
        page.get_by_role("slider").fill("6")
        at_stop(page, 6)


@pytest.mark.browser
def test_playing_by_itself_obeys_the_reader(chromium, path):
    with opened(chromium, path, "") as page:
        past(page, 3)
    with opened(chromium, path, "", reduced_motion="reduce") as page:
        page.wait_for_timeout(400)
        assert page.locator("main").get_attribute("data-stop") == "0"
    with opened(chromium, path, "#stop=5") as page:
        page.wait_for_timeout(300)
        assert page.locator("main").get_attribute("data-stop") == "5"
        page.evaluate("location.hash = '#stop=9'")
        at_stop(page, 9)


@pytest.mark.browser
def test_the_page_around_the_picture_follows_the_color_scheme(chromium, path):
    grounds = {}
    for scheme in ("dark", "light"):
        with opened(chromium, path, color_scheme=scheme) as page:
            shot = pixels(page.screenshot())
            grounds[scheme] = tuple(shot[-3, 3])
            assert tuple(pixels(page.locator("canvas").screenshot())[2, 2]) == (15, 17, 21)
    assert grounds == {"dark": (15, 17, 21), "light": (251, 250, 247)}


@pytest.mark.browser
def test_pointing_at_a_cell_tells_its_true_numbers(chromium, path):
    with opened(chromium, path, "#stop=2") as page:
        canvas = page.locator("canvas").bounding_box()
        scale = canvas["width"] / 1920

        def point(row, column):
            page.mouse.move(
                canvas["x"] + scale * (80 + 840 * (column + 0.5) / COLUMNS),
                canvas["y"] + scale * (120 + 630 * (row + 0.5) / ROWS),
            )
            page.wait_for_timeout(60)
            return card(page)

        shown = {0: "ash <1>", 1: "birch", 2: "cedar & co", 3: "unclassified"}
        for row, column in [(4, 10), (20, 35), (29, 39), (12, 0)]:
            lines = point(row, column)
            length = np.linspace(-1.2345, 6.9, COLUMNS)[column]
            width = np.linspace(2500, 0.000123, ROWS)[row]
            assert lines[0:2] == [
                "petal length",
                f"{length:#.3g}".rstrip("0").rstrip(".").replace("-", "−"),
            ]
            assert lines[2] == "petal width"
            assert float(lines[3]) == float(f"{width:.3g}")
            percent = {
                name: int(plane[row, column]) for name, plane in zip(CLASSES, PERCENT, strict=True)
            }
            listed = dict(zip(lines[4:10:2], lines[5:11:2], strict=True))
            assert listed == {name: f"{value} %" for name, value in percent.items()}
            assert [percent[name] for name in listed] == sorted(percent.values(), reverse=True)
            assert lines[10:] == ["2", shown[int(cells(2)[row, column])]]
        colors = (
            page.locator(".card .classes")
            .first.locator("i")
            .evaluate_all("chips => chips.map((chip) => getComputedStyle(chip).backgroundColor)")
        )
        order = np.argsort(-PERCENT[:, 12, 0].astype(int), kind="stable")
        assert colors == [f"rgb({r}, {g}, {b})" for r, g, b, _ in PALETTE[order]]
        assert "unknown: no class reaches this cell" in point(0, 0)
        page.mouse.move(canvas["x"] + scale * 1500, canvas["y"] + scale * 900)
        page.locator(".card").wait_for(state="hidden")


@pytest.mark.browser
def test_a_cell_s_state_is_found_where_its_box_shows_probabilities(chromium, tmp_path):
    rng = np.random.default_rng(2)
    X = rng.normal(size=(90, 2))
    y = np.array(["no", "yes"])[(X[:, 0] > 0).astype(int)]
    network = LatticeClassifier(grid=(30, 40), fuzzy_from="points", fuzzy_layers=6).fit(X, y)
    scene = lattice(network.trace_)
    scene.save(tmp_path / "points.html")
    last = len(scene.stops) - 1
    x, top, width, height = scene.readings()[0].box
    with opened(chromium, tmp_path / "points.html", f"#stop={last}") as page:
        canvas = page.locator("canvas").bounding_box()
        scale = canvas["width"] / 1920
        states = network.trace_["labels", last]
        for row, column in [np.argwhere(states == 1)[0], np.argwhere(states == 255)[0]]:
            page.mouse.move(
                canvas["x"] + scale * (x + width * (column + 0.5) / 40),
                canvas["y"] + scale * (top + height * (row + 0.5) / 30),
            )
            page.wait_for_timeout(80)
            state = {1: "yes", 255: "unclassified"}[int(states[row, column])]
            assert card(page)[-1] == state
            percent = round(100 * float(network.probabilities_[1, row, column]))
            lines = card(page)
            assert lines[lines.index("yes") + 1] == f"{percent} %"


@pytest.mark.browser
@pytest.mark.parametrize("view", [(1280, 760), (390, 844), (700, 300)])
def test_the_card_stays_in_the_window(chromium, path, view):
    size = {"width": view[0], "height": view[1]}
    with opened(chromium, path, "#stop=2", viewport=size) as page:
        canvas = page.locator("canvas").bounding_box()
        tall = canvas["height"] > canvas["width"]
        box = (40, 160, 1000, 750) if tall else (80, 120, 840, 630)
        scale = canvas["width"] / (1080 if tall else 1920)
        for across in (0.02, 0.5, 0.98):
            for down in (0.02, 0.5, 0.98):
                page.mouse.move(
                    canvas["x"] + scale * (box[0] + across * box[2]),
                    canvas["y"] + scale * (box[1] + down * box[3]),
                )
                page.wait_for_timeout(30)
                card(page)
                place = page.locator(".card").bounding_box()
                assert place["x"] >= 0
                assert place["y"] >= 0
                assert place["x"] + place["width"] <= view[0]
                assert place["y"] + place["height"] <= view[1]


@pytest.mark.browser
def test_cells_are_pointed_at_by_keys(chromium, path):
    with opened(chromium, path, "#stop=2") as page:
        page.keyboard.press("p")
        before = card(page)
        assert float(before[3]) == float(f"{np.linspace(2500, 0.000123, ROWS)[ROWS // 2]:.3g}")
        assert page.locator(".card").get_attribute("aria-live") == "polite"
        page.keyboard.press("Shift+ArrowLeft")
        page.keyboard.press("ArrowUp")
        page.wait_for_timeout(60)
        row, column = ROWS // 2 - 1, COLUMNS // 2 - 10
        lines = card(page)
        assert float(lines[3]) == float(f"{np.linspace(2500, 0.000123, ROWS)[row]:.3g}")
        assert f"{PERCENT[0, row, column]} %" in lines
        assert page.locator("main").get_attribute("data-stop") == "2"  # arrows move the cell
        page.keyboard.press("Escape")
        page.locator(".card").wait_for(state="hidden")
        page.keyboard.press("ArrowRight")
        at_stop(page, 3)


@pytest.mark.browser
def test_a_phone_gets_the_tall_layout_and_every_control(chromium, path):
    phone = {
        "viewport": {"width": 390, "height": 844},
        "device_scale_factor": 3,
        "has_touch": True,
        "is_mobile": True,
    }
    with opened(chromium, path, "#stop=2", **phone) as page:
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        canvas = page.locator("canvas").bounding_box()
        assert canvas["height"] > canvas["width"] > 330
        for name in ("First stop", "Step back", "Play", "Step on", "Last stop", "Full screen"):
            box = page.get_by_role("button", name=name, exact=True).bounding_box()
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= 390
            assert box["y"] + box["height"] <= 844
            assert min(box["width"], box["height"]) >= 44
        page.touchscreen.tap(canvas["x"] + 150, canvas["y"] + 150)
        assert "petal length" in card(page)
        page.set_viewport_size({"width": 844, "height": 390})  # turned on its side
        page.wait_for_timeout(150)
        canvas = page.locator("canvas").bounding_box()
        assert canvas["width"] > canvas["height"]
        assert page.evaluate("document.documentElement.scrollWidth") <= 844
        assert page.locator("main").get_attribute("data-stop") == "2"


@pytest.mark.browser
def test_without_javascript_the_page_says_so(chromium, path):
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(path.as_uri())
    text = page.locator("body").inner_text()
    context.close()
    assert "JavaScript" in text
    assert "Play" not in text


@pytest.mark.browser
def test_the_content_policy_holds(chromium, path):
    context = chromium.new_context()
    page = context.new_page()
    refused = []
    page.on("console", lambda message: refused.append(message.text))
    page.goto(path.as_uri() + "#stop=1")
    page.wait_for_selector("main[data-ready]")
    page.evaluate(
        """() => {
          const script = document.createElement("script");
          script.textContent = "globalThis.broken = true";
          document.body.append(script);
          const image = new Image();
          image.src = "https://example.invalid/x.png";
        }"""
    )
    page.wait_for_timeout(100)
    broken = page.evaluate("globalThis.broken ?? false")
    context.close()
    assert not broken
    assert len([text for text in refused if "Content Security Policy" in text]) == 2


@pytest.mark.browser
def test_a_notebook_shows_the_scene_in_a_frame(chromium):
    frame = notebook_frame(film())
    assert frame.startswith("<iframe ")
    page = chromium.new_page(viewport={"width": 1000, "height": 900})
    page.set_content(frame)
    inside = page.frame_locator("iframe")
    inside.locator("main[data-ready]").wait_for()
    assert inside.locator("main").get_attribute("data-stop") == "5"  # the poster, at rest
    box = page.locator("iframe").bounding_box()
    assert 500 <= box["height"] <= 700
    inside.get_by_role("button", name="Step on").click()
    inside.locator('main[data-stop="6"]').wait_for()
    page.close()


@pytest.mark.browser
def test_a_still_has_no_controls_to_play_it(chromium, tmp_path):
    still = Scene(
        lambda *_: [Text((50, 60), "One picture", 34, INK)], Timeline.even(1, step=1),
        size=(400, 120), title="Still",
    )  # fmt: skip
    still.save(tmp_path / "still.html")
    with opened(chromium, tmp_path / "still.html", "") as page:
        assert not page.get_by_role("button", name="Play").is_visible()
        assert not page.get_by_role("slider").is_visible()
        assert page.get_by_role("button", name="Save this picture as PNG").is_visible()
        page.keyboard.press(" ")
        page.keyboard.press("ArrowRight")
