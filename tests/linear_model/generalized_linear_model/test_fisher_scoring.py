"""Every solver finds the same minimum, from any start that the data give."""

import numpy as np
import pytest
import scipy.sparse as sp

from panlearn.linear_model import GeneralizedLinearRegressor as Model
from panlearn.linear_model.generalized_linear_model import fisher_scoring


def data(n, p, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p))
    return X, rng.poisson(np.exp(0.3 * X[:, 0] - 0.2 * X[:, 1])).astype(float)


@pytest.mark.parametrize("l1_ratio", [0.0, 0.5])
@pytest.mark.parametrize("shape", [(300, 40), (40, 90)])
def test_routes_agree(l1_ratio, shape):
    """With Hessians, by conjugate gradients or working sets, and in the row space; dense and sparse."""
    X, y = data(*shape)
    X[np.abs(X) < 0.8] = 0
    settings = {"family": "poisson", "alpha": 0.05, "l1_ratio": l1_ratio, "tol": 1e-9}
    expected = Model(**settings, solver="newton-cholesky").fit(X, y)
    for Z in (X, sp.csr_array(X), sp.csc_array(X)):
        for solver in ("auto", "newton-cg"):
            found = Model(**settings, solver=solver).fit(Z, y)
            np.testing.assert_allclose(found.coef_, expected.coef_, atol=1e-7)
            np.testing.assert_allclose(found.intercept_, expected.intercept_, atol=1e-7)


def test_categorical_columns_agree_on_every_route():
    X, y = data(300, 3)
    X[:, 2] = np.random.default_rng(1).integers(0, 40, 300)
    settings = {"family": "poisson", "alpha": 0.01, "tol": 1e-9, "categorical_features": [2]}
    for l1_ratio in (0.0, 0.5):
        a, b = (Model(**settings, l1_ratio=l1_ratio, solver=s).fit(X, y) for s in ("newton-cholesky", "newton-cg"))
        np.testing.assert_allclose(a.coef_, b.coef_, atol=1e-7)


def test_the_start_from_a_part_of_the_rows_does_not_change_the_answer(monkeypatch):
    X, y = data(30_000, 8)
    X[:, 7] = np.arange(30_000) % 3 == 0
    X[:, 6] = np.arange(30_000) < 20  # rows 0..19 are in the part, with a column of their own
    y[:20] = 0
    y[0] = 1
    for settings in ({"alpha": 0.0}, {"alpha": 0.01, "l1_ratio": 0.5}):
        found = Model("poisson", **settings).fit(X, y)
        with monkeypatch.context() as m:
            m.setattr(fisher_scoring, "ROWS", np.inf)
            expected = Model("poisson", **settings).fit(X, y)
        np.testing.assert_allclose(found.coef_, expected.coef_, atol=1e-4 if settings["alpha"] else 1e-7)
        assert found.gradient_norm_ <= 1e-8


def test_levels_that_the_part_does_not_know():
    """A level of a few rows between the runs that are kept: its estimate must not run away."""
    rng = np.random.default_rng(0)
    n = 20_000
    codes = rng.integers(0, 3, n).astype(float)
    codes[100:130] = 3.0
    y = rng.poisson(1.0, n).astype(float)
    model = Model("poisson", categorical_features=[0]).fit(codes[:, None], y)
    means = np.array([y[codes == level].mean() for level in range(4)])
    np.testing.assert_allclose(np.exp(model.intercept_ + np.append(0, model.coef_)), means, rtol=1e-6)


def test_a_start_outside_the_domain_is_movedinside():
    """Without an intercept, the identity link and zero weights give means of 0."""
    X, y = np.column_stack([np.ones(50), np.arange(50.0)]), 2 + 3 * np.arange(50.0)
    model = Model("poisson", link="identity", fit_intercept=False).fit(X, y)
    np.testing.assert_allclose(model.coef_, [2, 3], rtol=1e-6)
    with pytest.raises(ValueError, match="no start was found"):
        Model("poisson", link="identity", fit_intercept=False).fit(np.zeros((5, 1)), np.ones(5))


def test_weights_must_not_vanish():
    with pytest.raises(ValueError, match="non-zero number"):
        Model().fit([[0.0], [1.0]], [0.0, 1.0], sample_weight=[0.0, 0.0])
