"""Networks of many kinds, each with a batch: what people's own models do, in a few lines each."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint


class Acts(nn.Module):
    """A model made of parts and one function."""

    def __init__(self, run: Callable[..., Any], /, **parts: nn.Module) -> None:
        super().__init__()
        for name, part in parts.items():
            self.add_module(name, part)
        self.run = run

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        return self.run(self, *args, **kwargs)


class Square(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.save_for_backward(x)
        return x * x

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        (x,) = ctx.saved_tensors
        return gradient * 2 * x


class Block(nn.Module):
    """A residual block with activations in place."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1)
        self.bn1 = nn.BatchNorm2d(channels)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)
        self.bn2 = nn.BatchNorm2d(channels)

    def forward(self, x: Tensor) -> Tensor:
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        out += x
        return self.relu(out)


class Aux(nn.Module):
    """Looks at its result after it was made."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(6, 6)
        self.size = 0.0

    def forward(self, x: Tensor) -> Tensor:
        out = self.fc(x).sin()
        self.size = out.abs().mean()
        return out


class LeafAux(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        out = x.exp()
        self.size = out.mean()
        return out


class Stash(nn.Module):
    """Keeps an activation and changes it in place in the same pass, later on."""

    def __init__(self) -> None:
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(6, 6), nn.Linear(6, 6)
        self.kept: Tensor | None = None

    def forward(self, x: Tensor) -> Tensor:
        self.kept = self.fc1(x)
        out = self.fc2(self.kept.tanh())
        self.kept.mul_(100)
        return out


class Counter(nn.Module):
    """A buffer that the pass itself changes."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(6, 6)
        self.register_buffer("seen", torch.zeros(()))

    def forward(self, x: Tensor) -> Tensor:
        self.seen += 1
        return self.fc(x) * self.seen


@dataclass
class Result:
    logits: Tensor
    hidden: Tensor


def branching(m: Any, x: Tensor) -> Tensor:
    a, b = m.left(x), m.right(x)
    return m.out(torch.cat([a, b], dim=1)) + (a * b).sum(1, keepdim=True)


def functional(m: Any, x: Tensor) -> Tensor:
    x = F.relu(m.fc(x))
    a, b = torch.chunk(x, 2, dim=1)
    c, d, _ = torch.split(x, [2, 3, 1], dim=1)
    s = torch.stack([a, b], dim=1)
    e = torch.einsum("nij,nkj->nik", s, s).flatten(1)
    y = torch.cat([e, c, d[:, 1:], x[:, ::2]], dim=1)
    y = F.softmax(y, dim=-1) * (y > 0) + torch.where(y > 0.2, y, torch.zeros_like(y))
    return F.interpolate(y[:, None], scale_factor=2.0, mode="nearest")[:, 0]


def in_place(m: Any, x: Tensor) -> Tensor:
    x = m.fc(x)
    x.add_(1).relu_()
    x[:, :2].mul_(3)
    y = x.view(-1, 3)
    F.relu(y, inplace=True)
    x[:, 0] = 7.0
    x[:, 1] = x[:, 2]
    torch.add(x, 1, out=m.room)
    z = m.room.clone()
    z.clamp_(max=2).sigmoid_()
    z += 1
    z /= 2
    return F.dropout(z, 0.5, False).exp()


def detached(m: Any, x: Tensor) -> Tensor:
    h = m.fc(x)
    out = h * 2
    h.data.mul_(5)
    h.detach().add_(1)
    return out + h


def foreach(m: Any, x: Tensor) -> Tensor:
    a, b = m.fc(x), m.fc(x * 2)
    c = a + b
    torch._foreach_mul_([a, b], 2.0)
    return a + b + c


def checkpointed(m: Any, x: Tensor) -> Tensor:
    return m.out(checkpoint(m.body, x, use_reentrant=False))


def masked(m: Any, x: Tensor) -> Tensor:
    n = x.shape[1]
    mask = torch.ones(n, n, dtype=torch.bool).triu(1)
    scores = torch.matmul(m.q(x), m.k(x).transpose(1, 2)).masked_fill(mask, float("-inf"))
    return scores.softmax(-1) @ m.v(x)


