"""`panlearn report`: the report of a saved comparison, drawn anew."""

from pathlib import Path
from typing import Annotated

import typer

from panlearn.cli.messages import console


def report(
    comparison: Annotated[Path, typer.Argument(help="Folder that `panlearn compare` wrote, or its comparison.zip.")],
    out: Annotated[Path | None, typer.Option(help="HTML file to write; beside the comparison by default.")] = None,
) -> None:
    """Write the HTML report of a saved comparison again."""
    from panlearn.evaluation import load_comparison
    from panlearn.report import write_report

    loaded = load_comparison(comparison)
    folder = comparison if comparison.is_dir() else comparison.parent
    written = write_report(loaded, out or folder / "report.html")
    console().print(f"report: {written.resolve()}", soft_wrap=True, markup=False)
