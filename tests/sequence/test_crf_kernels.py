"""Kernels of the state features against sums in NumPy."""

import numpy as np
import pytest

from panlearn.sequence import crf_kernels as kernels


@pytest.mark.parametrize("labels", [1, 3, 8, 17, 40])
@pytest.mark.parametrize("values", [False, True])
def test_dense_rows(labels, values):
    rng = np.random.default_rng(labels)
    width, n, rows = -(-labels // 8) * 8, 9, 5
    table = np.zeros((rows, width))
    table[:, :labels] = rng.normal(size=(rows, labels))
    indptr = np.concatenate([[0], np.cumsum(rng.integers(0, 4, n))])
    row = rng.integers(0, rows, indptr[-1]).astype(np.int32)
    value = rng.normal(size=len(row)) if values else np.empty(0)
    M = np.zeros((n, rows))
    for t in range(n):
        for e in range(indptr[t], indptr[t + 1]):
            M[t, row[e]] += value[e] if values else 1.0
    out, buffer = np.empty((6, labels)), np.empty(width)
    kernels.dense_scores(2, 8, table.reshape(-1), indptr, row, value, buffer, out)
    np.testing.assert_allclose(out, (M @ table)[2:8, :labels], atol=1e-12)
    marginals, sums = rng.random((6, labels)), np.ones(rows * width)
    kernels.dense_sums(2, 8, marginals, indptr, row, value, buffer, sums)
    expected = np.ones((rows, width))
    expected[:, :labels] += M[2:8].T @ marginals
    np.testing.assert_allclose(sums.reshape(rows, width), expected)


@pytest.mark.parametrize("values", [False, True])
def test_sparse_columns(values):
    rng = np.random.default_rng(1)
    weight, indptr = np.array([0, 2, 3, 1, 3], np.int32), np.array([0, 2, 3, 5, 5, 6])
    cell = np.array([1, 4, 1, 0, 5, 2], np.int32)
    value = rng.normal(size=6) if values else np.empty(0)
    amount, w, scores = value if values else np.ones(6), rng.normal(size=4), np.zeros(6)
    kernels.sparse_scores(0, 5, weight, indptr, cell, value, w, scores)
    expected = np.zeros(6)
    np.add.at(expected, cell, amount * np.repeat(w[weight], np.diff(indptr)))
    np.testing.assert_allclose(scores, expected)
    marginals, sums = rng.random(6), np.empty(5)
    kernels.sparse_sums(0, 5, indptr, cell, value, marginals, sums)
    column = np.repeat(np.arange(5), np.diff(indptr))
    np.testing.assert_allclose(sums, np.bincount(column, amount * marginals[cell], minlength=5))
    columns, gradient = np.array([0, 3, 5]), np.ones(4)
    kernels.add_columns(0, 2, columns, weight, sums, gradient)
    kernels.add_columns(2, 4, columns, weight, sums, gradient)
    np.testing.assert_allclose(gradient, 1.0 + np.bincount(weight, sums, minlength=4))


def test_token_scores():
    indptr, indices = np.array([0, 1, 3]), np.array([0, 0, 1], np.int32)
    first, labels, w = np.array([0, 2, 3]), np.array([0, 1, 1], np.int32), np.array([1.0, 2.0, 4.0])
    out = np.zeros((2, 2))
    kernels.token_scores(0, 2, indptr, indices, np.empty(0), first, labels, w, out)
    assert out.tolist() == [[1.0, 2.0], [1.0, 6.0]]
