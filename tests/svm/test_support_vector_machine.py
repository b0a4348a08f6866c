"""What all kernel machines share: data at the door, gamma, callable and precomputed kernels, certificates."""

from typing import Any

import numpy as np
import pytest
from scipy import sparse

from panlearn.svm import SVC, SVR, NuSVC, NuSVR, OneClassSVM

MODELS = [SVC, NuSVC, SVR, NuSVR, OneClassSVM]


def data(n=60, p=3, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p))
    return X, (X[:, 0] + 0.3 * rng.normal(size=n) > 0).astype(int)


@pytest.mark.parametrize("Model", MODELS)
def test_every_kernel_fits_and_predicts(Model):
    X, y = data()
    for kernel in ("linear", "poly", "rbf", "laplacian", "sigmoid"):
        model = Model(kernel=kernel, gamma=0.2).fit(X, y)
        assert model.kkt_violation_.max() <= model.tol if hasattr(model, "classes_") else model.kkt_violation_ <= 1e-3
        assert np.isfinite(model.predict(X)).all()
        assert hasattr(model, "coef_") == (kernel == "linear")


@pytest.mark.parametrize("Model", MODELS)
def test_a_function_of_anything(Model):
    """Rows that are no numbers: strings, compared by the letters they share."""
    words = ["aa", "ab", "b", "bb", "abb", "a"]
    y = [0, 0, 1, 1, 1, 0]

    def shared(A, B):
        return np.array([[float(sum(min(s.count(c), t.count(c)) for c in "ab")) for t in B] for s in A])

    model = Model(kernel=shared).fit(words, y)
    assert model.shape_fit_ == (6,)
    assert np.isfinite(model.predict(["aab", "b"])).all()
    K = shared(words, words)
    np.testing.assert_allclose(model.predict(words), Model(kernel="precomputed").fit(K, y).predict(K))


@pytest.mark.parametrize("Model", MODELS)
def test_weights_of_zero_and_below_leave_rows_out(Model):
    X, y = data()
    weight = np.where(np.arange(60) % 4 == 0, 0.0, np.where(np.arange(60) % 4 == 1, -1.0, 1.0))
    kept = np.flatnonzero(weight > 0)
    for kernel in ("rbf", "precomputed"):
        A = X if kernel == "rbf" else X @ X.T
        left = Model(kernel=kernel, gamma=0.3).fit(A, y, sample_weight=weight)
        alone = Model(kernel=kernel, gamma=0.3).fit(A[kept] if kernel == "rbf" else A[np.ix_(kept, kept)], y[kept])
        np.testing.assert_array_equal(left.support_, kept[alone.support_])
        np.testing.assert_allclose(left.dual_coef_, alone.dual_coef_)


def test_gamma():
    X, y = data()
    assert np.isclose(SVC().fit(X, y)._gamma, 1 / (3 * X.var()))
    assert np.isclose(SVC(gamma="auto").fit(X, y)._gamma, 1 / 3)
    assert np.isclose(SVC(kernel="laplacian").fit(X, y)._gamma, 1 / (3 * X.std()))
    assert SVC().fit(np.ones((4, 2)), [0, 1, 0, 1])._gamma == 1.0
    random: Any = sparse.random
    thin = sparse.csr_array(random(400, 5000, 0.01, random_state=0))
    labels = (thin[:, :2500].sum(axis=1) > thin[:, 2500:].sum(axis=1)).astype(int)
    assert np.isclose(SVC().fit(thin, labels)._gamma, 1 / (5000 * thin.toarray().var()))


def test_the_callers_arrays_stay_as_they_are():
    X, y = data()
    scrambled = sparse.csr_array((np.array([2.0, 1.0, 3.0]), np.array([1, 0, 0]), np.array([0, 2, 3])), shape=(2, 2))
    before = scrambled.indices.copy()
    model = SVC(kernel="linear").fit(scrambled, [0, 1])
    np.testing.assert_array_equal(scrambled.indices, before)
    np.testing.assert_allclose(model.support_vectors_.toarray(), scrambled.toarray())
    fixed = X.copy()
    fixed.flags.writeable = False
    SVR().fit(fixed, y).predict(fixed)


def test_sparse_attributes():
    X, y = data()
    for Model in MODELS:
        model = Model(kernel="linear").fit(sparse.csr_matrix(X), y)
        assert sparse.issparse(model.support_vectors_)
        assert sparse.issparse(model.dual_coef_)
        assert sparse.issparse(model.coef_)
        np.testing.assert_allclose(model.predict(X), Model(kernel="linear").fit(X, y).predict(X), atol=1e-6)
    with pytest.raises(TypeError, match="Sparse precomputed"):
        SVC(kernel="precomputed").fit(sparse.csr_array(X @ X.T), y)


def test_coefficients_are_not_to_be_written():
    X, y = data()
    model = SVC(kernel="linear").fit(X, y)
    with pytest.raises(AttributeError):
        model.coef_ = np.zeros((1, 3))
    with pytest.raises(ValueError, match="read-only"):
        model.coef_[0, 0] = 1.0
    model.dual_coef_ = 2 * model.dual_coef_  # those of the expansion are, and predictions follow
    np.testing.assert_allclose(model.decision_function(X), X @ model.coef_[0] + model.intercept_)
    model._n_support[0] = 10_000
    with pytest.raises(ValueError, match="internal representation of SVC was altered"):
        model.predict(X)


def test_wrong_shapes_at_prediction():
    X, y = data()
    model = SVC(kernel="precomputed").fit(X @ X.T, y)
    with pytest.raises(ValueError, match="60 features"):
        model.predict(X @ X[:5].T)
    calls = []

    def fickle(A, B):
        calls.append(1)
        return A @ B.T if len(calls) == 1 else A

    changed = SVC(kernel=fickle).fit(X, y)
    with pytest.raises(ValueError, match=r"must return an array of shape \(2, 60\)"):
        changed.predict(X[:2])


def test_certificate_in_words():
    X, y = data()
    model = SVR().fit(X, y)
    assert model.certificate_.startswith("KKT violation")
    assert "duality gap" in model.certificate_
