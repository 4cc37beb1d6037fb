"""The four-pixel camera at work: every neuron's sum, value and receptive field, layer by layer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import product
from typing import Any, Final

import numpy as np

from ..errors import InputError
from ..trace import Header, Moment, Site, Trace
from ..types import FloatArray
from .activations import evaluated, finite_numbers

LAYERS: Final = ("h", "k", "parts", "out")
PIXELS: Final = ("upper left", "upper right", "lower right", "lower left")
PHOTO: Final = (0.5, 0.0, -0.75, 0.75)
"""The grey photograph of the published explanation."""
WORKED: Final = (-0.2, 0.0, 0.8, -0.5)
"""The weights of its worked neuron, for the pixels of that photograph."""
SAME: Final = 1e-12  # answers closer than this are a tie; below it there is no answer
PLANE_SIDE: Final = 81


def four_pixel(image: Any, *, activation: str = "tanh", k4_sign: int = -1) -> Trace:
    """What the network of four pixels makes of an image, every sum, value and receptive field.

    `image` holds four numbers from −1 (black) to 1 (white), clockwise from the upper left; a 2 × 2
    array is read as it lies. The network is `models.four_pixel(activation, k4_sign=k4_sign)`, in
    double precision.

    Moments: "image" (site "image" (pixel,)), then "h", "k", "parts" and "out", each with its
    weights (neuron, input), sums and values (neuron,) and fields (neuron, pixel). A field says
    which way each pixel pushes the neuron: the product of the weights on the way from that pixel,
    added over all ways; in "out" only over ways through neurons of "parts" that are awake (above
    0), so that it is nothing where none is. In h and k the derivative by a pixel has the sign of
    the field for every image, as each pixel reaches them on one way and tanh only rises.

    `about`: "classes", "verdict" (a class, "tie" or "no answer") and "leading", the classes with
    the largest answer. Raises `InputError` unless there are four finite numbers from −1 to 1.
    """
    pixels = _pixels(image)
    weights, shape = _network(activation, k4_sign)
    values = pixels
    fields = np.eye(4)
    steps: list[tuple[str, dict[str, FloatArray]]] = []
    for name in LAYERS:
        weight = weights[name]
        sums = weight @ values
        if name == "out":
            fields = np.where(values[:, None] > 0, fields, 0.0)
        fields = weight @ fields
        values = sums if name == "out" else _activated("relu" if name == "parts" else shape, sums)
        own = {"weights": weight, "sums": sums, "values": values, "fields": fields}
        steps.append((name, {f"{name} {what}": array for what, array in own.items()}))
    leading, verdict = _verdict(values)
    about = {
        "classes": list(_classes()), "activation": shape, "k4_sign": k4_sign, "verdict": verdict,
        "leading": leading,
    }  # fmt: skip
    trace = Trace(Header("four pixels", _sites(), about))
    trace.append(Moment("image"), {"image": pixels})
    for name, arrays in steps:
        trace.append(Moment(name), arrays)
    return trace


def four_pixel_table(images: Iterable[Any] | None = None, *, activation: str = "tanh") -> Trace:
    """The network's answers to many images: by default all 16, all grey, and the photograph.

    One moment with "images" (image, pixel), "answers" (image, class) and "leading" (image, class),
    1 for each class with the largest answer, and none where there is no answer. `about["verdicts"]`
    has a word for each image: a class, "tie" or "no answer"; `about["kinds"]` says what it is:
    "clean", "odd" (one pixel against three), "grey", "photo" or "own".

    Raises `InputError` as `four_pixel` does.
    """
    own = images is not None
    shown = list(images) if images is not None else [*all_images(), (0, 0, 0, 0), PHOTO]
    if not shown:
        raise InputError("A table of answers needs an image", received="none")
    traces = [four_pixel(image, activation=activation) for image in shown]
    answers = np.stack([trace["out values", 4] for trace in traces])
    leading = np.zeros(answers.shape)
    for row, trace in enumerate(traces):
        leading[row, [_classes().index(name) for name in trace.about["leading"]]] = 1
    pixels = np.stack([trace["image", 0] for trace in traces])
    about = {
        "classes": list(_classes()), "activation": traces[0].about["activation"],
        "verdicts": [trace.about["verdict"] for trace in traces],
        "kinds": ["own" if own else _kind(image) for image in pixels],
    }  # fmt: skip
    each = {"class": _classes()}
    sites = (
        Site("images", "image", ("image", "pixel"), entries={"pixel": PIXELS}),
        Site("answers", "activation", ("image", "class"), ("images",), entries=each),
        Site("leading", "activation", ("image", "class"), ("answers",), entries=each),
    )
    result = Trace(Header("answers of the four-pixel network", sites, about))
    result.append(Moment("table"), {"images": pixels, "answers": answers, "leading": leading})
    return result


def four_pixel_pair(image: Any, neuron: int = 0) -> Trace:
    """How one number stands for two pixels: a neuron of h over all values of the two it sees.

    One moment: "image" (pixel,), "seen" (pair,), the places of the two pixels clockwise, "grid"
    (step,), "values" (second pixel, first pixel) in −1..1, the "value" for this image, and "same"
    (image, pair): the pairs of black and white that give this very value, if any.

    Raises `InputError` unless `neuron` is 0 to 3, and for an image as `four_pixel` does.
    """
    if neuron not in range(4):
        raise InputError("The first layer has four neurons, 0 to 3", received=repr(neuron))
    walk = four_pixel(image)
    weights = walk["h weights", 1][neuron]
    seen = np.flatnonzero(weights)
    grid = np.linspace(-1, 1, PLANE_SIDE)
    first, second = np.meshgrid(grid, grid)
    plane = np.tanh(weights[seen[0]] * first + weights[seen[1]] * second)
    value = walk["h values", 1][neuron]
    corners = np.array(list(product((1.0, -1.0), repeat=2)))
    alike = np.abs(np.tanh(corners @ weights[seen]) - value) < SAME
    sites = (
        Site("image", "image", ("pixel",), entries={"pixel": PIXELS}),
        Site("seen", "index", ("pair",)),
        Site("signs", "weight", ("pair",)),
        Site("grid", "image", ("step",)),
        Site("values", "activation", ("second pixel", "first pixel"), ("grid",)),
        Site("value", "activation", (), ("image",)),
        Site("same", "image", ("image", "pair")),
    )
    trace = Trace(Header("one number for two pixels", sites, {"neuron": f"h{neuron + 1}"}))
    trace.append(
        Moment("pair"),
        {"image": walk["image", 0], "seen": seen, "signs": weights[seen], "grid": grid,
         "values": plane, "value": value, "same": corners[alike]},
    )  # fmt: skip
    return trace


def all_images() -> list[tuple[float, ...]]:
    """The 16 images of black and white pixels: eight clean patterns, then eight with an odd one."""
    every = [tuple(map(float, image)) for image in product((1, -1), repeat=4)]
    clean = [image for image in every if sum(image) % 4 == 0]
    order = {name: number for number, name in enumerate(_classes())}
    clean.sort(key=lambda image: order[four_pixel(image).about["verdict"]])
    return clean + [image for image in every if sum(image) % 4]


def _classes() -> tuple[str, ...]:
    from ..models.four_pixel import FOUR_PIXEL_CLASSES

    return FOUR_PIXEL_CLASSES


def _network(activation: str, k4_sign: int) -> tuple[dict[str, FloatArray], str]:
    """The weights of each layer (neuron, input), and the activation's own name."""
    from ..models.activations import activation_name
    from ..models.four_pixel import four_pixel as network

    model = network(activation, k4_sign=k4_sign)
    found = {name: getattr(model, name).weight.detach().double().numpy() for name in LAYERS}
    return found, activation_name(activation)


