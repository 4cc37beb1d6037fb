"""Text: within its window, where its anchor says, as FreeType draws it."""

import io

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont, features

from layerwise.errors import InputError
from layerwise.render.raster import mark_window, rasterize
from layerwise.scene import Text
from layerwise.typeface import font_file, layout, text_width

BLACK, WHITE = (0, 0, 0, 255), (255, 255, 255, 255)
ASCII = "".join(chr(code) for code in range(0x21, 0x7F))
ACCENTED = "ÁÂÃÄÅÇÈÉÊËÌÍÎÏÑÒÓÔÕÖÙÚÛÜÝŐŰŘŠŽĞĄĘỂỖỨàáâãäåçèéêëìíîïñòóôõöùúûüýőűřšžğąęểỗứ¿¡…−×½∞→Ωαβγ"
FACES = [("sans", 300), ("sans", 400), ("sans", 600), ("mono", 400), ("mono", 600)]


def drawn(text, size, scale=1.0):
    return rasterize([text], size, BLACK, scale=scale)[:, :, 0]


def ink_box(pixels):
    rows, columns = np.flatnonzero(pixels.any(1)), np.flatnonzero(pixels.any(0))
    return columns[0], rows[0], columns[-1] + 1, rows[-1] + 1


@pytest.mark.parametrize(("family", "weight"), FACES)
def test_every_glyph_lies_within_the_window_of_its_mark(family, weight):
    size = 40
    font = _truetype(family, weight, size)
    for character in ASCII + ACCENTED:
        text = Text((80, 80), character, size, WHITE, weight, "start", family)
        left, top, right, bottom = mark_window(text, 1, (0, 0, 200, 160))
        # Pillow's own box of the glyph, which no window of ours has cut.
        box = font.getbbox(character, anchor="ls")
        assert left <= 80 + box[0], character
        assert top <= 80 + box[1], character
        assert right >= 80 + box[2], character
        assert bottom >= 80 + box[3], character


@pytest.mark.parametrize("anchor", ["start", "middle", "end"])
@pytest.mark.parametrize("at", [50.0, 50.5, 50.75])
def test_the_anchor_says_which_part_of_the_line_is_at_the_point(anchor, at):
    string, size = "HAVE 12", 30
    width = text_width(string, size)
    start = at + 150 - {"start": 0.0, "middle": 0.5, "end": 1.0}[anchor] * width
    text = Text((at + 150, 60), string, size, WHITE, 400, anchor)
    same = Text((start, 60), string, size, WHITE)
    np.testing.assert_array_equal(drawn(text, (500, 100)), drawn(same, (500, 100)))
    left, _, right, _ = ink_box(drawn(text, (500, 100)))
    assert start <= left <= start + 0.15 * size
    assert start + width - 0.15 * size <= right <= start + width + 1


def test_the_base_line_is_where_letters_stand():
    pixels = drawn(Text((10, 60), "HEX", 40, WHITE), (120, 80))
    _, top, _, bottom = ink_box(pixels)
    assert bottom == 60
    assert abs((bottom - top) - 0.727 * 40) <= 1  # Inter's capitals are 0.727 of its size


def test_a_glyph_has_the_ink_that_freetype_gives_it():
    for family, weight in FACES:
        font = _truetype(family, weight, 64)
        for character in "Rg8%":
            picture = Image.new("L", (120, 120))
            ImageDraw.Draw(picture).text((20, 80), character, 255, font, anchor="ls")
            text = Text((20, 80), character, 64, WHITE, weight, "start", family)
            ours = drawn(text, (120, 120)).astype(float)
            theirs = np.asarray(picture).astype(float)
            assert np.abs(ours.sum() - theirs.sum()) <= 0.01 * theirs.sum()
            assert np.abs(ours - theirs).mean() <= 1.0


def test_text_moves_by_quarters_of_a_pixel_along_its_line():
    def centre(x):
        ink = drawn(Text((x, 30), "o", 24, WHITE), (60, 40)).astype(float)
        return (ink.sum(0) * np.arange(60)).sum() / ink.sum()

    steps = [centre(20 + quarter / 4) - centre(20) for quarter in range(5)]
    np.testing.assert_allclose(steps, [0, 0.25, 0.5, 0.75, 1], atol=0.03)


