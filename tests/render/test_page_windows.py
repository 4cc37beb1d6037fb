"""What a page tells of the cells of a convolution and of pooling: NumPy's numbers, lit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Page
from scipy.signal import correlate2d
from test_page import opened

from layerwise.explain.convolution.pooling import pooling
from layerwise.explain.convolution.walk import convolution
from layerwise.view.principles.convolution.film import convolution as film
from layerwise.view.principles.convolution.gallery import convolutions
from layerwise.view.principles.convolution.pooling import pooling as pooling_film


def point(page: Page, row: int, column: int) -> None:
    """Move the pointer to the middle of a cell of the output."""
    box, rows, columns = page.evaluate(
        "(({ box, rows, columns }) => [box, rows, columns])(layerwise.layout.readings.entries[0])"
    )
    canvas = page.locator("canvas").bounding_box()
    scale = canvas["width"] / page.evaluate("layerwise.film.size[0]")
    x = box[0] + (column + 0.5) * box[2] / columns
    y = box[1] + (row + 0.5) * box[3] / rows
    page.mouse.move(canvas["x"] + x * scale, canvas["y"] + y * scale)
    page.wait_for_selector(".card:not([hidden])")


def told(page: Page) -> list[str]:
    return page.locator(".card").inner_text().replace("−", "-").split("\n")


def lit(page: Page, site: int = 0) -> list[tuple[float, float, float, float]]:
    """The lit boxes in rows and columns of a picture: row, column, rows, columns."""
    return page.evaluate(
        """(site) => { const { sources, planes } = layerwise.layout.readings.entries[0];
        const [x, y, w, h] = sources[site], [, rows, columns] = planes.shape;
        const canvas = document.querySelector("canvas").getBoundingClientRect();
        const scale = canvas.width / layerwise.film.size[0];
        return [...document.querySelectorAll(".cell i")].map((each) => {
          const box = each.getBoundingClientRect();
          return [((box.y - canvas.y) / scale - y) / h * rows,
            ((box.x - canvas.x) / scale - x) / w * columns,
            box.height / scale / h * rows, box.width / scale / w * columns]
            .map((value) => Math.round(value)); }); }""",
        site,
    )


@pytest.mark.browser
def test_products_sum_and_window_of_every_cell(chromium: Browser, tmp_path: Path) -> None:
    chance = np.random.default_rng(0)
    picture, kernel = chance.integers(0, 99, (7, 9)), chance.integers(-3, 4, (3, 2))
    trace = convolution(picture, kernel.tolist(), bias=5.0)
    output = correlate2d(picture, kernel, mode="valid") + 5
    path = film(trace).save(tmp_path / "film.html", autoplay=False)
    with opened(chromium, path) as page:
        for row, column in ((0, 0), (2, 5), (4, 7)):
            point(page, row, column)
            said = told(page)
            assert said[:2] == [f"row {row + 1}, column {column + 1}", str(output[row, column])]
            window = picture[row : row + 3, column : column + 2]
            products = (window * kernel).ravel()
            wanted = [*window.ravel(), "×", *kernel.ravel(), "=", *products]
            assert said[2:22] == [str(number) for number in wanted]
            assert said[22:] == ["bias", "5", "sum", str(output[row, column])]
            assert lit(page) == [[row, column, 3, 2]]


@pytest.mark.browser
def test_stride_dilation_padding_and_channels_by_the_keyboard(
    chromium: Browser, tmp_path: Path
) -> None:
    chance = np.random.default_rng(1)
    picture, kernel = chance.normal(size=(6, 8, 8)), chance.normal(size=(1, 6, 2, 2))
    trace = convolution(picture, kernel, stride=2, dilation=2, padding=1)
    path = film(trace, language="de").save(tmp_path / "film.html", autoplay=False, language="de")
    with opened(chromium, path) as page:
        page.keyboard.press("p")
        for _ in range(9):
            page.keyboard.press("ArrowLeft")
            page.keyboard.press("ArrowUp")
        page.keyboard.press("ArrowRight")
        assert told(page)[0] == "Zeile 1, Spalte 2"
        framed = np.pad(picture, ((0, 0), (1, 1), (1, 1)))
        window = framed[:, 0:3:2, 2:5:2]
        shares = (window * kernel[0]).sum((1, 2))
        said = told(page)
        value = said[1].replace(",", ".")
        assert float(value) == pytest.approx(shares.sum(), rel=6e-3)
        order = np.argsort(-np.abs(shares), kind="stable")
        for channel in order[:4]:
            name = f"Kanal {channel + 1}"
            share = said[said.index(name) + 1].replace(",", ".")
            assert float(share) == pytest.approx(shares[channel], rel=6e-3)
        rest = said[said.index("2 andere zusammen") + 1].replace(",", ".")
        assert float(rest) == pytest.approx(shares[order[4:]].sum(), rel=6e-3)
        drawn = page.evaluate("layerwise.layout.readings.entries[0].drawn.length")
        assert len(lit(page)) == 4 * drawn
        assert lit(page)[:4] == [[0, 2, 1, 1], [0, 4, 1, 1], [2, 2, 1, 1], [2, 4, 1, 1]]
        page.keyboard.press("Escape")
        assert page.locator(".card").is_hidden() and page.locator(".cell").is_hidden()


@pytest.mark.browser
def test_pooling_tells_its_window(chromium: Browser, tmp_path: Path) -> None:
    picture = np.random.default_rng(2).integers(0, 99, (6, 6))
    path = pooling_film(pooling(picture, 2)).save(tmp_path / "film.html", autoplay=False)
    with opened(chromium, path) as page:
        point(page, 1, 2)
        window = picture[2:4, 4:6]
        most = str(window.max())
        said = [str(number) for number in window.ravel()]
        assert told(page) == ["row 2, column 3", most, *said, "the largest", most]
        assert page.locator(".card section b").inner_text() == most
        assert lit(page) == [[2, 4, 2, 2]]


@pytest.mark.browser
def test_keys_go_on_to_the_next_output(chromium: Browser, tmp_path: Path) -> None:
    picture = np.random.default_rng(3).integers(0, 99, (5, 5))
    traces = {
        name: convolution(picture, "blur", padding=number) for number, name in enumerate("ab")
    }
    path = convolutions(traces, same_cells=True).save(tmp_path / "still.html")
    with opened(chromium, path) as page:
        page.keyboard.press("p")
        places = []
        for key in ["ArrowRight"] * 2 + ["ArrowDown"] * 4 + ["ArrowLeft"]:
            page.keyboard.press(key)
            places.append(told(page)[0])
        assert places[:2] == ["row 2, column 3", "row 2, column 1"]
        assert places[-2:] == ["row 5, column 1", "row 3, column 3"]
