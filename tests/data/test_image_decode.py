"""One image: every mode and format to the right pixels, against Pillow, NumPy and SciPy."""

import io

import numpy as np
import pytest
from pictures import bomb, encoded, noise
from PIL import Image
from scipy.ndimage import zoom

from layerwise.data.image_check import UnreadableError, quiet_decoding
from layerwise.data.image_decode import decode, upright_size

GREY, COLOUR = noise(1), noise(2, channels=3)


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF", "PPM"])
@pytest.mark.parametrize("pixels", [GREY, COLOUR], ids=["grey", "colour"])
def test_lossless_formats_come_back_exactly(kind: str, pixels: np.ndarray) -> None:
    assert np.array_equal(decode(encoded(pixels, kind)).pixels, pixels)


def test_other_formats() -> None:
    assert np.array_equal(decode(encoded(GREY, "GIF")).pixels, GREY)
    webp = encoded(COLOUR, "WEBP", lossless=True)
    assert np.array_equal(decode(webp).pixels, COLOUR)
    smooth = np.add.outer(np.arange(32), np.arange(32)).astype(np.uint8) * 4
    assert np.abs(decode(encoded(smooth, "JPEG", quality=95)).pixels.astype(int) - smooth).max() < 8
    film = [Image.fromarray(noise(i)) for i in range(3)]
    data = saved(film[0], "GIF", save_all=True, append_images=film[1:])
    assert np.array_equal(decode(data).pixels, noise(0))


def test_sixteen_bits_and_fractions_are_rounded_to_eight() -> None:
    deep = np.array([[0, 128, 129, 257, 32767, 65407, 65535]], np.uint16)
    for kind in ("PNG", "TIFF"):
        found = decode(saved(Image.fromarray(deep), kind))
        assert found.deep
        assert np.array_equal(found.pixels, np.floor(deep / 65535 * 255 + 0.5))
    shares = np.array([[0, 0.5, 1]], np.float32)
    assert decode(saved(Image.fromarray(shares), "TIFF")).pixels.tolist() == [[0, 128, 255]]
    with pytest.raises(UnreadableError, match="fractions from 0 to 2 instead of 0 to 1"):
        decode(saved(Image.fromarray(shares * 2), "TIFF"))


def test_transparency_is_laid_on_white() -> None:
    alpha = np.array([[0, 51, 255]], np.uint8)
    whole = np.dstack([np.full((1, 3, 3), 100, np.uint8), alpha])
    found = decode(encoded(whole))
    assert found.transparent
    wanted = alpha / 255 * 100 + (1 - alpha / 255) * 255
    assert np.abs(found.pixels - wanted).max() <= 1
    assert not decode(encoded(np.dstack([COLOUR, np.full(GREY.shape, 255, np.uint8)]))).transparent
    palette = Image.fromarray(np.array([[0, 1]], np.uint8)).convert("P")
    palette.putpalette([10, 20, 30, 40, 50, 60])
    assert decode(saved(palette, "PNG")).pixels.tolist() == [[[10, 20, 30], [40, 50, 60]]]
    assert decode(saved(palette, "PNG", transparency=0)).pixels[0, 0].tolist() == [255] * 3


def test_bits_and_inks() -> None:
    bits = Image.fromarray(np.array([[0, 255]], np.uint8)).convert("1")
    assert decode(saved(bits, "PNG")).pixels.tolist() == [[0, 255]]
    cyan = Image.new("CMYK", (2, 2), (255, 0, 0, 0))
    assert decode(saved(cyan, "TIFF")).pixels[0, 0].tolist() == [0, 255, 255]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_honoured(orientation: int) -> None:
    upright = np.zeros((16, 8), np.uint8)
    upright[:8, :4] = 255  # bright at the top left
    turn = {
        1: lambda a: a,
        2: lambda a: a[:, ::-1],
        3: lambda a: a[::-1, ::-1],
        4: lambda a: a[::-1],
        5: lambda a: a.T,
        6: np.rot90,
        7: lambda a: a[::-1, ::-1].T,
        8: lambda a: np.rot90(a, -1),
    }
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encoded(np.ascontiguousarray(turn[orientation](upright)), "JPEG", quality=95, exif=exif)
    assert upright_size(data) == (16, 8)
    assert np.array_equal(decode(data).pixels > 127, upright > 127)


