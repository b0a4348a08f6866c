"""Arguments that several commands share."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    import pandas as pd

Target = Annotated[str | None, typer.Option("--target", "-t", help="The column to predict.")]
Task = Annotated[str | None, typer.Option(help="binary, multiclass, regression or counts; told from the target.")]
Seed = Annotated[int, typer.Option(help="Seed of folds and methods.")]
Encoding = Annotated[str | None, typer.Option(help="Encoding of a text file, as gb18030; found by itself.")]
Data = Annotated[Path, typer.Argument(help="CSV, TSV, Parquet or JSON lines, also gzipped.")]


def read(data: Path | None, target: str | None, encoding: str | None = None) -> tuple["pd.DataFrame", str]:
    """Read the table, or the bundled one, and settle the target."""
    from panlearn.core.errors import DataError
    from panlearn.datasets import load_wine_quality, read_table

    if data is None:
        return load_wine_quality(), target or "quality"
    table = read_table(data, encoding=encoding)
    if target is None:
        names = [str(name) for name in table.columns]
        some = ", ".join(names[:20]) + (", ..." if len(names) > 20 else "")
        raise DataError(f"say which column to predict with --target NAME; {data} has {some}")
    return table, target
