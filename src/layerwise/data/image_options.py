"""What a person may ask of images as they are read: size, channels, groups, and who is told."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError, unknown_name
from .image_decode import FITS, Fit
from .wording import counted

Channels: TypeAlias = Literal["auto", "grey", "colour"]
CHANNELS: Final[tuple[Channels, ...]] = ("auto", "grey", "colour")
Progress: TypeAlias = Callable[[str, int, int], None]
"""Called with what is done, how many of it are done, and how many there are."""

LARGEST_SIDE: Final = 8192


@dataclass(frozen=True)
class ImageOptions:
    """How images are brought to one kind; `load_images` says what each option means.

    Raises `InputError` for what cannot be, `UnknownNameError` for a word that is not known.
    """

    size: int | tuple[int, int] | None = None
    channels: Channels = "auto"
    fit: Fit = "pad"
    group: str | Callable[[str], str] | None = None
    invert: bool | Literal["auto"] = False
    labelled: bool = True
    progress: Progress | None = None

    def __post_init__(self) -> None:
        """Check each option."""
        if self.channels not in CHANNELS:
            raise unknown_name("choice of channels", str(self.channels), CHANNELS)
        if self.fit not in FITS:
            raise unknown_name("fit", str(self.fit), FITS)
        if self.invert not in (True, False, "auto"):
            raise InputError("invert must be True, False or 'auto'", received=repr(self.invert))
        self.rows_columns  # noqa: B018
        if isinstance(self.group, str):
            try:
                re.compile(self.group)
            except re.error as error:
                raise InputError(
                    "The group is no regular expression",
                    received=f"{self.group!r}: {error}",
                    allowed='"prefix", "folder", a regular expression on the file\'s name, or a '
                    "function of it",
                ) from None
        elif self.group is not None and not callable(self.group):
            raise InputError("The group must be text or a function", received=repr(self.group))

    @property
    def rows_columns(self) -> tuple[int, int] | None:
        """The size asked for, (rows, columns); None for the commonest."""
        if self.size is None:
            return None
        given: Any = self.size
        pair = tuple(given) if isinstance(given, tuple | list) else (given, given)
        whole = all(isinstance(n, int | np.integer) and not isinstance(n, bool) for n in pair)
        if len(pair) != 2 or not whole or not all(1 <= n <= LARGEST_SIDE for n in pair):
            raise InputError(
                "The size of images is a whole number of pixels, or (rows, columns)",
                received=repr(self.size),
                allowed=f"1 to {LARGEST_SIDE:,}",
            )
        return int(pair[0]), int(pair[1])

    @property
    def colour(self) -> bool | None:
        """True for colour, False for grey, None where the images decide."""
        return {"auto": None, "grey": False, "colour": True}[self.channels]

    def tell(self, what: str, done: int, total: int) -> None:
        """Report progress, if anyone wants to know."""
        if self.progress is not None:
            self.progress(what, done, total)

    def groups_of(self, names: Sequence[str]) -> NDArray[np.str_] | None:
        """The group of each file, from its path below the class folder; None if none is asked for.

        Raises `InputError` where the rule gives nothing for some file.
        """
        if self.group is None:
            return None
        found = [self._group_of(name) for name in names]
        without = [name for name, group in zip(names, found, strict=True) if not group]
        if without:
            raise InputError(
                f"The rule for groups finds none in {counted(len(without), 'file name')}",
                received=f"{without[0]!r}, for one",
                do="Mend the rule so that it fits each name",
            )
        return np.array(found, dtype=np.str_)

    def _group_of(self, name: str) -> str:
        folder, _, last = name.rpartition("/")
        if callable(self.group):
            return str(self.group(name))
        if self.group == "folder":
            return folder
        if self.group == "prefix":
            return re.split(r"[._]", last, maxsplit=1)[0]
        match = re.search(str(self.group), name)
        if match is None:
            return ""
        return str(match.group(1) if match.re.groups else match.group())
