"""What an operation's output needs of its inputs, number for number, whatever the weights are.

Most rules need no formula: an operation that only moves or adds numbers is run again on ones, and
PyTorch's own derivative of it, which is then nowhere negative, is positive exactly where a number
counts. Bilinear ones (matrix products, convolutions) have all weights taken as one. Operations
number by number hand a mask through; normalisation, softmax and the like need all that they run
over. One that has no rule is taken to need everything, and is named.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import torch
from torch import Tensor

Needs: TypeAlias = list[tuple[Tensor, Tensor]]
Closed: TypeAlias = dict[int, Tensor]
"""Memory → its places that hold a zero which no input can change: attention's masked weights."""


@dataclass(frozen=True, eq=False)
class Note:
    """One operation: what it was given, what it wrote, and which inputs come from the source."""

    function: Any
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    outputs: list[Tensor]
    reached: set[int]  # identities

    @property
    def name(self) -> str:
        """Its plain name: "add" for add_.Tensor."""
        return str(self.function._schema.name.partition("::")[2]).removesuffix("_")

    @property
    def given(self) -> dict[str, Any]:
        """Its arguments by name."""
        arguments = self.function._schema.arguments
        found = {a.name: a.default_value if a.has_default_value() else None for a in arguments}
        found.update({a.name: v for a, v in zip(arguments, self.args, strict=False)})
        return {**found, **self.kwargs}

    @property
    def sources(self) -> list[Tensor]:
        """The inputs that come from the source."""
        return [part for part in flat_tensors((self.args, self.kwargs)) if id(part) in self.reached]


_MOVING: Final = frozenset(
    ("cat", "stack", "constant_pad_nd", "reflection_pad1d", "reflection_pad2d", "reflection_pad3d",
     "replication_pad1d", "replication_pad2d", "replication_pad3d", "index", "index_select",
     "gather", "index_put", "_index_put_impl", "scatter", "scatter_add", "index_add", "index_copy",
     "slice_scatter", "select_scatter", "diagonal_scatter", "roll", "flip", "repeat",
     "repeat_interleave", "cumsum", "sum", "mean", "tril", "triu", "im2col", "col2im",
     "pixel_shuffle", "pixel_unshuffle", "channel_shuffle", "native_channel_shuffle", "avg_pool1d",
     "avg_pool2d", "avg_pool3d", "_adaptive_avg_pool2d", "_adaptive_avg_pool3d",
     "adaptive_avg_pool1d", "upsample_nearest1d", "upsample_nearest2d", "upsample_nearest3d",
     "_upsample_nearest_exact1d", "_upsample_nearest_exact2d", "_upsample_nearest_exact3d",
     "upsample_linear1d", "upsample_bilinear2d", "upsample_trilinear3d", "upsample_bicubic2d",
     "_upsample_bilinear2d_aa", "_upsample_bicubic2d_aa", "mm", "bmm", "addmm", "baddbmm",
     "addbmm", "mv", "addmv", "dot", "addr", "linear", "trace", "diag_embed", "take", "rot90",
     "unfold_copy", "embedding")
)  # fmt: skip
_POINTWISE: Final = frozenset(
    ("_prelu_kernel", "native_dropout", "lift_fresh_copy", "nan_to_num", "rrelu_with_noise",
     "_to_copy", "clone", "glu_jvp", "masked_fill", "where", "bernoulli")
)  # fmt: skip
_OVER_AXES: Final = frozenset(
    ("_softmax", "_log_softmax", "_safe_softmax", "sort", "topk", "amax", "amin",
     "max", "min", "var", "std", "var_mean", "std_mean", "prod",
     "logsumexp", "argmax", "argmin", "any", "all", "median", "nanmedian", "mode", "kthvalue",
     "norm", "linalg_vector_norm", "aminmax", "argsort")
)  # fmt: skip
_MAX_POOLS: Final = frozenset(("max_pool2d_with_indices", "max_pool3d_with_indices"))
_ADAPTIVE_MAX: Final = {
    "adaptive_max_pool2d": torch.ops.aten._adaptive_avg_pool2d,
    "adaptive_max_pool3d": torch.ops.aten._adaptive_avg_pool3d,
}
_ATTENTION: Final = frozenset(
    ("_scaled_dot_product_flash_attention_for_cpu", "_scaled_dot_product_flash_attention",
     "_scaled_dot_product_efficient_attention", "_scaled_dot_product_attention_math")
)  # fmt: skip
_NORMS: Final = frozenset(
    ("native_layer_norm", "native_group_norm", "native_batch_norm", "_native_batch_norm_legit",
     "_native_batch_norm_legit_no_training", "cudnn_batch_norm", "_fused_rms_norm")
)  # fmt: skip
_RUNNING: Final = frozenset(("cumprod", "cummax", "cummin", "logcumsumexp"))
_FROM_NOTHING: Final = frozenset(
    ("fill", "zero", "bernoulli", "uniform", "normal", "random", "empty_like", "zeros_like",
     "ones_like", "full_like", "rand_like", "randn_like", "randint_like", "new_empty", "new_zeros",
     "new_ones", "new_full", "exponential")
)  # fmt: skip


