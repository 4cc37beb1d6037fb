"""`classify`, `film` and `data`: a table becomes a very deep lattice network."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from ..errors import InputError
from .films import save
from .terminal import (
    MissingOrKept,
    Theme,
    check_choices,
    check_place,
    listed,
    out,
    places,
    progress,
)

if TYPE_CHECKING:
    from ..data import Dataset
    from ..lattice.classifier import LatticeClassifier
    from ..lattice.clusters.clusterer import LatticeClusterer
    from ..lattice.ensemble.classifier import LatticeEnsembleClassifier
    from ..lattice.study import Study
    from ..scene import Scene

NETWORKS = ("auto", "lattice", "ensemble")

Film = Annotated[
    list[Path] | None,
    typer.Option("--film", help="Write a film or still here; the suffix says the format. "
                 "May be given several times."),
]  # fmt: skip
Page = Annotated[Path | None, typer.Option("--page", help="Write one offline HTML page here.")]


def classify(
    table: Annotated[
        str,
        typer.Argument(
            help="A file (CSV, TSV, Parquet, JSON lines), or the "
            "name of a data set: see `layerwise data`."
        ),
    ],
    target: Annotated[str | None, typer.Option(help="The column with the classes.")] = None,
    columns: Annotated[str | None, typer.Option(help="Use only these columns: a,b")] = None,
    grid: Annotated[
        str | None,
        typer.Option(
            help="Rows and columns, 400 or 300x500; slices, rows and columns, 64x64x64; or auto. "
            "Tuned if not given."
        ),
    ] = None,
    rule: Annotated[str | None, typer.Option(help="copy or vote; tuned if not given.")] = None,
    network: Annotated[
        str,
        typer.Option(
            help="lattice, ensemble (of lattices), or auto: an ensemble for more "
            "than three columns."
        ),
    ] = "auto",
    window: Annotated[int, typer.Option(help="Reach of a vote, in cells.")] = 1,
    fuzzy: Annotated[str, typer.Option(help="Fuzzy layers: a number, or auto.")] = "auto",
    control: Annotated[float, typer.Option(help="Share of the samples set aside.")] = 0.25,
    folds: Annotated[int, typer.Option(help="Parts of the cross-validation.")] = 5,
    seed: Annotated[int, typer.Option(help="Same seed, same result.")] = 0,
    missing: MissingOrKept = "refuse",
    device: Annotated[
        str, typer.Option(help="What computes a lattice: cpu, auto, or a torch device like cuda.")
    ] = "cpu",
    film: Film = None,
    page: Page = None,
    model: Annotated[Path | None, typer.Option("--model", help="Save the network here.")] = None,
    theme: Theme = "dark",
) -> None:
    """Turn a table into a very deep lattice network: tune it, judge it, film it, save it."""
    films = places(film or [], page)
    if model is not None:
        check_place(model)
    layers, sides = _fuzzy(fuzzy), _sides(grid)
    check_choices(
        rule=(rule, ("copy", "vote")), network=(network, NETWORKS), theme=(theme, ("dark", "light"))
    )
    from ..data import load
    from ..lattice.study import study

    data = load(table, target, columns=listed(columns), missing=missing)  # type: ignore[arg-type]
    _describe(data)
    with progress() as report:
        found = study(
            data, grid=sides, rule=rule, window=window, fuzzy_layers=layers,  # type: ignore[arg-type]
            control=control, folds=folds, seed=seed, threads=_processors(), device=device,
            progress=report, network=network,  # type: ignore[arg-type]
        )  # fmt: skip
    _show_study(found)
    if model is not None:
        found.model.save(model)
    if films:
        save(film_of(found.model, theme), films)
    for path in [*films, *([model] if model else [])]:
        out.print(f"wrote {path}")


def film_of(
    model: LatticeClassifier | LatticeEnsembleClassifier | LatticeClusterer,
    theme: str,
    pair: int | None = None,
) -> Scene:
    """The film of one lattice, of one pair of an ensemble (1 matters most), or of clusters."""
    from ..lattice.clusters.clusterer import LatticeClusterer
    from ..lattice.ensemble.classifier import LatticeEnsembleClassifier
    from ..lattice.ensemble.recording import MOST_PAIRS
    from ..view import clusters, lattice, lattice_pairs

    if isinstance(model, LatticeEnsembleClassifier):
        count = len(model.pairs_)
        if pair is None:
            pair = 1
        elif not 1 <= pair <= count:
            raise InputError(
                "The ensemble has no such pair", received=f"--pair {pair}", allowed=f"1 to {count}"
            )
        trace = model.trace_ if pair <= MOST_PAIRS else model.record(pairs=pair)
        return lattice_pairs(trace, pair=pair, theme=theme)
    if pair is not None:
        raise InputError("--pair is for ensembles of lattices", received=f"--pair {pair}")
    if isinstance(model, LatticeClusterer):
        return clusters(model.trace_, theme=theme)
    return lattice(model.trace_, theme=theme)


def list_data() -> None:
    """List the data sets that come with Layerwise."""
    from ..data import catalog

    table = Table(box=None, pad_edge=False)
    for name, justify in [("name", "left"), ("rows", "right"), ("columns", "right"),
                          ("classes", "right"), ("what", "left"), ("licence", "left")]:  # fmt: skip
        table.add_column(name, justify=justify, no_wrap=name == "name")  # type: ignore[arg-type]
    for entry in catalog():
        card = entry.card
        table.add_row(
            card.name, f"{entry.rows:,}", str(entry.columns), str(entry.classes),
            card.title, card.licence,
        )  # fmt: skip
    out.print(table)


def _describe(data: Dataset) -> None:
    classes = f"{len(data.classes)} classes" if data.classes else "no classes"
    columns = f"{len(data.columns)} column{'' if len(data.columns) == 1 else 's'}"
    out.print(f"{data.card.name}: {len(data):,} rows, {columns}, {classes}", markup=False)
    for note in data.notes:
        out.print(f"  {note}", markup=False)


def _show_study(found: Study) -> None:
    from ..lattice.classifier import LatticeClassifier

    model = found.model
    if isinstance(model, LatticeClassifier):
        best = min(found.candidates, key=lambda candidate: candidate.log_loss)
        tried = len(found.candidates)
        out.print(
            f"{found.folds}-fold cross-validation of {tried} setting{'s' if tried > 1 else ''}: "
            f"best grid {_spoken(model.labels_.shape)}, rule {best.rule}, "
            f"log-loss {best.log_loss:.3f} ± {best.spread:.3f}"
        )
        out.print(
            f"{model.depth_:,} layers fill the grid; {model.fuzzy_depth_:,} fuzzy layers from the "
            f"{'points' if model.fuzzy_from_ == 'points' else 'filled grid'}"
        )
    else:
        out.print(
            f"{len(model.members_):,} lattices of {model.grid} × {model.grid} cells over "
            f"{len(model.pairs_):,} pairs of axes; what matters most, by how far it moves a score:"
        )
        for pair in model.pairs_[:5]:
            out.print(f"  {pair.weight:.2f}  {pair.names[0]} × {pair.names[1]}", markup=False)
    for note in found.notes[len(found.training.notes) :]:
        out.print(f"  {note}", markup=False)
    table = Table(box=None, pad_edge=False)
    table.add_column(f"on {len(found.control):,} control points", no_wrap=True)
    for name in ("accuracy", "log-loss", "calibration error"):
        table.add_column(name, justify="right", no_wrap=True)
    for name, judged in found.table:
        table.add_row(
            name, f"{100 * judged.accuracy:.1f} %", f"{judged.log_loss:.3f}",
            f"{judged.calibration_error:.3f}",
        )  # fmt: skip
    out.print()
    out.print(table)
    out.print()
    out.print(found.verdict, markup=False)


def _fuzzy(text: str) -> Any:
    if text == "auto":
        return text
    if not text.isdecimal():
        raise InputError(
            "The number of fuzzy layers is a whole number or auto", received=f"--fuzzy {text}"
        )
    return int(text)


def _sides(text: str | None) -> Any:
    """The sides of a grid as they are written: 400, 300x500, 64x64x64 or auto."""
    if text is None or text == "auto":
        return text
    sides = text.lower().replace("×", "x").split("x")
    if not 1 <= len(sides) <= 3 or not all(side.strip().isdecimal() for side in sides):
        raise InputError(
            "A grid is given by its sides",
            received=f"--grid {text}",
            allowed="400 (rows and columns), 300x500, 64x64x64 (slices, rows, columns), auto",
        )
    return int(text) if len(sides) == 1 else tuple(int(side) for side in sides)


def _spoken(grid: tuple[int, ...]) -> str:
    return " × ".join(f"{side:,}" for side in grid)


def _processors() -> int:
    import os

    return os.cpu_count() or 1
