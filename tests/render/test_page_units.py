"""What a page of a network tells of units and links: PyTorch's numbers, by pointer and by keys."""

import numpy as np
import pytest
import torch
from test_page import opened
from torch import nn

from layerwise.record import Keep, record
from layerwise.view.network.film import network


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def dense(seed):
    torch.manual_seed(seed)
    inputs = 20
    model = nn.Sequential(
        nn.Linear(inputs, 7), nn.Tanh(), nn.Linear(7, 6), nn.ReLU(), nn.Linear(6, 3)
    )
    for weights in model.parameters():
        weights.requires_grad_(False)
    return model, torch.randn(4, inputs)


@pytest.fixture(scope="module")
def page_of(tmp_path_factory):
    """The page of a model's film, written once."""
    written = {}

    def write(key, model, batch, **options):
        if key not in written:
            trace = record(model, batch, keep=Keep(neurons=None))
            scene = network(trace, **options)
            written[key] = tmp_path_factory.mktemp("units") / "film.html"
            scene.save(written[key], autoplay=False)
            written[key, "stops"] = len(scene.stops)
        return written[key], written[key, "stops"] - 1

    return write


def short(value):
    """Three significant digits, as the page writes them."""
    return float(f"{float(value):.3g}")


def number(text):
    return float(text.replace("−", "-"))


def lines(page):
    return page.locator(".card").inner_text().split("\n")


def point(page, layer, unit):
    """Move the pointer to a unit."""
    box = page.evaluate(
        "([layer, unit]) => [...layerwise.layout.units.box({ layer, unit })]", [layer, unit]
    )
    place(page, box[0] + box[2] / 2, box[1] + box[3] / 2)


def place(page, x, y):
    canvas = page.locator("canvas").bounding_box()
    scale = canvas["width"] / page.evaluate("layerwise.film.size[0]")
    page.mouse.move(canvas["x"] + x * scale, canvas["y"] + y * scale)
    page.wait_for_timeout(60)


def index_of(page, name):
    return page.evaluate(
        "(name) => layerwise.layout.units.layers.findIndex((layer) => layer.name === name)", name
    )


@pytest.mark.browser
@pytest.mark.parametrize("seed", [0, 1])
def test_a_unit_s_sum_is_pytorch_s(chromium, page_of, seed):
    model, batch = dense(seed)
    path, last = page_of(seed, model, batch)
    with torch.no_grad():
        hidden = torch.tanh(model[0](batch))[0]
        second = model[2](hidden)
    with opened(chromium, path, f"#stop={last}") as page:
        for unit in range(6):
            point(page, index_of(page, "layer 2"), unit)
            said = lines(page)
            assert said[0] == f"layer 2, unit {unit + 1}"
            assert number(said[1]) == short(torch.relu(second[unit]))
            products = model[2].weight[unit] * hidden
            order = np.argsort(-np.abs(products.detach().numpy()), kind="stable")
            for term, at in enumerate(order):
                name, factors, product = said[2 + 3 * term : 5 + 3 * term]
                assert name == f"layer 0, unit {at + 1}"
                given, weight = map(number, factors.split(" × "))
                assert (given, weight) == (short(hidden[at]), short(model[2].weight[unit, at]))
                assert number(product.removeprefix("= ")) == pytest.approx(
                    float(products[at]), rel=6e-3
                )
            rest = said[2 + 3 * 7 :]
            assert rest[:2] == ["bias", rest[1]]
            assert number(rest[1]) == short(model[2].bias[unit])
            assert number(rest[3]) == short(second[unit])
            assert rest[4].startswith("ReLU(")
            assert number(rest[5]) == short(torch.relu(second[unit]))