def spectral(m: Any, x: Tensor) -> Tensor:
    f = torch.fft.rfft(m.fc(x))
    top = f.abs().argmax(dim=1)
    return torch.fft.irfft(f * 2, n=6) + top[:, None] * (x > 0)


def padded(m: Any, x: Tensor) -> Tensor:
    padding = torch.zeros(x.shape[:2], dtype=torch.bool)
    padding[0, -2:] = True
    return m.encoder(x, src_key_padding_mask=padding)


def vmapped(m: Any, x: Tensor) -> Tensor:
    return torch.func.vmap(lambda row: m.fc(row).sin() * 2)(x) + 1


def shared(m: Any, x: Tensor) -> Tensor:
    return m.twin(m.act(m.fc(m.act(m.fc(x)))))


def _mlp(*parts: nn.Module) -> nn.Sequential:
    return nn.Sequential(*parts)


def _shared() -> nn.Module:
    fc = nn.Linear(6, 6)
    return Acts(shared, fc=fc, twin=fc, act=nn.ReLU())


def _in_place() -> nn.Module:
    model = Acts(in_place, fc=nn.Linear(6, 6))
    model.room = torch.zeros(3, 6)
    return model


def rows(*shape: int) -> Tensor:
    return torch.randn(*shape)


def encoder_layer(**more: Any) -> nn.TransformerEncoderLayer:
    return nn.TransformerEncoderLayer(8, 2, 16, batch_first=True, **more)


Case = Callable[[], tuple[nn.Module, Any]]

