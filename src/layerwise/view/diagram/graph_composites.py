"""Modules that write out in arithmetic what PyTorch has as one function: found by what they do."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final, Literal

from ...trace import Site
from .graph_operations import ACTIVATIONS, MEANS, RESHAPING, SCALAR

_ENDINGS: Final = ("Activation", "Act")


@dataclass(frozen=True)
class Composite:
    """The outputs of one call of such a module: they read `source`, others read only `last`."""

    sites: tuple[str, ...]
    source: str
    last: str
    name: str  # "NewGELU", "LlamaRMSNorm"
    role: Literal["activation", "normalisation"]
    weights: dict[str, None]
    reads: int  # how many of the operations read the source
    readers: int  # how many other operations read the last


def composites_of(
    outputs: Sequence[Site], inputs: Collection[str], sites: Mapping[str, Site]
) -> dict[str, Composite]:
    """Each output of such a module → its composite.

    A module that gives as many numbers as it takes, from one output, by nothing but element-wise
    operations, is an activation function; one with "Norm" in its class may take means too.
    """
    found: dict[str, Composite] = {}
    readers: dict[str, list[str]] = {}  # filled in when the first candidate asks
    for module, group in groupby(outputs, key=lambda site: site.about.get("module", "")):
        members = list(group)
        while members and members[0].about.get("operation") in RESHAPING:
            del members[0]  # a change of type that changes nothing is read by others too
        if module and len(members) > 1:
            source = _only_source(members, inputs, sites)
            if source is None:
                continue
            if not readers:
                for site in outputs:
                    for name in site.inputs:
                        readers.setdefault(name, []).append(site.name)
            composite = _composite(members, source, sites, readers)
            if composite is not None:
                found |= dict.fromkeys(composite.sites, composite)
    return found


def _only_source(
    members: Sequence[Site], inputs: Collection[str], sites: Mapping[str, Site]
) -> str | None:
    """The one output that all of a module's arithmetic starts from; None if there is not one."""
    own = {site.name for site in members}
    source = None
    for site in members:
        for name in site.inputs:
            if name not in own and (name in inputs or sites[name].kind == "activation"):
                if source not in (None, name):
                    return None
                source = name
    return source


def _composite(
    members: Sequence[Site],
    source: str,
    sites: Mapping[str, Site],
    readers: Mapping[str, list[str]],
) -> Composite | None:
    own = {site.name for site in members}
    last = members[-1]
    kind = str(last.about.get("type", ""))
    norm = "norm" in kind.lower()
    operations = [str(site.about.get("operation", "")) for site in members]
    allowed = [
        name in SCALAR or name in ACTIVATIONS or name in RESHAPING or (norm and name in MEANS)
        for name in operations
    ]
    if not all(allowed) or all(name in RESHAPING for name in operations):
        return None
    used = (name for site in members for name in site.inputs if name not in own)
    weights = {name: None for name in used if sites[name].kind == "weight"}
    if weights and not norm:
        return None
    escapes = any(set(readers.get(name, ())) - own for name in own - {last.name})
    if escapes or sites[source].about.get("shape") != last.about.get("shape"):
        return None
    name = kind
    for ending in _ENDINGS:
        name = name.removesuffix(ending) or name
    return Composite(
        sites=tuple(site.name for site in members),
        source=source,
        last=last.name,
        name=name,
        role="normalisation" if norm else "activation",
        weights=weights,
        reads=sum(source in site.inputs for site in members),
        readers=len(readers.get(last.name, ())),
    )