@pytest.mark.browser
def test_more_than_a_dozen_inputs_are_summed_up(chromium, page_of):
    model, batch = dense(0)
    path, last = page_of(0, model, batch)
    with opened(chromium, path, f"#stop={last}") as page:
        point(page, index_of(page, "layer 0"), 3)
        said = lines(page)
        at = said.index("8 others together")
        products = (model[0].weight[3] * batch[0]).detach().double().numpy()
        smallest = np.sort(np.abs(products))[:8]
        rest = products[np.isin(np.abs(products), smallest)].sum()
        assert number(said[at + 1]) == pytest.approx(rest, abs=6e-3 * abs(rest) + 1e-6)
        shown = [number(text.removeprefix("= ")) for text in said[4:at:3]]
        assert len(shown) == 12
        total = sum(shown) + number(said[at + 1]) + number(said[at + 3])
        assert total == pytest.approx(number(said[at + 5]), abs=0.02)


@pytest.mark.browser
def test_the_page_s_numbers_are_exact(chromium, page_of):
    model, batch = dense(1)
    path, last = page_of(1, model, batch)
    with torch.no_grad():
        hidden = torch.tanh(model[0](batch))[0].numpy()
    with opened(chromium, path, f"#stop={last}") as page:
        at = index_of(page, "layer 2")
        read = page.evaluate(
            """([at, last]) => {
              const { units } = layerwise.layout, own = units.layers[at];
              const weights = [], values = [];
              for (let unit = 0; unit < 6; unit++) for (let from = 0; from < 7; from++) {
                weights.push(units.number(own.weights, last, unit, from));
              }
              for (let unit = 0; unit < 7; unit++) {
                values.push(units.number(units.layers[own.source].values, last, unit));
              }
              return [weights, values];
            }""",
            [at, last],
        )
    np.testing.assert_array_equal(np.float32(read[0]), model[2].weight.detach().numpy().ravel())
    np.testing.assert_array_equal(np.float32(read[1]), hidden)


@pytest.mark.browser
def test_a_link_tells_its_weight_and_signal_and_is_lit(chromium, page_of):
    model, batch = dense(0)
    path, last = page_of(0, model, batch)
    with torch.no_grad():
        hidden = torch.tanh(model[0](batch))[0]
    with opened(chromium, path, f"#stop={last}") as page:
        curves = page.evaluate(
            """() => {
              const { painter } = layerwise.layout, found = [];
              for (const index of painter.film.stops[layerwise.stop].marks) {
                const mark = painter.mark(index);
                if (mark.kind !== "curves" || mark.refers?.site !== "2.weight") continue;
                for (let i = 0; i < mark.count; i++) {
                  found.push([mark.indices[2 * i + 1], mark.points[8 * i], mark.points[8 * i + 1]]);
                }
              }
              return found;
            }"""
        )
        assert len(curves) == 42
        told = 0
        for of, x, y in curves[::5]:
            place(page, x + 12, y)  # near its source several lie close together
            text = lines(page)
            if "weight" not in text:
                continue
            names = text[0].split(" → ")
            unit, source = (int(name.rsplit(" ", 1)[1]) - 1 for name in reversed(names))
            assert source == of
            assert number(text[2]) == short(model[2].weight[unit, source])
            assert number(text[4]) == short(hidden[source])
            product = float(model[2].weight[unit, source] * hidden[source])
            assert number(text[6].split(" = ")[1]) == pytest.approx(product, rel=6e-3)
            told += 1
        assert told >= 4
        lit = page.evaluate(
            """() => {
              const lights = layerwise.layout.units.lights({ layer: 1, unit: 2 });
              const isLit = (to, from) => lights.some((each) => each.isLit(to, from));
              return [lights.map(({ site }) => site), isLit(2, 0), isLit(2, 6), isLit(1, 0)];
            }"""
        )
        assert lit == [["2.weight"], True, True, False]


@pytest.mark.browser
def test_pointing_lights_links_and_leaving_takes_it_back(chromium, page_of):
    model, batch = dense(0)
    path, last = page_of(0, model, batch)
    with opened(chromium, path, f"#stop={last}") as page:
        before = page.evaluate("layerwise.canvas.toDataURL()")
        point(page, index_of(page, "layer 2"), 1)
        page.wait_for_timeout(100)
        assert page.evaluate("layerwise.canvas.toDataURL()") != before
        page.mouse.move(1, 1)
        page.locator(".card").wait_for(state="hidden")
        page.wait_for_timeout(100)
        assert page.evaluate("layerwise.canvas.toDataURL()") == before


