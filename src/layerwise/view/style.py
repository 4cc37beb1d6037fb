"""How pictures look: two themes, the measures of a frame, and how numbers are written."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from ..errors import InputError, unknown_name
from ..scene import Color

# Measures in logical pixels of a 1920 × 1080 frame; a frame of another size scales them.
FRAME: Final = (1920, 1080)
MARGIN: Final = 80
SQUARE: Final = (80, 120, 840, 840)  # x y width height of the main picture
COLUMN_LEFT: Final = 1010  # where the quiet column beside it starts
HAIRLINE: Final = 1
NODE: Final = 46
NODE_GAP: Final = 12
FOCUS_RING: Final = 3

TITLE_SIZE: Final = 34
BIG_SIZE: Final = 78
UNIT_SIZE: Final = 26
TEXT_SIZE: Final = 22
FOOT_SIZE: Final = 20
LABEL_SIZE: Final = 18
SMALLEST_SIZE: Final = 16  # no text is smaller, so that a frame can be read at half size

LIGHT_WEIGHT: Final = 300  # the big number
TEXT_WEIGHT: Final = 400
BOLD_WEIGHT: Final = 600  # the title, and what is being pointed at

MOVE_S: Final = 0.3  # how long one thing takes to move
REST_S: Final = 0.5  # how long the picture then rests

THIN_SPACE: Final = "\u2009"
MINUS: Final = "\u2212"


@dataclass(frozen=True)
class Theme:
    """The colours of everything that is not a class or a value."""

    name: str
    ground: Color
    ink: Color
    grey: Color  # labels, the foot line, whatever is said quietly
    hairline: Color
    unclassified: Color  # a cell that has no class yet
    neutral: Color  # the zero of a signed scale


def from_hex(text: str) -> Color:
    """The opaque colour that six hexadecimal digits name: "#2f6fde"."""
    digits = text.removeprefix("#")
    try:
        red, green, blue = bytes.fromhex(digits)
    except ValueError:
        raise InputError(
            "A colour is written as # and six hexadecimal digits", received=repr(text)
        ) from None
    return (red, green, blue, 255)


DARK: Final = Theme(
    name="dark",
    ground=from_hex("#0f1115"),
    ink=from_hex("#f2f3f5"),
    grey=from_hex("#9aa1ad"),
    hairline=from_hex("#2a2e37"),
    unclassified=from_hex("#15171c"),
    neutral=from_hex("#2a2e37"),
)
"""The default for films and the studio."""

LIGHT: Final = Theme(
    name="light",
    ground=from_hex("#fbfaf7"),
    ink=from_hex("#1b1d22"),
    grey=from_hex("#6b6f78"),
    hairline=from_hex("#dedbd3"),
    unclassified=from_hex("#eceae4"),
    neutral=from_hex("#e8eaeb"),
)
"""The default for stills, papers and documents."""

THEMES: Final = {theme.name: theme for theme in (DARK, LIGHT)}


def theme(name: str | Theme) -> Theme:
    """The theme of that name; a theme of one's own passes through.

    Raises `UnknownNameError`, which offers the nearest name.
    """
    if isinstance(name, Theme):
        return name
    if name not in THEMES:
        raise unknown_name("theme", name, THEMES)
    return THEMES[name]


def format_count(count: int) -> str:
    """A whole number with commas between thousands: 1,234,567."""
    return f"{count:,}".replace("-", MINUS)


def format_percent(fraction: float, digits: int = 1) -> str:
    """A fraction as per cent, the sign after a thin space: .7083 → 70.8 %.

    What rounds to zero is written without a minus.
    """
    if not math.isfinite(fraction):
        return _not_finite(fraction)
    return f"{100 * fraction:z,.{digits}f}{THIN_SPACE}%".replace("-", MINUS)


def format_number(number: float, digits: int = 3) -> str:
    """A number to so many significant digits, with a true minus: −1.08, 12,300, 4.50 × 10⁻⁷.

    From a million on and below a ten-thousandth it is written with a power of ten. Zeros at the
    end are kept, as they say how exact the number is; an `int` is exact and keeps every digit.
    """
    if isinstance(number, int):
        return format_count(number)
    if not math.isfinite(number):
        return _not_finite(number)
    if digits < 1:
        raise InputError("A number needs at least one significant digit", received=str(digits))
    if number == 0:
        return "0"
    # Rounding comes first: 999,999.9 to three digits is 1.00 × 10⁶, not 1,000,000.
    mantissa, _, power = f"{number:.{digits - 1}e}".partition("e")
    exponent = int(power)
    if -4 <= exponent < 6:
        rounded = float(f"{mantissa}e{power}")
        return f"{rounded:,.{max(digits - 1 - exponent, 0)}f}".replace("-", MINUS)
    return f"{mantissa}{THIN_SPACE}×{THIN_SPACE}".replace("-", MINUS) + format_power(exponent)


def format_power(exponent: int) -> str:
    """A power of ten as an axis says it: 10⁻³; 1 for 10⁰."""
    return "1" if exponent == 0 else f"10{str(exponent).translate(_SUPERSCRIPTS)}"


_SUPERSCRIPTS: Final = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def _not_finite(number: float) -> str:
    if math.isnan(number):
        return "not a number"
    return "∞" if number > 0 else f"{MINUS}∞"
