"""The picture of a receptive field: its outline, its heat and its numbers are the trace's."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import nn

from layerwise.errors import InputError
from layerwise.explain.receptive.field import receptive_field
from layerwise.scene import Image, Scene, Segments, Text
from layerwise.trace import Header, Trace
from layerwise.typeface import text_width
from layerwise.view.principles.receptive_field import receptive_field as draw


def trace_of(sides: int = 2, channels: int = 3, **options: object) -> Trace:
    torch.manual_seed(0)
    kind = {1: nn.Conv1d, 2: nn.Conv2d, 3: nn.Conv3d}[sides]
    model = nn.Sequential(kind(channels, 4, 3, dilation=2), nn.Tanh(), kind(4, 4, 3, stride=2))
    chance = torch.Generator().manual_seed(0)
    x = torch.rand((1, channels, *[15] * sides), generator=chance)
    return receptive_field(model, x, "2", **options)  # type: ignore[arg-type]


def texts(scene: Scene, stop: int) -> list[Text]:
    return [mark for mark in scene.stop_marks(stop) if isinstance(mark, Text)]


def extent(mark: Text) -> tuple[float, float]:
    wide = text_width(mark.string, mark.size, mark.weight)
    left = mark.at[0] - {"start": 0, "middle": wide / 2, "end": wide}[mark.anchor]
    return left, left + wide


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("sides", [1, 2, 3])
def test_it_is_readable(sides: int, language: str) -> None:
    scene = draw(trace_of(sides), language=language)
    for stop in range(len(scene.stops)):
        marks = texts(scene, stop)
        for number, mark in enumerate(marks):
            left, right = extent(mark)
            assert mark.size >= 16 and left >= 0 and right <= scene.size[0], mark
            for other in marks[:number]:
                a, b = extent(other)
                assert right <= a or b <= left or abs(mark.at[1] - other.at[1]) > 14


def test_the_outline_is_the_edge_of_the_field() -> None:
    trace = trace_of()
    scene = draw(trace)
    for stop in range(len(trace)):
        field = np.pad(trace["field", stop], 1).astype(int)
        edges = np.abs(np.diff(field, axis=0)).sum() + np.abs(np.diff(field, axis=1)).sum()
        theory, _ = (mark for mark in scene.stop_marks(stop) if isinstance(mark, Image))
        cell = theory.box[2] / 15
        lines = [mark for mark in scene.stop_marks(stop) if isinstance(mark, Segments)]
        first = lines[-1].ends
        lengths = np.abs(first[:, 2:] - first[:, :2]).sum()
        assert lengths / cell == pytest.approx(edges, rel=1e-3)


def test_what_lies_outside_is_faded_and_the_heat_is_in_order() -> None:
    trace = trace_of()
    scene = draw(trace)
    last = len(trace) - 1
    theory, heat = (mark for mark in scene.stop_marks(last) if isinstance(mark, Image))
    field = trace["field", last]
    plain = np.rint(255 * trace["picture", 0]).transpose(1, 2, 0)
    np.testing.assert_array_equal(theory.pixels[field], plain[field])
    assert (theory.pixels[~field] != plain[~field]).any(axis=-1).mean() > 0.9
    light = heat.pixels.astype(int).sum(axis=2).ravel()
    order = np.argsort(trace["effective", last].ravel(), kind="stable")
    assert all(a <= b + 3 for a, b in pairwise(light[order]))  # dark theme: more is lighter


def test_numbers_are_the_traces() -> None:
    trace = trace_of()
    last = len(trace) - 1
    said = [mark.string for mark in texts(draw(trace), last)]
    size = trace["size", last]
    holes = int(size.prod()) - int(trace["count", last])
    assert f"{size[0]} × {size[1]}" in said
    for number in (int(trace["count", last]), holes, int(trace["count95", last])):
        assert f"{number:,}" in said
    share = f"{100 * float(trace['share95', last]):.1f}\u2009%"
    assert share in said


def test_without_an_effective_field_there_is_one_picture() -> None:
    scene = draw(trace_of(effective=False), theme="light")
    images = [mark for mark in scene.stop_marks(0) if isinstance(mark, Image)]
    assert len(images) == 1


def test_what_is_left_out_is_said() -> None:
    said = " ".join(mark.string for mark in texts(draw(trace_of(3, 2)), 1))
    assert "through all depths" in said and "mean of 2 channels" in said


def test_another_trace_is_refused() -> None:
    with pytest.raises(InputError, match="no receptive field"):
        draw(Trace(Header("other", ())))
