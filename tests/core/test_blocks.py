"""Sums over row blocks: the same from memory, memory map, file and mapped rows; files that cannot be used are named."""

import gzip
import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse
from sklearn.preprocessing import PolynomialFeatures

import panlearn
from panlearn.core import threads
from panlearn.core.blocks import (
    ArrayRows,
    FileRows,
    MappedRows,
    Rows,
    RowSource,
    add,
    density,
    in_memory,
    is_sparse,
    reduce_rows,
    require_finite,
)
from panlearn.core.errors import DataError
from panlearn.linear_model import LinearRegression, LogisticRegression
from tests.oracles.blocks import moments as oracle

SOURCES = ("arrays", "memmap", "csv", "csv.gz", "tsv", "parquet", "mapped", "mapped file", "fortran", "float32")


def data(n=101, p=3):
    rng = np.random.default_rng(0)
    return rng.integers(-9, 9, (n, p)) / 4.0, rng.normal(size=n), rng.random(n)  # X is exact in float32 and in text


def as_source(kind, folder, X, y, weight, chunk_rows=17) -> RowSource:
    """The same rows in another place."""
    if kind == "arrays":
        return ArrayRows(X, y, weight)
    if kind in ("fortran", "float32"):
        return ArrayRows(np.asfortranarray(X) if kind == "fortran" else X.astype(np.float32), y, weight)
    if kind == "memmap":
        np.save(folder / "X.npy", X)
        return ArrayRows(np.load(folder / "X.npy", mmap_mode="r"), y, weight)
    if kind == "mapped":
        return MappedRows(ArrayRows(2 * X, y, weight), lambda block: block / 2, X.shape[1])
    if kind == "mapped file":
        return MappedRows(as_source("csv", folder, 2 * X, y, weight, chunk_rows), lambda block: block / 2, X.shape[1])
    path = folder / f"rows.{kind}"
    table = pd.DataFrame(X, columns=[f"x{j}" for j in range(X.shape[1])]).assign(y=y, w=weight)
    table = table[["w", *[f"x{j}" for j in range(X.shape[1])], "y"]]  # target and weight need not come last
    if kind == "parquet":
        table.to_parquet(path, row_group_size=40)
    else:
        table.to_csv(path, index=False, sep="\t" if kind == "tsv" else ",")
    return FileRows(path, target="y", weight="w", chunk_rows=chunk_rows)


def moments(X, y, weight):
    weighted = X * weight[:, None]
    return weighted.T @ X, weighted.T @ y, weighted.sum(axis=0), float(weight.sum())


@pytest.mark.parametrize("chunk_rows", [1, 17, 101, 1000])
@pytest.mark.parametrize("kind", SOURCES)
def test_matches_oracle(tmp_path, kind, chunk_rows):
    """Rows of every kind of source, in chunks that do not divide their number."""
    X, y, weight = data()
    source = as_source(kind, tmp_path, X, y, weight, chunk_rows)
    assert source.n_features == 3
    for rows in (0, 1, 7):
        for got, true in zip(reduce_rows(moments, source, work=12, rows=rows), oracle(X, y, weight), strict=True):
            np.testing.assert_allclose(got, true, rtol=1e-10)
    again = in_memory(source)  # a source can be walked again
    np.testing.assert_array_equal(again.X, X)
    np.testing.assert_array_equal(again.weight, weight)


@given(st.integers(1, 300), st.integers(1, 64), st.integers(1, 5))
def test_invariances(n, rows, count):
    """Whatever the size of a block and the number of threads: the whole sum, and each row once and in order."""
    X, y, weight = data(n)
    gate, threads.GATE = threads.GATE, 0
    try:
        with panlearn.threads(count):
            sums = reduce_rows(moments, ArrayRows(X, y, weight), work=1, rows=rows)
            seen = reduce_rows(
                lambda X, y, w: [X[:, 0].tolist()],
                ArrayRows(np.arange(float(n))[:, None]),
                work=1,
                rows=rows,
                combine=lambda a, b: a + b,
            )
    finally:
        threads.GATE = gate
    for got, true in zip(sums, moments(X, y, weight), strict=True):
        np.testing.assert_allclose(got, true, rtol=1e-11, atol=1e-12)
    assert [row for block in seen for row in block] == list(range(n))
    assert all(len(block) <= rows for block in seen)
    assert all(block[0] % rows == 0 for block in seen)  # threads do not cut blocks in two


