"""`GeneralizedLinearRegressor`: oracle, statsmodels on real claims, optimality, invariances, hard cases."""

import re

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import statsmodels.api as sm
import statsmodels.formula.api as smf
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.exceptions import ConvergenceWarning

import panlearn
from panlearn.linear_model import GeneralizedLinearRegressor as Model
from panlearn.losses import Power
from tests.oracles import generalized_linear_model as oracle


def data(n=200, p=3, seed=0, kind="poisson"):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p))
    mu = np.exp(X @ np.linspace(0.4, -0.3, p) + 0.3)
    return X, rng.poisson(mu).astype(float) if kind == "poisson" else rng.gamma(2.0, mu / 2)


FAMILIES = [
    ("normal", "identity"),
    ("poisson", "log"),
    ("gamma", "log"),
    ("exponential", "log"),
    ("inverse-gaussian", "log"),
    ("tweedie", "log"),
    ("negative-binomial", "log"),
    ("binomial", "logit"),
    ("binomial", "probit"),
    ("binomial", "cloglog"),
    ("gamma", "inverse"),
]


@pytest.mark.parametrize(("family", "link"), FAMILIES)
@pytest.mark.parametrize(("alpha", "l1_ratio"), [(0.0, 0.0), (0.05, 0.0), (0.05, 0.6)])
def test_matches_oracle(family, link, alpha, l1_ratio):
    """No direction descends from the solution, on the definition's objective."""
    X, y = data(30, 2, kind="gamma")
    y = y / (1 + y) if family == "binomial" else y
    weight, offset = np.linspace(0.5, 1.5, 30), np.zeros(30)
    model = Model(family, link=link, alpha=alpha, l1_ratio=l1_ratio).fit(X, y, weight)
    x, extra = np.append(model.coef_, model.intercept_), 1.0 if family == "negative-binomial" else 1.5

    def f(x):
        l1, l2 = alpha * l1_ratio, alpha * (1 - l1_ratio)
        return oracle.objective(x, X, y, weight, offset, family, link, l1, l2, extra)

    best, rng = f(x), np.random.default_rng(0)
    for size in (1e-2, 1e-4):
        assert all(f(x + size * rng.normal(size=3)) > best for _ in range(10))
    if not l1_ratio:
        assert np.abs(oracle.gradient(f, x)).max() < 1e-7


def test_poisson_matches_textbook_irls():
    X, y = data()
    offset = 0.2 * np.random.default_rng(1).normal(size=200)
    coef, errors = oracle.poisson_irls(X, y, offset)
    model = Model("poisson").fit(X, y, offset=offset)
    np.testing.assert_allclose(np.append(model.intercept_, model.coef_), coef, rtol=1e-9)
    np.testing.assert_allclose(model.std_errors(), errors, rtol=1e-9)


CLAIMS = ["VehAge", "VehBody", "Gender", "DrivAge"]


@pytest.mark.parametrize("family", ["poisson", "gamma"])
def test_matches_peer(shared_data, family):
    """Motor claims with exposure, four categorical columns, levels of 27 policies: statsmodels' answers to 1e-6."""
    claims = pd.read_csv(shared_data / "aus_motor_claims" / "ausprivauto0405.csv.gz")
    log, formula = sm.families.links.Log(), " ~ VehValue + " + " + ".join(CLAIMS)
    if family == "poisson":
        kind, target, extra = sm.families.Poisson(log), "ClaimNb", {"exposure": claims.Exposure}
    else:
        claims = claims[claims.ClaimAmount > 0]
        kind, target, extra = sm.families.Gamma(log), "ClaimAmount", {}
    theirs = smf.glm(target + formula, data=claims, family=kind, **extra).fit(tol=1e-14, maxiter=300)
    model = Model(family).fit(claims[["VehValue", *CLAIMS]], claims[target], **extra)
    ours = model.inference_
    names = [re.sub(r"\[T\.(.*)\]", r"[\1]", name) for name in theirs.params.index]
    order = [ours.names.index("Intercept" if name == "Intercept" else name) for name in names]
    np.testing.assert_allclose(ours.coef[order], theirs.params, atol=1e-6)
    np.testing.assert_allclose(ours.std_errors[order], theirs.bse, atol=1e-6)
    assert ours.deviance == pytest.approx(theirs.deviance, rel=1e-9)
    assert model.aic() == pytest.approx(theirs.aic, rel=1e-9)


@pytest.mark.peer
@pytest.mark.parametrize("family", ["poisson", "gamma"])
def test_matches_glum(family):
    glum = pytest.importorskip("glum")
    X, y = data(500, 6, kind=family)
    table = pd.DataFrame(X, columns=list("abcdef")).assign(k=pd.Categorical(np.arange(500) % 5))
    parameters = {"family": family, "alpha": 0.05, "l1_ratio": 0.5}
    theirs = glum.GeneralizedLinearRegressor(**parameters, link="log", gradient_tol=1e-7).fit(table, y)
    ours = Model(**parameters).fit(table, y)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-5)
    assert [name.replace("[", "").replace("]", "") for name in ours.coef_names_][:6] == list("abcdef")


