"""A recorded network as a graph of layers: what belongs together is one, and what feeds it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from ...errors import InputError
from ...garbage import uncollected
from ...trace import Site, Trace
from .graph_composites import Composite, composites_of
from .graph_labels import label_of
from .graph_operations import (
    ACTIVATIONS,
    DROPOUTS,
    JOININGS,
    NEW,
    NORMALISATIONS,
    RESHAPING,
    Role,
    kind_of,
    role_of,
    snake,
    words_of,
)


@dataclass(frozen=True)
class Layer:
    """One thing that is drawn as a column or a block.

    `kind`: "input", "dense", "convolution", "pooling", "normalisation", "addition", "attention",
    "recurrent", "embedding", "joining" or "other". `sites`: the activation sites that it stands
    for, in order: a linear map, its normalisation, its activation function, its dropout; in front
    of them what reshapes its input. `shown`: the site whose values it shows, the last of them.
    `shape` and `axes` are those of that output, whole, with the sample axis. `label` says shape
    and activation: "32 maps 28 × 28, ReLU". `weight` and `bias` are sites or "", `parameters` all
    weight sites that take part, with their shapes in `sizes`. `inputs` are the numbers of the
    layers that feed it, in order. `module` is the module in which it ran, "" at the outside, and
    `settings` what that module says of itself: "kernel_size=(3, 3), stride=(1, 1)".
    """

    name: str
    kind: str
    sites: tuple[str, ...]
    shown: str
    shape: tuple[int, ...]
    axes: tuple[str, ...]
    label: str
    activation: str
    weight: str
    bias: str
    inputs: tuple[int, ...]
    parameters: tuple[str, ...] = ()
    sizes: tuple[tuple[int, ...], ...] = ()
    operation: str = ""
    module: str = ""
    settings: str = ""


@dataclass(frozen=True)
class NetworkGraph:
    """The layers of a network in the order in which they ran; a layer's number is its index."""

    layers: tuple[Layer, ...]


def network_graph(trace: Trace) -> NetworkGraph:
    """The layers of a recorded network, and which feeds which.

    An activation function, a normalisation, a dropout or arithmetic with numbers that follows one
    layer and is used by nobody else joins that layer; reshaping joins the layer that comes next.
    Sums of two outputs, joined outputs and products of attention are layers of their own. What
    does not depend on an input is swallowed, but for layers with weights (an embedding of
    positions). Outputs of true and false (masks) are no links.

    Raises `InputError` for a trace without activations.
    """
    sites = {site.name: site for site in trace.sites}
    outputs = [site for site in trace.sites if site.kind == "activation"]
    if not outputs:
        raise InputError(
            "This recording has no network to draw",
            received=f"{trace.title!r} without outputs of layers",
            do="Record one with layerwise.record, recording or fit",
        )
    with uncollected():
        return NetworkGraph(_Builder(sites, outputs).build())


@dataclass(eq=False, slots=True)
class _Draft:
    """A layer while it is put together."""

    site: Site  # the one that it is named after
    kind: str
    sites: list[str]
    shown: Site
    inputs: list[int]
    words: list[str] = field(default_factory=list)  # what is said after the shape
    activation: str = ""
    parameters: dict[str, None] = field(default_factory=dict)
    own: list[str] = field(default_factory=list)  # parameters of the operation it is named after
    operation: str = ""


