"""`panlearn predict` applies a kept model to new files, or says what they lack."""

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from panlearn.cli import app
from panlearn.datasets import load_wine_quality

WINES = load_wine_quality().iloc[::20]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("predict")
    WINES.to_csv(folder / "wines.csv", index=False)
    arguments = [
        "fit",
        str(folder / "wines.csv"),
        "-t",
        "colour",
        "-m",
        "LogisticRegression",
        "--out",
        str(folder / "m"),
    ]
    assert CliRunner().invoke(app, arguments).exit_code == 0
    return folder


def predict(folder, table, name="new.csv"):
    table.to_csv(folder / name, index=False)
    return CliRunner().invoke(app, ["predict", str(folder / "m"), str(folder / name), "--out", str(folder / "p.csv")])


def test_labels_with_their_probabilities(folder):
    assert predict(folder, WINES.drop(columns="colour")).exit_code == 0
    found = pd.read_csv(folder / "p.csv")
    assert found.columns.tolist() == ["prediction", "P(red)", "P(white)"]
    assert np.mean(np.array(found["prediction"]) == np.array(WINES["colour"])) > 0.97
    assert (found[["P(red)", "P(white)"]].sum(axis=1) - 1).abs().max() < 1e-12


def test_one_row_in_another_order_with_more_columns(folder):
    assert predict(folder, WINES.iloc[:1, ::-1].assign(more=1)).exit_code == 0
    assert pd.read_csv(folder / "p.csv")["prediction"].tolist() == ["red"]


def test_an_absent_column_or_model_is_one_line(folder):
    result = predict(folder, WINES.drop(columns="alcohol"))
    assert result.exit_code == 1
    assert result.stderr == "panlearn: the table has no column 'alcohol', which the model was trained on\n"
    result = CliRunner().invoke(app, ["predict", str(folder / "none"), str(folder / "wines.csv")])
    assert (result.exit_code, result.stderr.count("\n")) == (1, 1)
