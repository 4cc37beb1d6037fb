"""The typefaces: their files, their widths, and their cache."""

import io
import json
import subprocess
import sys

import numpy as np
import pytest
from fontTools import unicodedata as scripts
from fontTools.ttLib import TTFont
from PIL import ImageFont

from layerwise import typeface
from layerwise.errors import InputError, UnknownNameError
from layerwise.typeface import (
    FAMILIES,
    WEIGHTS,
    font_file,
    font_woff,
    layout,
    script_of,
    shorten,
    text_width,
)

LINES = [
    "Hamburgefonstiv", "AVATAR To Ty We 11,7.5", "“LT.” (f) f! r, y.", "Ágnes Őrült Ůžasný",
    "Привет Тату Гаты", "Αλφα Τα ΡΑ", "−3.14 × 10² ± ½", "office fi ffl", "",
]  # fmt: skip


def opened(data):
    return TTFont(io.BytesIO(data))


@pytest.mark.parametrize("weight", WEIGHTS)
@pytest.mark.parametrize("family", FAMILIES)
def test_a_line_is_its_advances_and_kerning(family, weight):
    font = opened(font_file(family, weight))
    names, units = font.getBestCmap(), font["head"].unitsPerEm
    for line in LINES:
        plain = sum(font["hmtx"][names.get(ord(c), ".notdef")][0] for c in line) / units
        apart = text_width(line, 1, weight, family) - plain
        if family == "mono":
            assert apart == pytest.approx(0, abs=1e-9)
        else:
            assert -0.1 * len(line) <= apart <= 0.05 * len(line)


@pytest.mark.parametrize("pair", ["AV", "To", "Ty", "LT", "P.", "f)", "11", "7,", "Та", "HH", "ΡΑ"])
@pytest.mark.parametrize("weight", WEIGHTS)
def test_pairs_are_kerned_by_the_fonts_own_table(pair, weight):
    font = opened(font_file("sans", weight))
    names = font.getBestCmap()
    left, right = (names[ord(c)] for c in pair)
    kern = text_width(pair, 1, weight) - sum(text_width(c, 1, weight) for c in pair)
    assert kern * font["head"].unitsPerEm == pytest.approx(_kern(font, left, right), abs=1e-6)


def _kern(font, left, right):
    """The first subtable of each lookup that has the pair, read as OpenType says."""
    table, total = font["GPOS"].table, 0
    used = {
        index
        for record in table.FeatureList.FeatureRecord
        if record.FeatureTag == "kern"
        for index in record.Feature.LookupListIndex
    }
    for index in used:
        for subtable in table.LookupList.Lookup[index].SubTable:
            pairs = getattr(subtable, "ExtSubTable", subtable)
            if left not in pairs.Coverage.glyphs:
                continue
            if pairs.Format == 2:
                first = pairs.ClassDef1.classDefs.get(left, 0)
                second = pairs.ClassDef2.classDefs.get(right, 0)
                value = pairs.Class1Record[first].Class2Record[second].Value1
                total += getattr(value, "XAdvance", 0) or 0
                break
            found = pairs.PairSet[pairs.Coverage.glyphs.index(left)].PairValueRecord
            match = [record for record in found if record.SecondGlyph == right]
            if match:
                total += getattr(match[0].Value1, "XAdvance", 0) or 0
                break
    return total


def test_some_pairs_are_kerned():
    assert text_width("AV", 100) < text_width("A", 100) + text_width("V", 100) - 1


@pytest.mark.parametrize(
    "pair", ["Tα", "Tа", "Тα", "yГ"], ids=["Latin Greek", "Latin Cyrillic", "both", "back"]
)
def test_nothing_is_kerned_where_one_script_gives_way_to_another(pair):
    apart = text_width(pair[0], 100) + text_width(pair[1], 100)
    assert text_width(pair, 100) == pytest.approx(apart)


def test_signs_go_with_the_script_before_them():
    assert text_width("T.", 100) < text_width("T", 100) + text_width(".", 100)
    after_latin = text_width("T.τ", 100) - text_width("T.", 100)
    assert after_latin == pytest.approx(text_width("τ", 100))


def test_the_script_of_every_letter_of_the_fonts_is_unicodes():
    known = {"Latn": "Latin", "Grek": "Greek", "Cyrl": "Cyrillic"}
    for family in FAMILIES:
        codes = opened(font_file(family)).getBestCmap()
        assert len(codes) > 600
        for code in codes:
            assert script_of(chr(code)) == known.get(scripts.script(chr(code)), ""), hex(code)


@pytest.mark.parametrize("weight", WEIGHTS)
def test_digits_are_all_of_one_width(weight):
    for family in FAMILIES:
        assert len({text_width(digit, 100, weight, family) for digit in "0123456789"}) == 1


def test_positions_rise_and_end_at_the_width():
    line = layout("AV 12", 20)
    assert line.characters == "AV 12"
    assert line.positions.shape == (5,)
    assert (np.diff([*line.positions, line.width]) > 0).all()
    assert layout("", 20).width == 0


def test_a_line_is_brought_to_composed_form_and_one_kind_of_space():
    assert layout("e\u0301", 20).characters == "é"
    assert layout("a\tb\nc", 20).characters == "a b c"
    assert layout("so\u00adft\u200d", 20).characters == "soft"
    assert text_width("x" * 10_000, 10) == pytest.approx(10_000 * text_width("x", 10), rel=0.05)