ZOO: dict[str, Case] = {
    "sequential": lambda: (_mlp(nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, 3)), rows(3, 6)),
    "named": lambda: (
        nn.Sequential(OrderedDict(a=nn.Linear(6, 5), b=nn.Tanh(), c=nn.Linear(5, 3))), rows(3, 6)),
    "branching": lambda: (
        Acts(branching, left=nn.Linear(6, 4), right=nn.Linear(6, 4), out=nn.Linear(8, 2)),
        rows(3, 6)),
    "residual": lambda: (
        _mlp(nn.Conv2d(1, 4, 3), Block(4), Block(4), nn.Flatten(), nn.Linear(144, 3)),
        rows(3, 1, 8, 8)),
    "shared": lambda: (_shared(), rows(3, 6)),
    "functional": lambda: (Acts(functional, fc=nn.Linear(6, 6)), rows(3, 6)),
    "attention": lambda: (
        Acts(lambda m, x: m.att(x, x, x)[0] + x, att=nn.MultiheadAttention(8, 2, batch_first=True)),
        rows(3, 5, 8)),
    "attention by hand": lambda: (
        Acts(masked, q=nn.Linear(8, 4), k=nn.Linear(8, 4), v=nn.Linear(8, 4)), rows(3, 5, 8)),
    "encoder layer": lambda: (_mlp(encoder_layer(dropout=0.0), nn.Linear(8, 2)), rows(3, 5, 8)),
    "encoder": lambda: (
        _mlp(nn.TransformerEncoder(encoder_layer(), 2), nn.Linear(8, 2)), rows(3, 5, 8)),
    "lstm": lambda: (
        Acts(lambda m, x: m.fc(m.lstm(x)[0][:, -1]), lstm=nn.LSTM(6, 4, 2, batch_first=True),
             fc=nn.Linear(4, 2)), rows(3, 5, 6)),
    "gru": lambda: (
        Acts(lambda m, x: m.gru(x)[1][-1], gru=nn.GRU(6, 4, bidirectional=True)), rows(5, 3, 6)),
    "cell": lambda: (
        Acts(lambda m, x: m.cell(x, m.cell(x))[0], cell=nn.LSTMCell(6, 4)), rows(3, 6)),
    "embedding": lambda: (
        _mlp(nn.Embedding(10, 6), nn.Linear(6, 2)), torch.randint(0, 10, (3, 4))),
    "conv1d": lambda: (_mlp(nn.Conv1d(2, 4, 3), nn.GELU(), nn.MaxPool1d(2)), rows(3, 2, 9)),
    "conv2d": lambda: (
        _mlp(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(inplace=True), nn.AvgPool2d(2),
             nn.Flatten(), nn.Dropout(0.4), nn.Linear(36, 3)), rows(3, 1, 8, 8)),
    "conv3d": lambda: (
        _mlp(nn.Conv3d(1, 2, 3), nn.InstanceNorm3d(2), nn.ReLU6(inplace=True)),
        rows(3, 1, 5, 5, 5)),
    "transposed": lambda: (
        _mlp(nn.ConvTranspose2d(2, 3, 2), nn.GroupNorm(3, 3), nn.PReLU()), rows(3, 2, 4, 4)),
    "dropout": lambda: (_mlp(nn.Linear(6, 6), nn.Dropout(0.5), nn.Identity(), nn.Linear(6, 2)),
                        rows(3, 6)),
    "own function": lambda: (Acts(lambda m, x: Square.apply(m.fc(x)) + 1, fc=nn.Linear(6, 6)),
                             rows(3, 6)),
    "looks afterwards": lambda: (_mlp(Aux(), LeafAux(), nn.Linear(6, 2)), rows(3, 6)),
    "buffer": lambda: (Counter(), rows(3, 6)),
    "checkpoint": lambda: (
        Acts(checkpointed, body=_mlp(nn.Linear(6, 6), nn.Tanh()), out=nn.Linear(6, 2)), rows(3, 6)),
    "spectral": lambda: (Acts(spectral, fc=nn.Linear(6, 6)), rows(3, 6)),
    "vmap": lambda: (Acts(vmapped, fc=nn.Linear(6, 6)), rows(3, 6)),
    "dictionary out": lambda: (
        Acts(lambda m, x: {"logits": m.fc(x), "others": [x * 2]}, fc=nn.Linear(6, 3)), rows(3, 6)),
    "dataclass out": lambda: (
        Acts(lambda m, x: Result(m.fc(x), x.cos()), fc=nn.Linear(6, 3)), rows(3, 6)),
    "tuple out": lambda: (Acts(lambda m, x: (m.fc(x), x.cos()), fc=nn.Linear(6, 3)), rows(3, 6)),
    "two inputs": lambda: (
        Acts(lambda m, a, b: m.left(a) * m.right(b), left=nn.Linear(6, 3), right=nn.Linear(4, 3)),
        (rows(3, 6), rows(3, 4))),
    "named inputs": lambda: (
        Acts(lambda m, x, scale: m.fc(x) * scale, fc=nn.Linear(6, 3)),
        {"x": rows(3, 6), "scale": rows(3, 1)}),
    "double": lambda: (_mlp(nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, 3)).double(),
                       rows(3, 6).double()),
    "bfloat16": lambda: (_mlp(nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, 3)).bfloat16(),
                         rows(3, 6).bfloat16()),
    "empty batch": lambda: (_mlp(nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, 3)), rows(0, 6)),
}  # fmt: skip
"""Models whose every part can be compared with hooks on a copy, and that can be differentiated."""

ODD: dict[str, Case] = {
    "in place": lambda: (_in_place(), rows(3, 6)),
    "changed later": lambda: (Stash(), rows(3, 6)),
    "detached": lambda: (Acts(detached, fc=nn.Linear(6, 6)), rows(3, 6)),
    "several at once": lambda: (Acts(foreach, fc=nn.Linear(6, 6)), rows(3, 6)),
    "padded encoder": lambda: (
        Acts(padded, encoder=nn.TransformerEncoder(encoder_layer(), 2)),
        rows(3, 5, 8),
    ),
}
"""Models that change their activations under the hands, so that no gradients are asked of them."""

MODELS = {**ZOO, **ODD}


def made(name: str, training: bool = False) -> tuple[nn.Module, Any]:
    """A model of the zoo and its batch, always the same."""
    torch.manual_seed(7)
    model, batch = MODELS[name]()
    return model.train(training), batch
