"""Magnifying a picture in its page, and opening what is in its parts."""

import numpy as np
import pytest
import torch
from test_page import at_stop, card, film, opened, pixels
from torch import nn

from layerwise.record import record
from layerwise.render.raster import rasterize
from layerwise.scene import Camera, Curves, Part, Scene, Text, Timeline
from layerwise.view.diagram.drawing import diagram

INK = (242, 243, 245, 255)


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    path = tmp_path_factory.mktemp("zoom") / "film.html"
    film().save(path)
    return path


def view(page):
    return page.evaluate("layerwise.zoom.view")


def psnr(one, other):
    error = np.mean((one.astype(float) - other.astype(float)) ** 2)
    return 10 * np.log10(255**2 / max(error, 1e-9))


@pytest.mark.browser
def test_a_magnified_picture_is_drawn_anew(chromium, path):
    size = {"width": 1920, "height": 1080 + 57}
    with opened(chromium, path, "#stop=7", viewport=size) as page:
        bar = page.locator(".bar").bounding_box()["height"]
        page.set_viewport_size({"width": 1920, "height": round(1080 + bar)})
        page.wait_for_timeout(150)
        page.evaluate("layerwise.zoom.show({ zoom: 3, x: 900, y: 300 })")
        page.wait_for_timeout(150)
        page.evaluate("document.querySelector('.zooms').hidden = true")
        shown = pixels(page.locator("canvas").screenshot())
    scene = film()
    camera = Camera((900 + 320, 300 + 180), 3)
    marks = [camera.apply(mark, scene.size) for mark in scene.stop_marks(7)]
    assert psnr(shown, rasterize(marks, scene.size, scene.ground)) >= 33
    assert psnr(shown, rasterize(scene.stop_marks(7), scene.size, scene.ground)) < 25  # it can fail


@pytest.mark.browser
def test_wheel_buttons_and_keys_magnify_and_move(chromium, path):
    with opened(chromium, path) as page:
        canvas = page.locator("canvas").bounding_box()
        place = [canvas["x"] + canvas["width"] * 0.25, canvas["y"] + canvas["height"] * 0.5]
        page.mouse.move(*place)
        before = page.evaluate("(place) => layerwise.toScene(...place)", place)
        page.mouse.wheel(0, -300)
        page.wait_for_timeout(100)
        assert view(page)["zoom"] > 1.5
        after = page.evaluate("(place) => layerwise.toScene(...place)", place)
        np.testing.assert_allclose(after, before, atol=1)  # what is pointed at stays
        page.mouse.down()
        page.mouse.move(place[0] - 60, place[1] - 30, steps=3)
        page.mouse.up()
        moved = page.evaluate("([x, y]) => layerwise.toScene(x - 60, y - 30)", place)
        np.testing.assert_allclose(moved, before, atol=1)
        page.keyboard.press("0")
        assert view(page) == {"zoom": 1, "x": 0, "y": 0}
        page.keyboard.press("i")
        zoomed = view(page)
        assert zoomed["zoom"] == 1.5
        page.keyboard.press("Shift+ArrowRight")
        assert view(page)["x"] > zoomed["x"]
        assert page.locator("main").get_attribute("data-stop") == "0"
        page.keyboard.press("ArrowRight")
        at_stop(page, 1)
        page.keyboard.press("o")
        assert view(page)["zoom"] == 1
        page.keyboard.press("o")  # nothing is around it
        page.get_by_role("button", name="Magnify", exact=True).click()
        page.get_by_role("button", name="Whole picture").click()
        assert page.get_by_role("button", name="Whole picture").is_disabled()


@pytest.mark.browser
def test_a_cell_is_told_where_it_is_shown(chromium, path):
    with opened(chromium, path, "#stop=2") as page:
        place = page.evaluate("layerwise.windowPlace(300, 300)")
        page.mouse.move(*place)
        page.wait_for_timeout(60)
        whole = card(page)
        page.evaluate("layerwise.zoom.show({ zoom: 4, x: 200, y: 200 })")
        page.mouse.move(*page.evaluate("layerwise.windowPlace(300, 300)"))
        page.wait_for_timeout(60)
        assert card(page) == whole


def nested(depth=0):
    name = f"level {depth}"
    parts = [
        Part((300, 200, 400, 200), f"part {depth}", ("known of it",), lambda: nested(depth + 1))
        if depth < 2 else Part((300, 200, 400, 200), "the last", ()),
        Part((900, 200, 200, 200), "another"),
    ]  # fmt: skip
    return Scene(
        lambda *_: [Text((60, 80), name, 34, INK)], Timeline.even(1, step=1), size=(1200, 600),
        title=name, parts=lambda: parts,
    )  # fmt: skip


