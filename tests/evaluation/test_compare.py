"""The comparison as a whole: who joins, who wins, and what is left when it ends early."""

import sys
import time
import types

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, RegressorMixin

import panlearn
from panlearn.core import registry
from panlearn.core.errors import DataError
from panlearn.core.registry import method
from panlearn.evaluation.compare import choose_methods, compare, rank
from panlearn.evaluation.comparison import Row
from panlearn.evaluation.problem import pose

rng = np.random.default_rng(0)
TABLE = pd.DataFrame({"a": rng.normal(size=200), "b": ["u", "v"] * 100})
TABLE["y"] = TABLE["a"] ** 2 + (TABLE["b"] == "u")
QUICK = ["sklearn: Dummy", "sklearn: LinearRegression", "sklearn: DecisionTree"]


@method("Mean of the target", tasks=("regression",), notes=("000",), cost=lambda n, p, k: 0.0)
class Mean(RegressorMixin, BaseEstimator):
    """A method of an area that did not exist before."""

    pause = 0.0

    def fit(self, X, y):
        time.sleep(self.pause)
        self.mean_, self.certificate_ = y.mean(), "exact"
        return self

    def predict(self, X):
        return np.full(X.shape[0], self.mean_)


@pytest.fixture
def new_area(monkeypatch):
    """An area `panlearn.folklore` whose `__all__` lists the method above."""
    area = types.ModuleType("panlearn.folklore")
    area.__all__ = ["Mean"]  # type: ignore[attr-defined]
    area.Mean = Mean  # type: ignore[attr-defined]
    known = registry.areas()
    monkeypatch.setitem(sys.modules, "panlearn.folklore", area)
    monkeypatch.setattr(registry, "areas", lambda: [*known, "folklore"])
    return area


def test_a_registered_method_joins_by_itself(new_area):
    found = compare(TABLE, "y", cv=2, methods=["Mean", *QUICK])
    row = next(row for row in found.rows if row.name == "Mean")
    assert (row.source, row.title, row.certificate) == ("panlearn", "Mean of the target", "exact")
    assert "Mean" in [entry.name for entry in choose_methods(pose(TABLE, "y"), None)]


def test_best_comes_first_and_is_fitted_on_all_rows():
    found = compare(TABLE, "y", methods=QUICK)
    assert [row.name for row in found.rows] == ["sklearn: DecisionTree", "sklearn: LinearRegression", "sklearn: Dummy"]
    assert found.best.predict(TABLE).shape == (200,)
    assert found.best[-1].n_features_in_ == 2
    assert list(found.importances) == ["a", "b"]
    assert found.learning_curve["rows"][-1] == 160
    assert sorted(found.folds.tolist()) == sorted([0, 1, 2, 3, 4] * 40)
    assert not found.partial
    assert found.ended_by == ""


def test_the_same_seed_gives_the_same_leaderboard():
    one, two = (compare(TABLE, "y", methods=QUICK, cv=3, seed=4) for _ in range(2))
    for first, second in zip(one.rows, two.rows, strict=True):
        np.testing.assert_array_equal(first.prediction, second.prediction)


def test_every_method_copes_with_every_kind_of_column():
    table = TABLE.assign(
        text=[f"a rather long remark number {i}" for i in range(200)],
        date=pd.date_range("2024-01-01", periods=200).astype(str),
        holes=TABLE["a"].where(TABLE["a"] > 0),
        empty=None,
    )
    for target, kind in (("y", "regression"), ("b", "binary")):
        found = compare(table, target, cv=2)
        assert found.data.task == kind
        assert [row.error for row in found.rows] == [""] * len(found.rows)


def test_lower_is_better_where_it_is():
    found = compare(TABLE, "y", metric="mae", methods=QUICK)
    means = [row.scores["mae"].mean() for row in found.rows]
    assert means == sorted(means)
    assert found.metrics[0] == "mae"
    assert min(found.importances, key=lambda name: -found.importances[name].mean()) == "a"


def test_a_time_budget_leaves_a_partial_leaderboard_cheap_methods_first(new_area, monkeypatch):
    monkeypatch.setattr(Mean, "pause", 0.4)
    found = compare(TABLE, "y", methods=["Mean", *QUICK], time_budget=1.0)
    assert found.partial
    assert found.ended_by == "time budget"
    errors = {row.name: row.error for row in found.rows}
    assert errors["Mean"].startswith("time budget: 2 of 5")  # none begins after 0.75 s
    assert errors["sklearn: DecisionTree"] == "time budget: 0 of 5 folds"
    assert np.isfinite(found.rows[0].scores["r2"]).sum() == 2


def test_ctrl_c_leaves_what_is_done(new_area, monkeypatch):
    def interrupted(self, X, y):
        raise KeyboardInterrupt

    monkeypatch.setattr(Mean, "fit", interrupted)
    monkeypatch.setattr(Mean, "_method", Mean._method._replace(cost=lambda n, p, k: 1e15))
    found = compare(TABLE, "y", methods=["Mean", *QUICK])
    assert found.partial
    assert found.ended_by == "Ctrl-C"
    assert found.best is None
    assert [bool(row.error) for row in found.rows] == [False, False, False, True]
    assert found.notes[-1] == "Stopped by Ctrl-C: 3 of 4 methods compared."


def test_a_failing_method_does_not_stop_the_others(new_area, monkeypatch):
    def broken(self, X):
        raise ZeroDivisionError

    monkeypatch.setattr(Mean, "predict", broken)
    found = compare(TABLE, "y", cv=2, methods=["Mean", "sklearn: Dummy"])
    assert found.rows[-1].error.startswith("ZeroDivisionError")
    assert found.rows[0].name == "sklearn: Dummy"
    assert found.best is not None


def test_progress_counts_to_the_end():
    seen = []
    compare(TABLE, "y", cv=2, methods=QUICK, progress=lambda what, done, total: seen.append((done, total)))
    assert seen[0] == (0, 9)
    assert seen[-1] == (9, 9)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)


def test_panlearn_s_own_methods_take_part_and_say_their_certificate():
    own = [row for row in compare(TABLE, "y", cv=2).rows if row.source == "panlearn"]
    assert own
    assert all(row.certificate for row in own)


def test_names_of_methods_are_found_or_hinted_at():
    problem = pose(TABLE, "y")
    assert [entry.name for entry in choose_methods(problem, ["SKLEARN:dummy"])] == ["sklearn: Dummy"]
    with pytest.raises(DataError, match="did you mean sklearn: RandomForest"):
        choose_methods(problem, ["RandomForrest"])
    with pytest.raises(DataError, match="does not do the task regression"):
        choose_methods(problem, ["LogisticRegression"])
    with pytest.raises(DataError, match="time_budget must be a positive"):
        compare(TABLE, "y", time_budget=0)


def test_rank_puts_complete_lines_before_better_ones_that_lack_folds():
    def row(name, scores, error=""):
        nan = np.full(2, np.nan)
        return Row(name, "", "", {"r2": np.array(scores)}, nan, nan, 0, "", nan, None, error)

    rows = [
        row("failed", [np.nan, np.nan], "x"),
        row("half", [0.9, np.nan], "x"),
        row("low", [0.1, 0.1]),
        row("high", [0.2, 0.2]),
    ]
    assert [r.name for r in rank(rows, "r2", True)] == ["high", "low", "half", "failed"]
    assert [r.name for r in rank(rows, "r2", False)] == ["low", "high", "half", "failed"]


def test_versions_name_what_ran():
    assert compare(TABLE, "y", cv=2, methods=["dummy"]).versions["panlearn"] == panlearn.__version__
