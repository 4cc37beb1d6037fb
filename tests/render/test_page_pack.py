"""A packed scene gives a page back what the scene holds, number for number, in a few bytes."""

import json

import numpy as np
import pytest

from layerwise.render.html import page_html
from layerwise.render.page_pack import packed_scene
from layerwise.scene import Curves, Discs, Image, Rectangles, Reference, Scene, Timeline
from layerwise.scene_json import document_text, scene_document

SIDE = 24
STOPS = 4

READ = """async () => {
  const { film, painter } = layerwise.layout, sources = layerwise.sources, stops = [];
  for (const { marks } of film.stops) {
    const read = [];
    for (const index of marks) {
      const mark = painter.mark(index), found = { kind: mark.kind, order: mark.order };
      for (const name of ["points", "widths", "colors", "centers", "radii", "fill", "boxes"]) {
        if (mark[name]) found[name] = [...mark[name]];
      }
      if (found.order) found.order = [...found.order];
      if (mark.picture !== undefined) {
        found.pixels = [...(await sources.pictures.pixels(mark.picture))];
      }
      read.push(found);
    }
    stops.push(read);
  }
  return JSON.stringify(stops);
}"""


def changing(stop):
    """Links in an order that changes, as their colours do; pictures that change a little."""
    random = np.random.default_rng(7)
    starts, ends = (random.uniform(-5, 900, SIDE) for _ in range(2))
    y0, y1 = np.repeat(starts, SIDE), np.tile(ends, SIDE)
    x0, x1 = np.zeros(SIDE**2), np.full(SIDE**2, 300.1234)
    points = np.stack([x0, y0, x0 + 9, y0, x1 - 9, y1, x1, y1], axis=1)
    own = np.random.default_rng(stop)
    colors = own.integers(0, 256, (SIDE**2, 4))
    widths = np.linspace(0.4, 3.6, SIDE**2) + 0.01 * own.normal(size=SIDE**2)
    # First in order of alpha, then of places: as a view draws links. Then in no order at all.
    by_alpha = np.lexsort((np.float32(y1), np.float32(y0), colors[:, 3]))
    indices = np.stack([np.repeat(np.arange(SIDE), SIDE), np.tile(np.arange(SIDE), SIDE)], axis=1)
    free = own.permutation(SIDE**2)
    ramp = np.add.outer(np.arange(40), np.arange(30))
    grey = np.clip(ramp + own.integers(0, 3, ramp.shape), 0, 255).astype(np.uint8)
    noise = own.integers(0, 256, (60, 50, 3), np.uint8)
    labels = own.integers(0, 3, (300, 310), np.uint8)
    palette = np.array([[1, 2, 3, 255], [200, 100, 0, 255], [0, 9, 250, 128]], np.uint8)
    return [
        *(
            Curves(
                points[order], widths[order], colors[order], Reference("w", stop, indices[order])
            )
            for order in (by_alpha, free)
        ),
        Discs(own.normal(size=(300, 2)) * 400, own.uniform(0, 9, 300), own.integers(0, 256, 4)),
        Rectangles(own.uniform(0, 300, (100, 4)), own.integers(0, 256, (100, 4))),
        Image((0, 0, 30, 40), np.stack([grey, grey // 2, grey // 3], axis=2)),
        Image((40, 0, 50, 60), noise),  # more colours than a table is worth
        Image((0, 100, 310, 300), labels, palette),  # a stream of its own
        Image((400, 0, 300, 300), own.integers(0, 256, (300, 300, 4), np.uint8)),
    ]


def scene(draw=changing):
    return Scene(lambda stop, _: draw(stop), Timeline.even(STOPS, step=1), title="Packed")


@pytest.mark.browser
def test_every_number_comes_back(chromium, tmp_path):
    scene().save(tmp_path / "packed.html", autoplay=False)
    page = chromium.new_page()
    page.goto((tmp_path / "packed.html").as_uri())
    page.wait_for_selector("main[data-ready]")
    stops = json.loads(page.evaluate(READ))
    page.close()
    for stop, read in enumerate(stops):
        for mark, found in zip(changing(stop), read, strict=True):
            assert found["kind"] == mark.kind
            order = found.get("order")
            for name in ("points", "widths", "colors", "centers", "radii", "fill", "boxes"):
                if mark.kind == "image" or not hasattr(mark, name):
                    continue
                expected = np.asarray(getattr(mark, name), np.float64)
                numbers = np.reshape(found[name], (-1, *expected.shape[1:]))
                if order is not None:
                    numbers = numbers[order]
                assert np.abs(numbers - expected).max() <= 0.5e-3 + 1e-6 * np.abs(expected).max()
            if mark.kind == "image":
                np.testing.assert_array_equal(
                    np.reshape(found["pixels"], (*mark.pixels.shape[:2], 4)), mark.colors()
                )
    assert [mark.get("order") is not None for mark in stops[0]][:2] == [True, True]


def test_the_form_of_each_part_is_the_shortest():
    document, packed = packed_scene(scene())
    curves = [mark for mark in document["marks"] if mark["kind"] == "curves"]
    assert [mark["order"] == "alpha" for mark in curves] == [True, False] * STOPS
    assert len({mark["points"]["run"] for mark in curves}) == 1  # of all stops
    pictures = document["pictures"]
    assert sum("before" in picture for picture in pictures) == STOPS - 1
    assert sum("png" in picture for picture in pictures) == STOPS
    assert sum("colors" in picture for picture in pictures) == STOPS
    plain = document_text(scene_document(scene()))
    assert len(packed) < 0.9 * len(plain)  # though most of it is noise


def test_alike_pictures_and_links_cost_little():
    still = np.random.default_rng(0).integers(0, 200, (50, 50), np.uint8)

    def drawn(stop):
        pixels = np.stack([still + np.uint8(stop)] * 3, axis=2)
        pixels[0, 0] = stop
        return [Image((0, 0, 50, 50), pixels), *changing(0)[:1]]

    one = len(packed_scene(Scene(lambda *_: drawn(0), Timeline.even(1, step=1)))[1])
    many = len(packed_scene(Scene(lambda stop, _: drawn(stop % 40), Timeline.even(40, step=1)))[1])
    assert many < 1.5 * one


def test_same_scene_gives_same_bytes_however_it_is_packed():
    assert page_html(scene()) == page_html(scene())
    assert packed_scene(scene())[1] == packed_scene(scene())[1]
