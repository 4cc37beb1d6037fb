"""`cluster`: a table without classes becomes clusters, and the film of how they were found."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from ..errors import InputError
from .films import save
from .terminal import Missing, Theme, check_choices, check_place, listed, out, places

if TYPE_CHECKING:
    from ..data import Dataset
    from ..lattice.clusters.clusterer import LatticeClusterer

MOST_ROWS = 30


def cluster(
    table: Annotated[
        str,
        typer.Argument(
            help="A file (CSV, TSV, Parquet, JSON lines), or the "
            "name of a data set: see `layerwise data`."
        ),
    ],
    columns: Annotated[str | None, typer.Option(help="Use only these columns: a,b")] = None,
    grid: Annotated[int, typer.Option(help="Rows and columns of the lattice.")] = 256,
    layers: Annotated[str, typer.Option(help="Spreading layers: a number, or auto.")] = "auto",
    z: Annotated[
        float, typer.Option(help="How far a peak must stand out, in units of chance.")
    ] = 4.5,
    noise: Annotated[
        float, typer.Option(help="Share of the background from which a point is noise.")
    ] = 1 / 3,
    mapping: Annotated[str, typer.Option(help="linear, quantile or logistic.")] = "linear",
    missing: Missing = "refuse",
    film: Annotated[
        list[Path] | None,
        typer.Option("--film", help="Write a film or still here; the suffix says the format. "
                     "May be given several times."),
    ] = None,
    page: Annotated[
        Path | None, typer.Option("--page", help="Write one offline HTML page here.")
    ] = None,
    out_file: Annotated[
        Path | None, typer.Option("--out", help="Write each row's cluster here, as CSV.")
    ] = None,
    model_file: Annotated[
        Path | None,
        typer.Option("--model", help="Save the clusters here, for `predict` and `film`."),
    ] = None,
    theme: Theme = "dark",
) -> None:  # fmt: skip
    """Find the clusters of a table, say why they are apart, and film how they were found."""
    films = places(film or [], page)
    for place in (out_file, model_file):
        if place is not None:
            check_place(place)
    wanted = _layers(layers)
    check_choices(
        mapping=(mapping, ("linear", "quantile", "logistic")), theme=(theme, ("dark", "light")),
        missing=(missing, ("refuse", "drop")),
    )  # fmt: skip
    import pandas as pd

    from ..data import load
    from ..lattice.clusters.clusterer import LatticeClusterer
    from ..lattice.clusters.options import checked_cluster_grid

    model = LatticeClusterer(grid, wanted, z, noise, mapping=mapping)  # type: ignore[arg-type]
    checked_cluster_grid(model)
    names = listed(columns)
    data = load(table, None, columns=names, missing=missing)  # type: ignore[arg-type]
    if len(data.columns) < 2:
        raise InputError(
            "Clusters are looked for on two columns of numbers or more",
            received=f"{len(data.columns)} in {table}",
        )
    model.fit(pd.DataFrame(data.features, columns=[str(name) for name in data.columns]))
    model.show_with(data.card.name, _axes(data, model))
    _show(data, model)
    if out_file is not None:
        _write(out_file, model)
    if model_file is not None:
        model.save(model_file)
    if films:
        from .lattice import film_of

        save(film_of(model, theme), films)
    for path in [*films, *([model_file] if model_file else [])]:
        out.print(f"wrote {path}")


def _axes(data: Dataset, model: LatticeClusterer) -> tuple[str, str]:
    if len(data.columns) == 2:
        return str(data.columns[0]), str(data.columns[1])
    names = model.projection_.names
    return names[0], names[1]


def _show(data: Dataset, model: LatticeClusterer) -> None:
    out.print(f"{data.card.name}: {len(data):,} rows, {len(data.columns)} columns", markup=False)
    notes = [*data.notes, model.projection_.note]
    for note in filter(None, notes):
        out.print(f"  {note}", markup=False)
    out.print(
        f"{model.layers_:,} layers make a density with hills of σ = {model.blur_:.1f} cells"
        + (", by leave-one-out likelihood" if model.tried_ else "")
    )
    noise = int((model.labels_ < 0).sum())
    found = model.n_clusters_
    said = f"{found} cluster{'' if found == 1 else 's'}" if found else "No cluster"
    out.print(f"{said}; {noise:,} of {len(data):,} points are noise")
    if model.background_ > 0:
        out.print(f"  an even background of {model.background_:.3g} points a cell was found")
        if 2 * noise > len(data) and model.noise < 1:
            out.print(
                "  most points lie on it; with --noise 1 only those below its level are noise"
            )
    out.print()
    rows = Table(box=None, pad_edge=False)
    for name in ("cluster", "points", "share", "z", "over"):
        rows.add_column(name, justify="left" if name == "over" else "right", no_wrap=True)
    ground = "the background" if model.background_ > 0 else "nothing"
    for peak in model.peaks_[:MOST_ROWS]:
        over = ground if peak.neighbor is None else f"cluster {peak.neighbor}"
        share = f"{100 * peak.points / len(data):.1f} %"
        rows.add_row(str(peak.label), f"{peak.points:,}", share, f"{peak.z:.1f}", over)
    if found:
        out.print(rows)
    if found > MOST_ROWS:
        out.print(f"and {found - MOST_ROWS:,} smaller ones")
    out.print(_closest(model), markup=False)


def _closest(model: LatticeClusterer) -> str:
    touching = [peak for peak in model.peaks_ if peak.neighbor is not None]
    if touching:
        peak = min(touching, key=lambda peak: peak.z)
        return (
            f"Closest: clusters {peak.neighbor} and {peak.label}, z = {peak.z:.1f} "
            f"(kept apart from {model.z:g} on)"
        )
    if model.n_clusters_ > 1:
        return "No two of them touch: between them lies nothing, or only background."
    what = "a saddle" if model.n_clusters_ else "the background"
    return f"No peak stands out from {what} by z = {model.z:g} or more: there are no parts to tell."


def _write(path: Path, model: LatticeClusterer) -> None:
    import pandas as pd

    from ..files import replacing

    labels = model.labels_
    answers = pd.DataFrame({"row": range(1, len(labels) + 1), "cluster": labels})
    with replacing(path) as beside:
        answers.to_csv(beside, index=False)
    out.print(f"wrote {path} ({len(answers):,} rows)")


def _layers(text: str) -> Any:
    if text == "auto":
        return text
    if not text.isdecimal():
        raise InputError(
            "The number of layers is a whole number or auto", received=f"--layers {text}"
        )
    return int(text)
