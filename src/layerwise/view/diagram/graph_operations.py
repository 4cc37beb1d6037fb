"""What the operations of a recorded network are: their kind, and what a person calls them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Final, Literal, TypeAlias

Role: TypeAlias = Literal["layer", "activation", "normalisation", "dropout", "reshaping", "scalar"]

RESHAPING: Final = frozenset(
    ("flatten", "view", "reshape", "contiguous", "detach", "to", "unflatten", "squeeze",
     "unsqueeze", "permute", "transpose", "t", "T", "mT", "H", "mH", "expand", "expand_as",
     "view_as", "reshape_as", "clone", "chunk", "split", "tensor_split", "split_with_sizes",
     "unbind", "float", "half", "bfloat16", "double", "long", "int", "type", "type_as", "movedim",
     "moveaxis", "swapaxes", "swapdims", "data", "getitem", "select", "narrow", "index_select",
     "flip", "roll", "repeat", "repeat_interleave", "tile", "pad", "unfold", "ravel", "adjoint",
     "requires_grad_", "rename", "cpu", "cuda", "atleast_1d", "atleast_2d", "atleast_3d",
     "broadcast_to", "tril", "triu", "real", "Flatten", "Unflatten", "Identity", "gather", "take",
     "masked_select", "alias", "pixel_shuffle", "pixel_unshuffle", "channel_shuffle",
     "pack_padded_sequence", "pad_packed_sequence", "_pack_padded_sequence",
     "_pad_packed_sequence")
)  # fmt: skip
"""Operations whose outputs are numbers of their input in another shape, order or choice."""

ACTIVATIONS: Final[Mapping[str, str]] = {
    "relu": "ReLU", "relu_": "ReLU", "relu6": "ReLU6", "leaky_relu": "leaky ReLU",
    "leaky_relu_": "leaky ReLU", "prelu": "PReLU", "rrelu": "RReLU", "elu": "ELU", "elu_": "ELU",
    "selu": "SELU", "celu": "CELU", "gelu": "GELU", "silu": "SiLU", "mish": "Mish",
    "tanh": "tanh", "tanh_": "tanh", "sigmoid": "sigmoid", "sigmoid_": "sigmoid",
    "softmax": "softmax", "_softmax": "softmax", "log_softmax": "log softmax",
    "softmin": "softmin", "gumbel_softmax": "Gumbel softmax", "softplus": "softplus",
    "softsign": "softsign", "tanhshrink": "tanhshrink", "softshrink": "softshrink",
    "hardshrink": "hardshrink", "hardtanh": "hard tanh", "hardtanh_": "hard tanh",
    "hardsigmoid": "hard sigmoid", "hardswish": "hard swish", "hardswish_": "hard swish",
    "logsigmoid": "log sigmoid", "log_sigmoid": "log sigmoid", "threshold": "threshold",
    "heaviside": "step", "sign": "sign", "sin": "sine", "cos": "cosine", "exp": "exponential",
    "abs": "absolute value", "absolute": "absolute value", "square": "square",
    "clamp": "clamp", "clip": "clamp", "erf": "erf", "glu": "GLU", "normalize": "unit length",
}  # fmt: skip

NORMALISATIONS: Final[Mapping[str, str]] = {
    "batch_norm": "batch norm", "layer_norm": "layer norm", "group_norm": "group norm",
    "instance_norm": "instance norm", "local_response_norm": "local response norm",
    "rms_norm": "RMS norm", "native_layer_norm": "layer norm",
}  # fmt: skip

DROPOUTS: Final = frozenset(
    ("dropout", "dropout_", "dropout1d", "dropout2d", "dropout3d", "alpha_dropout",
     "feature_dropout", "feature_alpha_dropout", "bernoulli", "native_dropout")
)  # fmt: skip

SCALAR: Final = frozenset(
    ("add", "add_", "sub", "sub_", "rsub", "mul", "mul_", "div", "div_", "truediv", "floordiv",
     "true_divide", "multiply", "subtract", "divide", "neg", "negative", "pow", "pow_", "sqrt",
     "rsqrt", "reciprocal", "remainder", "mod", "masked_fill", "masked_fill_", "where", "fill_",
     "zero_", "copy_", "addcmul", "addcdiv", "lerp", "nan_to_num", "baddbmm_scale", "bitwise_not",
     "setitem", "log", "log1p", "expm1", "round", "floor", "ceil", "rand_like", "maximum",
     "minimum", "add_scaled", "invert", "and", "or", "xor", "eq", "ne", "lt", "le", "gt", "ge",
     "logical_not", "logical_and", "logical_or", "cumsum", "__add__", "scatter", "scatter_",
     "index_copy", "index_add", "masked_scatter", "float_power", "iadd", "isub", "imul")
)  # fmt: skip
"""Element by element: with one layer's output they are swallowed, with two they are a layer."""

