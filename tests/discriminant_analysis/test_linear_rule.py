"""The linear rule: Bayes' rule written out, agreement of the three routes, digits."""

import numpy as np
import pytest
import scipy.linalg

from panlearn.core.blocks import ArrayRows
from panlearn.discriminant_analysis import linear_rule as rules


def problem(K=3, p=4, seed=0):
    rng = np.random.default_rng(seed)
    root = rng.normal(size=(p, p))
    return root @ root.T + np.eye(p), rng.normal(size=(K, p)) * 3, rng.dirichlet(np.ones(K))


@pytest.mark.parametrize("seed", range(3))
def test_routes_agree_with_bayes_rule(seed):
    S, means, priors = problem(seed=seed)
    between = (means - priors @ means).T @ np.diag(priors) @ (means - priors @ means)
    found = rules.whiten(S, 1e-4)
    assert found is not None
    fisher, centre = rules.fisher_rule(found, means, priors, 1e-4)
    exact = np.linalg.solve(S, means.T).T
    for rule in (
        fisher,
        rules.solve_least_squares(S, means, priors),
        rules.solve_generalised(S, S + between, means, priors),
    ):
        for coef, intercept in zip(rule.coef - rule.coef[0], rule.intercept - rule.intercept[0], strict=True):
            assert np.isfinite(coef).all(), intercept
        np.testing.assert_allclose(rule.coef - rule.coef[0], exact - exact[0], atol=1e-8)
        offset = -0.5 * np.sum(means * exact, axis=1) + np.log(priors)
        np.testing.assert_allclose(rule.intercept - rule.intercept[0], offset - offset[0], atol=1e-8)
    np.testing.assert_allclose(centre, priors @ means)


def test_whitened_rows_have_unit_spread():
    S, _, _ = problem()
    found = rules.whiten(S, 1e-4)
    assert found is not None
    np.testing.assert_allclose(found.scalings.T @ S @ found.scalings, np.eye(4), atol=1e-10)


def test_doubtful_eigenvalues_go_to_the_rows():
    """A direction of spread 3e-4: half of its digits are lost in the sums, none in the rows."""
    rng = np.random.default_rng(0)
    Z = rng.normal(size=(500, 3))
    X, y = np.column_stack([Z, Z @ [1, 1, 1] + 3e-4 * rng.normal(size=500)]), np.zeros(500, dtype=int)
    X -= X.mean(axis=0)
    assert rules.whiten(X.T @ X / 500, 1e-4) is None
    assert rules.whiten(X.T @ X / 500, 1e-4, trust=True) is not None
    found = rules.whiten_rows(ArrayRows(X, y), np.zeros((1, 4)), X.var(axis=0), 500.0, 1e-5)
    np.testing.assert_allclose(found.scalings.T @ (X.T @ X / 500) @ found.scalings, np.eye(4), atol=1e-7)
    assert found.route == "triangle"


def test_triangle_keeps_the_gram_matrix():
    Z = np.random.default_rng(0).normal(size=(9, 4))
    R = rules.triangle(Z)
    np.testing.assert_allclose(R.T @ R, Z.T @ Z)
    assert rules.triangle(Z[:3]) is not None
    assert rules.triangle(Z[:3]).shape == (3, 4)


def test_singular_covariances():
    S, means = np.ones((2, 2)), np.array([[1.0, 1.0], [2.0, 2.0]])
    rule = rules.solve_least_squares(S, means, np.array([0.5, 0.5]))
    np.testing.assert_allclose(rule.coef, (scipy.linalg.pinv(S) @ means.T).T)
    with pytest.raises(np.linalg.LinAlgError, match="shrinkage='auto'"):
        rules.solve_generalised(np.zeros((2, 2)), S, means, np.array([0.5, 0.5]))
    found = rules.whiten(np.zeros((2, 2)), 1e-4)
    assert found is not None
    assert found.scalings.shape == (2, 0)


def test_priors():
    np.testing.assert_array_equal(rules.class_priors([0.2, 0.8], np.ones(2)), [0.2, 0.8])
    np.testing.assert_array_equal(rules.log_priors(np.array([1.0, 0.0])), [0.0, -np.inf])
    for wrong, text in (([0.5], "each of the 2 classes"), ([1.5, -0.5], "non-negative"), ([0, 0], "not all 0")):
        with pytest.raises(ValueError, match=text):
            rules.class_priors(wrong, np.ones(2))