@pytest.mark.browser
def test_maps_pixels_and_answers(chromium, page_of):
    torch.manual_seed(3)
    model = nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.ReLU(), nn.AvgPool2d(2), nn.Flatten(), nn.Linear(4 * 9, 3)
    )
    picture = torch.rand(2, 1, 8, 8)
    path, last = page_of("maps", model, picture, classes=("ant", "bee", "cow"))
    with torch.no_grad():
        maps = torch.relu(model[0](picture))[0]
        shares = torch.softmax(model(picture)[0], 0)
    with opened(chromium, path, f"#stop={last}") as page:
        at = page.evaluate(
            "layerwise.layout.units.layers.findIndex(({ values }) => values?.shape[3] === 6)"
        )
        box = page.evaluate("(layer) => [...layerwise.layout.units.box({ layer, unit: 2 })]", at)
        place(page, box[0] + box[2] * (1.5 / 6), box[1] + box[3] * (4.5 / 6))
        said = lines(page)
        assert "row 5, column 2" in said
        assert number(said[said.index("value") + 1]) == short(maps[2, 4, 1])
        inputs = page.evaluate(
            "layerwise.layout.units.layers.findIndex(({ is_picture }) => is_picture)"
        )
        box = page.evaluate(
            "(layer) => [...layerwise.layout.units.box({ layer, unit: 0 })]", inputs
        )
        place(page, box[0] + box[2] * (6.5 / 8), box[1] + box[3] * (2.5 / 8))
        said = lines(page)
        assert "row 3, column 7" in said
        assert number(said[-1]) == short(picture[0, 0, 2, 6])
        for unit, name in enumerate(("ant", "bee", "cow")):
            bars = page.evaluate(
                "(unit) => [...layerwise.layout.units.layers.findLast(({ bars }) => bars)"
                ".bars.data.slice(4 * unit, 4 * unit + 4)]", unit,
            )  # fmt: skip
            place(page, bars[0] + 10, bars[1] + bars[3] / 2)
            said = lines(page)
            assert said[0] == name
            assert said[said.index("probability") + 1] == f"{100 * float(shares[unit]):.1f} %"


@pytest.mark.browser
def test_units_are_walked_by_keys(chromium, page_of):
    model, batch = dense(0)
    path, last = page_of(0, model, batch)
    with opened(chromium, path, f"#stop={last}") as page:
        page.keyboard.press("p")
        page.keyboard.press("ArrowDown")
        page.wait_for_timeout(60)
        assert lines(page)[0] == "layer 4, unit 2"
        assert page.locator(".card").get_attribute("aria-live") == "polite"
        page.keyboard.press("ArrowLeft")
        page.wait_for_timeout(60)
        assert lines(page)[0].startswith("layer 2, unit")
        assert page.locator("main").get_attribute("data-stop") == str(last)
        page.keyboard.press("Escape")
        page.locator(".card").wait_for(state="hidden")


@pytest.mark.browser
def test_a_touch_tells_too(chromium, page_of):
    model, batch = dense(0)
    path, last = page_of(0, model, batch)
    phone = {"viewport": {"width": 844, "height": 390}, "has_touch": True, "is_mobile": True}
    with opened(chromium, path, f"#stop={last}", **phone) as page:
        box = page.evaluate("[...layerwise.layout.units.box({ layer: 1, unit: 0 })]")
        canvas = page.locator("canvas").bounding_box()
        scale = canvas["width"] / page.evaluate("layerwise.film.size[0]")
        page.touchscreen.tap(
            canvas["x"] + scale * (box[0] + box[2] / 2), canvas["y"] + scale * (box[1] + box[3] / 2)
        )
        page.locator(".card:not([hidden])").wait_for()
        assert lines(page)[0] == "layer 2, unit 1"