ADDITIONS: Final = frozenset(
    ("add", "add_", "iadd", "sub", "sub_", "isub", "rsub", "subtract", "lerp", "addcmul", "sum")
)
PRODUCTS: Final = frozenset(("matmul", "bmm", "baddbmm", "einsum", "mm", "chain_matmul", "dot"))
NEW: Final = frozenset(("new_zeros", "new_ones", "new_full", "new_empty"))
"""What takes a tensor for its type alone, and makes new numbers."""
JOININGS: Final = frozenset(
    ("cat", "concat", "concatenate", "stack", "hstack", "vstack", "dstack", "column_stack")
)
MEANS: Final[Mapping[str, str]] = {
    "mean": "mean", "sum": "sum", "amax": "largest", "max": "largest", "amin": "smallest",
    "min": "smallest", "logsumexp": "log sum exp", "norm": "length", "var": "variance",
    "std": "standard deviation", "median": "median", "argmax": "number of the largest",
    "topk": "largest ones", "prod": "product", "cumsum": "running sum",
}  # fmt: skip
RECURRENT: Final[Mapping[str, str]] = {
    "lstm": "LSTM", "gru": "GRU", "rnn_tanh": "recurrent, tanh", "rnn_relu": "recurrent, ReLU",
    "lstm_cell": "LSTM cell", "gru_cell": "GRU cell", "rnn_tanh_cell": "recurrent cell, tanh",
    "rnn_relu_cell": "recurrent cell, ReLU",
}  # fmt: skip
ATTENTIONS: Final = frozenset(
    ("scaled_dot_product_attention", "multi_head_attention_forward", "MultiheadAttention",
     "_native_multi_head_attention", "flex_attention")
)  # fmt: skip
FUSED: Final[Mapping[str, str]] = {
    "_transformer_encoder_layer_fwd": "transformer encoder layer",
    "TransformerEncoderLayer": "transformer encoder layer",
    "TransformerDecoderLayer": "transformer decoder layer",
    "TransformerEncoder": "transformer encoder",
    "TransformerDecoder": "transformer decoder",
}
RESAMPLINGS: Final = frozenset(
    ("interpolate", "upsample", "upsample_nearest", "upsample_bilinear", "grid_sample", "fold")
)


@lru_cache(maxsize=1 << 12)
def role_of(operation: str, sources: int) -> Role:
    """What part an operation plays that takes the outputs of so many layers."""
    if sources > 1:
        return "layer"
    if operation in RESHAPING:
        return "reshaping"
    if operation in ACTIVATIONS or snake(operation) in ACTIVATIONS:
        return "activation"
    if operation in NORMALISATIONS:
        return "normalisation"
    if operation in DROPOUTS or operation in ("Dropout", "DropPath"):
        return "dropout"
    if operation in SCALAR:
        return "scalar"
    return "layer"


def snake(operation: str) -> str:
    """A module's class as its function would be called: what PyTorch hid has only that."""
    return operation.lower()


@lru_cache(maxsize=1 << 12)
def kind_of(operation: str, module: str, weighted: bool, sources: int) -> str:
    """The kind of a layer, as `Layer.kind` lists them.

    `module` is the class of the module that it ran in; `weighted`: a parameter takes part.
    """
    name = snake(operation)
    if name.startswith(("conv", "lazyconv")):
        return "convolution"
    if name in ("linear", "addmm", "bilinear", "lazylinear") or (
        operation in PRODUCTS and weighted and sources < 2
    ):
        return "dense"
    if "pool" in name or (operation in MEANS and sources < 2):
        return "pooling"
    if name in RECURRENT or name.endswith(("lstm", "gru")):
        return "recurrent"
    if name.startswith("embedding"):
        return "embedding"
    if operation in ATTENTIONS or operation in FUSED or operation in PRODUCTS:
        return "attention"
    if operation in JOININGS:
        return "joining"
    if operation in ADDITIONS and sources > 1:
        return "addition"
    if operation in NORMALISATIONS:
        return "normalisation"
    return "normalisation" if "Norm" in module and operation not in SCALAR else "other"


@lru_cache(maxsize=1 << 12)
def words_of(operation: str, kind: str, module: str) -> str:
    """What an operation is called in a label: "max pooling", "sum", "LSTM"; "" where its kind and
    shape say it all."""
    name = snake(operation)
    if kind in ("dense", "convolution", "input"):
        return "transposed" if "transpose" in name else ""
    if kind == "pooling":
        if "pool" in name:
            sort = "max" if "max" in name else "mean" if "avg" in name else "power mean"
            return f"{sort} pooling"
        return MEANS[operation]
    if kind == "recurrent":
        return RECURRENT.get(name, operation)
    if kind == "normalisation":
        return NORMALISATIONS.get(operation, module or operation)
    if kind == "addition":
        return "difference" if "sub" in name else "sum"
    if kind == "attention":
        return FUSED.get(operation, "product" if operation in PRODUCTS else "attention")
    if kind == "joining":
        return "stacked" if "stack" in name else "joined"
    if operation in ("mul", "mul_", "imul", "multiply"):
        return "product"
    if operation in RESAMPLINGS:
        return "resized"
    found = ACTIVATIONS.get(operation) or MEANS.get(operation)
    return found or operation.strip("_").replace("_", " ")
