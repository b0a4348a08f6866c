"""Counts and scores of blocks, against loops, for every kind of rows."""

import numpy as np
import pytest
from scipy import sparse

import panlearn
from panlearn.core.blocks import ArrayRows, CodedRows, FileRows
from panlearn.naive_bayes.class_counts import class_counts, linear_scores
from tests.oracles import naive_bayes as oracle

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("kind", [np.float64, np.float32, np.int32, np.uint8, bool, "sparse"])
@pytest.mark.parametrize("n", [1, 30])
def test_counts_match_loops(kind, n):
    X, y, w = RNG.integers(0, 3, (n, 4)), RNG.integers(0, 3, n), RNG.uniform(0, 2, n)
    rows = sparse.csr_array(X) if kind == "sparse" else X.astype(kind)
    plain = X if kind == "sparse" else X.astype(kind).astype(float)
    found = class_counts(ArrayRows(rows, y, w), 3)
    np.testing.assert_allclose(found.features, oracle.counts(plain, y, w, 3))
    np.testing.assert_allclose(found.classes, [w[y == k].sum() for k in range(3)])
    assert not found.negative


@pytest.mark.parametrize("threads", [1, 3])
def test_large_sparse_rows(threads):
    X = sparse.random_array((6000, 300), density=0.2, format="csr", rng=0)
    y, w = RNG.integers(0, 4, 6000), RNG.uniform(size=6000)
    with panlearn.threads(threads):
        found = class_counts(ArrayRows(X, y, w), 4)
    expected = [np.asarray(X[y == k].T @ w[y == k]) for k in range(4)]
    np.testing.assert_allclose(found.features, expected, rtol=1e-10)


def test_indicators_and_signs():
    X, y = np.array([[0.5, -2.0], [3.0, 0.0]]), np.array([0, 1])
    assert class_counts(ArrayRows(X, y), 2).negative
    np.testing.assert_array_equal(class_counts(ArrayRows(X, y), 2, lambda X: X > 0).features, [[1, 0], [1, 0]])


@pytest.mark.parametrize("n", [1, 7, 3000])
def test_scores(n):
    X, W, b = RNG.integers(0, 5, (n, 40)), RNG.normal(size=(3, 40)), RNG.normal(size=3)
    for rows in (X, X.astype(np.float32), sparse.csr_array(X), sparse.csr_matrix(X)):
        np.testing.assert_allclose(linear_scores(rows, W, b), X @ W.T + b, atol=1e-10)


def test_files(tmp_path):
    X, y = RNG.integers(0, 5, (50, 3)), RNG.integers(0, 2, 50)
    path = tmp_path / "rows.csv"
    np.savetxt(path, np.column_stack([X, y]), delimiter=",", header="a,b,c,y", comments="")
    rows = CodedRows(FileRows(path, target="y", chunk_rows=9), np.arange(2))
    np.testing.assert_array_equal(class_counts(rows, 2).features, oracle.counts(X, y, np.ones(50), 2))
