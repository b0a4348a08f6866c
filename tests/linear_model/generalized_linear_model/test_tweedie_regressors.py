"""The three names of scikit-learn: same objective, same answers."""

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import linear_model as peers
from sklearn.exceptions import ConvergenceWarning

import panlearn
from panlearn.linear_model import GammaRegressor, GeneralizedLinearRegressor, PoissonRegressor, TweedieRegressor
from tests.oracles import generalized_linear_model as oracle

MODELS = [
    ("PoissonRegressor", {}),
    ("GammaRegressor", {}),
    ("TweedieRegressor", {"power": 1.5}),
    ("TweedieRegressor", {"power": 3.0}),
    ("TweedieRegressor", {"power": 0.0, "link": "log"}),
    ("TweedieRegressor", {}),
]
OURS = {cls.__name__: cls for cls in (GammaRegressor, PoissonRegressor, TweedieRegressor)}


def data(n=200, p=4, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p))
    return X, rng.gamma(2.0, np.exp(X @ np.linspace(0.3, -0.3, p)) / 2)


@pytest.mark.filterwarnings("ignore:The inner solver")  # of the peer, where a Hessian is negative
@pytest.mark.parametrize("solver", ["lbfgs", "newton-cholesky", "newton-cg"])
@pytest.mark.parametrize(("name", "more"), MODELS, ids=str)
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_matches_peer(name, more, solver, fit_intercept):
    X, y = data()
    weight = np.random.default_rng(1).random(200)
    parameters = {"alpha": 0.2, "fit_intercept": fit_intercept, "tol": 1e-9, **more}
    ours = OURS[name](**parameters, solver=solver).fit(X, y, weight)
    theirs = getattr(peers, name)(**parameters, solver="newton-cholesky").fit(X, y, weight)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-7)
    np.testing.assert_allclose(ours.intercept_, theirs.intercept_, atol=1e-7)
    np.testing.assert_allclose(ours.predict(X), theirs.predict(X), rtol=1e-6)
    assert ours.score(X, y, weight) == pytest.approx(theirs.score(X, y, weight), abs=1e-7)
    assert set(theirs.get_params()) == set(ours.get_params())


@pytest.mark.parametrize(("name", "family"), [("PoissonRegressor", "poisson"), ("GammaRegressor", "gamma")])
def test_matches_oracle(name, family):
    X, y = data(40, 2)
    model = OURS[name](alpha=0.3, tol=1e-10).fit(X, y)
    x = np.append(model.coef_, model.intercept_)
    problem = X, y, np.ones(40), np.zeros(40), family, "log"
    assert np.abs(oracle.gradient(lambda x: oracle.objective(x, *problem, l2=0.3), x)).max() < 1e-8


@pytest.mark.parametrize(("name", "more"), MODELS, ids=str)
def test_optimality(name, more):
    """With an intercept, weighted residuals have no sum; the objective path falls."""
    X, y = data()
    model = OURS[name](alpha=0.1, tol=1e-10, **more).fit(X, y)
    mu, power = model.predict(X), {"PoissonRegressor": 1, "GammaRegressor": 2}.get(name, more.get("power", 0))
    slope = mu if not (power == 0 and "link" not in more) else 1.0
    u = (mu - y) * slope / mu**power
    assert abs(u.mean()) < 1e-9
    np.testing.assert_allclose(X.T @ u / 200, -0.1 * model.coef_, atol=1e-9)
    assert (np.diff(model.objective_path_) <= 1e-12).all()


@settings(max_examples=10)
@given(st.integers(0, 50))
def test_invariances(seed):
    X, y = data(60, 3, seed)
    rng = np.random.default_rng(seed)
    order, times = rng.permutation(60), rng.integers(0, 3, 60)
    for cls in (GammaRegressor, PoissonRegressor):
        model = cls(alpha=0.1, tol=1e-9)
        expected = model.fit(X, y).coef_
        np.testing.assert_allclose(model.fit(X[order], y[order]).coef_, expected, atol=1e-7)
        np.testing.assert_allclose(model.fit(sp.csr_array(X), y).coef_, expected, atol=1e-7)
        repeated = model.fit(np.repeat(X, times, axis=0), np.repeat(y, times)).coef_
        np.testing.assert_allclose(model.fit(X, y, times).coef_, repeated, atol=1e-7)


def test_same_as_the_general_class():
    X, y = data()
    for cls, family in ((PoissonRegressor, "poisson"), (GammaRegressor, "gamma")):
        general = GeneralizedLinearRegressor(family, alpha=0.1).fit(X, y)
        np.testing.assert_allclose(cls(alpha=0.1, tol=1e-8).fit(X, y).coef_, general.coef_, atol=1e-7)


def test_edge_cases():
    X, y = data()
    for model, target in ((PoissonRegressor(), -y), (GammaRegressor(), 0 * y), (TweedieRegressor(power=1.5), -y)):
        with pytest.raises(ValueError, match=r"Some value\(s\) of y are out of the valid range of the loss"):
            model.fit(X, target)
    with pytest.raises(ValueError, match="power must be finite and not in"):
        TweedieRegressor(power=0.5).fit(X, y)
    assert PoissonRegressor().fit(X, 0 * y).predict(X).max() < 1e-6
    with pytest.warns(ConvergenceWarning):
        PoissonRegressor(max_iter=1, tol=1e-12).fit(X, y)
    wide = PoissonRegressor(alpha=0, tol=1e-8).fit(X[:3], y[:3])
    np.testing.assert_allclose(wide.predict(X[:3]), y[:3], rtol=1e-5)
    assert PoissonRegressor().__sklearn_tags__().target_tags.positive_only
    assert not TweedieRegressor().__sklearn_tags__().target_tags.positive_only


def test_least_norm_of_equal_columns():
    X, y = data()
    model = GammaRegressor(alpha=0, tol=1e-9).fit(np.hstack([X, X]), y)
    np.testing.assert_allclose(model.coef_[:4], model.coef_[4:], rtol=1e-5)


def test_reproducible():
    X, y = data(20_000, 10)
    with panlearn.threads(2):
        first, second = (GammaRegressor(alpha=0.1).fit(X, y).coef_ for _ in range(2))
    np.testing.assert_array_equal(first, second)
