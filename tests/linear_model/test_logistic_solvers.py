"""Every algorithm finds the same minimum, and the duality gap bounds how far from it a point is."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from panlearn.core.blocks import ArrayRows
from panlearn.linear_model import logistic_solvers as module
from panlearn.linear_model.logistic_solvers import LogisticProblem
from tests.oracles import cross_entropy as oracle

LIMITS = {"tol": 1e-8, "max_iter": 500}


def problem(n=60, p=5, classes=2, seed=0, kind=np.asarray, intercept=True, weight=None):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p)) * (rng.random((n, p)) < 0.7)
    y = (X[:, :classes] + rng.gumbel(size=(n, classes))).argmax(axis=1)
    y[:classes] = range(classes)
    counts = np.bincount(y, weight, minlength=classes).astype(float)
    return LogisticProblem(ArrayRows(kind(X), y, weight), counts, intercept)


def value(made, x, l1, l2):
    """F by the oracle."""
    X, y, weight = made.source.rows
    theta = x.reshape(made.shape)
    X = X.toarray() if sparse.issparse(X) else X
    weight = np.ones(len(y)) if weight is None else weight
    return oracle.objective(theta, X, y, weight, l2) + l1 * np.abs(theta[:-1]).sum()


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize(("l1", "l2"), [(0.0, 0.05), (0.02, 0.0), (0.01, 0.03)])
def test_matches_oracle(classes, l1, l2):
    """The value is the definition's, and no step along a coordinate lowers it."""
    weight = np.random.default_rng(1).random(60) + 0.1
    made = problem(classes=classes, weight=weight)
    found = made.solve(l1, l2, **LIMITS)
    best = value(made, found.x, l1, l2)
    assert np.isclose(found.value, best, rtol=1e-12)
    for i in range(found.x.size):
        for step in (1e-4, -1e-4):
            moved = found.x.copy()
            moved[i] += step
            assert value(made, moved, l1, l2) > best - 1e-11


@pytest.mark.parametrize("classes", [2, 4])
@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize(("l1", "l2"), [(0.01, 0.0), (0.005, 0.01), (0.1, 0.0)])
def test_all_ways_with_absolute_values_agree(classes, intercept, l1, l2, monkeypatch):
    dense = problem(80, 40, classes, intercept=intercept)
    monkeypatch.setattr(module, "NARROW", 10_000)
    expected = dense.solve(l1, l2, **LIMITS)
    monkeypatch.setattr(module, "NARROW", 0)
    for joint in (0, 24, 10_000):  # class by class, both, jointly
        monkeypatch.setattr(module, "JOINT", joint)
        for kind in (np.asarray, sparse.csr_array):
            made = problem(80, 40, classes, kind=kind, intercept=intercept)
            found = made.solve(l1, l2, **LIMITS)
            assert found.converged
            np.testing.assert_allclose(found.value, expected.value, rtol=1e-9)
            if not intercept:
                assert (found.x.reshape(made.shape)[-1] == 0).all()


@pytest.mark.parametrize("classes", [2, 5])
@pytest.mark.parametrize("intercept", [True, False])
def test_rotation_is_exact(classes, intercept, monkeypatch):
    made = problem(30, 200, classes, intercept=intercept)
    rotated = made.solve(0.0, 0.01, tol=1e-10, max_iter=100)
    monkeypatch.setattr(module, "FLAT", 0)
    plain = problem(30, 200, classes, intercept=intercept).solve(0.0, 0.01, tol=1e-10, max_iter=100)
    np.testing.assert_allclose(rotated.x, plain.x, atol=1e-7)
    assert rotated.gradient_norm <= 1e-10


def test_rotation_of_rows_that_repeat():
    """A singular Gram matrix, an empty column, rows of zeros."""
    X = np.vstack([np.eye(4, 30), np.eye(4, 30), np.zeros((2, 30))])
    y = np.array([0, 1, 0, 1, 0, 1, 1, 0, 1, 0])
    made = LogisticProblem(ArrayRows(X, y), np.bincount(y).astype(float), True)
    found = made.solve(0.0, 0.1, **LIMITS)
    assert found.gradient_norm <= 1e-8
    assert (found.x.reshape(made.shape)[4:-1] == 0).all()


@settings(max_examples=25, deadline=None)
@given(
    st.integers(0, 99),
    st.sampled_from([2, 3]),
    st.booleans(),
    st.sampled_from([(0.05, 0.0), (0.02, 0.05)]),
    st.sampled_from([1, 2, 500]),
)
def test_the_gap_bounds_what_is_left_to_gain(seed, classes, intercept, penalty, max_iter):
    for kind in (np.asarray, sparse.csr_array):
        made = problem(30, 6, classes, seed, kind, intercept)
        best = made.solve(*penalty, tol=1e-10, max_iter=500)
        early = made.solve(*penalty, tol=1e-10, max_iter=max_iter)
        gap = made.gap(early, *penalty)
        assert early.value - best.value <= gap + 1e-12
        assert made.gap(best, *penalty) <= 1e-6


def test_the_gap_after_working_sets_is_that_of_the_definition(monkeypatch):
    monkeypatch.setattr(module, "NARROW", 0)
    made = problem(80, 40)
    found = made.solve(0.02, 0.0, **LIMITS)
    short, whole = made.gap(found, 0.02, 0.0), made.objective(0.0).gap(found.x, 0.02)
    assert 0 <= short < 1e-6
    assert 0 <= whole < 1e-6


def test_edge_cases():
    made = problem()
    start = made.solve(0.0, 0.1, tol=1e-8, max_iter=0)
    assert (start.x == 0).all()  # as scikit-learn's
    assert (start.n_iter, start.converged) == (0, False)
    assert made.strengths(np.inf, 0.5) == (0.0, 0.0)
    np.testing.assert_allclose(made.strengths(2.0, 0.25), (0.25 / 120, 0.75 / 120))
    nothing = made.solve(9.0, 0.0, **LIMITS).x.reshape(made.shape)
    assert (nothing[:-1] == 0).all()
    np.testing.assert_allclose(nothing[-1, 0], np.log(made.counts[1] / made.counts[0]), atol=1e-8)
    broken = problem(40, 200)
    broken._rows.rows.X[3, 5] = np.inf
    for l1 in (0.0, 0.1):
        with pytest.raises(ValueError, match="contains infinity"):
            broken.solve(l1, 0.1, **LIMITS)


def test_reproducible():
    for l1 in (0.0, 0.01):
        first, second = (problem(50, 300).solve(l1, 0.01, **LIMITS).x for _ in range(2))
        np.testing.assert_array_equal(first, second)