def _activated(name: str, sums: FloatArray) -> FloatArray:
    return evaluated(name, sums)[0]


def _verdict(answers: FloatArray) -> tuple[list[str], str]:
    """The classes with the largest answer, and what is honest to say."""
    best = float(answers.max())
    if best < SAME:
        return [], "no answer"
    leading = [
        name for name, answer in zip(_classes(), answers, strict=True) if best - answer < SAME
    ]
    return leading, leading[0] if len(leading) == 1 else "tie"


def _kind(pixels: FloatArray) -> str:
    if not pixels.any():
        return "grey"
    if np.any(np.abs(pixels) != 1):
        return "photo"
    return "odd" if pixels.sum() % 4 else "clean"


def _pixels(image: Any) -> FloatArray:
    """Four numbers, clockwise from the upper left; a 2 × 2 picture is read in that order."""
    rows = isinstance(image, np.ndarray) and image.shape == (2, 2)
    if isinstance(image, Sequence) and not isinstance(image, str) and len(image) == 2:
        rows = all(isinstance(row, Sequence) and len(row) == 2 for row in image)
    flat = np.asarray(image).ravel()[[0, 1, 3, 2]] if rows else image
    pixels = finite_numbers(flat, "pixels")
    if len(pixels) != 4 or np.any(np.abs(pixels) > 1):
        raise InputError(
            "The camera has four pixels, each from −1 (black) to 1 (white)",
            received=f"{len(pixels)} numbers: {', '.join(f'{p:g}' for p in pixels[:8])}",
            do="Write them clockwise from the upper left, such as 1 −1 1 1",
        )
    return pixels


def _sites() -> tuple[Site, ...]:
    sites = [Site("image", "image", ("pixel",), entries={"pixel": PIXELS})]
    before = "image"
    for name in LAYERS:
        count = 8 if name == "parts" else 4
        neurons: tuple[str, ...] = tuple(f"{name}{n + 1}" for n in range(count))
        if name == "parts":
            neurons = tuple(f"{sign}k{n + 1}" for n in range(4) for sign in ("", "−"))
        if name == "out":
            neurons = _classes()
        each: dict[str, tuple[int | str, ...]] = {"neuron": neurons}
        sites += [
            Site(f"{name} weights", "weight", ("neuron", "input"), entries=each),
            Site(f"{name} sums", "activation", ("neuron",), (before, f"{name} weights"),
                 entries=each),
            Site(f"{name} values", "activation", ("neuron",), (f"{name} sums",), entries=each),
            Site(f"{name} fields", "weight", ("neuron", "pixel"), (f"{name} weights",),
                 entries={**each, "pixel": PIXELS}),
        ]  # fmt: skip
        before = f"{name} values"
    return tuple(sites)
