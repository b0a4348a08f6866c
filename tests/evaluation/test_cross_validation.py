"""One method through the folds: as scikit-learn does it, and with its failures contained."""

import time
import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score

from panlearn.core.registry import Entry, Method
from panlearn.evaluation.cross_validation import Matrices, cross_validate, make_estimator, make_pipeline
from panlearn.evaluation.problem import pose

rng = np.random.default_rng(0)
TABLE = pd.DataFrame({"a": rng.normal(size=120), "b": ["u", "v", None] * 40})
TABLE["y"] = np.where(TABLE["a"] + (TABLE["b"] == "u") + rng.normal(size=120) > 0, "yes", "no")
PROBLEM = pose(TABLE, "y", cv=4)


def entry(estimator, **settings):
    method = Method("A method", ("binary",), (), ("scaled",), lambda n, p, k: n, settings)
    return Entry(estimator.__name__, f"tests.{estimator.__name__}", estimator, method)


class Odd(ClassifierMixin, BaseEstimator):
    """Predicts the first class; what else it does is up to its subclasses."""

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        self.certificate_ = "gap 0"
        self.act()
        return self

    def act(self): ...

    def predict(self, X):
        return np.full(X.shape[0], self.classes_[0])


class Fails(Odd):
    def act(self):
        raise RuntimeError("no luck\ntoday")


class Stops(Odd):
    calls = 0

    def act(self):
        type(self).calls += 1
        if type(self).calls == 3:
            raise KeyboardInterrupt


class Warns(Odd):
    def act(self):
        warnings.warn("gap 0.1 after 9 iterations", ConvergenceWarning, stacklevel=2)


def test_scores_are_those_of_scikit_learn():
    method = entry(LogisticRegression)
    row = cross_validate(method, Matrices(PROBLEM)).row
    expected = cross_val_score(
        make_pipeline(method, PROBLEM),
        PROBLEM.table,
        PROBLEM.target.values,
        cv=[tuple(f) for f in PROBLEM.splits.folds],
    )
    np.testing.assert_allclose(row.scores["accuracy"], expected)
    assert row.probability is not None
    np.testing.assert_allclose(row.probability.sum(axis=1), 1)
    assert set(row.prediction) == {"yes", "no"}
    assert (row.fit_seconds > 0).all()


def test_processes_give_the_same_as_one():
    one, two = (cross_validate(entry(LogisticRegression), Matrices(PROBLEM), n_jobs=n).row for n in (1, 2))
    np.testing.assert_array_equal(one.prediction, two.prediction)
    np.testing.assert_array_equal(one.scores["log_loss"], two.scores["log_loss"])


def test_a_failing_method_becomes_a_line_with_its_error():
    row = cross_validate(entry(Fails), Matrices(PROBLEM)).row
    assert row.error == "RuntimeError: no luck today"
    assert np.isnan(row.scores["accuracy"]).all()
    assert set(row.prediction) == {""}


def test_ctrl_c_keeps_the_folds_that_are_done():
    Stops.calls = 0
    outcome = cross_validate(entry(Stops), Matrices(PROBLEM))
    assert outcome.interrupted
    assert outcome.row.error == "stopped by Ctrl-C after 2 of 4 folds"
    np.testing.assert_array_equal(np.isfinite(outcome.row.scores["accuracy"]), [True, True, False, False])


def test_no_fold_begins_after_the_deadline():
    row = cross_validate(entry(Odd), Matrices(PROBLEM), deadline=time.perf_counter() - 1).row
    assert row.error == "time budget: 0 of 4 folds"


def test_certificate_and_lack_of_convergence_are_told():
    outcome = cross_validate(entry(Warns), Matrices(PROBLEM))
    assert outcome.row.certificate == "gap 0"
    assert outcome.warnings == ("Warns did not converge in 4 of 4 folds: gap 0.1 after 9 iterations",)
    assert outcome.row.error == ""


def test_a_method_without_probabilities_cannot_be_ranked_by_them():
    problem = pose(TABLE, "y", cv=4, metric="log_loss")
    assert "needs probabilities" in cross_validate(entry(Odd), Matrices(problem)).row.error


def test_seed_reaches_methods_that_have_one():
    assert make_estimator(entry(LogisticRegression, C=2.0), 7).get_params()["random_state"] == 7


def test_matrices_are_kept_for_methods_with_the_same_needs():
    matrices = Matrices(PROBLEM)
    assert matrices.get(0, ("dense", "scaled"))[0] is matrices.get(0, ("scaled", "dense"))[0]
    assert matrices.get(0, ())[0] is not matrices.get(1, ())[0]


def test_test_rows_do_not_move_the_training_matrix():
    fold = PROBLEM.splits.folds[0]
    table = PROBLEM.table.copy()
    table.loc[fold.test, "a"] = 1e6
    changed = Matrices(PROBLEM._replace(table=table)).get(0, ("scaled", "dense"))[0]
    np.testing.assert_array_equal(changed, Matrices(PROBLEM).get(0, ("scaled", "dense"))[0])


@pytest.mark.parametrize("values", [np.nan, np.inf])
def test_predictions_that_are_not_finite_are_an_error(values):
    class Wild(BaseEstimator):
        def fit(self, X, y):
            return self

        def predict(self, X):
            return np.full(X.shape[0], values)

    problem = pose(TABLE.assign(y=rng.normal(size=120)), "y")
    assert "not finite" in cross_validate(entry(Wild), Matrices(problem)).row.error
