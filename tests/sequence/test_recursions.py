"""The kernels of one bundle, step by step against the formulas."""

import numpy as np

from panlearn.sequence.bundles import fill, take_bundle, work_arrays
from panlearn.sequence.recursions import add_pairs, close, forward, product


def test_product_is_a_product_of_matrices():
    rng = np.random.default_rng(0)
    for n in (1, 4, 7):
        A, x, out = rng.random((n, n)), rng.random((n, 8)), np.empty((n, 8))
        product(A, x, out)
        np.testing.assert_allclose(out, A.T @ x, rtol=1e-13)


def test_forward_vectors_are_filtered_probabilities():
    rng = np.random.default_rng(1)
    n, T = 3, 6
    A, enter, table = rng.dirichlet(np.ones(n), n), rng.dirichlet(np.ones(n)), rng.random((8 * T, n))
    bundle = take_bundle(np.arange(8), np.arange(9) * T, np.ones(8), work_arrays(T, n))
    fill(table, bundle, 0.0)
    forward(bundle, enter, A)
    result = np.empty(8)
    close(bundle, np.ones(n), result)
    u = bundle.u[: n * bundle.stride * 8].reshape(n, bundle.stride, 8)
    for lane in range(8):
        alpha, log_z = enter, 0.0
        for t in range(T):
            alpha = (alpha if t == 0 else alpha @ A) * table[lane * T + t]
            log_z, alpha = log_z + np.log(alpha.sum()), alpha / alpha.sum()
            np.testing.assert_allclose(u[:, t + 1, lane] * bundle.scale[t * 8 + lane], alpha, rtol=1e-13)
        np.testing.assert_allclose(result[lane], log_z, rtol=1e-13)


def test_pairs_are_sums_of_products():
    rng = np.random.default_rng(2)
    for n in (1, 2, 3, 5, 8):
        bundle = take_bundle(np.arange(8), np.arange(9) * 20, np.ones(8), work_arrays(20, n))
        size = n * bundle.stride * 8
        bundle.b[:size], bundle.u[:size] = rng.random(size), rng.random(size)
        C = np.zeros((n, n))
        add_pairs(bundle, C)
        np.testing.assert_allclose(C, bundle.u[:size].reshape(n, -1) @ bundle.b[:size].reshape(n, -1).T, rtol=1e-12)
