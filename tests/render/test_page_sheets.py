"""What a page of a convolution network tells of maps and their links, and what opens in it."""

import numpy as np
import pytest
import torch
from test_page import opened
from test_page_units import index_of, lines, number, place, short
from torch import nn

from layerwise.record import Keep, record
from layerwise.view.network.film import network


def model_of():
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(2, 6, 3, padding=1), nn.ReLU(), nn.Conv2d(6, 14, 3, stride=2, padding=1),
        nn.ReLU(), nn.Flatten(), nn.Linear(14 * 16, 3),
    )  # fmt: skip


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The model, its picture, and the page of its film."""
    model, picture = model_of(), torch.rand(2, 2, 8, 8)
    path = tmp_path_factory.mktemp("sheets") / "film.html"
    network(record(model, picture, keep=Keep(neurons=None))).save(path, autoplay=False)
    return model, picture, path


def box_of(page, layer, unit):
    return page.evaluate(
        "([layer, unit]) => [...layerwise.layout.units.box({ layer, unit })]", [layer, unit]
    )


def drawn(page, layer, unit):
    """A drawn unit's own number."""
    return page.evaluate(
        "([layer, unit]) => layerwise.layout.units.layers[layer].numbers[unit]", [layer, unit]
    )


@pytest.mark.browser
@pytest.mark.parametrize(("layer", "row", "column"), [(0, 0, 0), (2, 1, 3), (2, 3, 0)])
def test_a_pixel_is_patch_times_kernel(chromium, made, layer, row, column):
    model, picture, path = made
    with torch.no_grad():
        seen = model[:layer](picture)[0]
        sums = model[layer](seen[None])[0]
    own = model[layer].requires_grad_(requires_grad=False)
    stride, side = own.stride[0], sums.shape[-1]
    padded = np.pad(seen.numpy(), ((0, 0), (1, 1), (1, 1)))
    patch = padded[:, stride * row : stride * row + 3, stride * column : stride * column + 3]
    with opened(chromium, path, "#stop=9") as page:
        at = index_of(page, f"layer {layer}")
        unit = drawn(page, at, 1)
        shares = (patch * own.weight[unit].detach().numpy()).sum((1, 2))
        box = box_of(page, at, 1)
        place(page, box[0] + box[2] * (column + 0.5) / side, box[1] + box[3] * (row + 0.5) / side)
        said = lines(page)
        assert said[0] == f"layer {layer}, map {unit + 1}"
        assert f"row {row + 1}, column {column + 1}" in said
        start = said.index("patch × kernel") + 1
        order = np.argsort(-np.abs(shares), kind="stable")
        source = "channel {}" if layer == 0 else "layer 0, map {}"
        assert said[start] == source.format(order[0] + 1)
        assert number(said[start + 1]) == pytest.approx(shares[order[0]], rel=6e-3)
        grids = [number(text) for text in said[start + 2 : start + 21] if text != "×"]
        np.testing.assert_allclose(grids[:9], patch[order[0]].ravel(), rtol=0.06, atol=1e-6)
        np.testing.assert_allclose(
            grids[9:], own.weight[unit, order[0]].detach().numpy().ravel(), rtol=0.06
        )
        total = float(sums[unit, row, column])
        assert number(said[said.index("bias") + 1]) == short(own.bias[unit])
        assert number(said[said.index("sum") + 1]) == pytest.approx(total, rel=6e-3)
        if len(shares) > 5:
            rest = number(said[said.index("1 other channels together") + 1])
            assert rest == pytest.approx(shares[order[5:]].sum(), rel=6e-3, abs=1e-7)
        activated = next(at for at, text in enumerate(said) if text.startswith("ReLU("))
        assert number(said[activated + 1]) == pytest.approx(max(total, 0), rel=6e-3)


@pytest.mark.browser
def test_a_link_between_maps_tells_its_kernel(chromium, made):
    model, _, path = made
    with opened(chromium, path, "#stop=9") as page:
        links = page.evaluate(
            """() => {
              const { painter } = layerwise.layout, found = [];
              for (const index of painter.film.stops[layerwise.stop].marks) {
                const mark = painter.mark(index);
                if (mark.kind !== "curves" || mark.refers?.site !== "2.weight") continue;
                for (let i = 0; i < mark.count; i++) {
                  found.push([mark.points[8 * i + 6], mark.points[8 * i + 7]]);
                }
              }
              return found;
            }"""
        )
        assert len(links) == 12 * 6
        told = 0
        for x, y in links[::9]:
            place(page, x - 12, y)
            said = lines(page)
            if "→" not in said[0]:
                continue
            unit, source = (int(name.rsplit(" ", 1)[1]) - 1 for name in said[0].split(" → ")[::-1])
            kernel = model[2].weight[unit, source].detach()
            length = float(kernel.norm()) * (-1 if kernel.sum() < 0 else 1)
            assert said[1] == "length of its 3 × 3 weights"
            assert number(said[2]) == pytest.approx(length, rel=6e-3)
            shown = [number(text) for text in said[4:13]]
            np.testing.assert_allclose(shown, kernel.numpy().ravel(), rtol=0.06)
            told += 1
        assert told >= 4


@pytest.mark.browser
def test_zoom_moves_between_the_levels(chromium, made):
    _, _, path = made
    with opened(chromium, path, "#stop=9") as page:
        inside = lambda: page.locator("main").get_attribute("data-inside")  # noqa: E731
        at = index_of(page, "layer 2")
        unit, box = drawn(page, at, 3), box_of(page, at, 3)
        place(page, box[0] + box[2] / 2, box[1] + box[3] / 2)
        assert "magnify it, or press Enter: what is inside" in lines(page)
        for _ in range(30):
            page.mouse.wheel(0, -120)
            page.wait_for_timeout(25)
            if inside() == "1":
                break
        title = page.evaluate("layerwise.film.title")
        assert title == f"layer 2, map {unit + 1} of 14"
        page.wait_for_timeout(600)
        page.mouse.wheel(0, 200)
        page.wait_for_selector('main[data-inside="0"]')
        heading = page.evaluate(
            "layerwise.layout.parts.entries.find(({ name, lines }) => name === 'layer 2'"
            " && lines.length)"
        )
        assert heading["lines"][1] == "12 of 14 maps: largest mean |output|"
        x, y, width, height = heading["box"]
        page.mouse.dblclick(*page.evaluate(
            "(at) => layerwise.windowPlace(...at)", [x + width / 2, y + height / 2]
        ))  # fmt: skip
        page.wait_for_selector('main[data-inside="1"]')
        assert page.evaluate("layerwise.layout.parts.entries.length") == 14
        page.keyboard.press("p")
        page.wait_for_timeout(60)
        page.keyboard.press("Enter")
        page.wait_for_selector('main[data-inside="2"]')
        assert page.evaluate("layerwise.film.title") == "layer 2, map 1 of 14"
        page.keyboard.press("0")
        assert inside() == "0"
        assert page.locator("main").get_attribute("data-stop") is not None
