"""`predict`: what a saved model of any kind says about samples."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import InputError
from .terminal import Missing, check_choices, check_place, err, out

if TYPE_CHECKING:
    import pandas as pd


def predict(
    model: Annotated[
        Path,
        typer.Argument(
            help="A model file that `classify --model`, `cluster --model` or `train` wrote."
        ),
    ],
    data: Annotated[
        str, typer.Argument(help="Rows with the same columns, or images: a file, a folder, a .zip.")
    ],
    out_file: Annotated[
        Path | None, typer.Option("--out", help="Write CSV here instead of to the terminal.")
    ] = None,
    unknown: Annotated[
        Path | None, typer.Option(help="The file by which `train --unknown` says unknown.")
    ] = None,
    missing: Missing = "refuse",
) -> None:
    """Give each sample its class and the probability of every class, or its cluster."""
    if out_file is not None:
        check_place(out_file)
    check_choices(missing=(missing, ("refuse", "drop")))
    from ..saved import kind_of

    if kind_of(model) == "network":
        answers, notes = _network_answers(model, data, unknown, missing)
    else:
        if unknown is not None:
            raise InputError("Only a trained network can say unknown", received=str(model))
        answers, notes = _lattice_answers(model, data, missing)
    for note in notes:
        err.print(note, markup=False)
    if out_file is None:
        out.print(answers.to_csv(index=False), end="", markup=False)
        return
    from ..files import replacing

    with replacing(out_file) as beside:
        answers.to_csv(beside, index=False)
    out.print(f"wrote {out_file} ({len(answers):,} rows)")


def _lattice_answers(model: Path, data: str, missing: str) -> tuple[pd.DataFrame, list[str]]:
    from ..lattice.clusters.clusterer import LatticeClusterer
    from ..lattice.prediction import cluster_table, predict_table
    from ..saved import load

    fitted = load(model)
    if isinstance(fitted, LatticeClusterer):
        clusters, notes = cluster_table(fitted, data, missing)
        return clusters, list(notes)
    answers, outside, notes = predict_table(fitted, data, missing)  # type: ignore[arg-type]
    if not outside:
        return answers, list(notes)
    beyond = f"{outside:,} of {len(answers):,} rows lie outside the grid; its edge answers for them"
    return answers, [*notes, beyond]


def _network_answers(
    model: Path, data: str, unknown: Path | None, missing: str
) -> tuple[pd.DataFrame, list[str]]:
    from ..train import OpenSet, Run
    from ..train.prediction import predict_data

    run = Run.load(model)
    guard = None if unknown is None else OpenSet.load(unknown, run)
    return predict_data(run, data, guard, missing)
