"""Class sums: loops, batches, weights, digits, bad data."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from panlearn.core.blocks import ArrayRows, CodedRows, FileRows
from panlearn.optimize.class_moments import class_moments, grouped, merge
from tests.oracles import gaussian_classes as oracle

FORMS = ["diagonal", "pooled", "each"]


def data(n=60, p=4, K=3, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, p)) + 3, rng.integers(0, K, n), rng.integers(0, 3, n).astype(float)


def expected(scatter, form):
    return {"each": scatter, "pooled": scatter.sum(axis=0)[None], "diagonal": np.einsum("kii->ki", scatter)}[form]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("kind", ["dense", "float32", "sparse"])
def test_matches_loops(form, weighted, kind):
    X, y, w = data()
    rows = {"dense": X, "float32": X.astype(np.float32), "sparse": sparse.csr_array(X)}[kind]
    found = class_moments(ArrayRows(rows, y, w if weighted else None), 3, form)
    total, mean, scatter = oracle.class_sums(X, y, w if weighted else np.ones(60), 3)
    rtol = 1e-5 if kind == "float32" else 1e-11
    np.testing.assert_allclose(found.weight, total)
    np.testing.assert_allclose(found.mean, mean, rtol=rtol)
    np.testing.assert_allclose(found.scatter, expected(scatter, form), rtol=rtol, atol=100 * rtol)
    assert found.rows.sum() == (np.count_nonzero(w) if weighted else 60)


@settings(max_examples=20)
@given(st.integers(0, 1000), st.integers(1, 40), st.sampled_from(FORMS))
def test_batches_add_up(seed, cut, form):
    X, y, w = data(41, 2, 3, seed)
    whole = class_moments(ArrayRows(X, y, w), 3, form)
    parts = [class_moments(ArrayRows(X[rows], y[rows], w[rows]), 3, form) for rows in (slice(cut), slice(cut, None))]
    both = merge(*parts)
    np.testing.assert_allclose(both.scatter, whole.scatter, atol=1e-9)
    np.testing.assert_allclose(both.mean, whole.mean, atol=1e-12)


def test_total_is_within_and_between():
    X, y, w = data()
    found = class_moments(ArrayRows(X, y, w), 3, "pooled")
    total = np.cov(X.T, aweights=w, ddof=0) * w.sum()
    np.testing.assert_allclose(found.scatter[0] + found.between, total, rtol=1e-10)
    np.testing.assert_allclose(found.total_mean, np.average(X, axis=0, weights=w))


@pytest.mark.parametrize("form", FORMS)
def test_digits_survive_far_means(form):
    """The sample misses a class of few rows, a million deviations away."""
    rng = np.random.default_rng(0)
    y = np.zeros(20_000, dtype=int)
    y[[5, 7, 9]] = 1
    X = rng.normal(size=(20_000, 2))
    X[y == 1] += 1e7
    found = class_moments(ArrayRows(X, y), 2, form)
    _, _, scatter = oracle.class_sums(X[y == 1], y[y == 1], np.ones(3), 2)
    if form == "pooled":
        scatter[0] = np.cov(X[y == 0].T, ddof=0) * (y == 0).sum()
    rows = slice(None) if form == "pooled" else 1
    np.testing.assert_allclose(found.scatter[rows], expected(scatter, form)[rows], rtol=1e-6)


@pytest.mark.parametrize("kind", [np.asarray, sparse.csr_array])
def test_a_constant_feature_has_no_scatter(kind):
    X = np.column_stack([np.full(3000, 0.1), np.arange(3000.0)])
    found = class_moments(ArrayRows(kind(X), np.arange(3000) % 2), 2, "each")
    assert not found.scatter[:, 0].any()
    assert (found.scatter[:, 1, 1] > 1).all()


def test_grouped_rows_keep_their_order():
    X, y = np.arange(6.0)[:, None], np.array([1, 0, 1, 0, 1, 2])
    rows, order, edges = grouped(X, y, 4)
    np.testing.assert_array_equal(rows.ravel(), [1, 3, 0, 2, 4, 5])
    np.testing.assert_array_equal(order, [1, 3, 0, 2, 4, 5])
    np.testing.assert_array_equal(edges, [0, 2, 5, 6, 6])


def test_files(tmp_path):
    X, y, _ = data()
    path = tmp_path / "rows.csv"
    np.savetxt(path, np.column_stack([X, y]), delimiter=",", header="a,b,c,d,y", comments="")
    rows = CodedRows(FileRows(path, target="y", chunk_rows=17), np.arange(3))
    np.testing.assert_allclose(
        class_moments(rows, 3, "each").scatter, class_moments(ArrayRows(X, y), 3, "each").scatter, atol=1e-9
    )


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_not_finite(bad):
    X, y, _ = data()
    X[3, 1] = bad
    with pytest.raises(ValueError, match=r"NaN|infinity"):
        class_moments(ArrayRows(X, y), 3, "pooled")
