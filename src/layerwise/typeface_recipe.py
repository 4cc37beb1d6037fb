"""How a font is prepared: cut, one weight, tabular digits, kerning and nothing else."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

import numpy as np
from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont, newTable
from fontTools.ttLib.tables.ttProgram import Program
from fontTools.varLib.instancer import instantiateVariableFont

from .types import Array

# Scripts and signs that are kept, as ranges of code points.
_REPERTOIRE = (
    (0x20, 0x7F),  # ASCII
    (0xA0, 0x250),  # Latin with accents
    (0x2B0, 0x300),  # modifier letters
    (0x370, 0x460),  # Greek, Cyrillic
    (0x490, 0x492),  # Ukrainian ghe
    (0x1E00, 0x1F00),  # Vietnamese and others
    (0x2000, 0x2260 + 0xA0),  # punctuation, super- and subscripts, currency, arrows, mathematics
    (0x2460, 0x2474),  # digits in circles
    (0x25A0, 0x2600),  # shapes
    (0x2713, 0x2714),  # check mark
    (0x2717, 0x2718),  # cross
    (0xFB01, 0xFB03),  # fi and fl where a text holds them as characters
)
_DROPPED_TABLES = ("GSUB", "STAT", "MVAR", "DSIG", "meta", "gasp", "prep", "fpgm", "cvt ")
# FreeType puts its own hinting into a font whose `prep` program has at most seven bytes. This
# one has more and does what unhinted fonts do: dropout control on, nothing else.
_QUIET_PREP = bytes.fromhex("b8 01 ff 85 b0 04 8d b0 00 21 b0 00 21")


def prepare(data: bytes, axes: Mapping[str, float], name: str, weight: int) -> dict[str, Array]:
    """The prepared font with the numbers that layout needs, all as arrays.

    `font` (byte,), `units` (), `codes` and `glyphs` (character,), `advances`, `left_class` and
    `right_class` (glyph,), `kerning` (left class, right class); lengths in font units.
    """
    font = TTFont(io.BytesIO(data), recalcTimestamp=False)
    _set_tabular_digits(font)
    for table in _DROPPED_TABLES:
        if table in font:
            del font[table]
    options = Options(layout_features=["kern"], hinting=False, notdef_outline=True)
    options.name_IDs, options.name_legacy = [0, 1, 2, 3, 4, 5, 6, 13, 14], False
    subsetter = Subsetter(options)
    subsetter.populate(unicodes=[code for span in _REPERTOIRE for code in range(*span)])
    subsetter.subset(font)
    if axes:
        font = instantiateVariableFont(font, dict(axes), inplace=True)
    for table in ("STAT", "MVAR", "HVAR", "avar", "fvar", "gvar"):
        if table in font:
            del font[table]
    prep = newTable("prep")
    prep.program = Program()
    prep.program.fromBytecode(_QUIET_PREP)
    font["prep"] = prep
    _rename(font, name, weight)
    return {"font": np.frombuffer(_saved(font), np.uint8), **_numbers(font)}


def to_woff(data: bytes, characters: str | None) -> bytes:
    """A prepared font as WOFF, cut to the characters where some are given."""
    font = TTFont(io.BytesIO(data), recalcTimestamp=False)
    if characters is not None:
        options = Options(layout_features=["kern"], hinting=True, notdef_outline=True)
        options.name_IDs, options.name_legacy = [0, 1, 2, 13, 14], False
        options.drop_tables = ["DSIG"]
        subsetter = Subsetter(options)
        subsetter.populate(text=characters)
        subsetter.subset(font)
    font.flavor = "woff"
    return _saved(font)


def _set_tabular_digits(font: TTFont) -> None:
    """Let every character whose glyph is a digit mean the digit's tabular form."""
    if "GSUB" not in font:
        return
    table = font["GSUB"].table
    tabular: dict[str, str] = {}
    for record in table.FeatureList.FeatureRecord:
        if record.FeatureTag == "tnum":
            for index in record.Feature.LookupListIndex:
                for subtable in table.LookupList.Lookup[index].SubTable:
                    tabular.update(getattr(subtable, "mapping", {}))
    digits = {font.getBestCmap()[ord(digit)] for digit in "0123456789"}
    for cmap in font["cmap"].tables:
        if cmap.isUnicode():
            for code, glyph in cmap.cmap.items():
                if glyph in digits:
                    cmap.cmap[code] = tabular.get(glyph, glyph)


