"""Losses of rows against scikit-learn's scores, and the no-information value against all pairs of rows."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics
from sklearn.linear_model import LogisticRegression, Perceptron

from panlearn.core.errors import DataError
from panlearn.evaluation.row_losses import ROW_LOSSES, output_of

REGRESSION = [name for name, loss in ROW_LOSSES.items() if not loss.labels]


def data(name, seed=0, n=12):
    rng = np.random.default_rng(seed)
    weight = rng.uniform(0.1, 1, n)
    weight /= weight.sum()
    if not ROW_LOSSES[name].labels:
        return rng.normal(size=n).round(1), rng.normal(size=n).round(1), weight
    y = np.concatenate([[0, 1, 2], rng.integers(3, size=n - 3)])
    output = rng.dirichlet(np.ones(3), size=n) if ROW_LOSSES[name].probabilities else rng.integers(3, size=n)
    return y, output, weight


@pytest.mark.parametrize("name", ROW_LOSSES)
def test_matches_peer(name):
    y, output, weight = data(name)
    found = ROW_LOSSES[name]
    mean = float(weight @ found.loss(y, output))
    variance = float(weight @ (y - weight @ y) ** 2)
    peers = {
        "accuracy": metrics.accuracy_score,
        "neg_log_loss": metrics.log_loss,
        "neg_mean_squared_error": metrics.mean_squared_error,
        "neg_root_mean_squared_error": metrics.root_mean_squared_error,
        "r2": metrics.r2_score,
        "neg_mean_absolute_error": metrics.mean_absolute_error,
    }
    sign = -1 if name.startswith("neg_") else 1
    assert found.score(mean, variance) == pytest.approx(sign * peers[name](y, output, sample_weight=weight))


@pytest.mark.parametrize("name", ROW_LOSSES)
@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 1000))
def test_matches_oracle(name, seed):
    """The mean loss over all pairs (y_i, output_j)."""
    y, output, weight = data(name, seed)
    found = ROW_LOSSES[name]
    n = y.size
    pairs = sum(weight[i] * weight[j] * float(found.loss(y[[i]], output[[j]])[0]) for i in range(n) for j in range(n))
    assert found.no_information(y, output, weight) == pytest.approx(pairs)


@pytest.mark.parametrize("name", ROW_LOSSES)
def test_slope_is_the_derivative(name):
    found, step = ROW_LOSSES[name], 1e-6
    change = found.score(0.5 - step, 2.0) - found.score(0.5 + step, 2.0)
    assert found.slope(0.5, 2.0) == pytest.approx(change / (2 * step))


def test_probabilities_of_a_class_the_sample_lacks_are_zero():
    X = np.array([[0.0], [1.0], [2.0], [3.0]])
    model = LogisticRegression().fit(X, ["a", "a", "c", "c"])
    output = output_of(model, X, ROW_LOSSES["neg_log_loss"], np.array(["a", "b", "c"]))
    np.testing.assert_array_equal(output[:, 1], 0)
    np.testing.assert_allclose(output.sum(axis=1), 1)
    loss = ROW_LOSSES["neg_log_loss"].loss(np.array([1]), output[:1])
    assert loss[0] == pytest.approx(-np.log(np.finfo(float).eps))


def test_a_method_without_probabilities_says_so():
    model = Perceptron().fit([[0.0], [1.0]], [0, 1])
    with pytest.raises(DataError, match="no predict_proba"):
        output_of(model, [[0.0]], ROW_LOSSES["neg_log_loss"], np.array([0, 1]))


def test_predictions_must_be_finite():
    class Broken:
        def predict(self, X):
            return np.full(len(X), np.nan)

    with pytest.raises(DataError, match="not finite"):
        output_of(Broken(), np.zeros((3, 1)), ROW_LOSSES["r2"], np.empty(0))
