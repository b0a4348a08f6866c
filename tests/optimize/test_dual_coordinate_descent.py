"""Dual coordinate descent: one-dimensional minimisers, the gap, dense and sparse rows, shrinking."""

import numpy as np
import pytest
from scipy import sparse

from panlearn.optimize.dual_coordinate_descent import Rows, Terms, descend, excess


def problem(kind, n=40, p=60, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p)) * (rng.random((n, p)) < 0.3)
    C, one = rng.random(n) + 0.2, np.ones(n)
    if "hinge" in kind:
        y = np.where(rng.random(n) < 0.5, 1.0, -1.0)
        bound = np.inf * one if kind.startswith("squared") else C
        terms = Terms(y, 0.0, 0.5 / C if kind.startswith("squared") else 0 * one, *_sides(y, bound))
    else:
        bound = np.inf * one if kind.startswith("squared") else C
        terms = Terms(rng.normal(size=n), 0.3, 0.5 / C if kind.startswith("squared") else 0 * one, -bound, bound)
    return X, C, terms


def _sides(y, bound):
    return np.where(y < 0, -bound, 0.0), np.where(y > 0, bound, 0.0)


KINDS = ["hinge", "squared_hinge", "tube", "squared_tube"]


def dual(X, terms, beta):
    t, eps, D, _, _ = terms
    Z = np.column_stack([X, np.ones(len(X))])
    return 0.5 * np.square(Z.T @ beta).sum() + (0.5 * D * beta**2 - t * beta + eps * np.abs(beta)).sum()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("form", [np.asarray, sparse.csr_array])
def test_optimality(kind, form):
    """Feasible, the primal equals the dual, and no single variable can be moved for the better."""
    X, _, terms = problem(kind)
    fit = descend(Rows(form(X), 1.0), terms, tol=1e-8, max_iter=20_000, rng=np.random.RandomState(0))
    assert fit.converged
    assert ((fit.beta >= terms.lower) & (fit.beta <= terms.upper)).all()
    assert 0 <= fit.gap + 1e-12 <= 1e-6 * fit.value + 1e-9
    best = dual(X, terms, fit.beta)
    assert np.isclose(fit.value, -best, rtol=1e-6)
    np.testing.assert_allclose(fit.weights, np.append(X.T @ fit.beta, fit.beta.sum()), atol=1e-10)
    for i in range(0, 40, 7):
        for step in (-1e-3, 1e-3):
            moved = fit.beta.copy()
            moved[i] = np.clip(moved[i] + step, terms.lower[i], terms.upper[i])
            assert dual(X, terms, moved) >= best - 1e-12


@pytest.mark.parametrize("kind", KINDS)
def test_excess_is_loss_plus_conjugate(kind):
    """The supremum over beta, on a grid."""
    _, _, terms = problem(kind)
    for i in range(5):
        t, eps, D = terms.target[i], terms.eps, terms.ridge[i]
        low, high = max(terms.lower[i], -50.0), min(terms.upper[i], 50.0)
        grid = np.linspace(low, high, 200_001)
        for z in (-2.0, 0.1, 1.7):
            loss = (-grid * z + t * grid - eps * np.abs(grid) - 0.5 * D * grid**2).max()
            for old in (low / 3, high / 2, 0.0):
                want = loss + old * z - t * old + eps * abs(old) + 0.5 * D * old**2
                found = excess(z, old, t, eps, D, terms.lower[i], terms.upper[i])
                assert np.isclose(found, want, atol=1e-5)


def test_warm_start():
    X, _, terms = problem("hinge")
    rows = Rows(X, 1.0)
    first = descend(rows, terms, tol=1e-6, max_iter=5000, rng=np.random.RandomState(0))
    again = descend(rows, terms, tol=1e-5, max_iter=5000, rng=np.random.RandomState(0), beta=first.beta)
    assert again.n_iter < first.n_iter
    rows.rescale(2.0)
    np.testing.assert_allclose(rows.square, Rows(X, 2.0).square)


def test_edge_cases():
    X, _, terms = problem("hinge")
    none = descend(Rows(np.zeros((40, 3)), 0.0), terms, tol=1e-6, max_iter=10, rng=np.random.RandomState(0))
    assert none.converged  # empty rows go to the end of their range
    np.testing.assert_allclose(none.beta, np.where(terms.target > 0, terms.upper, terms.lower))
    short = descend(Rows(X, 1.0), terms, tol=1e-9, max_iter=1, rng=np.random.RandomState(0))
    assert not short.converged
    assert short.gap > 0
