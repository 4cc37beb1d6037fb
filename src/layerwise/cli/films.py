"""`film` and `diagram`: pictures of a recording, a run, a saved model, or a network in words."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from ..errors import InputError
from .networks import network_from
from .terminal import Theme, check_choices, out, places, progress

if TYPE_CHECKING:
    from ..scene import Scene
    from ..trace import Trace

MOST_SAMPLES = 64
"""How many samples a pass is recorded with, so that neurons are chosen by more than one of them."""

FILM_SUFFIXES = (".mp4", ".webm", ".gif")

Out = Annotated[
    list[Path] | None,
    typer.Option(
        "--out", help="Where to write; the suffix says the format. May be given several times."
    ),
]


def film(
    source: Annotated[
        Path,
        typer.Argument(help="The folder of a run, a trace (.lwt), or a model file of either kind."),
    ],
    samples: Annotated[
        str | None,
        typer.Option("--input", help="Show one pass on these: a table, an image, a folder, .zip."),
    ] = None,
    sample: Annotated[
        str, typer.Option(help="Which samples, from 1 on: 5, or 5,7,9 in turn, or hardest.")
    ] = "1",
    focus: Annotated[
        str | None, typer.Option(help="One unit in numbers: layer:unit, such as fc2:5.")
    ] = None,
    pair: Annotated[
        int | None,
        typer.Option(help="Of an ensemble of lattices: which pair of axes, 1 matters most."),
    ] = None,
    to: Out = None,
    title: Annotated[str, typer.Option(help="What stands above the picture.")] = "",
    speed: Annotated[float, typer.Option(help="2 is twice as fast.")] = 1.0,
    theme: Theme = "dark",
) -> None:
    """Make the film of a network: how it learned, or one pass: .mp4 .webm .gif .png .svg .html."""
    stem = source.name if source.is_dir() else source.stem
    chosen = places(to or [Path((stem or "network") + ".mp4")], None)
    check_choices(theme=(theme, ("dark", "light")))
    scene = _scene(source, samples, _samples(sample), focus, pair, title, speed, theme)
    save(scene, chosen)
    for path in chosen:
        out.print(f"wrote {path}")


def diagram(
    model: Annotated[
        str,
        typer.Argument(help="A model file, or a network in a few words: see `layerwise models`."),
    ],
    to: Out = None,
    inputs: Annotated[
        str | None, typer.Option(help="Shape of one sample, for words: 784 or 3,64,64")
    ] = None,
    classes: Annotated[int | None, typer.Option(help="How many classes, for words.")] = None,
    columns: Annotated[
        int | None, typer.Option(help="For a paper: as wide as 1 or 2 of its columns.")
    ] = None,
    title: Annotated[str, typer.Option(help="What stands above the picture.")] = "",
    theme: Theme = "light",
) -> None:
    """Draw the architecture of a network: .svg .png .webp .html."""
    chosen = places(to or [Path("network.svg")], None)
    check_choices(theme=(theme, ("dark", "light")))
    if columns not in (None, 1, 2):
        raise InputError(
            "A paper has one column or two", received=f"--columns {columns}", allowed="1 or 2"
        )
    network, shape = network_from(model, inputs, classes)
    import torch

    from ..record import record
    from ..view import diagram as draw

    batch = torch.zeros((1, *shape))
    trace = record(network.eval(), batch)
    scene = draw(trace, title=title or str(model), theme=theme, columns=columns)
    save(scene, chosen)
    for path in chosen:
        out.print(f"wrote {path}")


def save(scene: Scene, paths: list[Path]) -> None:
    """Write a scene to each place, films with a progress bar."""
    for path in paths:
        if path.suffix.lower() in FILM_SUFFIXES:
            with progress() as report:
                what = f"film {path.name}"
                scene.save(path, progress=lambda done, total, w=what: report(w, done, total))
        else:
            scene.save(path)


def _samples(text: str) -> list[int] | Literal["hardest"]:
    """The samples asked for, counted from 0; the hardest by name."""
    if text.strip() == "hardest":
        return "hardest"
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isdecimal() for part in parts):
        raise InputError(
            "Samples are numbers from 1 on, or hardest", received=f"--sample {text!r}",
            allowed="5, or 5,7,9, or hardest",
        )  # fmt: skip
    if "0" in parts:
        raise InputError("Samples count from 1", received=f"--sample {text}")
    return [int(part) - 1 for part in parts]


def _scene(
    source: Path, samples: str | None, sample: list[int] | Literal["hardest"],
    focus: str | None, pair: int | None, title: str, speed: float, theme: str,
) -> Scene:  # fmt: skip
    if source.is_file() and source.suffix != ".lwt":
        from ..saved import kind_of

        if kind_of(source) != "network":
            from ..saved import load
            from .lattice import film_of

            refused = {"--input": samples, "--focus": focus, "--title": title or None}
            for name, value in refused.items():
                if value is not None:
                    raise InputError(
                        f"{name} is for ordinary networks", received=f"{source}, a lattice network"
                    )
            return film_of(load(source), theme, pair)  # type: ignore[arg-type]
    if pair is not None:
        raise InputError("--pair is for ensembles of lattices", received=f"{source}, a network")
    last = None if sample == "hardest" else max(sample)
    trace = _trace(source, samples, last)
    from ..view import network

    if last and samples is None:
        _check_kept(trace, last)
    one = sample[0] if len(sample) == 1 and sample != "hardest" else sample
    return network(trace, sample=one, focus=focus, title=title, speed=speed, theme=theme)


def _check_kept(trace: Trace, last: int) -> None:
    """Refuse a sample that was not recorded, counted from 1 as it was asked for."""
    from ..view.diagram.graph import network_graph
    from ..view.network.reading import Reading

    kept = Reading(trace, network_graph(trace)).samples
    if last >= kept:
        raise InputError(
            f"There is no sample {last + 1} in this recording", received=f"--sample {last + 1}",
            allowed=f"1 to {kept}", do="Give --input FILE for a film of other samples",
        )  # fmt: skip


def _trace(source: Path, samples: str | None, last: int | None) -> Trace:
    """What is shown: a training's recording, or one pass on samples of a person's own."""
    from ..trace import Trace

    if samples is None:
        found = source / "trace.lwt" if source.is_dir() else source
        if found.suffix == ".lwt" and found.exists():
            return Trace.open(found)
        if source.is_dir() or not source.exists():
            raise InputError(
                f"There is no recording in {source}" if source.is_dir() else f"No file {source}",
                do="Give the folder that `layerwise train` wrote, a trace (.lwt) or a model file",
            )
        raise InputError(
            f"{source.name} is a network without a recording",
            do="Give --input FILE for a film of one pass, or the folder of its run",
        )
    from ..data.dataset import Dataset
    from ..train import Run
    from ..train.prediction import read_alike

    place = _model_in(source)
    run = Run.load(place)
    data = read_alike(samples, run.reading)
    if not len(data):
        raise InputError("There are no samples to show", received=samples)
    if last is not None and last >= len(data):
        raise InputError(
            f"There is no sample {last + 1} in {samples}", received=f"--sample {last + 1}",
            allowed=f"1 to {len(data)}",
        )  # fmt: skip
    rows: Any = data.features if isinstance(data, Dataset) else data.pixels
    return run.record(rows[: max(MOST_SAMPLES, (last or 0) + 1)])


def _model_in(source: Path) -> Path:
    if source.is_file():
        return source
    found = source / "model.lw"
    if not found.is_file():
        raise InputError(f"There is no model.lw in {source}", do="Give the model file")
    return found
