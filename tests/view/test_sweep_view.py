"""The picture of a sweep: medians, bands and dots are those of the trace."""

from __future__ import annotations

import numpy as np
import pytest

from layerwise.errors import InputError, UnknownNameError
from layerwise.scene import Discs, Segments, Text
from layerwise.trace import Header, Moment, Site, Trace
from layerwise.typeface import text_width
from layerwise.view.principles.sweep import sweep

SITES = ("training accuracy", "training loss", "control accuracy", "control loss", "parameters",
         "seconds")  # fmt: skip


def made(values: list[int | str], seeds: int = 5, missing: int = -1) -> Trace:
    """A sweep with figures drawn at random; one training diverged if asked for."""
    random = np.random.default_rng(3)
    about = {
        "values": values, "seeds": list(range(seeds)), "name": "neurons", "data": "Somewhere",
        "training samples": 1200, "control samples": 300, "guess": 0.4, "known": "A tree",
        "known accuracy": 0.8,
    }  # fmt: skip
    trace = Trace(Header("sizes", tuple(Site(one, "metric") for one in SITES), about))
    for place in range(len(values)):
        for seed in range(seeds):
            figures = dict(zip(SITES, 0.5 + 0.4 * random.random(6), strict=True))
            figures |= {"parameters": 1234.0 * (place + 1), "seconds": 0.25}
            if len(trace) == missing:
                figures |= dict.fromkeys(SITES[:4], np.nan)
            trace.append(Moment("run", {"place": place, "seed": seed}), figures)
    return trace


@pytest.mark.parametrize("metric", ["accuracy", "loss"])
@pytest.mark.parametrize("size", [(1920, 1080), (960, 540)])
@pytest.mark.parametrize("language", ["en", "de"])
def test_nothing_leaves_the_frame(metric: str, size: tuple[int, int], language: str) -> None:
    values: list[int | str] = [1, 2, 4, 8, 16, 32, 64, 128]
    scene = sweep(made(values), metric=metric, size=size, language=language)
    for mark in scene.stop_marks(0):
        if isinstance(mark, Text):
            wide = text_width(mark.string, mark.size, mark.weight, mark.family)
            left = mark.at[0] - {"start": 0, "middle": wide / 2, "end": wide}[mark.anchor]
            assert left >= 0, mark.string
            assert left + wide <= size[0], mark.string
            assert mark.size >= 16
            assert mark.at[1] <= size[1]


def test_every_training_is_a_dot_at_its_height() -> None:
    trace = made([1, 2, 3])
    marks = sweep(trace).stop_marks(0)
    dots = {
        mark.refers.site: mark for mark in marks if isinstance(mark, Discs) and mark.refers
    }  # fmt: skip
    for site in ("training accuracy", "control accuracy"):
        assert len(dots[site].centers) == 15
    heights = np.concatenate([dots[site].centers[:, 1] for site in sorted(dots)])
    shares = np.concatenate([trace.series(site)[1] for site in sorted(dots)])
    slope, start = np.polyfit(shares, heights, 1)
    np.testing.assert_allclose(heights, slope * shares + start, atol=0.01)
    line = [mark for mark in marks if isinstance(mark, Segments) and len(mark.ends) == 2][-1]
    medians = np.median(trace.series("control accuracy")[1].reshape(3, 5), 1)
    found = [line.ends[0, 1], line.ends[0, 3], line.ends[1, 3]]
    np.testing.assert_allclose(found, slope * medians + start, atol=0.05)


def test_what_is_compared_and_left_out_is_said() -> None:
    scene = sweep(made(["relu", "tanh"], missing=3), language="de")
    said = " ".join(mark.string for mark in scene.stop_marks(0) if isinstance(mark, Text))
    for text in ("A tree 80,0", "immer die häufigste Klasse 40,0", "relu", "1.234", "1 liefen"):
        assert text in said
    assert sum(len(m.centers) for m in scene.stop_marks(0)
               if isinstance(m, Discs) and m.refers) == 18  # fmt: skip


def test_what_cannot_be() -> None:
    with pytest.raises(UnknownNameError, match="accuracy"):
        sweep(made([1, 2]), metric="acuracy")
    with pytest.raises(InputError, match="no sweep"):
        sweep(Trace(Header("empty", ())))
    with pytest.raises(InputError, match="diverged"):
        sweep(made([1], seeds=1, missing=0), metric="loss")
