"""Held-out errors: moments and columns say the same, whatever the folds; a fault in one fold ends the rest."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.model_selection import KFold, ShuffleSplit, TimeSeriesSplit

import panlearn
from panlearn.linear_model import path_cross_validation
from panlearn.linear_model.path_cross_validation import ColumnFolds, MomentFolds, Settings, check_folds, fold_errors

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 7)) + 5.0
Y = X[:, :2] - X[:, 2:4] + RNG.normal(size=(60, 2))
WEIGHT = RNG.random(60)
GRIDS = [np.geomspace(2.0, 0.02, 5), np.geomspace(1.0, 0.01, 5)]


def folds_of(splitter):
    return list(splitter.split(X))


@pytest.mark.parametrize("targets", [1, 2])
@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["equal", "weighted"])
@pytest.mark.parametrize(
    "splitter", [KFold(4), KFold(3, shuffle=True, random_state=0), ShuffleSplit(3, random_state=0)]
)
def test_both_routes_agree(targets, intercept, weight, splitter):
    y, folds = (Y[:, 0] if targets == 1 else Y), folds_of(splitter)
    setup = Settings(intercept, 1e-12, 10_000)
    by_moments, worst = fold_errors(MomentFolds(X, y, weight, folds, intercept), [1.0, 0.5], GRIDS, setup)
    by_columns, _ = fold_errors(ColumnFolds(X, y, weight, folds, intercept), [1.0, 0.5], GRIDS, setup)
    assert by_moments.shape == (2, 5, len(folds))
    assert worst <= 1
    np.testing.assert_allclose(by_moments, by_columns, rtol=1e-5)
    thin = sparse.csc_array(X)
    np.testing.assert_allclose(
        fold_errors(MomentFolds(thin, y, weight, folds, intercept), [1.0, 0.5], GRIDS, setup)[0], by_columns, rtol=1e-5
    )


def test_errors_are_those_of_the_rows():
    data = MomentFolds(X, Y[:, 0], WEIGHT, folds_of(KFold(3)), True)
    (errors,), (path,) = data.errors(
        1, lambda problem: [problem.path(GRIDS[0], np.zeros(5), Settings(True, 1e-6, 1000))]
    )
    rows = slice(20, 40)
    for coef, constant, error in zip(path.coefs, path.intercepts, errors, strict=True):
        direct = np.average((Y[rows, 0] - X[rows] @ coef - constant) ** 2, weights=WEIGHT[rows])
        assert np.isclose(error, direct, rtol=1e-10)


@pytest.mark.parametrize("held", [0, 1 << 27])
@pytest.mark.parametrize("splitter", [KFold(3), TimeSeriesSplit(3)])
def test_folds_that_are_not_kept_are_summed_again(held, splitter, monkeypatch):
    setup = Settings(True, 1e-10, 1000)
    first = fold_errors(MomentFolds(X, Y[:, 0], None, folds_of(splitter), True), [1.0], GRIDS[:1], setup)[0]
    monkeypatch.setattr(path_cross_validation, "HELD", held)
    again = MomentFolds(X, Y[:, 0], None, folds_of(splitter), True)
    assert bool(again.parts) == (held > 0 and isinstance(splitter, KFold))
    np.testing.assert_allclose(fold_errors(again, [1.0], GRIDS[:1], setup)[0], first, rtol=1e-8)


def test_a_fault_in_one_fold_ends_the_others(monkeypatch):
    monkeypatch.setattr(path_cross_validation, "THREADED", 1)
    seen = []

    class Faulty:
        X, folds = X, folds_of(KFold(20))

        def errors(self, k, paths):
            seen.append(k)
            raise KeyboardInterrupt

    with panlearn.threads(2), pytest.raises(KeyboardInterrupt):
        fold_errors(Faulty(), [1.0], GRIDS[:1], Settings(True, 1e-4, 100))  # type: ignore[arg-type]
    assert len(seen) <= 2


def test_check_folds():
    check_folds([(np.arange(3), np.arange(3, 5))], None)
    with pytest.raises(ValueError, match="fold 1 no rows with weight to fit"):
        check_folds([(np.arange(3), np.arange(3, 5)), (np.arange(0), np.arange(5))], None)
    with pytest.raises(ValueError, match="fold 0 no rows with weight to hold out"):
        check_folds([(np.arange(3), np.arange(3, 5))], np.array([1.0, 1.0, 1.0, 0.0, 0.0]))