def test_reproducible(monkeypatch):
    monkeypatch.setattr(threads, "GATE", 0)
    X, y, weight = data(5000)
    with panlearn.threads(3):
        first = reduce_rows(moments, ArrayRows(X / 3, y, weight), work=1, rows=64)
        for _ in range(10):
            for a, b in zip(reduce_rows(moments, ArrayRows(X / 3, y, weight), work=1, rows=64), first, strict=True):
                np.testing.assert_array_equal(a, b)


def test_estimators_give_the_same_answer_from_every_source(tmp_path):
    X, y, weight = data()
    labels = (y > 0).astype(int)
    line, border = LinearRegression().fit(X, y, weight), LogisticRegression(tol=1e-9).fit(X, labels, weight)
    for kind in SOURCES:
        np.testing.assert_allclose(
            LinearRegression().fit(as_source(kind, tmp_path, X, y, weight)).coef_, line.coef_, rtol=1e-5
        )
    for kind in ("csv", "parquet"):
        streamed = LogisticRegression(tol=1e-9).fit(as_source(kind, tmp_path, X, labels, weight))
        np.testing.assert_allclose(streamed.coef_, border.coef_, rtol=1e-6)


def test_the_rows_of_a_matrix_stay_sparse():
    X = sparse.random_array((50, 4), density=0.4, format="csr", rng=np.random.default_rng(0))
    source = ArrayRows(X, np.ones(50))
    gram = reduce_rows(lambda X, y, w: (X.T @ X).toarray(), source, work=1, rows=7)
    np.testing.assert_allclose(gram, (X.T @ X).toarray(), rtol=1e-12)
    assert is_sparse(source)
    assert is_sparse(MappedRows(source, lambda X: X, 4))
    assert not is_sparse(ArrayRows(X.toarray()))
    assert density(source) == 0.4
    assert density(ArrayRows(X.toarray())) == density(ArrayRows(sparse.csr_array(np.ones((2, 2))))) == 1
    assert density(ArrayRows(sparse.csr_array((0, 4)))) == 0


def test_mapped_rows_widen_block_by_block():
    """The wide matrix never exists, and maps compose."""
    X, y, _ = data()
    expand, widest = PolynomialFeatures(3).fit(X), []

    def wide(block):
        widest.append(len(block))
        return expand.transform(block)

    source = MappedRows(MappedRows(ArrayRows(X, y), lambda X: X + 1, 3), wide, 20)
    gram = reduce_rows(lambda X, y, w: X.T @ X, source, work=1, rows=10)
    full = expand.transform(X + 1)
    np.testing.assert_allclose(gram, full.T @ full, rtol=1e-10)
    assert max(widest) == 10


def test_any_associative_combination():
    """Triangles of QR by blocks: R'R is X'X though no Gram matrix is formed."""

    def triangle_of(Z):
        return np.asarray(np.linalg.qr(Z, mode="r"))

    X, _, _ = data()
    triangle = reduce_rows(
        lambda X, y, w: triangle_of(X),
        ArrayRows(X),
        work=1,
        rows=10,
        combine=lambda a, b: triangle_of(np.vstack([a, b])),
    )
    np.testing.assert_allclose(triangle.T @ triangle, X.T @ X, rtol=1e-12)


def test_add():
    first = np.ones(2)
    assert add(first, np.ones(2)) is first
    assert first.tolist() == [2, 2]
    nested = add((1, (2.0, np.zeros(1))), (10, (20.0, np.ones(1))))
    assert nested == (11, (22.0, np.ones(1)))
    named = add(Rows(1, 2, 3), Rows(1, 2, 3))  # type: ignore[arg-type]
    assert isinstance(named, Rows)
    assert tuple(named) == (2, 4, 6)


