"""Working sets: whatever is swapped, taken in or dropped to columns, the minimum over the members is the same."""

import numpy as np
import pytest
from scipy import sparse

from panlearn.optimize.centred_columns import CentredColumns
from panlearn.optimize.working_set import GramSet, SweptSet, solve_support
from panlearn.penalties import ElasticNet
from tests.oracles.elastic_net import elastic_net as oracle


def held(form=np.asarray, seed=0, n=40, p=8):
    rng = np.random.default_rng(seed)
    X, y = rng.normal(size=(n, p)) + 1, rng.normal(size=n)
    X[rng.random((n, p)) < (0.97 if form is sparse.csc_array else 0)] = 0
    y += 5 * X[:, 0] - 3 * X[:, 5]
    columns = CentredColumns(form(X))
    found = GramSet(columns, columns.target(y)[0])
    for part in ([0, 1], [4, 5, 6], [2, 3, 7]):
        found.take(np.array(part))
    return X, y, found


def coef(found, p=8):
    w = np.zeros(p)
    w[found.members] = found.w
    return w


@pytest.mark.parametrize("kind", ["gram", "swept"])
@pytest.mark.parametrize("form", [np.asarray, sparse.csc_array])
@pytest.mark.parametrize("positive", [False, True])
def test_matches_oracle(kind, form, positive):
    X, y, found = held(form)
    found = SweptSet(found) if kind == "swept" else found
    penalty = ElasticNet(np.linspace(0.01, 0.1, 8), np.full(8, 0.02), positive)
    assert found.solve(penalty, 1e-14, 5000) > 0
    np.testing.assert_allclose(coef(found), oracle(X, y, penalty.l1, penalty.l2, positive=positive)[0], atol=1e-6)
    r = found.residuals(found.members, found.w[:, None])[:, 0]
    np.testing.assert_allclose(r, found.t - (X - X.mean(axis=0)) @ coef(found) / np.sqrt(40), atol=1e-12)


def test_swapping_keeps_gram_and_weights_together():
    X, _, found = held()
    w = np.zeros(8)
    w[[3, 6]] = 1.0, -2.0
    found.go(w[found.members])
    found.hot = 0
    found._heat(np.flatnonzero(found.w))
    assert sorted(found.members[: found.hot]) == [3, 6]
    Z = (X - X.mean(axis=0))[:, found.members] / np.sqrt(40)
    np.testing.assert_allclose(found.gram[:8, :8], Z.T @ Z, atol=1e-12)
    np.testing.assert_allclose(found.q, Z.T @ (Z @ found.w - found.t), atol=1e-12)
    np.testing.assert_array_equal(coef(found), w)


def test_moments_are_those_of_the_rows():
    _, _, found = held()
    W = np.random.default_rng(0).normal(size=(8, 3))
    members = found.members[::-1].copy()
    R = found.residuals(members, W)
    pulls, squares = found.moments(members, W)
    np.testing.assert_allclose(pulls, found.columns.pull(R), atol=1e-12)
    np.testing.assert_allclose(squares, (R * R).sum(axis=0))


def test_the_equations_of_the_support_end_the_search():
    """With the right signs one step is exact; with wrong ones it still goes down."""
    _, _, found = held()
    G, b, l1, l2 = found.gram[:8, :8], found.cross, np.full(8, 0.05), np.zeros(8)
    found.solve(ElasticNet(l1, l2), 1e-16, 5000)
    w = found.w * 1.3
    q = G @ w - b
    solve_support(G, b, q, w, l1, l2)
    np.testing.assert_allclose(w, found.w, atol=1e-7)
    rng = np.random.default_rng(0)
    for _ in range(20):
        w = rng.normal(size=8)
        before = 0.5 * w @ G @ w - b @ w + l1 @ np.abs(w)
        q = G @ w - b
        solve_support(G, b, q, w, l1, l2)
        assert 0.5 * w @ G @ w - b @ w + l1 @ np.abs(w) < before
        np.testing.assert_allclose(q, G @ w - b, atol=1e-10)


def test_values_that_overflow_are_refused():
    columns = CentredColumns(np.full((3, 2), 1e200) * [[1], [2], [3]])
    with pytest.raises(OverflowError), np.errstate(over="ignore", invalid="ignore"):
        GramSet(columns, np.ones(3)).take(np.arange(2))
