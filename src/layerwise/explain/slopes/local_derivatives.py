"""An expression taken apart: each operation with its value and its local derivatives."""

from __future__ import annotations

import ast
import math
from dataclasses import dataclass, field
from typing import Any, Final

import torch
from torch import Tensor

from ...errors import InputError, unknown_name
from ...trace import Header, Moment, Site, Trace

FUNCTIONS: Final = {
    "exp": torch.exp,
    "log": torch.log,
    "sqrt": torch.sqrt,
    "sin": torch.sin,
    "cos": torch.cos,
    "abs": torch.abs,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "relu": torch.relu,
    "softplus": torch.nn.functional.softplus,
}
NO_SLOPE: Final = ("step", "sign", "round", "floor", "ceil", "argmax", "argmin", "int", "trunc")
MOST_OPERATIONS: Final = 40
_BINARY: Final = {
    ast.Add: ("+", torch.add),
    ast.Sub: ("−", torch.sub),
    ast.Mult: ("×", torch.mul),
    ast.Div: ("÷", torch.div),
    ast.Pow: ("^", torch.pow),
}


@dataclass(eq=False)
class _Node:
    """A variable, a number or an operation: its value, and the slope of the result in it."""

    name: str
    kind: str
    value: Tensor
    operands: list[int] = field(default_factory=list)
    local: list[float] = field(default_factory=list)


def local_derivatives(expression: str, **values: float) -> Trace:
    """Every operation of an expression, with its local derivatives, and the slopes they give.

    `expression` such as "(tanh(w * x + b) - y) ** 2" of the variables given by name:
    + − × ÷ and powers, exp, log, sqrt, sin, cos, abs, tanh, sigmoid, relu, softplus. In double
    precision; a local derivative is PyTorch's of that operation alone, and the slope of the result
    in a node is the sum, over the operations it feeds, of their slope times their local
    derivative. "difference" is the largest from autograd's on the whole expression.

    Moments: "forward" for each node ("value"), "backward" for each in reverse ("slope", and
    "local" (operand,) where it is an operation), "end" ("difference"). `about["nodes"]` names
    them: name, kind and operands.

    Raises `InputError` for what is no such expression or has no finite value, and for operations
    without a slope, by name; `UnknownNameError` for a name that has no value.
    """
    given = {name: _variable(name, value) for name, value in values.items()}
    try:
        tree = ast.parse(expression.strip(), mode="eval").body
    except (SyntaxError, ValueError, AttributeError, TypeError, RecursionError, MemoryError):
        raise InputError(
            "This is not an expression", received=repr(expression)[:80],
            allowed='Such as "(tanh(w * x + b) - y) ** 2"',
        ) from None  # fmt: skip
    nodes: list[_Node] = []
    whole, last = _build(tree, given, nodes, {})
    slopes = [0.0] * len(nodes)
    slopes[last] = 1.0
    for number in range(last, -1, -1):
        for operand, local in zip(nodes[number].operands, nodes[number].local, strict=True):
            slopes[operand] += slopes[number] * local
    difference = _difference(whole, given, nodes, slopes)
    about = [{"name": node.name, "kind": node.kind, "operands": node.operands} for node in nodes]
    sites = (
        Site("value", "activation"),
        Site("slope", "gradient"),
        Site("local", "gradient", ("operand",)),
        Site("difference", "metric"),
    )
    trace = Trace(Header(expression.strip(), sites, {"nodes": about, "graph": "expression"}))
    for number, node in enumerate(nodes):
        trace.append(Moment("forward", {"node": number}), {"value": float(node.value)})
    for number in range(last, -1, -1):
        found: dict[str, Any] = {"slope": slopes[number]}
        if nodes[number].operands:
            found["local"] = nodes[number].local
        trace.append(Moment("backward", {"node": number}), found)
    trace.append(Moment("end"), {"difference": difference})
    return trace


