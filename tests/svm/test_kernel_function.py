"""Kernel matrices: values against the formulas one pair at a time, in any mix of dense and sparse."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from sklearn.metrics import pairwise

import panlearn
from panlearn.core.errors import DataError
from panlearn.svm import kernel_function
from panlearn.svm.kernel_function import KernelFunction, kernel_diagonal, kernel_matrix, kernel_times
from tests.oracles import kernel_function as oracle

KERNELS = [
    KernelFunction("linear"),
    KernelFunction("poly", 0.3, 3, 1.0),
    KernelFunction("poly", 0.3, 2, 0.5),
    KernelFunction("poly", 0.2, 4, -0.5),
    KernelFunction("poly", 0.2, 5, 1.0),
    KernelFunction("poly", 0.2, 0, 1.0),
    KernelFunction("rbf", 0.3),
    KernelFunction("laplacian", 0.3),
    KernelFunction("sigmoid", 0.03, 3, 0.1),
]
NAMES = [f"{kernel.name}-{kernel.degree:g}" for kernel in KERNELS]


def points(n, p, seed=0, zeros=0.5):
    rng = np.random.default_rng(seed)
    return (rng.normal(size=(n, p)) + 0.5) * (rng.random((n, p)) > zeros)


@pytest.mark.parametrize("kernel", KERNELS, ids=NAMES)
@pytest.mark.parametrize("shape", [(1, 1, 1), (5, 3, 7), (9, 4, 1)])
def test_matches_oracle(kernel, shape):
    n, m, p = shape
    A, B = points(n, p), points(m, p, 1)
    true = oracle.kernel_matrix(kernel, A, B)
    for left in (A, sparse.csr_matrix(A)):
        for right in (B, sparse.csr_matrix(B)):
            np.testing.assert_allclose(kernel_matrix(kernel, left, right), true, rtol=1e-12, atol=1e-14)
            got = kernel_matrix(kernel, left, right, dtype=np.float32)
            assert got.dtype == np.float32
            np.testing.assert_allclose(got, true, rtol=3e-5, atol=1e-6)


@pytest.mark.parametrize("kernel", KERNELS, ids=NAMES)
@pytest.mark.parametrize("threads", [1, 2])
def test_matches_peer_across_tiles(kernel, threads):
    """Tiles, threads and the kernels' SIMD code against scikit-learn's whole matrices."""
    A, B, rng = points(301, 13), points(1100, 13, 1), np.random.default_rng(2)
    given = {"poly": {"degree": kernel.degree}, "linear": {}}.get(kernel.name, {})
    given |= {} if kernel.name == "linear" else {"gamma": kernel.gamma}
    given |= {"coef0": kernel.coef0} if kernel.name in ("poly", "sigmoid") else {}
    true = pairwise.pairwise_kernels(A, B, kernel.name, **given)
    coef = rng.normal(size=(1100, 3))
    with panlearn.threads(threads):
        for left in (A, sparse.csr_matrix(A)):
            for right in (B, sparse.csr_matrix(B)):
                np.testing.assert_allclose(kernel_matrix(kernel, left, right), true, rtol=1e-10, atol=1e-12)
                got = kernel_times(kernel, left, right, coef)
                np.testing.assert_allclose(got, true @ coef, rtol=1e-10, atol=1e-10 * np.abs(true).max() * 1100)
                got = kernel_times(kernel, left, right, coef, dtype=np.float32)
                assert np.abs(got - true @ coef).max() <= 1e-5 * np.abs(true @ coef).max()


@pytest.mark.parametrize("kernel", KERNELS, ids=NAMES)
def test_diagonal(kernel):
    A = points(30, 4)
    true = np.diag(oracle.kernel_matrix(kernel, A, A))
    np.testing.assert_allclose(kernel_diagonal(kernel, A), true, rtol=1e-12)
    np.testing.assert_allclose(kernel_diagonal(kernel, sparse.csr_matrix(A)), true, rtol=1e-12)


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 1000), st.floats(-1e3, 1e3), st.floats(0.01, 10.0))
def test_invariances(seed, shift, gamma):
    """Moving all points leaves rbf as it is, even in float32; scaling them by c and gamma by 1 / c^2 too."""
    X = points(20, 3, seed, zeros=0.0)
    rbf = KernelFunction("rbf", gamma)
    K = kernel_matrix(rbf, X, X)
    assert np.allclose(kernel_matrix(rbf, X + shift, X + shift), K, atol=1e-9)
    assert np.allclose(kernel_matrix(rbf, X + shift, X + shift, dtype=np.float32), K, atol=1e-4)
    assert np.allclose(kernel_matrix(rbf._replace(gamma=gamma / 16), 4 * X, 4 * X), K, rtol=1e-10)
    assert np.allclose(K, K.T, rtol=1e-13, atol=0)
    assert (np.diag(K) == 1).all()


def test_kernels_and_numpy_agree(monkeypatch):
    """Small tiles go to NumPy, large ones to compiled loops: both are right to rounding."""
    A = points(60, 5)
    for kernel in (KernelFunction("rbf", 0.5), KernelFunction("laplacian", 0.5)):
        small = kernel_matrix(kernel, A, A)
        monkeypatch.setattr(kernel_function, "SMALL", 0)
        np.testing.assert_allclose(kernel_matrix(kernel, A, A), small, rtol=1e-13)
        monkeypatch.undo()


def test_given_kernels():
    A, B = points(6, 3), points(4, 3, 1)
    G = A @ B.T
    called = KernelFunction("callable", function=lambda A, B: A @ B.T)
    np.testing.assert_array_equal(kernel_matrix(called, A, B), G)
    np.testing.assert_array_equal(kernel_matrix(KernelFunction("precomputed"), G, None), G)
    np.testing.assert_array_equal(kernel_matrix(KernelFunction("precomputed"), G, np.array([2, 0])), G[:, [2, 0]])
    np.testing.assert_allclose(kernel_times(called, A, B, np.ones((4, 2))), np.tile(G.sum(1)[:, None], 2))
    np.testing.assert_allclose(kernel_diagonal(called, A), np.einsum("ij,ij->i", A, A))
    np.testing.assert_allclose(kernel_diagonal(KernelFunction("precomputed"), A @ A.T), np.einsum("ij,ij->i", A, A))


def test_edge_cases():
    wrong = KernelFunction("callable", function=lambda A, B: np.ones(3))
    with pytest.raises(DataError, match="shape"):
        kernel_matrix(wrong, points(4, 2), points(5, 2))
    far = np.array([[0.0], [1e3]])
    for name in ("rbf", "laplacian"):
        assert kernel_matrix(KernelFunction(name, 10.0), far, far)[0, 1] == 0
        assert (kernel_matrix(KernelFunction(name, 0.0), far, far, dtype=np.float32) == 1).all()
    empty = sparse.csr_matrix((3, 4))  # no entry at all
    assert (kernel_matrix(KernelFunction("rbf", 1.0), empty, empty) == 1).all()
    assert kernel_matrix(KernelFunction("linear"), points(0, 4), empty).shape == (0, 3)