@pytest.mark.browser
def test_parts_open_when_they_fill_the_picture_and_by_keys(chromium, tmp_path):
    nested().save(tmp_path / "nested.html")
    with opened(chromium, tmp_path / "nested.html", "") as page:
        inside = lambda: page.locator("main").get_attribute("data-inside")  # noqa: E731
        page.mouse.move(*page.evaluate("layerwise.windowPlace(500, 300)"))
        page.wait_for_timeout(60)
        assert card(page)[:2] == ["part 0", "known of it"]
        for _ in range(8):
            page.mouse.wheel(0, -150)
            page.wait_for_timeout(20)
        page.wait_for_selector('main[data-inside="1"]')
        assert page.locator("output").inner_text() == "level 1"
        page.wait_for_timeout(600)
        page.mouse.wheel(0, 200)
        page.wait_for_selector('main[data-inside="0"]')
        page.locator("canvas").focus()
        page.keyboard.press("p")
        page.wait_for_timeout(60)
        page.keyboard.press("Enter")
        page.wait_for_selector('main[data-inside="1"]')
        page.keyboard.press("Enter")  # the cursor goes along
        page.wait_for_selector('main[data-inside="2"]')
        assert card(page)[0] == "the last"
        page.keyboard.press("ArrowRight")
        page.wait_for_timeout(60)
        assert card(page)[0] == "another"
        page.keyboard.press("Enter")
        assert inside() == "2"  # nothing more is known of it
        page.keyboard.press("Escape")  # of the cursor
        page.keyboard.press("Escape")
        assert inside() == "1"
        page.keyboard.press("0")
        assert inside() == "0"
        assert page.locator("output").inner_text() == "level 0"


class Blocks(nn.Module):
    def __init__(self):
        super().__init__()
        self.blocks = nn.ModuleList(
            nn.Sequential(nn.Linear(6, 6), nn.ReLU(), nn.Linear(6, 6)) for _ in range(9)
        )
        self.head = nn.Linear(6, 2)

    def forward(self, x):
        for block in self.blocks:
            x = x + block(x)
        return self.head(x)


def test_folded_blocks_have_their_inside():
    torch.manual_seed(0)
    scene = diagram(record(Blocks(), torch.randn(1, 6)), level=0)
    parts = scene.parts()
    closed = [part for part in parts if part.inside is not None]
    assert closed
    insides = closed[0].inside()
    assert insides.description.endswith("one of 9 equal blocks")
    named = {part.name for part in insides.parts()}
    assert any(name.endswith("0.0") for name in named)
    for part in parts:
        x, y, width, height = part.box
        assert x >= 0
        assert y >= 0
        assert x + width <= scene.size[0] + 1
        assert y + height <= scene.size[1] + 1
    lines = next(part.lines for part in parts if part.name == "head")
    assert "14 parameters" in lines


class Bypass(nn.Module):
    """Two stages; what the first gives goes on to the second and past it."""

    def __init__(self):
        super().__init__()
        self.first = nn.Sequential(nn.Linear(6, 6), nn.ReLU(), nn.Linear(6, 6))
        self.second = nn.Sequential(nn.Linear(6, 8), nn.Tanh(), nn.Linear(8, 6))
        self.head = nn.Linear(6, 2)

    def forward(self, x):
        seen = self.first(x)
        return self.head(seen * self.second(seen))


def stubs_of(scene, name):
    """What the stubs of an opened block say, and how many links it has."""
    part = next(part for part in scene.parts() if part.name == name)
    marks = part.inside().stop_marks(0)
    words = [mark.string for mark in marks if isinstance(mark, Text)]
    lines = sum(len(mark.points) for mark in marks if isinstance(mark, Curves))
    stubs = {word for word in words if word.startswith(("from ", "to ", "later"))}
    return stubs, lines


def test_opened_blocks_say_where_their_links_come_from_and_go_to():
    torch.manual_seed(0)
    scene = diagram(record(Bypass(), torch.randn(1, 6)), level=0)
    stubs, links = stubs_of(scene, "first")
    assert stubs == {"from input", "to second.0", "to product"}
    assert links >= 4  # in, between both layers, and out to two readers
    stubs, _ = stubs_of(scene, "second")
    assert stubs == {"from first.2", "to product"}
    repeated = diagram(record(Blocks(), torch.randn(1, 6)), level=0)
    name = next(part.name for part in repeated.parts() if part.inside is not None)
    stubs, _ = stubs_of(repeated, name)
    assert {"to the next block", "later: the block before"} < stubs
