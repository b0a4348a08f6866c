"""Importances find the column that matters; the learning curve rises on data that can be learned."""

import numpy as np
import pandas as pd
import pytest

from panlearn.evaluation.baselines import baselines
from panlearn.evaluation.cross_validation import make_pipeline
from panlearn.evaluation.diagnostics import curve, importances
from panlearn.evaluation.problem import pose

rng = np.random.default_rng(0)
TABLE = pd.DataFrame({"noise": rng.normal(size=400), "signal": rng.normal(size=400), "kind": ["a", "b"] * 200})
TABLE["y"] = 3 * TABLE["signal"] + (TABLE["kind"] == "a") + 0.1 * rng.normal(size=400)


def posed(metric, **changes):
    problem = pose(TABLE, "y", metric=metric, **changes)
    linear = next(e for e in baselines("regression") if e.name == "sklearn: LinearRegression")
    return make_pipeline(linear, problem), problem


@pytest.mark.parametrize("metric", ["r2", "rmse"])
def test_importances_rank_the_columns_of_the_table(metric):
    found = importances(*posed(metric))
    assert list(found) == ["signal", "kind", "noise"]
    assert found["signal"].min() > 1
    assert abs(found["noise"].mean()) < 0.01


@pytest.mark.parametrize(("metric", "sign"), [("r2", 1), ("rmse", -1)])
def test_more_rows_do_not_hurt(metric, sign):
    found = curve(*posed(metric))
    assert found["rows"].tolist() == [32, 64, 128, 224, 320]
    assert found["test"].shape == found["train"].shape == (5, 3)
    assert sign * (found["test"][-1].mean() - found["test"][0].mean()) > 0
    assert (found["train"] > 0).all()


def test_forward_in_time_the_curve_uses_the_last_fold():
    pipeline, problem = posed("r2")
    problem = pose(TABLE.assign(t=range(400)), "y", time="t")
    assert curve(pipeline, problem)["test"].shape[1] == 1