def flat_tensors(value: Any) -> list[Tensor]:
    """The tensors in nested lists, tuples and mappings; those without numbers left out."""
    if isinstance(value, Tensor):
        return [value] if value.numel() else []
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        return [tensor for part in value for tensor in flat_tensors(part)]
    return []


def start_of(tensor: Tensor) -> int:
    """The memory that a tensor looks into."""
    return int(tensor.untyped_storage().data_ptr())


def needed(note: Note, wanted: list[Tensor], closed: Closed, guessed: set[str]) -> Needs:
    """Which numbers of its inputs an operation needs for the wanted ones of its outputs."""
    name, given = note.name, note.given
    if name in _FROM_NOTHING and (name != "fill" or not _is_reached(note, given.get("value"))):
        return []
    if name == "fill":
        return [(given["value"], _summed(wanted[0], given["value"].shape))]
    if name == "copy":
        return [(source, _summed(wanted[0], source.shape)) for source in [given["src"]]
                if _is_reached(note, source)]  # fmt: skip
    if name in ("convolution", "_convolution"):
        return _of_convolution(note, wanted[0])
    if name in _MAX_POOLS:
        return _of_max_pool(note, wanted[0])
    if name in _ADAPTIVE_MAX:
        return _derived(_ADAPTIVE_MAX[name], (given["self"], given["output_size"]), {}, note,
                        wanted[:1], closed)  # fmt: skip
    if name in _MOVING:
        return _derived(_functional(note), note.args, note.kwargs, note, wanted, closed)
    if name in _ATTENTION:
        return _of_attention(note, wanted[0])
    if name in _NORMS:
        return _of_normalisation(note, wanted[0])
    if name in _OVER_AXES:
        return _over_axes(note, wanted)
    if name in _RUNNING:
        mask = wanted[0] if len(wanted) == 1 else wanted[0] | wanted[1]
        axis = given["dim"]
        return [(given["self"], mask.flip(axis).cumsum(axis).flip(axis) > 0)]
    if name == "glu":
        return [(given["self"], torch.cat([wanted[0]] * 2, dim=given["dim"]))]
    if torch.Tag.pointwise in note.function.tags or name in _POINTWISE:
        return _number_by_number(note, wanted)
    guessed.add(name)
    return [(source, torch.ones(source.shape, dtype=torch.bool)) for source in note.sources]


def notes_closed(note: Note, closed: Closed) -> None:
    """Remember where softmax gives a zero because a mask wrote −∞, and where copies have it."""
    name = note.name
    if name in ("_softmax", "_safe_softmax"):
        zeros = note.given["self"] == -torch.inf
        if bool(zeros.any()):
            _mark_closed(note.outputs[0], zeros, closed)
    elif closed and name in ("clone", "_to_copy", "native_dropout"):
        source = note.sources[0]
        zeros = closed_in(source, closed)
        if zeros is not None:
            _mark_closed(note.outputs[0], zeros, closed)


def closed_in(tensor: Tensor, closed: Closed) -> Tensor | None:
    """Where a tensor holds zeros that no input can change; None: nowhere."""
    mask = closed.get(start_of(tensor))
    if mask is None:
        return None
    return mask.as_strided(tensor.shape, tensor.stride(), tensor.storage_offset())


def _mark_closed(tensor: Tensor, zeros: Tensor, closed: Closed) -> None:
    count = tensor.untyped_storage().nbytes() // tensor.element_size()
    mask = torch.zeros(count, dtype=torch.bool)
    mask.as_strided(tensor.shape, tensor.stride(), tensor.storage_offset()).copy_(zeros)
    closed[start_of(tensor)] = mask


def _is_reached(note: Note, value: Any) -> bool:
    return isinstance(value, Tensor) and id(value) in note.reached


def _summed(mask: Tensor, shape: Any) -> Tensor:
    """Where any of the numbers that a broadcast one stands for is wanted."""
    return mask.to(torch.float32).sum_to_size(shape) > 0


def _functional(note: Note) -> Any:
    """The operation that gives what this one writes in place."""
    namespace, _, name = note.function._schema.name.partition("::")
    if not name.endswith("_"):
        return note.function
    packet = getattr(getattr(torch.ops, namespace), name.removesuffix("_"))
    overload: Any = getattr(packet, note.function._overloadname, packet)
    return overload


