"""Columns and rows, dense and sparse: one code path, equal to sums written out entry by entry."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from panlearn.core import design
from panlearn.core.jit import kernel
from tests.oracles import design as oracle

FORMS = ("fortran", "c", "csc", "csr", "coo", "csc_array", "long indices")
SCALES = (1.0, 1e-160, 1e150, 5e-324)  # squares of the second and fourth vanish or are subnormal


@st.composite
def matrices(draw):
    """Small matrices of any shape, with empty rows and columns, repeated columns, and entries of any size."""
    n, p, seed = draw(st.integers(1, 9)), draw(st.integers(1, 6)), draw(st.integers(0, 10_000))
    rng = np.random.default_rng(seed)
    X = (
        rng.normal(size=(n, p))
        * rng.choice(SCALES, size=(1, p))
        * (rng.random((n, p)) < draw(st.sampled_from([0.3, 1])))
    )
    if p > 1:
        X[:, -1] = X[:, 0]
    return X.astype(draw(st.sampled_from([np.float64, np.float32]))) if (np.abs(X) < 1e30).all() else X


def in_form(X, form):
    if form == "fortran":
        return np.asfortranarray(X)
    if form == "c":
        return np.ascontiguousarray(X)
    if form == "long indices":
        X = sparse.csc_matrix(X)
        X.indices, X.indptr = X.indices.astype(np.int64), X.indptr.astype(np.int64)
        return X
    return {"csc": sparse.csc_matrix, "csr": sparse.csr_matrix, "coo": sparse.coo_matrix}.get(form, sparse.csc_array)(X)


def assert_sums(got, sums):
    """Equal up to a few roundings of the largest partial sum, or of the smallest subnormal."""
    for value, (true, magnitude) in zip(np.ravel(got), sums, strict=True):
        assert abs(value - true) <= 8e-16 * magnitude + 50 * 5e-324


@given(matrices(), st.sampled_from(FORMS), st.integers(0, 100))
def test_matches_oracle(X, form, seed):
    rng, columns = np.random.default_rng(seed), design.columns(in_form(X, form))
    r, h, a = rng.normal(size=len(X)), rng.random(len(X)), rng.normal()
    for j in range(X.shape[1]):
        assert_sums([design.column_dot(columns, j, r)], [oracle.column_dot(X, j, r)])
        assert_sums([design.column_square(columns, j, h)], [oracle.column_square(X, j, h)])
        moved = r.copy()
        design.add_column(columns, j, a, moved)
        assert_sums(moved, oracle.add_column(X, j, a, r))


@given(matrices(), st.integers(0, 100), st.data())
def test_rows_match_oracle(X, seed, data):
    """Products with some of the rows; the others are neither read nor written."""
    rng, (n, p) = np.random.default_rng(seed), X.shape
    start = data.draw(st.integers(0, n))
    stop = data.draw(st.integers(start, n))
    rows = design.sparse_rows(sparse.csr_matrix(X))
    v, u, h = rng.normal(size=p), rng.normal(size=n), rng.random(n)
    out = np.full(n, 7.0)
    design.dot(rows, v, out, start, stop)
    assert_sums(out[start:stop], oracle.dot(X, v, start, stop))
    assert (np.delete(out, slice(start, stop)) == 7).all()
    out = np.zeros(p)
    design.add_rows(rows, u, out, start, stop)
    assert_sums(out, oracle.add_rows(X, u, start, stop))
    moderate = np.where(
        np.abs(X.astype(np.float64)) < 1e100, X, 0.0
    )  # the factors are products already: no cubes of 1e150
    out, (vector, (total, magnitude)) = np.zeros(p), oracle.add_curvature(moderate, h, v, 0.5, start, stop)
    got = design.add_curvature(design.sparse_rows(sparse.csr_matrix(moderate)), h, v, 0.5, out, start, stop)
    assert abs(got - total) <= 1e-14 * magnitude + 1e-15
    np.testing.assert_allclose(out, [value for value, _ in vector], rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_matches_peer(dtype):
    """SciPy's products, at a size where columns are long."""
    X = sparse.random_array((3000, 40), density=0.2, format="csr", dtype=dtype, rng=np.random.default_rng(0))
    rng = np.random.default_rng(1)
    v, u, h, out, back = rng.normal(size=40), rng.normal(size=3000), rng.random(3000), np.empty(3000), np.zeros(40)
    rows, exact = design.sparse_rows(X), X.astype(np.float64)
    assert rows.data.dtype == np.float64
    design.dot(rows, v, out, 0, 3000)
    np.testing.assert_allclose(out, exact @ v, rtol=1e-11, atol=1e-13)
    design.add_rows(rows, u, back, 0, 3000)
    np.testing.assert_allclose(back, exact.T @ u, rtol=1e-11)
    out = np.zeros(40)
    design.add_curvature(rows, h, v, 0.3, out, 0, 3000)
    np.testing.assert_allclose(out, exact.T @ (h * (exact @ v + 0.3)), rtol=1e-11)