def test_colour_and_alpha_are_mixed_by_coverage():
    ground = (10, 60, 200, 255)
    full = rasterize([Text((5, 30), "E", 30, WHITE)], (40, 40), BLACK)[:, :, 0] / 255
    for alpha in (60, 255):
        shown = rasterize([Text((5, 30), "E", 30, (250, 120, 0, alpha))], (40, 40), ground)
        part = full[:, :, None] * alpha / 255
        exact = np.array(ground[:3]) + (np.array((250, 120, 0)) - ground[:3]) * part
        assert np.abs(shown - exact).max() <= 0.51


def test_a_character_that_the_font_lacks_is_an_empty_box():
    lacking, box = (drawn(Text((20, 60), c, 40, WHITE), (80, 80)) for c in ("漢", "\U0001f600"))
    assert lacking.any()
    np.testing.assert_array_equal(lacking, box)
    left, top, right, bottom = ink_box(lacking)
    assert not lacking[(top + bottom) // 2, left + 8 : right - 8].any()  # it has a rim only
    assert text_width("漢", 40) == text_width("\U0001f600", 40) > 0


def test_an_empty_string_and_spaces_leave_nothing():
    for string in ("", " ", "\t\n ", "\u200b\u00ad"):
        assert not drawn(Text((5, 30), string, 20, WHITE), (60, 40)).any()


def test_a_very_long_line_is_drawn_where_it_is_seen():
    string = "lattice " * 20_000
    start = drawn(Text((0, 30), string, 20, WHITE), (300, 40))
    np.testing.assert_array_equal(start, drawn(Text((0, 30), string[:400], 20, WHITE), (300, 40)))
    middle = Text((150, 30), string, 20, WHITE, 400, "middle")
    assert drawn(middle, (300, 40)).any()


def test_the_same_text_has_the_same_bytes_in_any_window():
    text = Text((20.3, 30), "Ágnes, 12.5 %", 24, WHITE, 600)
    whole = rasterize([text], (240, 50), BLACK)
    part = rasterize([Text((20.3 - 64, 30), text.string, 24, WHITE, 600)], (176, 50), BLACK)
    np.testing.assert_array_equal(whole[:, 64:], part)


def test_text_grows_with_the_scale():
    small = drawn(Text((10, 30), "Rag", 20, WHITE), (80, 40), scale=4)
    np.testing.assert_array_equal(small, drawn(Text((40, 120), "Rag", 80, WHITE), (320, 160)))


def test_a_text_has_a_largest_size():
    with pytest.raises(InputError) as caught:
        rasterize([Text((0, 0), "big", 900, WHITE)], (50, 50), BLACK, scale=3)
    assert str(caught.value) == (
        "A text is drawn up to 2,000 pixels high. Received 'big' at 2,700."
    )


@pytest.mark.parametrize("size", [0, -3])
def test_a_text_without_size_is_not_drawn_or_is_refused(size):
    with pytest.raises(InputError) as caught:
        layout("a", size)
    assert str(caught.value) == f"A text needs a size above zero. Received {size}."


def test_no_shaping_library_is_asked(monkeypatch):
    def refuse(*arguments, **options):
        raise AssertionError("text must not depend on a library that not every machine has")

    monkeypatch.setattr(features, "check", refuse)
    monkeypatch.setattr(features, "check_feature", refuse)
    layouts = []
    plain = ImageFont.truetype

    def truetype(*arguments, **options):
        layouts.append(options.get("layout_engine"))
        return plain(*arguments, **options)

    monkeypatch.setattr(ImageFont, "truetype", truetype)
    assert drawn(Text((5, 30), "raqm", 21.75, WHITE), (80, 40)).any()
    assert layouts == [ImageFont.Layout.BASIC]


def _truetype(family, weight, size):
    return ImageFont.truetype(
        io.BytesIO(font_file(family, weight)), size, layout_engine=ImageFont.Layout.BASIC
    )
