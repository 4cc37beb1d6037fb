"""Whether what a view was given is a recording that it can show."""

from __future__ import annotations

from collections.abc import Set
from typing import Any

from ...errors import InputError
from ...trace import Trace


def recorded(given: Any, noun: str, maker: str, sites: Set[str]) -> Trace:
    """The recording that was given, if it has these sites.

    `noun`: whose recording it should be; `maker`: the class that makes one. Raises `InputError` for
    anything else.
    """
    wanted = f"This view shows the recording of {noun}"
    if not isinstance(given, Trace):
        raise InputError(
            wanted, received=type(given).__name__, do=f"Give the trace_ of a fitted {maker}"
        )
    if not sites <= {site.name for site in given.sites}:
        raise InputError(wanted, received=repr(given), do=f"Record one with {maker}.record")
    return given
