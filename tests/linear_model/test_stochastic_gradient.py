"""What the estimators fitted by stochastic gradient descent share: checks, advice, early stopping, warm starts."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning
from sklearn.preprocessing import StandardScaler

from panlearn.linear_model import SGDClassifier, SGDRegressor
from panlearn.linear_model.stochastic_gradient import OPTIMIZERS


def data(n=300, p=4, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p))
    return X, X @ rng.normal(size=p) + 0.3 * rng.normal(size=n)


def test_divergence_is_said_and_names_the_column():
    X, y = data()
    table = pd.DataFrame(X, columns=["age", "income", "height", "weight"])
    table["income"] *= 1e5
    with pytest.warns(
        ConvergenceWarning, match=r"the descent diverges\. Column 'income' spreads over .* scale it first"
    ):
        model = SGDRegressor(random_state=0).fit(table, y)
    assert np.isfinite(model.coef_).all()
    scaled = StandardScaler().fit_transform(table)
    assert SGDRegressor(random_state=0).fit(scaled, y).score(scaled, y) > 0.9
    table["income"] *= 1e200
    with pytest.raises(ValueError, match=r"overflow occurred at epoch #1\..* Column 'income' spreads"):
        SGDClassifier(loss="squared_hinge").fit(table, y > 0)
    with pytest.warns(ConvergenceWarning, match=r"like scales: lower eta0 \(2\)"):
        SGDRegressor(eta0=2.0, learning_rate="constant").fit(X, y)


def test_a_failed_call_leaves_the_model_as_it_was():
    X, y = data()
    model = SGDRegressor(random_state=0).fit(X, y)
    before = model.coef_.copy()
    with pytest.raises(ValueError, match="overflow occurred"):
        model.partial_fit(X * 1e250, y)
    np.testing.assert_array_equal(model.coef_, before)


def test_history():
    X, y = data()
    model = SGDRegressor(random_state=0).fit(X, y)
    assert len(model.loss_curve_) == model.n_iter_
    assert model.loss_curve_[-1] < 0.1 * model.loss_curve_[0]
    length = len(model.loss_curve_)
    model.partial_fit(X, y)
    assert len(model.loss_curve_) == length + 1


def test_unconverged_is_said_with_what_was_reached():
    X, y = data()
    with pytest.warns(ConvergenceWarning, match=r"increasing max_iter .* The mean objective is .* changed by"):
        SGDRegressor(max_iter=2).fit(X, y)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"learning_rate": "optimal", "alpha": 0}, "alpha must be > 0"),
        ({"learning_rate": "pa1"}, "only works with loss 'epsilon_insensitive'"),
        ({"learning_rate": "pa1", "loss": "epsilon_insensitive", "batch_size": 5}, "needs optimizer='sgd'"),
        ({"penalty": "elasticnet", "l1_ratio": None}, "l1_ratio must be set"),
        ({"optimizer": "newton"}, "'optimizer' parameter of SGDRegressor must be"),
        ({"batch_size": 0}, "'batch_size' parameter"),
        ({"eta0": 0}, "'eta0' parameter"),
    ],
)
def test_parameters_that_make_no_sense(settings, message):
    with pytest.raises(ValueError, match=message):
        SGDRegressor(**settings).fit(*data())


def test_early_stopping_holds_rows_out():
    X, y = data()
    model = SGDRegressor(early_stopping=True, validation_fraction=0.3, random_state=0, n_iter_no_change=3).fit(X, y)
    assert model.n_iter_ < 100
    assert model.score(X, y) > 0.9
    with pytest.raises(ValueError, match="early_stopping should be False"):
        model.partial_fit(X, y)
    weight = np.zeros(len(y))
    with pytest.raises(ValueError, match="weights for validation set are all zero"):
        model.fit(X, y, sample_weight=weight)


def test_warm_start_goes_on():
    X, y = data()
    cold = SGDRegressor(max_iter=5, tol=None, shuffle=False, learning_rate="constant").fit(X, y)
    warm = SGDRegressor(max_iter=5, tol=None, shuffle=False, learning_rate="constant", warm_start=True).fit(X, y)
    assert warm.fit(X, y).loss_curve_[0] < 0.2 * cold.loss_curve_[0]
    given = SGDRegressor(max_iter=5, tol=None, shuffle=False, learning_rate="constant")
    given.fit(X, y, coef_init=cold.coef_, intercept_init=cold.intercept_)
    np.testing.assert_array_equal(given.coef_, warm.coef_)
    with pytest.raises(ValueError, match="Provided coef_init does not match dataset"):
        given.fit(X, y, coef_init=[1.0])


@pytest.mark.parametrize("optimizer", list(OPTIMIZERS))
def test_every_optimiser_reaches_the_minimum(optimizer):
    X, y = data()
    rate = {"adadelta": 10.0, "adagrad": 0.5, "sgd": 0.3, "adam": 0.1}.get(optimizer, 0.02)
    model = SGDRegressor(
        optimizer=optimizer,
        batch_size=32,
        eta0=rate,
        learning_rate="inverse_sqrt",
        max_iter=200,
        tol=None,
        random_state=0,
    ).fit(X, y)
    exact = np.linalg.lstsq(np.column_stack([X, np.ones(len(y))]), y)[0]
    np.testing.assert_allclose(np.append(model.coef_, model.intercept_), exact, atol=0.02)
    again = SGDRegressor(**model.get_params()).fit(X, y)
    np.testing.assert_array_equal(again.coef_, model.coef_)


def test_batches_dense_and_sparse_agree():
    X, y = data()
    X[np.abs(X) < 0.7] = 0
    settings = {"batch_size": 16, "optimizer": "adam", "random_state": 0, "max_iter": 10, "tol": None, "penalty": "l1"}
    for fit in (SGDRegressor(**settings), SGDClassifier(loss="log_loss", **settings)):
        t = y if isinstance(fit, SGDRegressor) else np.digitize(y, [-1, 1])
        dense = fit.fit(X, t).coef_
        np.testing.assert_allclose(fit.fit(sparse.csr_array(X), t).coef_, dense, atol=1e-10)


def test_partial_fit_keeps_the_memory_of_the_optimiser():
    X, y = data()
    settings = {"optimizer": "momentum", "batch_size": 50, "shuffle": False, "average": 3}
    whole = SGDRegressor(max_iter=4, tol=None, **settings).fit(X, y)
    parts = SGDRegressor(**settings)
    for _ in range(4):
        parts.partial_fit(X, y)
    np.testing.assert_allclose(parts.coef_, whole.coef_, rtol=1e-12)
    assert parts.t_ == whole.t_ == 25


def test_sparsify_and_back():
    X, y = data()
    model = SGDClassifier(penalty="l1", alpha=0.05, random_state=0).fit(X, y > 0)
    expected = model.decision_function(X)
    assert sparse.issparse(model.sparsify().coef_)
    np.testing.assert_allclose(model.decision_function(X), expected)
    assert model.densify().coef_.shape == (1, 4)


def test_verbose_prints_the_certificate(capsys):
    X, y = data()
    for size in (1, 50):
        SGDRegressor(verbose=1, batch_size=size, max_iter=500).fit(X, y)
        assert "SGDRegressor: mean objective" in capsys.readouterr().out
