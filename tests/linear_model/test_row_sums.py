"""The compiled pass gives what the losses and BLAS give, block by block and through the estimator."""

import numpy as np
import pytest

from panlearn.core.blocks import ArrayRows
from panlearn.linear_model import GeneralizedLinearRegressor
from panlearn.linear_model.generalized_linear_model import objective
from panlearn.linear_model.generalized_linear_model.design_rows import DesignRows
from panlearn.linear_model.generalized_linear_model.fisher_scoring import Problem
from panlearn.linear_model.generalized_linear_model.information import infer, moments_at
from panlearn.linear_model.generalized_linear_model.objective import row_sums_of
from panlearn.linear_model.generalized_linear_model.penalty import Penalty
from panlearn.linear_model.row_sums import applies, row_sums, shape_of
from panlearn.losses.exponential_family import FAMILIES, ExponentialFamilyLoss, PowerVariance, link_of

LOSSES = {name: ExponentialFamilyLoss(FAMILIES[name], link_of("auto", FAMILIES[name])) for name in FAMILIES}
SUPPORTED = ["poisson", "gamma", "tweedie", "inverse-gaussian", "binomial"]


def constants(loss, expected=False):
    found = shape_of(loss, expected)
    assert found is not None
    return found


def rows(n=200, dtype=np.float64):
    rng = np.random.default_rng(0)
    X, y, weight = rng.normal(size=(n, 3)).astype(dtype), rng.uniform(0.1, 0.9, n), rng.random(n)
    return X, y, weight, 0.1 * rng.normal(size=n), np.array([0.2, -0.1, 0.3, -0.5])


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("expected", [False, True])
@pytest.mark.parametrize("name", SUPPORTED)
def test_equals_the_loss(name, expected, dtype):
    loss, (X, y, weight, offset, full) = LOSSES[name], rows(dtype=dtype)
    z = X.astype(float) @ full[:-1] + full[-1] + offset
    values, first, second = loss.derivatives(z, y)
    second = loss.expected(z, y) if expected else second
    Z, bordered = np.empty((len(y), 4)), np.column_stack([X, np.ones(len(y))])
    value, pearson, gradient = row_sums(X, y, weight, offset, full, constants(loss, expected), Z)
    assert value == pytest.approx(weight @ values, rel=1e-12)
    np.testing.assert_allclose(gradient, bordered.T @ (weight * first), rtol=1e-10)
    np.testing.assert_allclose(Z.T @ Z, bordered.T @ (bordered * (weight * second)[:, None]), rtol=1e-10)
    assert pearson == pytest.approx(weight @ (first**2 / second), rel=1e-10)
    value, _, gradient = row_sums(X, y, None, None, full, constants(loss, expected))
    values, first = loss.up_to(1, z - offset, y)
    assert value == pytest.approx(values.sum(), rel=1e-12)
    np.testing.assert_allclose(gradient, bordered.T @ first, rtol=1e-10)


def test_other_losses_and_rows_are_left_to_numpy():
    assert all((shape_of(LOSSES[name]) is None) == (name not in {*SUPPORTED, "exponential"}) for name in LOSSES)
    X = rows()[0]
    frozen = X.copy()
    frozen.flags.writeable = False
    assert applies(X)
    assert not any(applies(other) for other in (np.asfortranarray(X), frozen, X.astype(int)))


def test_what_has_no_loss_is_infinite():
    X, y, _, _, full = rows()
    for bad in (np.nan, np.inf):
        X[70, 1] = bad
        assert row_sums(X, y, None, None, full, constants(LOSSES["poisson"]))[0] == np.inf
    assert row_sums(X[:60], y[:60], None, None, 1e4 * full, constants(LOSSES["poisson"]))[0] == np.inf


@pytest.mark.parametrize("name", ["poisson", "gamma", "binomial"])
@pytest.mark.parametrize("weighted", [False, True])
def test_inference_is_that_of_numpy(monkeypatch, name, weighted):
    X, y, weight, offset, full = rows(3000)
    y = np.rint(5 * y) if name == "poisson" else y
    found = []
    for gate in (0.0, np.inf):
        monkeypatch.setattr(objective, "GATE", gate)
        source = ArrayRows(DesignRows(X, np.empty((len(X), 0), np.uint32), (), offset), y, weight if weighted else None)
        total = weight.sum() if weighted else float(len(y))
        nothing = Penalty(np.zeros(4), objective.Quadratic(np.zeros(4), None))
        problem = Problem(source, LOSSES[name], nothing, 4, np.arange(4), True, total, float(y.mean()), 0.0)
        assert (row_sums_of(source, LOSSES[name], 4) is None) == (gate > 0)
        found.append(infer(problem, full, list("abc"), 1, moments_at(problem, full), "expected"))
    compiled, plain = found
    np.testing.assert_allclose(compiled.covariance, plain.covariance, rtol=1e-9)
    for field in ("deviance", "pearson", "dispersion", "log_likelihood", "n"):
        assert getattr(compiled, field) == pytest.approx(getattr(plain, field), rel=1e-10)


@pytest.mark.parametrize("settings", [{}, {"alpha": 0.01}, {"alpha": 0.01, "l1_ratio": 0.5}])
def test_estimator_gives_the_same(monkeypatch, settings):
    rng = np.random.default_rng(2)
    X = rng.normal(size=(60_000, 3))
    y = rng.poisson(np.exp(X @ [0.3, -0.2, 0.1])).astype(float)
    model = GeneralizedLinearRegressor("poisson", tol=1e-11, **settings)
    monkeypatch.setattr(objective, "GATE", 1e4)
    compiled = model.fit(X, y)
    coef, errors = compiled.coef_, np.empty(0) if settings else compiled.std_errors()
    plain = model.fit(np.asfortranarray(X), y)
    np.testing.assert_allclose(coef, plain.coef_, atol=1e-10)
    if not settings:
        np.testing.assert_allclose(errors, plain.std_errors(), rtol=1e-8)


def test_tweedie_powers_between_and_outside():
    X, y, weight, offset, full = rows()
    for power in (1.2, 1.9, 2.5):
        loss = ExponentialFamilyLoss(PowerVariance(power), LOSSES["poisson"].link)
        values, first, _ = loss.derivatives(X @ full[:-1] + full[-1] + offset, y)
        value, _, gradient = row_sums(X, y, weight, offset, full, constants(loss))
        assert value == pytest.approx(weight @ values, rel=1e-12)
        assert gradient[-1] == pytest.approx(weight @ first, rel=1e-10)