def test_edge_cases(tmp_path):
    one = reduce_rows(moments, ArrayRows(np.full((1, 1), 3.0), np.ones(1), np.full(1, 2.0)), work=1)
    assert [float(np.squeeze(value)) for value in one] == [18, 6, 6, 2]
    with pytest.raises(DataError, match="no rows"):
        reduce_rows(moments, ArrayRows(np.empty((0, 2)), np.empty(0), np.empty(0)), work=1)
    part: Rows = ArrayRows(np.arange(6.0).reshape(3, 2), np.arange(3)).rows[slice(1, None)]
    assert (part.X.tolist(), part.y.tolist(), part.weight) == ([[2, 3], [4, 5]], [1, 2], None)
    with pytest.raises(TypeError, match="abstract"):
        next(iter(RowSource().pieces()))
    require_finite(ArrayRows(np.ones((2, 2))))
    with pytest.raises(ValueError, match="Input X contains NaN"):
        require_finite(ArrayRows(np.array([[1.0, np.nan]])))
    with pytest.raises(ZeroDivisionError):  # what a statistic raises is not hidden
        reduce_rows(lambda X, y, w: 1 // 0, as_source("csv", tmp_path, *data()), work=1)


def table_file(folder, text, name="t.csv"):
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


def test_columns_of_a_file(tmp_path):
    path = table_file(tmp_path, "a,b,y,w,c\n1,2,3,1,5\n2,4,5,2,1\n")
    everything = FileRows(path, target="y", weight="w")
    assert everything.feature_names == ["a", "b", "c"]
    chosen = FileRows(path, target="y", features=["c", "a"])
    X, y, weight = in_memory(chosen)
    assert (X.tolist(), y.tolist(), weight) == ([[5, 1], [1, 2]], [3, 5], None)
    assert LinearRegression().fit(chosen).feature_names_in_.tolist() == ["c", "a"]
    tabbed = table_file(tmp_path, "a\ty\n1\t2\n", "T.TSV")
    assert in_memory(FileRows(tabbed, target="y")).X.tolist() == [[1]]
    with_mark = table_file(tmp_path, "\ufeffa,y\n1,2\n")
    assert FileRows(with_mark, target="y").feature_names == ["a"]
    with gzip.open(tmp_path / "z.tsv.gz", "wt") as file:
        file.write("a\ty\n1\t2\n")
    assert in_memory(FileRows(tmp_path / "z.tsv.gz", target="y")).y.tolist() == [2]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("a,y\n1,2\nx,3\n", "column 'a' of '.*' holds text or dates; encode it as numbers first"),
        ("a,y\n1,2\n,3\n", "column 'a' of '.*' has empty or infinite cells; fill or drop them first"),
        ("a,y\n1,2\ninf,3\n", "column 'a' of '.*' has empty or infinite cells"),
        ("a,y\n1,2\n2,\n", "column 'y' of '.*' has empty or infinite cells"),
        ("a,y\n1,2\n2,inf\n", "column 'y' of '.*' has empty or infinite cells"),
        ("a,y\n1,yes\n2,\n", "column 'y' of '.*' has empty or infinite cells"),
        ("a,y\n1,2\n2,no\n", "column 'y' of '.*' holds numbers in some rows and text in others"),
        ("a,y\n1,2\n2,3,4\n", "cannot be read as CSV: .*Expected 2 fields in line 3, saw 3"),
        ("a,y\n", "has no rows below its header"),
        ("y\n1\n", "has no column left for the features"),
        ("", "cannot be read as CSV: No columns"),
    ],
)
def test_files_that_cannot_be_used(tmp_path, text, fault):
    """The message names the file, the column, the fault and what to do; an estimator passes it on."""
    for use in (in_memory, LogisticRegression().fit):
        with pytest.raises(DataError, match=fault):
            use(FileRows(table_file(tmp_path, text), target="y", chunk_rows=1))


