"""What both logistic estimators share: labels, weights, the form of the parameters, predictions."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.utils.class_weight import compute_class_weight

from panlearn.core.blocks import ArrayRows
from panlearn.linear_model import LogisticRegression
from panlearn.linear_model.logistic_classifier import identified


def fitted(coef, intercept, classes):
    model = LogisticRegression()
    model.coef_, model.intercept_, model.classes_ = np.array(coef), np.array(intercept), np.array(classes)
    model.n_features_in_ = model.coef_.shape[1]
    return model


def test_predictions_follow_from_the_coefficients():
    X = np.array([[1.0, 2.0], [0.0, -1.0]])
    two = fitted([[1.0, -1.0]], [0.5], ["a", "b"])
    np.testing.assert_allclose(two.decision_function(X), [-0.5, 1.5])
    assert two.predict(X).tolist() == ["a", "b"]
    np.testing.assert_allclose(two.predict_proba(X)[:, 1], 1 / (1 + np.exp([0.5, -1.5])))
    three = fitted([[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]], [0.0, 0.0, 0.0], [3, 5, 9])
    z = three.decision_function(X)
    np.testing.assert_allclose(three.predict_proba(X), np.exp(z) / np.exp(z).sum(axis=1, keepdims=True))
    np.testing.assert_allclose(three.predict_log_proba(X), np.log(three.predict_proba(X)), atol=1e-14)
    assert three.predict(X).tolist() == [5, 3]


def test_sparse_coefficients_predict_the_same():
    X = np.array([[1.0, 2.0], [0.0, -1.0]])
    model = fitted([[1.0, 0.0]], [0.5], [0, 1])
    dense = model.decision_function(X)
    assert sparse.issparse(model.sparsify().coef_)
    for Z in (X, sparse.csr_array(X)):
        np.testing.assert_array_equal(model.decision_function(Z), dense)
    assert isinstance(model.densify().coef_, np.ndarray)
    assert model.densify().coef_.tolist() == [[1.0, 0.0]]


def test_balanced_weights_are_those_of_repeated_rows():
    y, weight = np.array([0, 0, 1, 2, 2, 2]), np.array([2.0, 1.0, 1.0, 1.0, 3.0, 1.0])
    source = ArrayRows(np.zeros((6, 1)), y, weight)
    counts = LogisticRegression(class_weight="balanced")._encoded(source)
    repeated = np.repeat(y, weight.astype(int))
    factors = compute_class_weight("balanced", classes=np.arange(3), y=repeated)
    assert source.rows.weight is not None
    np.testing.assert_allclose(source.rows.weight, weight * factors[y])
    np.testing.assert_allclose(counts, 3.0)  # all classes weigh the same
    with pytest.raises(ValueError, match="at least one positive"):
        LogisticRegression()._encoded(ArrayRows(np.zeros((6, 1)), y, np.zeros(6)))


def test_identified():
    theta = np.array([[1.0, 2.0, 6.0], [0.0, 3.0, 0.0]])
    np.testing.assert_allclose(identified(theta, 0.0).sum(axis=1), 0)
    kept = identified(theta, 0.1)
    np.testing.assert_array_equal(kept[0], theta[0])  # the absolute values have chosen these
    assert kept[1].sum() == 0
    np.testing.assert_array_equal(identified(theta[:, :1], 0.0), theta[:, :1])


def test_named_solvers_refuse_what_the_peer_refuses():
    X, y = np.array([[1.0], [1e31]]), np.array([0, 1])
    with pytest.raises(ValueError, match="'liblinear' solver while X contains"):
        LogisticRegression(solver="liblinear").fit(X, y)
    wide = sparse.csr_array(np.eye(4))
    wide.indices, wide.indptr = wide.indices.astype(np.int64), wide.indptr.astype(np.int64)
    with pytest.raises(ValueError, match="Only sparse matrices with 32-bit"):
        LogisticRegression(solver="saga").fit(wide, [0, 1, 0, 1])
    assert LogisticRegression().fit(wide, [0, 1, 0, 1]).coef_.shape == (1, 4)
