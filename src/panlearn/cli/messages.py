"""What a person sees: consoles, and errors as one line.

Results go to standard output, progress and complaints to standard error. An error that says what to do
(`PanlearnError`) is printed as it is. Any other is a mistake in the program: it is named in one line, too, and
`PANLEARN_DEBUG=1` shows where it happened.
"""

import os
from typing import Any

import typer
from rich.console import Console
from typer.core import TyperGroup

WIDTH = 110  # of output that does not go to a terminal
STOPPED = 130  # the shell's code for Ctrl-C


def console(*, stderr: bool = False) -> Console:
    """Return a console on standard output or error, as wide as the terminal, or wide enough for a table in a file."""
    made = Console(stderr=stderr, highlight=False)
    if not made.is_terminal and "COLUMNS" not in os.environ:
        made = Console(stderr=stderr, highlight=False, width=WIDTH)
    return made


def complain(message: str) -> None:
    """Print one line to standard error."""
    typer.echo(f"panlearn: {' '.join(message.split())}", err=True)


class PlainErrors(TyperGroup):
    """A group of commands whose errors are one line."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command; turn its exceptions into a line and an exit code."""
        from panlearn.core.errors import PanlearnError

        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            complain("stopped by Ctrl-C before there was a result")
            raise typer.Exit(STOPPED) from None
        except (PanlearnError, OSError, MemoryError) as wrong:
            if os.environ.get("PANLEARN_DEBUG") or isinstance(wrong, BrokenPipeError):
                raise
            complain(str(wrong) or "there is not enough memory: take a sample of the rows")
            raise typer.Exit(1) from None
        except (typer.Exit, typer.Abort):
            raise
        except Exception as wrong:
            if os.environ.get("PANLEARN_DEBUG") or hasattr(wrong, "exit_code"):  # the latter: a usage error of typer
                raise
            complain(
                f"unexpected {type(wrong).__name__}: {wrong} (this is a mistake in panlearn; "
                "PANLEARN_DEBUG=1 shows where)"
            )
            raise typer.Exit(1) from None