@pytest.mark.parametrize("l1_ratio", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("family", ["poisson", "gamma", "inverse-gaussian"])
def test_optimality(family, l1_ratio):
    """Subgradient conditions in every coordinate, and an objective that does not rise."""
    X, y = data(kind="gamma")
    alpha = 0.1
    model = Model(family, alpha=alpha, l1_ratio=l1_ratio).fit(X, y)
    mu, power = model.predict(X), {"poisson": 1, "gamma": 2, "inverse-gaussian": 3}[family]
    u = (mu - y) * mu ** (1.0 - power) / len(y)
    pull = X.T @ u + alpha * (1 - l1_ratio) * model.coef_
    used = model.coef_ != 0
    np.testing.assert_allclose(pull[used], -alpha * l1_ratio * np.sign(model.coef_[used]), atol=1e-8)
    assert (np.abs(pull[~used]) <= alpha * l1_ratio + 1e-8).all()
    assert abs(u.sum()) < 1e-8
    assert (np.diff(model.objective_path_) <= 1e-12).all()
    assert model.gradient_norm_ <= 1e-8


@settings(max_examples=15)
@given(st.integers(0, 50))
def test_invariances(seed):
    X, y = data(60, seed=seed)
    rng = np.random.default_rng(seed)

    def coef(X, y, weight=None, **more):
        return Model("poisson", **{"alpha": 0.1, "l1_ratio": 0.3, **more}).fit(X, y, weight).coef_

    expected, order, times = coef(X, y), rng.permutation(60), rng.integers(0, 4, 60)
    np.testing.assert_allclose(coef(X[order], y[order]), expected, atol=1e-7)
    np.testing.assert_allclose(coef(X, y, np.full(60, 3.0)), expected, atol=1e-7)
    repeated = coef(np.repeat(X, times, axis=0), np.repeat(y, times))
    np.testing.assert_allclose(coef(X, y, times), repeated, atol=1e-7)
    np.testing.assert_allclose(coef(sp.csr_array(X), y), expected, atol=1e-7)
    np.testing.assert_allclose(coef(-X, y), -expected, atol=1e-7)
    np.testing.assert_allclose(coef(X * 10, y, alpha=0.0), coef(X, y, alpha=0.0) / 10, atol=1e-7)
    np.testing.assert_allclose(coef(X, 5 * y, alpha=0.0), coef(X, y, alpha=0.0), atol=1e-7)


def test_categorical_columns_equal_one_hot_columns():
    X, y = data()
    table = pd.DataFrame(X, columns=list("abc")).assign(k=pd.Categorical(np.arange(200) % 4), m=["u", "v"] * 100)
    for alpha, drop in ((0.0, True), (0.1, False), (0.1, True)):
        hot = pd.get_dummies(table, columns=["k", "m"], drop_first=drop, dtype=float)
        ours = Model("poisson", alpha=alpha, drop_first=drop).fit(table, y)
        plain = Model("poisson", alpha=alpha).fit(hot, y)
        np.testing.assert_allclose(ours.coef_, plain.coef_, atol=1e-8)
        np.testing.assert_allclose(ours.predict(table), plain.predict(hot), rtol=1e-8)
    auto = [len(Model("poisson", alpha=alpha).fit(table, y).coef_) for alpha in (0.0, 0.1)]
    assert auto == [3 + 3 + 1, 3 + 4 + 2]
    with pytest.raises(ValueError, match="was not there in fit"):
        ours.predict(table.assign(m="w"))


def test_smoothness_joins_neighbouring_levels():
    """No penalty: the means of the levels. A heavy one: a constant, or for second differences a line."""
    rng = np.random.default_rng(0)
    level = np.arange(600) % 12
    y = rng.poisson(np.exp(np.sin(level / 2))).astype(float)
    X = level[:, None]

    def levels(**more):
        model = Model("poisson", categorical_features=[0], drop_first=True, **more).fit(X, y)
        return np.append(0, model.coef_) + model.intercept_

    np.testing.assert_allclose(np.exp(levels()), [y[level == k].mean() for k in range(12)], rtol=1e-6)
    np.testing.assert_allclose(levels(smoothness={"x0": 1e6}), np.log(y.mean()), atol=1e-3)
    line = levels(smoothness={0: 1e6}, difference_order=2)
    assert np.abs(np.diff(line, n=2)).max() < 1e-5 < np.abs(np.diff(line)).max()
    roughness = [np.square(np.diff(levels(smoothness={"x0": s}))).sum() for s in (0.0, 0.01, 0.1, 1.0)]
    assert (np.diff(roughness) < 0).all()


def test_binomial_shares_are_repeated_trials():
    X, trials = np.array([[0.0], [1.0], [2.0]]), np.array([10.0, 20.0, 15.0])
    wins = np.array([2.0, 9.0, 11.0])
    shares = Model("binomial").fit(X, wins / trials, sample_weight=trials)
    single = np.concatenate([np.r_[np.ones(int(w)), np.zeros(int(t - w))] for w, t in zip(wins, trials)])
    whole = Model("binomial").fit(np.repeat(X, trials.astype(int), axis=0), single)
    np.testing.assert_allclose(shares.coef_, whole.coef_, rtol=1e-7)
    np.testing.assert_allclose(shares.std_errors(), whole.std_errors(), rtol=1e-7)


@pytest.mark.parametrize("alpha", [0.0, 0.1])
@pytest.mark.parametrize("scale", [1e8, 1e-8])
def test_units_do_not_matter(scale, alpha):
    X, y = data()
    plain = Model("poisson", alpha=alpha).fit(X, y)
    tol = 1e-8 * scale if alpha else 1e-8  # without a penalty, errors are measured in standard errors
    other = Model("poisson", alpha=alpha * scale**2, tol=tol).fit(X * scale, y)
    np.testing.assert_allclose(other.coef_ * scale, plain.coef_, rtol=1e-4)


def test_edge_cases():
    X, y = data()
    one = Model("poisson").fit([[1.0]], [3.0])
    assert one.predict([[1.0]]) == pytest.approx(3.0)
    constant = Model("poisson").fit(np.column_stack([X, np.full(200, 7.0), X[:, 0]]), y)
    np.testing.assert_allclose(constant.predict(np.column_stack([X, np.full(200, 7.0), X[:, 0]])).sum(), y.sum())
    wide = Model("poisson", alpha=0.1).fit(X[:20].repeat(10, axis=1), y[:20])
    assert np.isfinite(wide.coef_).all()
    heavy = Model("poisson", alpha=100.0, l1_ratio=1.0).fit(X, y)
    assert (heavy.coef_ == 0).all()
    assert heavy.predict(X) == pytest.approx(y.mean())
    assert np.isfinite(Model("poisson").fit(X, np.zeros(200)).predict(X)).all()
    for bad in (np.nan, np.inf):
        with pytest.raises(ValueError, match=r"contains (NaN|infinity)"):
            Model("poisson").fit(np.where(X[3, 1] == X, bad, X), y)
    for family, target in (("poisson", -y - 1), ("gamma", np.zeros(200)), ("binomial", y + 2)):
        with pytest.raises(ValueError, match="out of the valid range"):
            Model(family).fit(X, target)
    for parameters, message in (
        ({"family": "weibull"}, "family must be one of"),
        ({"link": "loggit"}, "link must be"),
        ({"alpha": -1}, "'alpha' parameter"),
        ({"family": "tweedie", "power": 0.5}, "power must be"),
        ({"l1_ratio": 2}, "'l1_ratio' parameter"),
    ):
        with pytest.raises(ValueError, match=message):
            Model(**parameters).fit(X, y)


def test_the_domain_is_never_left():
    """Identity and inverse links, where a full step would give negative means."""
    X, y = np.abs(data(kind="gamma")[0]), data(kind="gamma")[1]
    for family, link in (("poisson", "identity"), ("gamma", "inverse"), ("gamma", Power(-0.5)), ("tweedie", "sqrt")):
        model = Model(family, link=link, alpha=0.01).fit(X, y)
        assert (model.predict(X) > 0).all()
        assert model.gradient_norm_ < 1e-7
    with pytest.warns(ConvergenceWarning, match="edge of the domain"):  # the best line has negative means
        edge = Model("poisson", link="identity").fit(np.arange(8.0)[:, None], [9, 4, 1, 0, 0, 0, 0, 0])
    assert np.isfinite(edge.coef_).all()


def test_levels_without_events_get_large_errors():
    """No finite estimate exists; the fit ends, finite, and the error says that nothing is known."""
    X, y = np.repeat([[0.0], [1.0]], 20, axis=0), np.r_[np.ones(20), np.zeros(20)]
    model = Model("poisson").fit(X, y)
    assert -40 < model.coef_[0] < -10
    assert model.std_errors()[1] > 100


def test_reproducible():
    X, y = data(30_000, 8)
    table = pd.DataFrame(X).assign(k=pd.Categorical(np.arange(30_000) % 7)).rename(columns=str)
    with panlearn.threads(2):
        first, second = (Model("poisson", alpha=0.01, l1_ratio=0.5).fit(table, y).coef_ for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_warm_start_and_types():
    X, y = data()
    model = Model("poisson", alpha=0.1, warm_start=True).fit(X, y)
    assert model.fit(X, y).n_iter_ == 1
    single = Model("poisson", alpha=0.1, tol=1e-4).fit(X.astype(np.float32), y)
    assert single.coef_.dtype == single.predict(X.astype(np.float32)).dtype == np.float32
    np.testing.assert_allclose(single.coef_, model.coef_, atol=1e-3)
