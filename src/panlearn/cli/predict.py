"""`panlearn predict`: a kept model on new rows."""

from pathlib import Path
from typing import Annotated

import typer

from panlearn.cli.messages import console
from panlearn.cli.options import Data, Encoding


def predict(
    model: Annotated[Path, typer.Argument(help="A model that `compare` or `fit` has kept.")],
    data: Data,
    out: Annotated[Path, typer.Option(help="CSV file to write.")] = Path("predictions.csv"),
    encoding: Encoding = None,
) -> None:
    """Predict each row of a table; classes come with their probabilities."""
    import pandas as pd

    from panlearn.core.persistence import load
    from panlearn.datasets import read_table

    fitted = load(model)
    table = read_table(data, encoding=encoding)
    found = pd.DataFrame({"prediction": fitted.predict(table)})
    if hasattr(fitted, "predict_proba"):
        for label, column in zip(fitted.classes_, fitted.predict_proba(table).T, strict=True):
            found[f"P({label})"] = column
    found.to_csv(out, index=False)
    console().print(f"{len(found):,} predictions: {out}", soft_wrap=True, markup=False)