def test_rows_longer_than_the_header_are_not_shifted(tmp_path):
    """pandas would take the first column of such a file for row names; here it warns of what it leaves out."""
    path = table_file(tmp_path, "a,y\n1,2,3\n2,3,4\n")
    with pytest.warns(pd.errors.ParserWarning, match="Length of header"):
        assert in_memory(FileRows(path, target="y")).y.tolist() == [2, 3]


@pytest.mark.parametrize(
    ("settings", "fault"),
    [
        ({"target": "z"}, "no column 'z'; its columns are a, b, y"),
        ({"target": "y", "features": ["a", "q"]}, "no column 'q'"),
        ({"target": "y", "weight": "v"}, "no column 'v'"),
        ({"target": "y", "features": []}, "no column left for the features"),
        ({"target": "y", "chunk_rows": 0}, r"chunk_rows must be an integer in the range \[1, inf\). Got 0"),
        ({"target": "y", "chunk_rows": 2.5}, "Got 2.5 instead"),
    ],
)
def test_settings_that_cannot_be_used(tmp_path, settings, fault):
    path = table_file(tmp_path, "a,b,y\n1,2,3\n")
    with pytest.raises(DataError, match=fault):
        FileRows(path, **settings)


def test_missing_and_damaged_files(tmp_path):
    for nothing in (tmp_path / "none.csv", tmp_path):
        with pytest.raises(DataError, match=r"there is none at '.*'. Check the spelling"):
            FileRows(nothing, target="y")
    (tmp_path / "latin.csv").write_bytes("größe,y\n1,2\n".encode("latin-1"))
    (tmp_path / "no.parquet").write_bytes(b"nonsense")
    (tmp_path / "no.csv.gz").write_bytes(b"nonsense")
    (tmp_path / "cut.csv.gz").write_bytes(gzip.compress(b"a,y\n" + b"1,2\n" * 1000)[:-20])
    for name in ("latin.csv", "no.parquet", "no.csv.gz", "cut.csv.gz"):
        with pytest.raises(DataError, match=rf"{name}' cannot be read as (CSV|Parquet): .+\w"):
            in_memory(FileRows(tmp_path / name, target="y"))


def test_parquet_columns_of_other_kinds(tmp_path):
    def rows(**columns):
        pd.DataFrame(columns).to_parquet(tmp_path / "t.parquet")
        return in_memory(FileRows(tmp_path / "t.parquet", target="y"))

    assert rows(a=[True, False], b=np.array([1, 2], dtype=np.int8), y=["u", "v"]).X.tolist() == [[1, 1], [0, 2]]
    with pytest.raises(DataError, match=r"column 'a' of '.*' holds text or dates"):
        rows(a=pd.to_datetime(["2020-01-01", "2021-01-01"]), y=[1, 2])
    with pytest.raises(DataError, match=r"column 'a' of '.*' has empty"):
        rows(a=[True, None], y=[1, 2])
    with pytest.raises(DataError, match="no rows"):
        rows(a=np.empty(0), y=np.empty(0))


def test_weights_of_a_file(tmp_path):
    with pytest.raises(DataError, match=r"column 'w' of '.*' has negative weights; a weight must be at least 0"):
        in_memory(FileRows(table_file(tmp_path, "a,y,w\n1,2,1\n2,3,-1\n"), target="y", weight="w"))
    with pytest.raises(DataError, match=r"column 'w' of '.*' holds text"):
        in_memory(FileRows(table_file(tmp_path, "a,y,w\n1,2,heavy\n"), target="y", weight="w"))


def test_a_file_is_closed_and_read_in_chunks(tmp_path):
    """Looking at the first piece only reads that, and leaves no open file behind."""
    path = table_file(tmp_path, "a,y\n" + "1,2\n" * 100)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        source = FileRows(path, target="y", chunk_rows=30)
        assert len(next(iter(source.pieces())).X) == 30
        assert [len(piece.X) for piece in source.pieces()] == [30, 30, 30, 10]
        path.unlink()
