"""`panlearn fit` keeps the method it was asked for."""

import pytest
from typer.testing import CliRunner

import panlearn
from panlearn.cli import app
from panlearn.datasets import load_wine_quality


@pytest.fixture
def wines(tmp_path):
    load_wine_quality("red").to_csv(tmp_path / "wines.csv", index=False)
    return tmp_path


def test_model_is_fitted_kept_and_says_its_certificate(wines):
    arguments = ["fit", str(wines / "wines.csv"), "--target", "quality", "--method", "ridge", "--out", str(wines / "m")]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    assert "Ridge fitted on 1,599 rows" in result.stdout
    assert "gradient norm" in result.stdout
    model = panlearn.load(wines / "m")
    assert type(model[-1]).__module__.startswith("panlearn.linear_model")
    assert model.score(load_wine_quality("red"), load_wine_quality("red")["quality"]) > 0.3


def test_a_method_for_another_task_is_refused(wines):
    result = CliRunner().invoke(app, ["fit", str(wines / "wines.csv"), "-t", "quality", "-m", "LogisticRegression"])
    assert result.exit_code == 1
    assert "does not do the task regression" in result.stderr
