"""The chapter on receptive fields: what a unit can see of a picture, and what it looks at."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..explain.convolution.picture import picture_array
from ..explain.receptive.field import receptive_field
from ..language import Words
from ..scene import Scene
from ..trace import Trace
from ..types import FloatArray
from ..view.principles.receptive_field import receptive_field as draw
from ..view.spoken import Spoken
from .chapter import Chapter, Example, Figure, Heading, Part, Prose, Table

if TYPE_CHECKING:
    from torch import nn

_LARGE, _SMALL = 96, 40
_DEEP = 10


def chapter(words: Words, *, theme: str = "light", input: str | None = None) -> Chapter:
    """The chapter; with an `input`, a picture's file, on that picture.

    Raises what `explain.picture_array` raises for a file that is no picture.
    """
    made = _Sections(words, theme, "china" if input is None else input)
    parts: list[Part] = [
        Prose(words("receptive_fields.intro")),
        Heading(words("receptive_fields.heading-grow")),
        *made.grow(),
        Example("receptive_fields"),
        Heading(words("receptive_fields.heading-effective")),
        *made.deep(),
        Heading(words("receptive_fields.heading-holes")),
        *made.holes(),
        Heading(words("receptive_fields.heading-all")),
        *made.everything(),
        Heading(words("receptive_fields.heading-how")),
        Prose(words("receptive_fields.prose-how")),
    ]
    return Chapter(
        "receptive-fields", words("learn.title_receptive_fields"),
        words("learn.summary_receptive_fields"), tuple(parts),
    )  # fmt: skip


@dataclass(frozen=True)
class _Sections(Spoken):
    """Each section from its own computation."""

    words: Words
    theme: str
    picture: str

    def photo(self, side: int) -> FloatArray:
        """The picture, 0 to 1, as a batch of one: (1, 3, side, side)."""
        found: FloatArray = picture_array(self.picture, size=(side, side), colour=True)[None] / 255
        return found

    def scene(self, trace: Trace) -> Scene:
        """The film of a trace."""
        return draw(trace, theme=self.theme, language=self.words.language)

    def figure(self, key: str, trace: Trace) -> Figure:
        """The film with its caption."""
        scene = self.scene(trace)
        caption = self.words(f"receptive_fields.caption-{key}")
        return Figure(key, scene, caption, f"{scene.title}. {scene.description}")

    def grow(self) -> list[Part]:
        """Convolutions and pooling, one after the other."""
        from ..models import cnn

        model = cnn((3, _LARGE, _LARGE), 10, width=8, seed=0).eval()
        trace = receptive_field(model, self.photo(_LARGE), "fc2")
        sizes = [int(trace["size", moment][0]) for moment in range(len(trace))]
        said = self.words(
            "receptive_fields.prose-grow", first=sizes[0], second=sizes[1], third=sizes[2],
            fourth=sizes[3], all=_LARGE,
        )  # fmt: skip
        return [Prose(said), self.figure("grow", trace)]

    def deep(self) -> list[Part]:
        """Many convolutions in a row: the field grows, the middle counts."""
        trace = receptive_field(_stack(_DEEP), self.photo(_SMALL), f"conv{_DEEP}")
        last = len(trace) - 1
        said = self.words(
            "receptive_fields.prose-effective", depth=_DEEP, size=int(trace["size", last][0]),
            count=self.count(trace["count", last]), few=self.count(trace["count95", last]),
            share=self.percent(float(trace["share95", last])),
        )  # fmt: skip
        head = tuple(
            self.words(f"receptive_fields.column-{name}")
            for name in ("layer", "size", "count", "count95", "share95")
        )
        rows = tuple(
            (
                str(moment + 1),
                " × ".join(str(int(side)) for side in trace["size", moment]),
                self.count(trace["count", moment]),
                self.count(trace["count95", moment]),
                self.percent(float(trace["share95", moment])),
            )
            for moment in range(len(trace))
        )
        caption = self.words("receptive_fields.table-caption")
        return [Prose(said), self.figure("effective", trace), Table(head, rows, caption)]

    def holes(self) -> list[Part]:
        """Dilation with holes and without."""
        photo = self.photo(_SMALL)
        sparse = receptive_field(_dilated((2, 6)), photo, "conv2")
        dense = receptive_field(_dilated((1, 2, 4)), photo, "conv3")
        last, end = len(sparse) - 1, len(dense) - 1
        size = sparse["size", last]
        said = self.words(
            "receptive_fields.prose-holes", size=int(size[0]),
            count=self.count(sparse["count", last]),
            holes=self.count(int(size.prod()) - int(sparse["count", last])),
            dense=int(dense["size", end][0]), dense_count=self.count(dense["count", end]),
        )  # fmt: skip
        return [Prose(said), self.figure("holes", sparse), self.figure("dense", dense)]

    def everything(self) -> list[Part]:
        """Attention sees all of it at once."""
        trace = receptive_field(_attending(), self.photo(_SMALL), "attention")
        said = self.words(
            "receptive_fields.prose-all", before=int(trace["size", 0][0]),
            count=self.count(trace["count", len(trace) - 1]),
        )  # fmt: skip
        return [Prose(said), self.figure("all", trace)]


def _seeded(module: nn.Module) -> nn.Module:
    """With weights from chance (He et al., 2015), always the same."""
    import torch
    from torch import nn as layers

    chance = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in module.parameters():
            if parameter.dim() > 1:
                layers.init.kaiming_normal_(parameter, generator=chance)
            else:
                parameter.zero_()
    return module.eval()


def _stack(depth: int) -> nn.Module:
    """Convolutions of 3 × 3 one after the other, with ReLU between."""
    from torch import nn as layers

    convolutions = [layers.Conv2d(8 if n else 3, 8, 3, padding=1) for n in range(depth)]
    return _in_a_row(convolutions, layers.ReLU)


def _dilated(steps: tuple[int, ...]) -> nn.Module:
    """Convolutions of 3 × 3 whose weights lie so many positions apart."""
    from torch import nn as layers

    convolutions = [
        layers.Conv2d(8 if n else 3, 8, 3, padding=step, dilation=step)
        for n, step in enumerate(steps)
    ]
    return _in_a_row(convolutions, layers.Tanh)


def _in_a_row(convolutions: Sequence[nn.Module], between: Callable[[], nn.Module]) -> nn.Module:
    """Layers conv1, conv2 and so on, with a function between each two."""
    from torch import nn as layers

    parts: dict[str, nn.Module] = {}
    for number, convolution in enumerate(convolutions, 1):
        if parts:
            parts[f"between{number - 1}"] = between()
        parts[f"conv{number}"] = convolution
    return _seeded(layers.Sequential(OrderedDict(parts)))


def _attending() -> nn.Module:
    """A convolution that cuts the picture into patches, and attention between them."""
    from torch import nn as layers

    class Attending(layers.Module):
        def __init__(self) -> None:
            super().__init__()
            self.patches = layers.Conv2d(3, 16, 4, stride=4)
            self.attention = layers.MultiheadAttention(16, 2, batch_first=True)

        def forward(self, picture: Any) -> Any:
            words = self.patches(picture).flatten(2).transpose(1, 2)
            return self.attention(words, words, words, need_weights=False)[0]

    return _seeded(Attending())
