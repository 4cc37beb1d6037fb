"""The command line: parse, one public call, print. One module for each kind of work."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from .. import __version__
from ..errors import LayerwiseError
from . import answers, cluster, films, lattice, networks
from . import learn as chapters
from .terminal import err, out

INTERRUPTED = 130  # what shells call a process that Ctrl-C ended

app = typer.Typer(
    name="layerwise",
    help="Show how deep neural networks work, from recordings of real ones.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command()(lattice.classify)
app.command()(cluster.cluster)
app.command()(networks.train)
app.command()(answers.predict)
app.command()(films.film)
app.command()(films.diagram)
app.command("data")(lattice.list_data)
app.command("models")(networks.list_models)
app.command("layers")(networks.list_layers)
app.command(context_settings=chapters.MORE_OPTIONS)(chapters.learn)


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