def _rename(font: TTFont, name: str, weight: int) -> None:
    """A changed font must not carry the name of its source; licence and origin stay."""
    style = {300: "Light", 400: "Regular", 600: "SemiBold"}[weight]
    texts = {1: name, 2: style, 3: f"{name} {style}", 4: f"{name} {style}", 5: "Version 1"}
    texts[6] = f"{name} {style}".replace(" ", "-")
    for identifier, text in texts.items():
        font["name"].setName(text, identifier, 3, 1, 0x409)
    font["name"].names = [record for record in font["name"].names if record.platformID == 3]
    font["OS/2"].usWeightClass = weight


def _saved(font: TTFont) -> bytes:
    stored = io.BytesIO()
    font.save(stored, reorderTables=True)
    return stored.getvalue()


def _numbers(font: TTFont) -> dict[str, Array]:
    order = font.getGlyphOrder()
    index = {glyph: number for number, glyph in enumerate(order)}
    cmap = font.getBestCmap()
    kerning = _kerning(font, index)
    # Many glyphs kern alike: equal rows and equal columns are stored once.
    rows, left_class = np.unique(kerning, axis=0, return_inverse=True)
    columns, right_class = np.unique(rows, axis=1, return_inverse=True)
    return {
        "units": np.array(font["head"].unitsPerEm, np.int64),
        "codes": np.array(list(cmap), np.int64),
        "glyphs": np.array([index[glyph] for glyph in cmap.values()], np.int64),
        "advances": np.array([font["hmtx"][glyph][0] for glyph in order], np.int64),
        "left_class": left_class.astype(np.int64).ravel(),
        "right_class": right_class.astype(np.int64).ravel(),
        "kerning": columns.astype(np.int64),
    }


def _kerning(font: TTFont, index: Mapping[str, int]) -> Array:
    """The pair adjustments of the `kern` feature: (glyph on the left, glyph on the right).

    Of each lookup the first subtable that covers a pair decides; lookups add up.
    """
    total = np.zeros((len(index), len(index)), np.int64)
    if "GPOS" not in font:
        return total
    table = font["GPOS"].table
    chosen: set[int] = set()
    for record in table.FeatureList.FeatureRecord:
        if record.FeatureTag == "kern":
            chosen.update(record.Feature.LookupListIndex)
    for number in sorted(chosen):
        values = np.zeros_like(total)
        decided = np.zeros(total.shape, bool)
        for subtable in table.LookupList.Lookup[number].SubTable:
            _apply_pairs(getattr(subtable, "ExtSubTable", subtable), index, values, decided)
        total += values
    return total


def _apply_pairs(subtable: Any, index: Mapping[str, int], values: Array, decided: Array) -> None:
    """Enter what one PairPos subtable says (OpenType: pair adjustment, formats 1 and 2)."""
    lefts = subtable.Coverage.glyphs
    if subtable.Format == 1:
        for left, pairs in zip(lefts, subtable.PairSet, strict=True):
            for pair in pairs.PairValueRecord:
                at = index[left], index[pair.SecondGlyph]
                if not decided[at]:
                    decided[at] = True
                    values[at] = getattr(pair.Value1, "XAdvance", 0)
        return
    first = np.array([subtable.ClassDef1.classDefs.get(glyph, 0) for glyph in lefts])
    second = np.array([subtable.ClassDef2.classDefs.get(glyph, 0) for glyph in index])
    by_class = np.array(
        [
            [getattr(entry.Value1, "XAdvance", 0) for entry in record.Class2Record]
            for record in subtable.Class1Record
        ]
    )
    for left, number in zip(lefts, first, strict=True):
        row = index[left]
        values[row] = np.where(decided[row], values[row], by_class[number][second])
        decided[row] = True
