"""Colours against CIEDE2000 as published, and the written form of numbers."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from layerwise.errors import InputError, UnknownNameError
from layerwise.types import UNCLASSIFIED
from layerwise.view.palette import (
    NAMED,
    VISIONS,
    class_colors,
    contrast,
    magnitude_color,
    probability_color,
    seen_by,
    signed_color,
    text_on,
)
from layerwise.view.style import (
    DARK,
    LIGHT,
    THEMES,
    Theme,
    format_count,
    format_number,
    format_percent,
    from_hex,
    theme,
)

# Sharma, Wu and Dalal, "The CIEDE2000 color-difference formula: implementation notes,
# supplementary test data, and mathematical observations", Color Research & Application 30 (2005),
# table 1: L* a* b* of one colour, of the other, and their difference.
SHARMA = [
    (50.0000, 2.6772, -79.7751, 50.0000, 0.0000, -82.7485, 2.0425),
    (50.0000, 3.1571, -77.2803, 50.0000, 0.0000, -82.7485, 2.8615),
    (50.0000, 2.8361, -74.0200, 50.0000, 0.0000, -82.7485, 3.4412),
    (50.0000, -1.3802, -84.2814, 50.0000, 0.0000, -82.7485, 1.0000),
    (50.0000, -1.1848, -84.8006, 50.0000, 0.0000, -82.7485, 1.0000),
    (50.0000, -0.9009, -85.5211, 50.0000, 0.0000, -82.7485, 1.0000),
    (50.0000, 0.0000, 0.0000, 50.0000, -1.0000, 2.0000, 2.3669),
    (50.0000, -1.0000, 2.0000, 50.0000, 0.0000, 0.0000, 2.3669),
    (50.0000, 2.4900, -0.0010, 50.0000, -2.4900, 0.0009, 7.1792),
    (50.0000, 2.4900, -0.0010, 50.0000, -2.4900, 0.0010, 7.1792),
    (50.0000, 2.4900, -0.0010, 50.0000, -2.4900, 0.0011, 7.2195),
    (50.0000, 2.4900, -0.0010, 50.0000, -2.4900, 0.0012, 7.2195),
    (50.0000, -0.0010, 2.4900, 50.0000, 0.0009, -2.4900, 4.8045),
    (50.0000, -0.0010, 2.4900, 50.0000, 0.0010, -2.4900, 4.8045),
    (50.0000, -0.0010, 2.4900, 50.0000, 0.0011, -2.4900, 4.7461),
    (50.0000, 2.5000, 0.0000, 50.0000, 0.0000, -2.5000, 4.3065),
    (50.0000, 2.5000, 0.0000, 73.0000, 25.0000, -18.0000, 27.1492),
    (50.0000, 2.5000, 0.0000, 61.0000, -5.0000, 29.0000, 22.8977),
    (50.0000, 2.5000, 0.0000, 56.0000, -27.0000, -3.0000, 31.9030),
    (50.0000, 2.5000, 0.0000, 58.0000, 24.0000, 15.0000, 19.4535),
    (50.0000, 2.5000, 0.0000, 50.0000, 3.1736, 0.5854, 1.0000),
    (50.0000, 2.5000, 0.0000, 50.0000, 3.2972, 0.0000, 1.0000),
    (50.0000, 2.5000, 0.0000, 50.0000, 1.8634, 0.5757, 1.0000),
    (50.0000, 2.5000, 0.0000, 50.0000, 3.2592, 0.3350, 1.0000),
    (60.2574, -34.0099, 36.2677, 60.4626, -34.1751, 39.4387, 1.2644),
    (63.0109, -31.0961, -5.8663, 62.8187, -29.7946, -4.0864, 1.2630),
    (61.2901, 3.7196, -5.3901, 61.4292, 2.2480, -4.9620, 1.8731),
    (35.0831, -44.1164, 3.7933, 35.0232, -40.0716, 1.5901, 1.8645),
    (22.7233, 20.0904, -46.6940, 23.0331, 14.9730, -42.5619, 2.0373),
    (36.4612, 47.8580, 18.3852, 36.2715, 50.5065, 21.2231, 1.4146),
    (90.8027, -2.0831, 1.4410, 91.1528, -1.6435, 0.0447, 1.4441),
    (90.9257, -0.5406, -0.9208, 88.6381, -0.8985, -0.7239, 1.5381),
    (6.7747, -0.2908, -2.4247, 5.8714, -0.0985, -2.2286, 0.6377),
    (2.0776, 0.0795, -1.1350, 0.9033, -0.0636, -0.5514, 0.9082),
]


def ciede2000(one, other):
    """The difference of two colours given as L* a* b*, step by step as in the paper."""
    l1, a1, b1 = one
    l2, a2, b2 = other
    c_mean = (math.hypot(a1, b1) + math.hypot(a2, b2)) / 2
    g = (1 - math.sqrt(c_mean**7 / (c_mean**7 + 25**7))) / 2
    a1, a2 = (1 + g) * a1, (1 + g) * a2
    c1, c2 = math.hypot(a1, b1), math.hypot(a2, b2)
    h1, h2 = (math.degrees(math.atan2(b, a)) % 360 for a, b in ((a1, b1), (a2, b2)))
    turn = h2 - h1
    if c1 * c2 == 0:
        turn, h_mean = 0, h1 + h2
    elif abs(turn) <= 180:
        h_mean = (h1 + h2) / 2
    else:
        turn += 360 if turn < 0 else -360
        h_mean = (h1 + h2 + (360 if h1 + h2 < 360 else -360)) / 2
    dl, dc = l2 - l1, c2 - c1
    dh = 2 * math.sqrt(c1 * c2) * math.sin(math.radians(turn / 2))
    l_mean, c_mean = (l1 + l2) / 2, (c1 + c2) / 2

    def cos(degrees):
        return math.cos(math.radians(degrees))

    t = 1 - 0.17 * cos(h_mean - 30) + 0.24 * cos(2 * h_mean)
    t += 0.32 * cos(3 * h_mean + 6) - 0.2 * cos(4 * h_mean - 63)
    theta = 30 * math.exp(-(((h_mean - 275) / 25) ** 2))
    rc = 2 * math.sqrt(c_mean**7 / (c_mean**7 + 25**7))
    sl = 1 + 0.015 * (l_mean - 50) ** 2 / math.sqrt(20 + (l_mean - 50) ** 2)
    sc, sh = 1 + 0.045 * c_mean, 1 + 0.015 * c_mean * t
    rt = -math.sin(math.radians(2 * theta)) * rc
    parts = dl / sl, dc / sc, dh / sh
    return math.sqrt(sum(part**2 for part in parts) + rt * parts[1] * parts[2])


def lab(color):
    """CIE L* a* b* of an sRGB colour, white D65 (IEC 61966-2-1 and CIE 15)."""
    part = np.asarray(color, float) / 255
    linear = np.where(part <= 0.04045, part / 12.92, ((part + 0.055) / 1.055) ** 2.4)
    xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    ratio = xyz @ linear / np.array([0.9505, 1.0, 1.0890])
    f = np.where(ratio > (6 / 29) ** 3, np.cbrt(ratio), ratio / (3 * (6 / 29) ** 2) + 4 / 29)
    return (116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2]))


def differences(colors):
    """Pair of classes → CIEDE2000."""
    labs = [lab(color) for color in colors]
    pairs = itertools.combinations(range(len(labs)), 2)
    return {(i, j): ciede2000(labs[i], labs[j]) for i, j in pairs}


@pytest.mark.parametrize("row", SHARMA)
def test_the_difference_used_here_is_ciede2000(row):
    assert ciede2000(row[:3], row[3:6]) == pytest.approx(row[6], abs=5e-5)
    assert ciede2000(row[3:6], row[:3]) == pytest.approx(row[6], abs=5e-5)


@pytest.mark.parametrize("vision", VISIONS)
def test_any_two_of_ten_class_colors_differ(vision):
    apart = differences(seen_by(class_colors(10), vision))
    close = {pair for pair in apart if apart[pair] < 12}
    assert close == ({(0, 2)} if vision == "tritan" else set())
    assert min(apart.values()) > 11.3


def test_the_original_colors_are_not_for_every_eye():
    assert differences(seen_by(class_colors(4, "original"), "deutan"))[0, 3] < 5
    assert differences(seen_by(class_colors(4, "original"), "protan"))[2, 3] < 12


def test_grey_looks_alike_to_every_eye():
    greys = np.repeat(np.arange(0, 256, 5, dtype=np.uint8)[:, None], 3, axis=1)
    for vision in VISIONS:
        assert np.abs(seen_by(greys, vision).astype(int) - greys).max() <= 1


# Rows of linear sRGB, after Viénot, Brettel and Mollon, "Digital video colourmaps for checking the
# legibility of displays by dichromats", Color Research & Application 24 (1999): another model than
# the one under test.
VIENOT = {
    "protan": [[0.10889, 0.89111, 0.0], [0.10889, 0.89111, 0.0], [0.00447, -0.00447, 1.0]],
    "deutan": [[0.29031, 0.70969, 0.0], [0.29031, 0.70969, 0.0], [-0.02197, 0.02197, 1.0]],
}


@pytest.mark.parametrize("vision", VIENOT)
def test_what_another_model_says_is_confused_looks_alike(vision):
    confused = np.linalg.svd(VIENOT[vision])[2][-1]  # the direction that this eye cannot see
    middle = np.array([0.4, 0.2, 0.2])
    one, other = (middle + sign * 0.3 * confused / abs(confused[0]) for sign in (-1, 1))
    pair = [
        np.rint(255 * np.where(c <= 0.0031308, 12.92 * c, 1.055 * c ** (1 / 2.4) - 0.055))
        for c in (one, other)
    ]
    assert differences(pair)[0, 1] > 40
    assert differences(seen_by(pair, vision))[0, 1] < 8
    assert differences(seen_by(pair, "tritan"))[0, 1] > 40


@pytest.mark.parametrize("palette", NAMED)
def test_colors_are_distinct_and_stay_when_classes_come(palette):
    every = class_colors(255, palette)
    assert len({tuple(color) for color in every.tolist()}) == 255
    for count in (1, 4, 9, 10, 11, 100):
        np.testing.assert_array_equal(class_colors(count, palette), every[:count])


def test_generated_colors_stand_out_from_both_grounds():
    for color in class_colors(255):
        assert contrast(color, DARK.ground[:3]) >= 2
        assert contrast(color, LIGHT.ground[:3]) >= 1.6


def test_class_colors_are_a_copy():
    class_colors(20)[:] = 0
    assert class_colors(20).any()


def test_the_first_colors_are_those_of_the_design():
    assert ["#" + bytes(color).hex() for color in class_colors(4)] == [
        "#2f6fde",
        "#e8590c",
        "#128a6b",
        "#c23f8e",
    ]
    assert class_colors(4, "original").tolist() == [
        [255, 0, 0],
        [0, 0, 255],
        [255, 179, 0],
        [0, 179, 0],
    ]


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (
            lambda: class_colors(3, "orginal"),
            "Unknown palette 'orginal'. Did you mean 'original'?",
        ),
        (
            lambda: class_colors(256),
            "There are colours for 1 to 255 classes. Received 256. Merge rare classes.",
        ),
        (lambda: theme("drak"), "Unknown theme 'drak'. Did you mean 'dark'?"),
        (lambda: theme("sepia"), "Unknown theme 'sepia'. Known: dark, light."),
        (
            lambda: seen_by([0, 0, 0], "tritn"),
            "Unknown kind of eye 'tritn'. Did you mean 'tritan'?",
        ),
        (
            lambda: signed_color([1.0], 0, DARK),
            "The limit of a scale must be positive and finite. Received 0.",
        ),
        (
            lambda: magnitude_color([1.0], math.nan, DARK),
            "The limit of a scale must be positive and finite. Received nan.",
        ),
        (
            lambda: from_hex("#12345"),
            "A colour is written as # and six hexadecimal digits. Received '#12345'.",
        ),
        (
            lambda: probability_color(np.array([[4]]), [[0.5]], DARK, class_colors(4)),
            "A label has no colour. Received labels up to 4 with 4 colours. "
            "Labels are 0 to 3, or 255 for unclassified.",
        ),
        (
            lambda: probability_color(np.array([[1, 2]]), [[0.5]], DARK, class_colors(4)),
            "Labels and probabilities must have one shape. Received (1, 2) and (1, 1).",
        ),
        (
            lambda: format_number(1.5, 0),
            "A number needs at least one significant digit. Received 0.",
        ),
    ],
)
def test_messages(ask, message):
    with pytest.raises(InputError) as caught:
        ask()
    assert str(caught.value) == message


def test_unknown_names_are_key_errors_too():
    with pytest.raises(UnknownNameError):
        theme("drak")


@pytest.mark.parametrize("name", THEMES)
def test_text_can_be_read_on_its_ground(name):
    colors = theme(name)
    assert theme(colors) is colors
    assert contrast(colors.ink[:3], colors.ground[:3]) >= 7
    assert contrast(colors.grey[:3], colors.ground[:3]) >= 4.5


def test_a_theme_of_ones_own_passes_through():
    own = Theme("own", *[(1, 2, 3, 255)] * 6)
    assert theme(own) is own


def test_contrast_as_published():
    assert contrast([0, 0, 0], [255, 255, 255]) == pytest.approx(21)
    # The lightest grey that WCAG's AA admits on white is #767676, at 4.54.
    assert contrast([0x76] * 3, [255] * 3) == pytest.approx(4.54, abs=0.005)
    assert contrast([0x77] * 3, [255] * 3) < 4.5


@given(st.tuples(*[st.integers(0, 255)] * 3))
def test_text_on_a_color_is_as_readable_as_can_be(color):
    text = text_on(color)
    offered = [contrast(color, each) for each in ((255, 255, 255), LIGHT.ink[:3])]
    assert contrast(color, text[:3]) == max(offered) > 4.1


def test_text_on_class_colors():
    assert text_on(class_colors(1)[0]) == (255, 255, 255, 255)
    assert text_on(class_colors(5)[4]) == LIGHT.ink


@pytest.mark.parametrize("name", THEMES)
def test_signed_scale(name):
    colors = theme(name)
    values = np.array([[-9, -2, 0], [2, 9, math.nan]])
    expected = [
        [from_hex("#f59322"), from_hex("#f59322"), colors.neutral],
        [from_hex("#0877bd"), from_hex("#0877bd"), colors.unclassified],
    ]
    got = signed_color(values, 2.0, colors)
    np.testing.assert_array_equal(got, np.array(expected, np.uint8)[..., :3])
    assert got.dtype == np.uint8
    np.testing.assert_array_equal(signed_color(0.0, 1.0, colors), colors.neutral[:3])


@pytest.mark.parametrize("name", THEMES)
def test_magnitude_scale_is_even_in_lightness(name):
    colors = theme(name)
    scale = magnitude_color(np.linspace(0, 5, 41), 5, colors)
    lightness = np.array([lab(color)[0] for color in scale])
    steps = np.diff(lightness if name == "dark" else -lightness)
    assert steps.mean() > 2
    np.testing.assert_allclose(steps, steps.mean(), atol=0.6)  # eight bits allow ± .4
    nearest, farthest = (abs(lab(scale[end])[0] - lab(colors.ground[:3])[0]) for end in (0, -1))
    assert nearest < 12 < 75 < farthest
    np.testing.assert_array_equal(
        magnitude_color([-1, 6, math.nan], 5, colors),
        [scale[0], scale[-1], colors.unclassified[:3]],
    )


@pytest.mark.parametrize("name", THEMES)
def test_probability_is_strength(name):
    colors, hues = theme(name), class_colors(4)
    labels = np.array([[0, 1, 2, 3, UNCLASSIFIED]], np.uint8)
    got = probability_color(labels, [[1, 0.25, 0.1, 0.625, 1]], colors, hues)
    blank = np.array(colors.unclassified[:3], float)
    half = (blank + hues[3]) / 2
    np.testing.assert_array_equal(got[0, [1, 2, 4]], np.tile(blank, (3, 1)))
    np.testing.assert_array_equal(got[0, 0], hues[0])
    assert np.abs(got[0, 3] - half).max() <= 0.5


def test_probability_of_one_class_and_of_none():
    one = probability_color(np.zeros((1, 2), np.uint8), [[1, math.nan]], DARK, class_colors(1))
    np.testing.assert_array_equal(one[0], [class_colors(1)[0], DARK.unclassified[:3]])
    nowhere = np.full((2, 2), UNCLASSIFIED, np.uint8)
    got = probability_color(nowhere, np.zeros((2, 2)), LIGHT, class_colors(3))
    np.testing.assert_array_equal(got, np.tile(LIGHT.unclassified[:3], (2, 2, 1)))


@pytest.mark.parametrize(
    ("got", "written"),
    [
        (format_count(1234567), "1,234,567"),
        (format_count(0), "0"),
        (format_count(-1000), "\u22121,000"),
        (format_percent(0.7083), "70.8\u2009%"),
        (format_percent(1), "100.0\u2009%"),
        (format_percent(12.5, 0), "1,250\u2009%"),
        (format_percent(-0.031), "\u22123.1\u2009%"),
        (format_percent(-0.0001), "0.0\u2009%"),
        (format_percent(math.nan), "not a number"),
        (format_number(0.0), "0"),
        (format_number(-0.0), "0"),
        (format_number(0.5), "0.500"),
        (format_number(-1.0751), "\u22121.08"),
        (format_number(12), "12"),
        (format_number(1234.6), "1,230"),
        (format_number(1234.6, 6), "1,234.60"),
        (format_number(9.996), "10.0"),
        (format_number(0.00012), "0.000120"),
        (format_number(0.0000999), "9.99\u2009×\u200910⁻⁵"),
        (format_number(999_999.9), "1.00\u2009×\u200910⁶"),
        (format_number(-6.02214076e23, 4), "\u22126.022\u2009×\u200910²³"),
        (format_number(2.5e-7, 1), "2\u2009×\u200910⁻⁷"),
        (format_number(math.inf), "∞"),
        (format_number(-math.inf), "\u2212∞"),
        (format_number(math.nan), "not a number"),
    ],
)
def test_numbers_as_written(got, written):
    assert got == written


@given(st.floats(allow_nan=False, allow_infinity=False), st.integers(1, 12))
def test_a_written_number_reads_back(number, digits):
    plain = format_number(number, digits).replace("\u2212", "-").replace(",", "")
    mantissa, _, power = plain.partition("\u2009×\u200910")
    raised = power.translate(str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789"))
    assert float(f"{mantissa}e{raised or 0}") == float(f"{number:.{digits - 1}e}")
