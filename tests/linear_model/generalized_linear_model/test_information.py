"""Covariances against statsmodels, and against the spread of estimates in repeated samples."""

import numpy as np
import pytest
import statsmodels.api as sm

from panlearn.linear_model import GeneralizedLinearRegressor as Model

FAMILIES = {
    "normal": sm.families.Gaussian(),
    "poisson": sm.families.Poisson(),
    "gamma": sm.families.Gamma(sm.families.links.Log()),
    "inverse-gaussian": sm.families.InverseGaussian(sm.families.links.Log()),
    "tweedie": sm.families.Tweedie(var_power=1.5, link=sm.families.links.Log()),
    "binomial": sm.families.Binomial(),
    "negative-binomial": sm.families.NegativeBinomial(alpha=1.0),
}


def data(family, n=300):
    rng = np.random.default_rng(3)
    X = rng.normal(size=(n, 3))
    mu = np.exp(X @ [0.3, -0.2, 0.0] + 0.2)
    y = {
        "normal": mu + rng.normal(size=n),
        "binomial": (rng.random(n) < mu / (1 + mu)).astype(float),
        "gamma": rng.gamma(2, mu / 2),
        "inverse-gaussian": rng.wald(mu, 2.0),
    }.get(family, rng.poisson(mu).astype(float))
    return X, y, rng.random(n) + 0.5, 0.1 * rng.normal(size=n)


@pytest.mark.parametrize("family", FAMILIES)
def test_matches_peer(family):
    X, y, weight, offset = data(family)
    model = Model(family).fit(X, y, weight, offset)
    theirs = sm.GLM(y, sm.add_constant(X), family=FAMILIES[family], var_weights=weight, offset=offset).fit(tol=1e-13)
    ours = model.inference_
    np.testing.assert_allclose(ours.coef, theirs.params, atol=1e-7)
    np.testing.assert_allclose(ours.std_errors, theirs.bse, rtol=1e-7)
    np.testing.assert_allclose(ours.conf_int(), theirs.conf_int(), atol=1e-7)
    for mine, his in (
        (ours.dispersion, theirs.scale),
        (ours.deviance, theirs.deviance),
        (ours.pearson, theirs.pearson_chi2),
        (ours.aic, theirs.aic),
        (model.bic(), theirs.bic_llf),
        (ours.n - ours.df, theirs.df_resid),
    ):
        assert mine == pytest.approx(his, rel=1e-6)
    wald = theirs.wald_test(np.eye(4)[1:3], scalar=True)
    assert model.wald_test(["x0", "x1"]).statistic == pytest.approx(float(wald.statistic), rel=1e-6)
    observed = -theirs.model.hessian(theirs.params, observed=True, scale=theirs.scale)
    found = model.infer(X, y, weight, offset, covariance="observed").std_errors
    np.testing.assert_allclose(found, np.sqrt(np.diag(np.linalg.inv(observed))), rtol=1e-6)
    robust = theirs.model.fit(tol=1e-13, cov_type="HC0")
    found = model.infer(X, y, weight, offset, covariance="robust").std_errors
    np.testing.assert_allclose(found, robust.bse, rtol=1e-6)


def test_robust_errors_measure_the_true_spread():
    """Counts with twice Poisson's variance: the spread over samples is the robust error, not the model's."""
    rng, found, robust, plain = np.random.default_rng(0), [], [], []
    X = rng.normal(size=(200, 1))
    mu = np.exp(0.5 * X[:, 0] + 1)
    for _ in range(150):
        y = rng.negative_binomial(mu, 0.5).astype(float)  # mean mu, variance 2 mu
        model = Model("poisson").fit(X, y)
        found.append(model.coef_[0])
        robust.append(model.infer(X, y, covariance="robust").std_errors[1])
        plain.append(model.std_errors()[1])
    assert np.mean(robust) == pytest.approx(np.std(found), rel=0.15)
    assert np.mean(plain) < 0.8 * np.std(found)


def test_penalties_cost_degrees_of_freedom():
    """None without a penalty, all but the intercept's for a heavy one; zeros of the lasso are not counted."""
    X, y, *_ = data("poisson")
    dfs = [Model("poisson", alpha=a).fit(X, y).infer(X, y).df for a in (0.0, 0.1, 10.0, 1e6)]
    assert dfs[0] == pytest.approx(4.0)
    assert dfs[3] == pytest.approx(1.0, abs=1e-4)
    assert (np.diff(dfs) < 0).all()
    lasso = Model("poisson", alpha=0.05, l1_ratio=1.0).fit(X, y)
    found = lasso.infer(X, y)
    assert found.df == pytest.approx(1 + np.count_nonzero(lasso.coef_))
    assert (found.std_errors[1:] == 0).tolist() == (lasso.coef_ == 0).tolist()
    assert found.penalised


def test_columns_that_say_the_same():
    """Rank, and the least norm: two equal columns share their coefficient."""
    X, y, *_ = data("poisson")
    model = Model("poisson").fit(np.column_stack([X, X[:, 0]]), y)
    assert model.inference_.rank == 4
    assert model.coef_[0] == pytest.approx(model.coef_[3], rel=1e-6)
    assert 2 * model.coef_[0] == pytest.approx(Model("poisson").fit(X, y).coef_[0], rel=1e-6)


def test_rare_columns_are_found_to_their_own_precision():
    """Ten rows in ten thousand: a small gradient says little, so the last steps are measured in standard errors."""
    rng = np.random.default_rng(0)
    X, y = np.zeros((10_000, 1)), rng.poisson(1.0, 10_000).astype(float)
    X[:10] = 1
    model = Model("poisson").fit(X, y)
    rate = y[:10].mean() / y[10:].mean()
    assert model.coef_[0] == pytest.approx(np.log(rate), abs=1e-9)


def test_kinds_are_named():
    X, y, *_ = data("poisson")
    with pytest.raises(ValueError, match="covariance must be one of expected, observed, robust"):
        Model("poisson").fit(X, y).infer(X, y, covariance="HC3")
    with pytest.raises(ValueError, match="call infer"):
        Model("poisson", alpha=0.1).fit(X, y).std_errors()
