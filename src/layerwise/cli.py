"""The command line: parse, one public call, print."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from . import __version__
from .errors import InputError, LayerwiseError, unknown_name

if TYPE_CHECKING:
    from .data import Dataset
    from .lattice.study import Study
    from .scene import Scene

app = typer.Typer(
    name="layerwise",
    help="Show how deep neural networks work, from recordings of real ones.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)

INTERRUPTED = 130  # what shells call a process that Ctrl-C ended

Missing = Annotated[
    str, typer.Option(help="Rows with missing cells: refuse them, or drop them (and count).")
]
Theme = Annotated[str, typer.Option(help="dark or light.")]
Film = Annotated[
    list[Path] | None,
    typer.Option("--film", help="Write a film or still here; the suffix says the format. "
                 "May be given several times."),
]  # fmt: skip
Page = Annotated[Path | None, typer.Option("--page", help="Write one offline HTML page here.")]


@app.command()
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
    grid: Annotated[int | None, typer.Option(help="Rows and columns; tuned if not given.")] = None,
    rule: Annotated[str | None, typer.Option(help="copy or vote; tuned if not given.")] = None,
    window: Annotated[int, typer.Option(help="Reach of a vote, in cells.")] = 1,
    fuzzy: Annotated[str, typer.Option(help="Fuzzy layers: a number, or auto.")] = "auto",
    control: Annotated[float, typer.Option(help="Share of the samples set aside.")] = 0.25,
    folds: Annotated[int, typer.Option(help="Parts of the cross-validation.")] = 5,
    seed: Annotated[int, typer.Option(help="Same seed, same result.")] = 0,
    missing: Missing = "refuse",
    film: Film = None,
    page: Page = None,
    model: Annotated[Path | None, typer.Option("--model", help="Save the network here.")] = None,
    theme: Theme = "dark",
) -> None:
    """Turn a table into a very deep lattice network: tune it, judge it, film it, save it."""
    films = _places(film or [], page)
    if model is not None:
        _check_place(model)
    layers = _fuzzy(fuzzy)
    _check_choices(rule=(rule, ("copy", "vote")), theme=(theme, ("dark", "light")))
    from .data import load
    from .lattice.study import study

    data = load(table, target, columns=_listed(columns), missing=missing)  # type: ignore[arg-type]
    _describe(data)
    with _progress() as report:
        found = study(
            data, grid=grid, rule=rule, window=window, fuzzy_layers=layers,  # type: ignore[arg-type]
            control=control, folds=folds, seed=seed, threads=_processors(), progress=report,
        )  # fmt: skip
    _show_study(found)
    if model is not None:
        found.model.save(model)
    if films:
        _save_films(found.model, films, theme)
    for path in [*films, *([model] if model else [])]:
        out.print(f"wrote {path}")


@app.command()
def predict(
    model: Annotated[Path, typer.Argument(help="A model file that `classify --model` wrote.")],
    table: Annotated[str, typer.Argument(help="Rows to classify, with the same columns.")],
    out_file: Annotated[
        Path | None, typer.Option("--out", help="Write CSV here instead of to the terminal.")
    ] = None,
    missing: Missing = "refuse",
) -> None:
    """Give each row of a table its class and the probability of every class."""
    if out_file is not None:
        _check_place(out_file)
    from .lattice.model_file import load_model
    from .lattice.prediction import predict_table

    network = load_model(model)
    answers, outside, notes = predict_table(network, table, missing)
    for note in notes:
        err.print(note)
    if outside:
        err.print(
            f"{outside:,} of {len(answers):,} rows lie outside the grid; its edge answers for them"
        )
    if out_file is None:
        out.print(answers.to_csv(index=False), end="", markup=False)
        return
    from .files import replacing

    with replacing(out_file) as beside:
        answers.to_csv(beside, index=False)
    out.print(f"wrote {out_file} ({len(answers):,} rows)")


@app.command()
def film(
    model: Annotated[Path, typer.Argument(help="A model file that `classify --model` wrote.")],
    to: Annotated[
        list[Path] | None,
        typer.Option(
            "--out", help="Where to write; the suffix says the format. May be given several times."
        ),
    ] = None,
    theme: Theme = "dark",
) -> None:
    """Make the film of a saved network: .mp4 .webm .gif .png .webp .svg or .html."""
    places = _places(to or [Path(model.stem + ".mp4")], None)
    _check_choices(theme=(theme, ("dark", "light")))
    from .lattice.model_file import load_model

    _save_films(load_model(model), places, theme)
    for path in places:
        out.print(f"wrote {path}")


@app.command("data")
def list_data() -> None:
    """List the data sets that come with Layerwise."""
    from .data import catalog

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


def _version(wanted: bool) -> None:
    if wanted:
        out.print(f"layerwise {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say which.")
    ] = False,
) -> None:
    """Show how deep neural networks work, from recordings of real ones."""


def main() -> None:
    """Run the command line: exit code 0, 2 for what a person can mend, 130 for Ctrl-C."""
    try:
        code = app(standalone_mode=False)
    except LayerwiseError as error:
        err.print(f"Error: {error}", markup=False)
        code = 2
    except typer.TyperException as error:
        err.print(f"Error: {error.format_message()} See `layerwise --help`.", markup=False)
        code = 2
    except (KeyboardInterrupt, typer.Abort):
        code = INTERRUPTED
    except BrokenPipeError:
        sys.stderr.close()  # the reader of a pipe has gone: no message can reach it
        code = 0
    if code == INTERRUPTED:
        err.print("Interrupted. What was finished is whole; nothing is half written.")
    sys.exit(code if isinstance(code, int) else 0)


def _describe(data: Dataset) -> None:
    classes = f"{len(data.classes)} classes" if data.classes else "no classes"
    out.print(
        f"{data.card.name}: {len(data):,} rows, {len(data.columns)} columns, {classes}",
        markup=False,
    )
    for note in data.notes:
        out.print(f"  {note}", markup=False)


def _show_study(found: Study) -> None:
    model = found.model
    best = min(found.candidates, key=lambda candidate: candidate.log_loss)
    tried = len(found.candidates)
    out.print(
        f"{found.folds}-fold cross-validation of {tried} setting{'s' if tried > 1 else ''}: best "
        f"grid {best.grid}, rule {best.rule}, log-loss {best.log_loss:.3f} ± {best.spread:.3f}"
    )
    out.print(
        f"{model.depth_:,} layers fill the grid; {model.fuzzy_depth_:,} fuzzy layers from the "
        f"{'points' if model.fuzzy_from_ == 'points' else 'filled grid'}"
    )
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


def _save_films(model: Any, places: list[Path], theme: str) -> None:
    from .view import lattice

    scene: Scene = lattice(model.trace_, theme=theme)
    for path in places:
        if path.suffix.lower() in (".mp4", ".webm", ".gif"):
            with _progress() as report:
                what = f"film {path.name}"
                scene.save(path, progress=lambda done, total, w=what: report(w, done, total))
        else:
            scene.save(path)


def _places(films: list[Path], page: Path | None) -> list[Path]:
    """Where films go, checked before any work is done."""
    from .scene import WRITERS

    for path in films:
        if path.suffix.lower() not in WRITERS:
            raise unknown_name("file suffix", path.suffix or path.name, WRITERS, where=str(path))
    if page is not None and page.suffix.lower() != ".html":
        raise InputError(
            "A page is an HTML file", received=str(page), do="Name it with .html at its end"
        )
    places = [*films, *([page] if page else [])]
    for path in places:
        _check_place(path)
    return places


def _check_place(path: Path) -> None:
    from .files import replacing

    class Untouched(Exception):  # noqa: N818 - it is no error
        pass

    try:
        with replacing(path):
            raise Untouched
    except Untouched:
        pass


def _check_choices(**given: tuple[str | None, tuple[str, ...]]) -> None:
    for name, (value, allowed) in given.items():
        if value is not None and value not in allowed:
            raise unknown_name(f"value of --{name}", value, allowed)


def _fuzzy(text: str) -> Any:
    if text == "auto":
        return text
    if not text.isdecimal():
        raise InputError(
            "The number of fuzzy layers is a whole number or auto", received=f"--fuzzy {text}"
        )
    return int(text)


def _listed(text: str | None) -> list[str] | None:
    return None if text is None else [name.strip() for name in text.split(",") if name.strip()]


def _processors() -> int:
    import os

    return os.cpu_count() or 1


@contextmanager
def _progress() -> Iterator[Callable[[str, int, int], None]]:
    """Bars with rate and time left, on a terminal; nothing elsewhere."""
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        ProgressColumn,
        Task,
        TextColumn,
        TimeRemainingColumn,
    )
    from rich.text import Text

    class Rate(ProgressColumn):
        def render(self, task: Task) -> Text:
            return Text(f"{task.speed:.1f}/s" if task.speed else "")

    bars = Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), Rate(),
        TimeRemainingColumn(), console=err, transient=True, disable=not err.is_terminal,
    )  # fmt: skip
    tasks: dict[str, Any] = {}
    with bars:

        def report(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(what, total=total)
            bars.update(tasks[what], completed=done, total=total)

        yield report


if __name__ == "__main__":
    main()