def test_grey_is_found_or_made() -> None:
    alike = np.dstack([GREY] * 3)
    assert np.array_equal(decode(encoded(alike)).pixels, GREY)
    assert decode(encoded(alike), colour=True).pixels.shape == (12, 10, 3)
    luma = decode(encoded(COLOUR), colour=False).pixels
    assert np.abs(luma - COLOUR @ [0.299, 0.587, 0.114]).max() <= 1


def test_fits() -> None:
    wide = np.zeros((4, 8), np.uint8)
    wide[:, 2:6] = 200  # the middle square
    padded = decode(encoded(wide), (8, 8), fit="pad").pixels
    assert np.array_equal(padded[2:6], wide)
    assert not padded[:2].any()
    assert not padded[6:].any()
    assert (decode(encoded(wide), (4, 4), fit="crop").pixels == 200).all()
    stretched = decode(encoded(wide), (4, 4), fit="stretch").pixels
    assert stretched[:, 0].max() < 60 < 170 < stretched[:, 1].min()
    bright = decode(encoded(255 - wide), (8, 8), fit="pad").pixels
    assert (bright[:2] == 255).all()  # the ground goes on, whatever it is
    assert not decode(encoded(wide), (4, 8)).resized


def test_resampling_against_scipy() -> None:
    """Enlarged twofold, Pillow's triangle filter is bilinear interpolation between middles."""
    found = decode(encoded(GREY), (24, 20), fit="stretch").pixels.astype(float)
    wanted = zoom(GREY.astype(float), 2, order=1, mode="nearest", grid_mode=True)
    assert np.abs(found - wanted).max() <= 1


def test_small_pictures_average_all_of_a_large_one() -> None:
    fine = np.indices((64, 64)).sum(axis=0) % 2 * np.uint8(200)
    small = decode(encoded(fine.astype(np.uint8)), (8, 8)).pixels
    assert np.abs(small.astype(int) - 100).max() <= 3


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b"\0" * 100, "nothing but zero bytes"),
        (b"hello, world\n", "text"),
        (b"%PDF-1.7 ...", "a PDF document"),
        (b"<svg viewBox='0 0 1 1'/>", "an SVG drawing"),
        (b"<?xml version='1.0'?>\n<svg/>", "an SVG drawing"),
        (b"PK\x03\x04....", "a zip archive"),
        (b"\0\0\0\x18ftypheic....", "HEIC or AVIF, which is not read: export it as JPEG or PNG"),
        (bytes(range(128, 256)), "not an image"),
        (encoded(GREY)[:60], "truncated"),
        (encoded(noise(1, (64, 64)))[:-500], "truncated"),
        (encoded(noise(1, (64, 64)), "JPEG")[:-500], "truncated"),
        (encoded(noise(1, (64, 64)), "BMP")[:-500], "truncated"),
        (encoded(noise(1, (64, 64)), "GIF")[:-500], "truncated"),
        (encoded(noise(1, (64, 64)), "WEBP", lossless=True)[:-500], "truncated"),
        (encoded(noise(1, (64, 64)), "PPM")[:-500], "truncated"),
        (encoded(noise(1, (64, 64)), "TIFF")[:2000], "truncated or damaged"),
        (encoded(GREY)[:45] + b"\xff" * 20 + encoded(GREY)[65:], "damaged"),
        (bomb(9000, 9000), "too large: 9,000 × 9,000 pixels"),
        (bomb(12_000, 12_000), "too many pixels"),
        (bomb(100_000, 100_000), "too many pixels"),
    ],
)
def test_what_cannot_be_read_says_why(data: bytes, reason: str) -> None:
    with quiet_decoding(), pytest.raises(UnreadableError) as caught:
        decode(data)
    assert caught.value.reason == reason


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "BMP", "GIF", "WEBP", "TIFF", "PPM"])
def test_no_damage_escapes_as_another_error(kind: str) -> None:
    random = np.random.default_rng(7)
    whole = np.frombuffer(encoded(noise(3, (24, 20), 3), kind), np.uint8)
    read = 0
    with quiet_decoding():
        for _ in range(120):
            data = whole.copy()
            data[random.integers(0, min(len(data), 200), 3)] = random.integers(0, 256, 3)
            try:
                decode(data.tobytes(), (8, 8))
                read += 1
            except UnreadableError as error:
                assert error.reason
    assert read < 120