def test_freetype_gives_the_same_advances():
    for family in FAMILIES:
        for weight in WEIGHTS:
            font = ImageFont.truetype(
                io.BytesIO(font_file(family, weight)), 1000,
                layout_engine=ImageFont.Layout.BASIC,
            )  # fmt: skip
            for character in "aMg%7…Ж":
                width = text_width(character, 1000, weight, family)
                assert font.getlength(character) == pytest.approx(width, abs=1)


def test_woff_is_the_same_each_time_and_holds_what_is_asked_for():
    first = font_woff("sans", 400, "cab2")
    assert first == font_woff("sans", 400, ["2", "b", "a", "c", "a"])
    code = (
        "from layerwise.typeface import font_woff; from hashlib import sha256;"
        "print(sha256(font_woff('sans', 400, '2abc')).hexdigest())"
    )
    again = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert again.stdout.strip() == __import__("hashlib").sha256(first).hexdigest()
    font = opened(first)
    assert font.flavor == "woff"
    assert set(font.getBestCmap()) == {ord(c) for c in "abc2"}
    whole = opened(font_file("sans", 400))
    for character in "abc2":
        name, own = font.getBestCmap()[ord(character)], whole.getBestCmap()[ord(character)]
        assert font["hmtx"][name][0] == whole["hmtx"][own][0]
    assert len(first) < len(font_woff("sans", 400)) / 10
    assert set(opened(font_woff("mono", 600, "漢")).getBestCmap() or {}) == set()


def test_the_prepared_fonts_have_their_own_name_and_keep_their_licence():
    for family in FAMILIES:
        names = opened(font_file(family))["name"]
        assert names.getDebugName(1) == f"Layerwise {family.title()}"
        assert "Open Font License" in names.getDebugName(13)


def test_shorten_cuts_at_the_last_place_that_fits():
    string = "A very deep lattice network"
    assert shorten(string, 1000, 20) == string
    exact = text_width(string, 20)
    assert shorten(string, exact, 20) == string
    for width in (40, 90, 133, exact - 0.01):
        short = shorten(string, width, 20)
        assert short.endswith("…")
        assert text_width(short, 20) <= width
        longer = string[: len(short)].rstrip()
        if longer != short[:-1]:
            assert text_width(longer + "…", 20) > width
    assert shorten(string, 1, 20) == "…"
    assert shorten("", 0, 20) == ""


@pytest.fixture
def own_cache(tmp_path, monkeypatch):
    """A cache folder of this test alone, and fonts that are not yet in memory."""
    monkeypatch.setattr(typeface, "_cache_folder", lambda: tmp_path / "fonts")
    plain = typeface._face.__wrapped__
    return tmp_path / "fonts", lambda: plain("mono", 400)


def test_a_font_is_prepared_once_and_read_from_the_cache_after(own_cache, monkeypatch):
    folder, face = own_cache
    first = face()
    (stored,) = folder.iterdir()
    assert stored.suffix == ".npz"
    monkeypatch.setattr(typeface, "import_module", _only_sources(typeface.import_module))
    second = face()
    assert second == first or vars(second) == vars(first)
    assert first.file == font_file("mono", 400)


def _only_sources(plain):
    def load(name):
        assert name != "layerwise.typeface_recipe", "the font was prepared again"
        return plain(name)

    return load


@pytest.mark.parametrize("damage", [b"", b"not a zip file", "cut"])
def test_a_damaged_cache_is_made_anew(own_cache, damage):
    folder, face = own_cache
    first = face()
    (stored,) = folder.iterdir()
    good = stored.read_bytes()
    stored.write_bytes(good[: len(good) // 2] if damage == "cut" else damage)
    assert vars(face()) == vars(first)
    assert stored.read_bytes() == good


def test_a_cache_that_lacks_a_part_or_has_a_wrong_one_is_made_anew(own_cache):
    folder, face = own_cache
    first = face()
    (stored,) = folder.iterdir()
    with np.load(stored) as parts:
        kept = dict(parts)
    for broken in (
        {name: part for name, part in kept.items() if name != "kerning"},
        {**kept, "advances": kept["advances"][:-1]},
        {**kept, "codes": np.array(["a"])},
    ):
        np.savez(stored, **broken)
        assert vars(face()) == vars(first)


def test_without_a_writable_cache_the_fonts_are_kept_in_memory(tmp_path, monkeypatch):
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    monkeypatch.setattr(typeface, "_cache_folder", lambda: blocked / "fonts")
    face = typeface._face.__wrapped__("mono", 600)
    assert face.file == font_file("mono", 600)
    assert blocked.read_text() == "in the way"


def test_a_font_is_ready_without_fonttools_being_loaded_again():
    font_file("sans", 400)
    code = (
        "import sys, json; from layerwise.typeface import text_width; text_width('a', 10);"
        "print(json.dumps([m for m in ('fontTools', 'PIL', 'numba') if m in sys.modules]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == []


def test_unknown_families_and_weights_are_refused():
    with pytest.raises(UnknownNameError) as family:
        font_file("san")
    assert str(family.value) == "Unknown font family 'san'. Did you mean 'sans'?"
    with pytest.raises(InputError) as weight:
        text_width("a", 10, 500)
    assert str(weight.value) == (
        "There is no such weight of the typeface. Received 500. Weights are 300, 400 and 600."
    )
