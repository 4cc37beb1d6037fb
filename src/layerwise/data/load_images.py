"""The one way in for images: a name, a folder, an archive or an array becomes an ImageDataset."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, TypeAlias

from ..errors import FileError, InputError, nearest_name, unknown_name
from .catalog import ENTRIES
from .dataset import Dataset
from .files import looks_like_path
from .idx import IdxPair, find_idx, idx_classes, read_idx_images
from .image_arrays import brought, read_image_array
from .image_check import SUFFIXES
from .image_decode import Fit
from .image_files import Listing, list_images, single_image
from .image_folder import class_names, read_image_folder
from .image_options import Channels, ImageOptions, Progress
from .image_sets import IMAGE_SETS, build_image_set
from .images import ImageDataset
from .wording import listed

Part: TypeAlias = Literal["training", "control", "test"]

NDJSON = ".ndjson"
_FOLDERS = {
    "training": ("train", "training"),
    "control": ("control", "validation", "valid", "val", "dev"),
    "test": ("test", "testing"),
}
"""What the folders of parts may be called, in any letter case."""


def load_images(
    source: Any,
    *,
    size: int | tuple[int, int] | None = None,
    channels: Channels = "auto",
    fit: Fit = "pad",
    group: str | Callable[[str], str] | None = None,
    invert: bool | Literal["auto"] = False,
    part: Part | None = None,
    labelled: bool = True,
    progress: Progress | None = None,
    **options: Any,
) -> ImageDataset:
    """Images of one size with their classes, from whatever holds them.

    `source` is a folder, or a .zip of one, with a folder for each class (png, jpg, bmp, gif, webp,
    tif, ppm, pgm; a GIF's first picture); one image file, which has no class; a folder with MNIST's
    idx files; a Quick, Draw! .ndjson file, or a folder with several; the name "digits" or
    "drawings" (`options` go to the latter); an array (sample, row, column) or with channels last or
    first, of bytes or of fractions 0 to 1; a pair (X, y); or an `ImageDataset`.

    `size` is the side in pixels or (rows, columns); without it the commonest size is kept where no
    image has a side beyond 128, and otherwise all become 64 × 64. `fit` says how: "pad" (with the
    median colour of the image's border), "crop" or "stretch". `channels`: "grey", "colour", or
    "auto", grey if no image has a colour. `invert`: True turns black and white about, "auto" does
    so where the borders are bright. `group` names what must not be parted: "prefix" (the file's
    name up to the first point or underscore), "folder" (the folders below the class), a regular
    expression on the path below the class folder (its first bracket, else all it matches), or a
    function of that path. `part` chooses where the source has parts of its own: training unless
    said otherwise (classes are those of training; give the size as well, or use `load_parts`).
    `labelled=False` reads all images, without classes. `progress(what, done, total)` is told how
    far it is.

    Images are turned upright by their EXIF note and laid on white where transparent. One that
    cannot be read is left out and named in `notes`; so is all else that was changed. Raises
    `FileError` for a place that is missing or holds no such images, and where more than a tenth of
    them cannot be read; `InputError` for options and arrays that cannot be; `TooLargeError` where
    memory would not hold them.
    """
    asked = ImageOptions(size, channels, fit, group, invert, labelled, progress)
    if part is not None and part not in _FOLDERS:
        raise unknown_name("part", str(part), _FOLDERS)
    if isinstance(source, str) and source in IMAGE_SETS:
        own = build_image_set(source, size, options)
        return brought(own, asked)
    if options:
        raise InputError(
            "Only the image sets that come with layerwise take options",
            received=listed(sorted(options)),
            allowed=f"They are {', '.join(IMAGE_SETS)}",
        )
    if isinstance(source, ImageDataset):
        return brought(source, asked)
    if isinstance(source, Dataset) or (isinstance(source, str) and source in ENTRIES):
        name = source.card.name if isinstance(source, Dataset) else source
        raise InputError(
            f"{name!r} is a table, not a set of images", do="layerwise.data.load reads it"
        )
    if isinstance(source, str | Path):
        place = image_place(source)
        files = ndjson_files(place)
        if files:
            return brought(_quick_drawings(files, size), asked)
        return read_place(place, asked, part)
    if isinstance(source, tuple):
        if len(source) != 2:
            raise InputError(
                "A tuple must be a pair (X, y)", received=f"{len(source)} things in a tuple"
            )
        return brought(read_image_array(*source), asked)
    return brought(read_image_array(source), asked)


def image_place(source: str | Path) -> Path:
    """The path that is meant. Raises an error that offers the nearest name if nothing is there."""
    if isinstance(source, str) and not looks_like_path(source):
        raise unknown_name("image set", source, IMAGE_SETS, do="A folder is named by its path")
    path = Path(source).expanduser()
    if path.exists():
        return path
    folder = path.parent
    if not folder.is_dir():
        raise FileError(f"There is no folder {folder}, so there is no {path.name} in it")
    near = nearest_name(path.name, sorted(entry.name for entry in folder.iterdir()))
    offered = f"Did you mean {str(folder / near)!r}?" if near else ""
    raise FileError(f"There is no folder or file {path}", allowed=offered)


def ndjson_files(path: Path) -> list[Path]:
    """The Quick, Draw! files at a place: itself, or those in a folder, in order."""
    if path.is_dir():
        return sorted(entry for entry in path.iterdir() if entry.suffix.lower() == NDJSON)
    return [path] if path.suffix.lower() == NDJSON else []


def _quick_drawings(files: list[Path], size: int | tuple[int, int] | None) -> ImageDataset:
    from .quick_draw_file import quick_draw

    sides = {size} if isinstance(size, int) else set(size or ())
    return quick_draw(files, size=sides.pop()) if len(sides) == 1 else quick_draw(files)


def read_place(path: Path, options: ImageOptions, part: Part | None = None) -> ImageDataset:
    """The images in a folder or file, or one part of them where it has parts."""
    found = parts_at(path)
    if isinstance(found, Listing):
        if part is not None:
            raise FileError(
                f"{path} has no parts of its own",
                received=f"part={part!r}",
                do="layerwise.data.load_parts cuts it",
            )
        alone = path.suffix.lower() in SUFFIXES and not path.is_dir()
        return read_image_folder(found, replace(options, labelled=False) if alone else options)
    wanted = part or ("training" if "training" in found else "test")
    if wanted not in found:
        raise FileError(
            f"There is no {wanted} part in {path}", allowed=f"It has {' and '.join(found)}"
        )
    classes = None
    if wanted != "training" and "training" in found and options.labelled:
        first = found["training"]
        classes = class_names(first) if isinstance(first, Listing) else idx_classes(first)
    data = read_part(found[wanted], options, classes)
    if part is None and len(found) > 1:
        others = " and ".join(name for name in found if name != wanted)
        data = data.take(range(len(data)), [f"the {wanted} part only; {others} left aside"])
    return data


def parts_at(path: Path) -> Listing | dict[str, Listing | IdxPair]:
    """What lies at a path: images in folders, or parts by name, in folders or as idx files."""
    pairs = find_idx(path)
    if pairs:
        return {name: pairs[name] for name in ("training", "test") if name in pairs}
    if not path.is_dir():
        suffix = path.suffix.lower()
        if suffix in SUFFIXES:
            return single_image(path)
        if suffix != ".zip":
            raise unknown_name(
                "kind of images",
                suffix or path.name,
                (".zip", *SUFFIXES),
                where=str(path),
                do="layerwise.data.load reads tables" if suffix in (".csv", ".parquet") else "",
            )
    listing = list_images(path)
    return _part_folders(listing) or listing


def _part_folders(listing: Listing) -> dict[str, Listing | IdxPair]:
    """The parts among the first folders; empty where those are classes.

    They are parts where one is called training and holds class folders, and another either does
    so too or has a part's name: a test folder without classes is passed over, with a note.
    """
    parts: dict[str, Listing | IdxPair] = {}
    without = []
    for name, spellings in _FOLDERS.items():
        for folder in listing.folders:
            if folder.lower() in spellings:
                below = listing.within(folder)
                if any(file.folder for file in below.files):
                    parts[name] = below
                else:
                    without.append(folder)
    training = parts.get("training")
    if not isinstance(training, Listing):
        return {}
    if len(parts) == 1 and len(listing.folders) > 1 + len(without):
        return {}
    training.notes += [f"passed over {folder}: it has no class folders" for folder in without]
    return parts


def read_part(
    part: Listing | IdxPair,
    options: ImageOptions,
    classes: tuple[str, ...] | None = None,
) -> ImageDataset:
    """One part; `classes` are those of the training part, where this is another."""
    if isinstance(part, Listing):
        return read_image_folder(part, options, classes)
    return brought(read_idx_images(part, classes, labelled=options.labelled), options)