def _derived(
    function: Any,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    note: Note,
    wanted: list[Tensor],
    closed: Closed,
) -> Needs:
    """By PyTorch's derivative of the operation, with every number taken as one.

    What is wanted has a random weight each, so that what comes back cannot cancel where a
    coefficient is negative (bicubic enlarging).
    """
    leaves: list[tuple[Tensor, Tensor]] = []

    def ones(value: Any) -> Any:
        if isinstance(value, Tensor) and value.is_floating_point():
            leaf = torch.ones(value.shape, dtype=torch.float64)
            zeros = closed_in(value, closed) if closed else None
            if zeros is not None:
                leaf[zeros] = 0
            if id(value) in note.reached:
                leaves.append((value, leaf.requires_grad_()))
            return leaf
        if isinstance(value, (list, tuple)):
            return type(value)(ones(part) for part in value)
        return value

    chance = torch.Generator().manual_seed(0)
    with torch.enable_grad():
        made = function(*ones(args), **{key: ones(value) for key, value in kwargs.items()})
        outputs = [part for part in flat_tensors(made) if part.requires_grad][: len(wanted)]
        weights = [
            mask * (0.5 + torch.rand(mask.shape, generator=chance, dtype=torch.float64))
            for mask in wanted[: len(outputs)]
        ]
        inputs = [leaf for _, leaf in leaves]
        slopes = torch.autograd.grad(outputs, inputs, weights, allow_unused=True)
    return [
        (value, slope != 0)
        for (value, _), slope in zip(leaves, slopes, strict=True)
        if slope is not None
    ]