def _build(
    tree: ast.expr, given: dict[str, Tensor], nodes: list[_Node], seen: dict[str, int]
) -> tuple[Tensor, int]:
    """The value of a part (with autograd's own record of it), and the number of its node."""
    if isinstance(tree, ast.Name):
        if tree.id not in given:
            raise unknown_name("variable", tree.id, given, do="Give each variable a value")
        if tree.id not in seen:
            seen[tree.id] = len(nodes)
            nodes.append(_Node(tree.id, "variable", given[tree.id].detach()))
        return given[tree.id], seen[tree.id]
    if isinstance(tree, ast.Constant) and isinstance(tree.value, (int, float)):
        value = torch.tensor(float(tree.value), dtype=torch.float64)
        nodes.append(_Node(f"{float(tree.value):g}".replace("-", "\u2212"), "number", value))
        return value, len(nodes) - 1
    name, operation, parts = _operation(tree)
    built = [_build(part, given, nodes, seen) for part in parts]
    alone = [
        nodes[number].value.clone().requires_grad_(nodes[number].kind != "number")
        for _, number in built
    ]
    result = operation(*alone)
    if not bool(result.isfinite()):
        raise InputError(
            f"The operation {name!r} has no finite value here",
            received=", ".join(f"{float(value.detach()):g}" for value in alone),
        )
    found = torch.autograd.grad(
        result, [value for value in alone if value.requires_grad], allow_unused=True
    ) if result.requires_grad else ()  # fmt: skip
    slopes = iter(found)
    local = [float(next(slopes) or 0.0) if value.requires_grad else 0.0 for value in alone]
    if not all(map(math.isfinite, local)):
        raise InputError(f"The operation {name!r} has no finite slope here")
    if len(nodes) >= MOST_OPERATIONS:
        raise InputError(
            f"An expression has at most {MOST_OPERATIONS} operations, variables and numbers"
        )
    nodes.append(_Node(name, "operation", result.detach(), [number for _, number in built], local))
    return operation(*(value for value, _ in built)), len(nodes) - 1


def _operation(tree: ast.expr) -> tuple[str, Any, list[ast.expr]]:
    """What an operation is called, what carries it out, and what it is carried out on."""
    if isinstance(tree, ast.BinOp) and type(tree.op) in _BINARY:
        name, operation = _BINARY[type(tree.op)]
        return name, operation, [tree.left, tree.right]
    if isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.USub):
        return "−", torch.neg, [tree.operand]
    if isinstance(tree, ast.Call) and isinstance(tree.func, ast.Name) and len(tree.args) == 1:
        name = tree.func.id
        if name in NO_SLOPE:
            raise InputError(
                f"The operation {name!r} has no slope, and the chain rule ends there",
                do="Put an operation with a slope in its place, such as tanh for a step",
            )
        if name not in FUNCTIONS:
            raise unknown_name("operation", name, FUNCTIONS)
        return name, FUNCTIONS[name], list(tree.args)
    raise InputError(
        "An expression is made of numbers, variables, + - * / ** and functions of one number",
        received=ast.unparse(tree)[:80],
        allowed=", ".join(FUNCTIONS),
    )


def _difference(
    whole: Tensor, given: dict[str, Tensor], nodes: list[_Node], slopes: list[float]
) -> float:
    used = [(own.name, at) for at, own in enumerate(nodes) if own.kind == "variable"]
    if not used or not whole.requires_grad:
        raise InputError("There is no variable in this expression", received="only numbers")
    found = torch.autograd.grad(whole, [given[name] for name, _ in used])
    return max(abs(float(slope) - slopes[at]) for slope, (_, at) in zip(found, used, strict=True))


def _variable(name: str, value: float) -> Tensor:
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise InputError(f"Variable {name!r} must be a number", received=repr(value)) from None
    if not math.isfinite(number):
        raise InputError(f"Variable {name!r} must be a finite number", received=str(value))
    return torch.tensor(number, dtype=torch.float64, requires_grad=True)
