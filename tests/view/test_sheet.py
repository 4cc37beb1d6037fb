"""The sheet of first principles: its scale, where a box lies, and marks that stay the same."""

from __future__ import annotations

import pytest

from layerwise.errors import InputError, UnknownNameError
from layerwise.scene import Image, Text
from layerwise.trace import Header, Site, Trace
from layerwise.view.sheet import COLUMN, LEFT, sheet, trace_with


@pytest.mark.parametrize("size", [COLUMN, (1920, 1080), (1000, 1000), (640, 200)])
@pytest.mark.parametrize("layout", [(1200, 675), (1200, 400)])
def test_a_box_is_where_its_picture_is_drawn(
    size: tuple[int, int], layout: tuple[float, float]
) -> None:
    paper = sheet(size, "light", "en", layout)
    box = (100.0, 50.0, 300.0, 200.0)
    picture = Image(box, [[[0, 0, 0]]])  # type: ignore[arg-type]
    scene = paper.scene(lambda stop: [picture], ["one"], title="", description="")
    (drawn,) = scene.stop_marks(0)
    assert isinstance(drawn, Image)
    assert drawn.box == pytest.approx(paper.placed(box), abs=1e-3)
    assert drawn.box[2] / drawn.box[3] == pytest.approx(1.5, rel=1e-5)


def test_what_stays_from_stop_to_stop_is_one_mark() -> None:
    paper = sheet((1920, 1080), "dark", "de")
    title = paper.frame("Titel", ["ein Fuß"])
    moving = [paper.text(100, 100, name) for name in "abc"]
    scene = paper.scene(
        lambda stop: [*title, moving[stop]], ["a", "b", "c"], title="Titel", description=""
    )
    first, last = scene.stop_marks(0), scene.stop_marks(2)
    assert [one is other for one, other in zip(first, last, strict=True)] == [True, True, False]
    assert scene.poster == 2 and len(scene.stops) == 3
    assert isinstance(first[0], Text)
    assert first[0].at[0] == pytest.approx(LEFT * 1.6) and first[0].size == pytest.approx(25 * 1.6)


def test_numbers_are_those_of_the_language() -> None:
    paper = sheet(COLUMN, "light", "de")
    assert paper.number(-1234.5, 5) == "\u22121.234,5"
    assert paper.count(12345) == "12.345" and paper.percent(0.125) == "12,5\u2009%"


def test_what_cannot_be() -> None:
    with pytest.raises(InputError, match="width and height in pixels"):
        sheet((100, 1080), "light", "en")
    with pytest.raises(UnknownNameError, match="light"):
        sheet(COLUMN, "ligth", "en")
    trace = Trace(Header("a trace", (Site("loss", "metric", ()),)))
    assert trace_with(trace, ("loss",), "A picture", "it") is trace
    with pytest.raises(InputError, match="A picture needs another trace"):
        trace_with(trace, ("loss", "path"), "A picture", "it")
    with pytest.raises(InputError, match=r"explain\.it made"):
        trace_with(trace, ("loss",), "A picture", "it", about="kind")
