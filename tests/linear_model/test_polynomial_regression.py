"""Polynomial regression: monomials, recovery of polynomials, the choice of degree."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures

from panlearn.linear_model import PolynomialRegression
from panlearn.linear_model.polynomial_regression import exponents, monomials
from tests.oracles import polynomial_regression as oracle

RNG = np.random.default_rng(0)
X = RNG.normal(size=(300, 2))
Y = 1 + 2 * X[:, 0] - X[:, 0] * X[:, 1] + 0.5 * X[:, 1] ** 3 + 0.1 * RNG.normal(size=300)


@given(st.integers(1, 4), st.integers(1, 4), st.booleans())
def test_matches_oracle(p, degree, interaction_only):
    powers = exponents(p, degree, interaction_only)
    assert sorted(map(tuple, powers.tolist())) == sorted(oracle.exponents(p, degree, interaction_only))
    rows = np.random.default_rng(p).normal(size=(3, p))
    np.testing.assert_allclose(monomials(rows, powers), oracle.monomials(rows, powers), rtol=1e-12)


@pytest.mark.parametrize("interaction_only", [True, False])
@pytest.mark.parametrize("degree", [1, 2, 4])
def test_matches_peer(degree, interaction_only):
    features = PolynomialFeatures(degree, interaction_only=interaction_only, include_bias=False)
    theirs = LinearRegression().fit(features.fit_transform(X), Y)
    ours = PolynomialRegression(degree, interaction_only=interaction_only).fit(X, Y)
    np.testing.assert_array_equal(ours.powers_, features.powers_)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(ours.predict(X), theirs.predict(features.transform(X)), rtol=1e-8)


def test_optimality():
    model = PolynomialRegression(3, alpha=0.0).fit(X, Y)
    residual = Y - model.predict(X)
    assert np.abs(monomials(X, model.powers_).T @ residual).max() < 1e-8
    assert model.gradient_norm_ < 1e-12
    assert residual.std() < 0.11  # the noise, no more


def test_cross_validation_finds_the_degree():
    model = PolynomialRegression("cv", max_degree=5).fit(X, Y)
    assert model.degree_ == 3
    direct = [
        -cross_val_score(
            make_pipeline(PolynomialFeatures(d), LinearRegression()),
            X,
            Y,
            cv=[(np.flatnonzero(np.arange(300) % 5 != k), np.flatnonzero(np.arange(300) % 5 == k)) for k in range(5)],
            scoring="neg_mean_squared_error",
        ).mean()
        for d in range(1, 6)
    ]
    np.testing.assert_allclose(model.cv_errors_, direct, rtol=1e-6)


def test_invariances():
    """Units of x change the weights by powers of the factor, and the prediction not at all."""
    model = PolynomialRegression(3).fit(X, Y)
    for scale in (1e3, 1e-3):
        other = PolynomialRegression(3).fit(X * scale, Y)
        np.testing.assert_allclose(other.predict(X * scale), model.predict(X), rtol=1e-8)
        np.testing.assert_allclose(other.coef_ * scale ** model.powers_.sum(axis=1), model.coef_, rtol=1e-6)
    times = RNG.integers(0, 3, 300)
    repeated = PolynomialRegression(2).fit(np.repeat(X, times, axis=0), np.repeat(Y, times))
    np.testing.assert_allclose(PolynomialRegression(2).fit(X, Y, times).coef_, repeated.coef_, rtol=1e-7)


def test_edge_cases():
    year = np.arange(1980.0, 2020.0)[:, None]  # powers of such numbers are collinear to many digits
    wave = np.sin(year.ravel() / 10)
    assert np.abs(PolynomialRegression(3).fit(year, wave).predict(year) - wave).max() < 0.5
    one = PolynomialRegression(3).fit([[2.0, 1.0]], [5.0])
    np.testing.assert_allclose(one.predict([[2.0, 1.0]]), 5.0)
    zeros = PolynomialRegression(2).fit(np.zeros((5, 2)), np.arange(5.0))
    np.testing.assert_allclose(zeros.predict(np.zeros((1, 2))), 2.0)
    both = PolynomialRegression(2).fit(X, np.column_stack([Y, -Y]))
    np.testing.assert_allclose(both.predict(X)[:, 0], -both.predict(X)[:, 1], atol=1e-9)
    ridge = Ridge(alpha=5.0).fit(monomials(X / np.abs(X).max(axis=0), exponents(2, 2)), Y)
    np.testing.assert_allclose(
        PolynomialRegression(2, alpha=5.0).fit(X, Y).predict(X),
        ridge.predict(monomials(X / np.abs(X).max(axis=0), exponents(2, 2))),
        rtol=1e-8,
    )
    with pytest.raises(ValueError, match="contains NaN"):
        PolynomialRegression().fit(np.where(X > 2, np.nan, X), Y)
    for bad in (0, -1, 1.5, "auto"):
        with pytest.raises(ValueError, match="'degree' parameter"):
            PolynomialRegression(bad).fit(X, Y)


def test_reproducible():
    first, second = (PolynomialRegression("cv").fit(X, Y).coef_ for _ in range(2))
    np.testing.assert_array_equal(first, second)
