"""The command line: `panlearn compare`, `fit`, `predict`, `methods`, `tour`, `report`, `warmup`.

Each command is a function in a file of its own and imports what it needs when it runs, so that `panlearn --help` is
quick. Exit codes: 0 all went well, 1 the data or a name cannot be used (one line says why), 2 the command was not typed
as it can be understood, 130 stopped by Ctrl-C.
"""

from typing import Annotated

import typer

from panlearn.cli.compare import compare
from panlearn.cli.fit import fit
from panlearn.cli.messages import PlainErrors
from panlearn.cli.methods import methods, warmup
from panlearn.cli.predict import predict
from panlearn.cli.report import report
from panlearn.cli.tour import tour

__all__ = ["app", "main"]

app = typer.Typer(
    cls=PlainErrors,
    help="The whole core of machine learning: compare methods on your data, keep the best model, read why.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
for command in (compare, fit, predict, methods, tour, report, warmup):
    app.command()(command)


def _show_version(wanted: bool) -> None:
    if wanted:
        from panlearn import __version__

        typer.echo(f"panlearn {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Compare methods on your data, keep the best model, read why."""


def main() -> None:
    """Run the command line on the arguments of the process."""
    app(prog_name="panlearn")