def _of_convolution(note: Note, wanted: Tensor) -> Needs:
    """All channels of a group alike: one kernel of ones for each group, forwards or transposed."""
    given = note.given
    x, weight, groups = given["input"], given["weight"], given["groups"]
    found: Needs = []
    if _is_reached(note, x):
        batch, sides = wanted.shape[0], tuple(x.shape[2:])
        grouped = wanted.reshape(batch, groups, -1, *wanted.shape[2:]).any(2)
        one = torch.ones((batch, groups, *sides), requires_grad=True)
        kernel = torch.ones((groups, 1, *weight.shape[2:]))
        with torch.enable_grad():
            made = torch.ops.aten.convolution(
                one, kernel, None, given["stride"], given["padding"], given["dilation"],
                given["transposed"], given["output_padding"], groups,
            )  # fmt: skip
            slope = torch.autograd.grad(made, one, grouped.to(made.dtype))[0]
        each = (slope > 0).repeat_interleave(x.shape[1] // groups, dim=1)
        found.append((x, each))
    for name in ("weight", "bias"):  # made from the input itself
        if _is_reached(note, given[name]):
            found.append((given[name], torch.ones(given[name].shape, dtype=torch.bool)))
    return found


def _of_max_pool(note: Note, wanted: Tensor) -> Needs:
    """All of each window: any of it can be the largest."""
    given = note.given
    x, sides = given["self"], len(given["kernel_size"])
    kernel, padding, dilation = (
        _each(given[name], sides) for name in ("kernel_size", "padding", "dilation")
    )
    stride = _each(given["stride"] or given["kernel_size"], sides)
    reach = [
        (out - 1) * step + spread * (size - 1) + 1
        for out, step, spread, size in zip(
            wanted.shape[-sides:], stride, dilation, kernel, strict=True
        )
    ]
    planes = wanted.reshape(-1, 1, *wanted.shape[-sides:]).to(torch.float32)
    one = torch.ones((planes.shape[0], 1, *reach), requires_grad=True)
    with torch.enable_grad():
        made = torch.ops.aten.convolution(
            one, torch.ones((1, 1, *kernel)), None, stride, [0] * sides, dilation, False,
            [0] * sides, 1,
        )  # fmt: skip
        slope = torch.autograd.grad(made, one, planes)[0] > 0
    found = torch.zeros((planes.shape[0], 1, *x.shape[-sides:]), dtype=torch.bool)
    taken: list[Any] = [slice(None), slice(None)]
    kept: list[Any] = [slice(None), slice(None)]
    for side, (far, before) in enumerate(zip(reach, padding, strict=True)):
        count = min(x.shape[x.dim() - sides + side], far - before)
        taken.append(slice(before, before + count))
        kept.append(slice(0, count))
    found[tuple(kept)] = slope[tuple(taken)]
    return [(x, found.reshape(x.shape))]


def _each(value: Any, count: int) -> list[int]:
    values = list(value)
    return values * count if len(values) == 1 else values


def _of_attention(note: Note, wanted: Tensor) -> Needs:
    """A row needs its own query, and keys and values at all places that are not masked."""
    given = note.given
    query, key, value = given["query"], given["key"], given["value"]
    rows = wanted.any(-1, keepdim=True)  # (sample, head, row, 1)
    opened = torch.ones((query.shape[-2], key.shape[-2]), dtype=torch.bool)
    if given.get("is_causal"):
        opened = opened.tril()
    mask = given.get("attn_mask")
    mask = given.get("attn_bias") if mask is None else mask
    if isinstance(mask, Tensor) and not _is_reached(note, mask):
        opened = opened & (mask if mask.dtype == torch.bool else mask != -torch.inf)
    places = (rows & opened).any(-2).unsqueeze(-1)  # (sample, head, place, 1)
    heads = key.shape[1]
    if places.shape[1] != heads:  # several heads of queries share one of keys
        places = places.reshape(places.shape[0], heads, -1, *places.shape[2:]).any(2)
    columns = (wanted.unsqueeze(-2) & opened.unsqueeze(-1)).any(-3)
    if columns.shape[1] != heads:
        columns = columns.reshape(columns.shape[0], heads, -1, *columns.shape[2:]).any(2)
    wants = [(query, rows.expand(query.shape)), (key, places.expand(key.shape)), (value, columns)]
    if isinstance(mask, Tensor) and _is_reached(note, mask):
        wants.append((mask, torch.ones(mask.shape, dtype=torch.bool)))
    return [(tensor, wanted_of) for tensor, wanted_of in wants if _is_reached(note, tensor)]


def _of_normalisation(note: Note, wanted: Tensor) -> Needs:
    """All numbers that share a mean and a variance."""
    given, name = note.given, note.name
    x: Tensor = given["input"]
    mask = wanted.reshape(x.shape)
    if "batch_norm" in name:
        if given.get("training") and "no_training" not in name:
            axes = [axis for axis in range(x.dim()) if axis != 1]
            mask = mask.any(1, keepdim=True) if not axes else _any(mask, axes).expand(x.shape)
    elif name == "native_group_norm":
        grouped = mask.reshape(x.shape[0], given["group"], -1)
        mask = grouped.any(-1, keepdim=True).expand(grouped.shape).reshape(x.shape)
    else:
        count = len(given["normalized_shape"])
        mask = _any(mask, list(range(x.dim() - count, x.dim()))).expand(x.shape)
    found = [(x, mask)] if _is_reached(note, x) else []
    return found + [
        (part, torch.ones(part.shape, dtype=torch.bool)) for part in note.sources if part is not x
    ]


def _over_axes(note: Note, wanted: list[Tensor]) -> Needs:
    """All numbers along the axes that the operation runs over."""
    given = note.given
    x: Tensor = given["self"] if "self" in given else given["input"]
    mask = wanted[0]
    for other in wanted[1:]:
        mask = mask | other.reshape(mask.shape)
    axes = given.get("dim")
    if axes is None or axes == []:
        return [(x, torch.ones(x.shape, dtype=torch.bool))]
    chosen = sorted(axis % x.dim() for axis in ([axes] if isinstance(axes, int) else axes))
    if mask.dim() != x.dim():
        for axis in chosen:
            mask = mask.unsqueeze(axis)
    mask = _any(mask, chosen)
    return [(x, mask.expand(x.shape))]


def _any(mask: Tensor, axes: list[int]) -> Tensor:
    for axis in axes:
        mask = mask.any(axis, keepdim=True)
    return mask


def _number_by_number(note: Note, wanted: list[Tensor]) -> Needs:
    """The numbers at the same place, but where a fixed mask closes it."""
    given, name = note.given, note.name
    mask = wanted[0]
    for other in wanted[1:]:
        if other.shape == mask.shape:
            mask = mask | other
    open_to: dict[int, Tensor] = {}
    if name == "where" and not _is_reached(note, given["condition"]):
        chosen = given["condition"].expand(mask.shape)
        for key, allowed in (("self", chosen), ("other", ~chosen)):
            if isinstance(given[key], Tensor):
                open_to[id(given[key])] = allowed
    if name == "masked_fill" and not _is_reached(note, given["mask"]):
        open_to[id(given["self"])] = ~given["mask"].expand(mask.shape)
    if name in ("add", "sub"):
        one, other = given["self"], given["other"]
        for source, fixed in ((one, other), (other, one)):
            if isinstance(fixed, Tensor) and not _is_reached(note, fixed):
                open_to[id(source)] = ~torch.isinf(fixed).expand(mask.shape)
    found: Needs = []
    for source in note.sources:
        if any(source is written for written in note.outputs) and name == "copy":
            continue
        allowed = open_to.get(id(source))
        own = mask if allowed is None else mask & allowed
        found.append((source, _summed(own, source.shape)))
    return found
