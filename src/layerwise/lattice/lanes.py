"""Eight machine words at a time, as a value that compiled kernels compute with.

Loops over arrays are made parallel by the compiler only where it can prove that no write changes
a later read. A kernel that writes into the array it reads from knows that by its own order; with
these values it says so: `load` eight words, compute, `store` eight words, in the order written.
The compiler turns each operation into one instruction where the processor has registers for eight
words, into a few where it has smaller ones.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any, Final, cast

from llvmlite import ir
from numba import types
from numba.extending import intrinsic, models, overload, register_jitable, register_model

from .random_bits import FIRST_FACTOR, SECOND_FACTOR

LANES: Final = 8
_VECTOR = ir.VectorType(ir.IntType(64), LANES)
_WORD_ALIGNED: Final = 8  # bytes: groups may begin at any word


class _LanesType(types.Type):
    """What numba calls a value of eight words."""

    def __init__(self) -> None:
        super().__init__(name="Lanes")


_lanes: Any = cast(Any, _LanesType)()
_plain: Any = models.PrimitiveModel
# Such a value is one vector of LLVM.
register_model(_LanesType)(lambda manager, lanes: _plain(manager, lanes, _VECTOR))


def _pointer(context: Any, builder: Any, signature: Any, args: Any) -> Any:
    """Where words[plane, at] lies, for a two-dimensional array whose rows are contiguous."""
    array = context.make_array(signature.args[0])(context, builder, args[0])
    pitch = builder.extract_value(array.strides, 0)
    octets = builder.bitcast(array.data, ir.IntType(8).as_pointer())
    row = builder.gep(octets, [builder.mul(pitch, args[1])])
    first = builder.bitcast(row, ir.IntType(64).as_pointer())
    return builder.bitcast(builder.gep(first, [args[2]]), _VECTOR.as_pointer())


def _load(typing: Any, words: Any, plane: Any, at: Any) -> Any:
    """The eight words from words[plane, at] on; nothing checks that they are within the array."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        value = builder.load(_pointer(context, builder, signature, args))
        value.align = _WORD_ALIGNED
        return value

    return _lanes(words, types.intp, types.intp), code


def _store(typing: Any, words: Any, plane: Any, at: Any, value: Any) -> Any:
    """Write eight words from words[plane, at] on; nothing checks that they are within the array."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> None:
        written = builder.store(args[3], _pointer(context, builder, signature, args))
        written.align = _WORD_ALIGNED

    return types.void(words, types.intp, types.intp, _lanes), code


def _alike(builder: Any, word: Any) -> Any:
    """One word in all eight places."""
    nothing = ir.Constant(_VECTOR, ir.Undefined)
    places = ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES)
    first = builder.insert_element(nothing, word, ir.Constant(ir.IntType(32), 0))
    return builder.shuffle_vector(first, nothing, places)


def _numbered(typing: Any) -> Any:
    """The words 0, 1 … 7."""
    return _lanes(), lambda *_: ir.Constant(_VECTOR, list(range(LANES)))


def _all_ones(typing: Any, value: Any) -> Any:
    """Whether every bit of the eight words is 1."""

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        ones = ir.Constant(_VECTOR, [(1 << 64) - 1] * LANES)
        each = builder.icmp_unsigned("==", args[0], ones)
        packed = builder.bitcast(each, ir.IntType(LANES))
        return builder.icmp_unsigned("==", packed, ir.Constant(ir.IntType(LANES), -1))

    return types.boolean(_lanes), code


def _kept_apart(typing: Any) -> Any:
    """Say in a kernel that its code is not to be merged into that of its callers.

    A short loop inside a long function is not given the registers that it needs.
    """

    def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        builder.function.attributes.add("noinline")
        return context.get_dummy_value()

    return types.void(), code


load: Any = intrinsic(_load)
store: Any = intrinsic(_store)
numbered: Any = intrinsic(_numbered)
all_ones: Any = intrinsic(_all_ones)
kept_apart: Any = intrinsic(_kept_apart)


def _operator(symbol: Callable[[Any, Any], Any], instruction: str) -> None:
    """Let kernels write `symbol` between eight words and eight words, or one word for all."""

    def each(typing: Any, left: Any, right: Any) -> Any:
        def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            return getattr(builder, instruction)(*args)

        return _lanes(_lanes, _lanes), code

    def with_one(typing: Any, left: Any, right: Any) -> Any:
        def code(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            return getattr(builder, instruction)(args[0], _alike(builder, args[1]))

        return _lanes(_lanes, types.uint64), code

    every: Any = intrinsic(each)
    alike: Any = intrinsic(with_one)

    def chosen(left: Any, right: Any) -> Any:
        if left is _lanes and right is _lanes:
            return lambda left, right: every(left, right)  # noqa: PLW0108  # numba wants a function
        if left is _lanes and isinstance(right, types.Integer):
            return lambda left, right: alike(left, right)  # noqa: PLW0108
        return None

    overload(symbol, strict=False)(chosen)


_operator(operator.add, "add")
_operator(operator.mul, "mul")
_operator(operator.xor, "xor")
_operator(operator.and_, "and_")
_operator(operator.or_, "or_")
_operator(operator.lshift, "shl")
_operator(operator.rshift, "lshr")


def _mixed_lanes(z: Any) -> Any:
    """The finalizer `random_bits.mix` of eight words."""
    z = (z ^ (z >> 30)) * FIRST_FACTOR
    z = (z ^ (z >> 27)) * SECOND_FACTOR
    return z ^ (z >> 31)


mixed_lanes: Any = register_jitable(_mixed_lanes)