@given(matrices(), st.integers(0, 100))
def test_invariances(X, seed):
    """Sparse is dense, C order is Fortran order: every form gives the same numbers."""
    r = np.random.default_rng(seed).normal(size=len(X))
    all_columns = range(X.shape[1])
    dots = [[design.column_dot(design.columns(in_form(X, form)), j, r) for j in all_columns] for form in FORMS]
    for other in dots[1:]:
        np.testing.assert_allclose(other, dots[0], rtol=1e-13, atol=1e-300)
    assert np.array_equal(design.columns(in_form(X, "c")), X)
    if X.shape[1] > 1:  # a repeated column is no special case
        assert dots[0][0] == dots[0][-1]


def test_edge_cases():
    empty = design.columns(sparse.csc_matrix((5, 2)))
    assert design.column_dot(empty, 1, np.ones(5)) == 0
    assert design.column_square(empty, 0, np.ones(5)) == 0
    untouched = np.arange(5.0)
    design.add_column(empty, 0, 3.0, untouched)
    assert np.array_equal(untouched, np.arange(5.0))
    out = np.ones(5)
    design.dot(design.sparse_rows(sparse.csr_matrix((5, 2))), np.ones(2), out, 0, 5)
    assert (out == 0).all()
    holey = np.array([[np.nan], [2.0]])  # what is not a number is not hidden
    assert np.isnan(design.column_dot(np.asfortranarray(holey), 0, np.ones(2)))
    assert design.column_dot(np.array([[np.inf]], order="F"), 0, np.ones(1)) == np.inf
    strided = np.arange(24.0).reshape(6, 4)[::2, ::2]
    assert design.column_dot(design.columns(strided), 1, np.ones(3)) == strided[:, 1].sum()


@pytest.mark.parametrize("form", [sparse.csr_matrix, sparse.csc_matrix, sparse.csr_array, sparse.csc_array])
def test_entries_given_twice_are_one_entry(form):
    """SciPy allows a cell to be stored as 1 + 2: its square is 9, not 5, and the caller's matrix is left alone."""
    by_row = form in (sparse.csr_matrix, sparse.csr_array)
    X = form((np.array([1.0, 2.0, 4.0]), np.array([0, 0, 1]), np.array([0, 2, 3])), shape=(2, 2))
    assert design.column_square(design.columns(X), 0, np.ones(2)) == 9
    assert design.column_dot(design.columns(X), 0, np.ones(2)) == 3
    squared = design.sparse_rows(X).data ** 2
    assert sorted(squared) == [9, 16]
    assert X.nnz == 3
    assert by_row == (X.format == "csr")


def test_unsorted_indices_do_no_harm():
    X = sparse.csr_matrix((np.array([1.0, 2.0, 3.0]), np.array([2, 0, 1]), np.array([0, 3])), shape=(1, 3))
    out = np.zeros(3)
    design.add_rows(design.sparse_rows(X), np.ones(1), out, 0, 1)
    assert out.tolist() == [2.0, 3.0, 1.0]


@kernel
def _residual_pass(X, r):
    """One pass of a method that knows nothing of storage: subtract each column's projection."""
    for j in range(2):
        design.add_column(X, j, -0.5 * design.column_dot(X, j, r), r)
    return design.column_square(X, 1, r)


def test_a_kernel_serves_every_storage():
    X, results = np.array([[1.0, 0.0], [0.0, 2.0], [0.5, 0.25]]), []
    for form in FORMS:
        r = np.ones(3)
        results.append([_residual_pass(design.columns(in_form(X, form)), r), *r])
    np.testing.assert_allclose(results, [results[0]] * len(FORMS), rtol=1e-14)


def test_reproducible():
    X = sparse.random_array((500, 20), density=0.3, format="csc", rng=np.random.default_rng(0))
    columns, r = design.columns(X), np.random.default_rng(1).normal(size=500)
    assert len({design.column_dot(columns, 3, r) for _ in range(5)}) == 1


def test_sparse_data_are_not_copied():
    """Only the index arrays may be converted: the entries of a matrix in the right form stay where they are."""
    X = sparse.random_array((50, 5), density=0.3, format="csc", rng=np.random.default_rng(0))
    assert np.shares_memory(design.columns(X).data, X.data)
    assert np.shares_memory(design.sparse_rows(X.tocsr()).data, X.tocsr().data) is False  # a conversion is a copy
    rows = X.tocsr()
    assert np.shares_memory(design.sparse_rows(rows).data, rows.data)
    dense = np.asfortranarray(X.toarray())
    assert design.columns(dense) is dense