class _Builder:
    """Goes through the outputs once, in the order of the run."""

    def __init__(self, sites: dict[str, Site], outputs: list[Site]) -> None:
        self.sites, self.outputs = sites, outputs
        self.drafts: list[_Draft] = []
        self.owner: dict[str, int] = {}  # site → the layer whose numbers it holds
        self.pending: dict[str, tuple[str, ...]] = {}  # site → what reshaped it after its layer
        self.swallowed: set[str] = set()
        self.parameters: dict[str, dict[str, None]] = {}  # of what depends on no input
        self.readers: dict[str, int] = defaultdict(int)
        self.whole: dict[str, str] = {}  # "lstm[1]" → "lstm"

    def build(self) -> tuple[Layer, ...]:
        for site in self.sites.values():
            if site.kind == "input":
                self.owner[site.name] = len(self.drafts)
                self.drafts.append(_Draft(site, "input", [], site, []))
        self._count_readers()
        composites = composites_of(self.outputs, set(self.owner), self.sites)
        for site in self.outputs:
            if site.name in composites:
                self._take_composite(site, composites[site.name])
            else:
                self._take(site)
        if all(draft.kind == "input" for draft in self.drafts):
            self._take_all()
        self._end()
        return tuple(self._finished(draft) for draft in self.drafts)

    def _take_all(self) -> None:
        """Nothing but reshaping and arithmetic: the last output stands for it all."""
        last = self.outputs[-1]
        inputs = sorted({self.owner[name] for name in last.inputs if name in self.owner})
        self._start(last, inputs, str(last.about.get("operation", "")))

    def _take_composite(self, site: Site, composite: Composite) -> None:
        """A module written out in arithmetic: an activation function or a normalisation."""
        if site.name != composite.last:
            return
        source = composite.source
        if source not in self.owner:
            self.parameters[site.name] = composite.weights
            return
        for name in composite.sites:
            self.readers[name] = 0
        self.readers[source] -= composite.reads - 1
        last = self.sites[composite.last]
        self.readers[last.name] = composite.readers
        self._follow(last, source, composite.role, composite.name, composite.weights)
        draft = self.drafts[self.owner[last.name]]
        draft.sites[-1:] = composite.sites

    def _count_readers(self) -> None:
        for site in self.outputs:
            base, bracket, part = site.name.rpartition("[")
            if bracket and part[:-1].isdigit() and base in self.sites:
                self.whole[site.name] = base
                if str(site.about.get("operation")) not in RESHAPING:
                    continue  # the same operation: its inputs were read once
            for name in site.inputs:  # each is named once
                self.readers[name] += 1

    def _take(self, site: Site) -> None:
        operation = str(site.about.get("operation", ""))
        base = self.whole.get(site.name, "")
        if base in self.owner and operation not in RESHAPING:
            self.owner[site.name] = self.owner[base]
            return
        if operation.endswith("_like") or operation in NEW:  # new numbers
            return
        fed = [name for name in site.inputs if name in self.owner]
        sources = [self.owner[name] for name in fed]
        if len(fed) > 1:
            fed, sources = list(dict.fromkeys(fed)), list(dict.fromkeys(sources))
        weights = self._weights(site)
        if not sources and not self._stands_alone(operation, weights):
            self.parameters[site.name] = weights
            return
        if site.about.get("dtype") == "bool":
            return  # a mask says where, it gives no numbers
        role = role_of(operation, len(sources) if len(fed) > 1 else 1)
        if operation in JOININGS and len(fed) == 1 and not weights and self._same(site, fed[0]):
            role = "reshaping"  # joined with nothing: a memory that is still empty
        if len(fed) > 1 and len(sources) == 1 and role != "reshaping":
            role = "layer"  # two parts of one layer's output: queries and keys
        if not sources:
            role = "layer"
        if role == "layer":
            self._start(site, sources, operation, fed)
        else:
            self._follow(site, fed[0], role, operation, weights)

    def _same(self, one: Site, other: str) -> bool:
        """Whether both have one shape."""
        shape = one.about.get("shape")
        return bool(shape == self.sites[other].about.get("shape"))

    @staticmethod
    def _stands_alone(operation: str, weights: dict[str, None]) -> bool:
        kind = kind_of(operation, "", bool(weights), 0)
        return bool(weights) and kind in ("dense", "convolution", "embedding", "recurrent")

    def _weights(self, site: Site) -> dict[str, None]:
        """The parameters that an operation takes, also by way of constants made from them."""
        found: dict[str, None] = {}
        for name in site.inputs:
            if self.sites[name].kind == "weight":
                found[name] = None
            elif name not in self.owner:
                found |= self.parameters.get(name, {})
        return found

    def _start(
        self, site: Site, inputs: list[int], operation: str, fed: list[str] | None = None
    ) -> None:
        weights = self._weights(site)
        module = str(site.about.get("type", ""))
        kind = kind_of(operation, module, bool(weights), max(len(inputs), len(fed or ())))
        draft = _Draft(site, kind, self._waiting(fed or []), site, inputs, operation=operation)
        draft.sites.append(site.name)
        words = words_of(operation, kind, module)
        if words:
            draft.words.append(words)
        draft.parameters |= weights
        draft.own = list(weights)
        self.owner[site.name] = len(self.drafts)
        self.drafts.append(draft)

    def _waiting(self, fed: list[str]) -> list[str]:
        """What reshaped these inputs and was not yet counted to a layer."""
        found = []
        for name in fed:
            for part in self.pending.get(name, ()):
                if part not in self.swallowed:
                    self.swallowed.add(part)
                    found.append(part)
        return found

    def _follow(
        self, site: Site, source: str, role: Role, operation: str, weights: dict[str, None]
    ) -> None:
        """An operation on one layer's output: part of that layer, of the next, or a layer."""
        number = self.owner[source]
        draft = self.drafts[number]
        before = self.pending.get(source, ())
        alone = (
            draft.kind != "input"
            and self.readers[draft.shown.name] == 1
            and all(self.readers[name] == 1 for name in before)
            and self.whole.get(source) is None
        )
        if role == "normalisation" and draft.kind in ("addition", "joining", "other"):
            alone = alone and _around(site) == _around(draft.site)  # not one after all blocks
        whole = draft.site.name.startswith(f"{site.name}.")  # what the layer's module returns
        if role == "reshaping" and alone and whole:
            role = "scalar"
        if role == "reshaping" or (role in ("scalar", "dropout") and not alone):
            self.owner[site.name] = number
            self.pending[site.name] = (*before, site.name)
            draft.parameters |= weights
            return
        if not alone:
            self._start(site, [number], operation, [source])
            self._say(self.drafts[-1], role, operation, site, first=True)
            return
        draft.sites += [*(name for name in before if name not in self.swallowed), site.name]
        self.swallowed.update(before)
        draft.shown = site
        draft.parameters |= weights
        self.owner[site.name] = number
        self._say(draft, role, operation, site)

    @staticmethod
    def _say(draft: _Draft, role: Role, operation: str, site: Site, first: bool = False) -> None:
        if role == "activation":
            name = ACTIVATIONS.get(operation) or ACTIVATIONS.get(snake(operation), operation)
            draft.activation = name
            if not first:
                draft.words.append(name)
        elif role == "normalisation" and not first:
            draft.words.append(NORMALISATIONS.get(operation, operation))
        elif role == "dropout" and operation in DROPOUTS:
            share = (site.about.get("arguments") or [None])[0]
            if isinstance(share, float) and share > 0:
                draft.words.append(f"dropout {share:g}")

    def _end(self) -> None:
        """What is reshaped last, for nobody, is the network's own output."""
        for site in self.outputs:
            parts = self.pending.get(site.name, ())
            if not parts or self.readers[site.name] or any(p in self.swallowed for p in parts):
                continue
            draft = self.drafts[self.owner[site.name]]
            last = self.owner[site.name] == len(self.drafts) - 1
            if draft.kind != "input" and last and self.readers[draft.shown.name] == 1:
                draft.sites += parts
                self.swallowed.update(parts)
                draft.shown = site

    @staticmethod
    def _own_shape(draft: _Draft, shape: tuple[int, ...]) -> tuple[int, ...]:
        """The shape of one sample; what depends on no input has no samples."""
        alone = draft.kind != "input" and not draft.inputs and shape[:1] != (1,)
        return shape if alone else shape[1:]

    def _size(self, name: str) -> tuple[int, ...]:
        return tuple(self.sites[name].about.get("shape", ()))

    def _finished(self, draft: _Draft) -> Layer:
        shape = self._size(draft.shown.name)
        sizes = tuple(self._size(name) for name in draft.parameters)
        weight = bias = ""
        if draft.own and draft.kind not in ("joining", "addition"):
            weight = next((name for name in draft.own if len(self._size(name)) > 1), "")
            bias = next((n for n in draft.own if n.rpartition(".")[2].startswith("bias")), "")
            if not weight and draft.own[0] != bias:
                weight = draft.own[0]
        return Layer(
            name=draft.site.name,
            kind=draft.kind,
            sites=tuple(draft.sites) or (draft.site.name,),
            shown=draft.shown.name,
            shape=shape,
            axes=draft.shown.axes,
            label=label_of(draft.kind, self._own_shape(draft, shape), draft.words, draft.shown),
            activation=draft.activation,
            weight=weight,
            bias=bias,
            inputs=tuple(draft.inputs),
            parameters=tuple(draft.parameters),
            sizes=sizes,
            operation=draft.operation,
            module=str(draft.site.about.get("module", "")),
            settings=str(draft.site.about.get("settings", "")),
        )


def _around(site: Site) -> str:
    """The module in which an output was made; for a module's own output the one around it."""
    module = str(site.about.get("module", ""))
    own = site.name
    if ":" in own:
        own = ".".join(part.partition(":")[0] for part in own.split("."))
    return module.rpartition(".")[0] if own == module else module
