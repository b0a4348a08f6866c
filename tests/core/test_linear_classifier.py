"""Linear prediction: the side of the hyperplane, whatever holds the weights."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix, issparse

from panlearn.linear_model import LogisticRegression, Perceptron, SGDClassifier
from panlearn.svm import LinearSVC

X = np.array([[-2.0, 0.0], [-1.0, 0.5], [1.0, -0.5], [2.0, 0.0], [0.0, 3.0], [0.5, 4.0]])
TWO, THREE = np.array([0, 0, 1, 1, 0, 1]), np.array(["a", "a", "b", "b", "c", "c"])
MODELS = (LogisticRegression(), LinearSVC(), SGDClassifier(random_state=0), Perceptron())


@pytest.mark.parametrize("y", [TWO, THREE], ids=["two", "three"])
@pytest.mark.parametrize("model", MODELS, ids=lambda m: type(m).__name__)
def test_prediction_is_the_largest_x_w_plus_b(model, y):
    model.fit(X, y)
    z = X @ model.coef_.T + model.intercept_
    if len(model.classes_) == 2:
        assert z.shape[1] == 1
        z = np.column_stack([-z, z])
    expected = z[:, 1] if len(model.classes_) == 2 else z
    np.testing.assert_allclose(model.decision_function(csr_matrix(X)), expected, rtol=1e-12, atol=1e-12)
    assert (model.predict(X) == model.classes_[z.argmax(axis=1)]).all()


@pytest.mark.parametrize("model", MODELS, ids=lambda m: type(m).__name__)
def test_sparse_weights_predict_the_same(model):
    raw = model.fit(X, THREE).decision_function(X)
    assert issparse(model.sparsify().sparsify().coef_)
    np.testing.assert_allclose(model.decision_function(X), raw)
    assert isinstance(model.densify().densify().coef_, np.ndarray)
    np.testing.assert_allclose(model.decision_function(X), raw)
