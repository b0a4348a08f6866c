"""Linear regression: the notes' example to the printed digits, peers, optimality, and awkward data."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse
from sklearn.linear_model import LinearRegression as Peer

import panlearn
from panlearn.core.blocks import FileRows
from panlearn.linear_model import LinearRegression
from tests.oracles.least_squares import least_squares as oracle
from tests.oracles.least_squares import objective

STUDENTS = np.array(
    [[78, 66, 77], [70, 93, 86], [61, 71, 60], [73, 66, 69], [79, 81, 70], [93, 95, 88],
     [74, 77, 72], [90, 85, 88], [66, 64, 70], [81, 90, 91]], dtype=float
)  # fmt: skip


def data(n: int = 80, p=4, targets=0, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p)) * rng.uniform(0.1, 10, p) + rng.normal(size=p)
    W = rng.normal(size=(p, targets) if targets else p)
    return X, X @ W + rng.normal(size=(n, targets) if targets else n) + 3


def test_worked_example_of_the_notes():
    X, y = STUDENTS[:6, :2], STUDENTS[:6, 2]
    model = LinearRegression().fit(X, y)
    assert np.round([model.intercept_, *model.coef_], 2).tolist() == [7.74, 0.42, 0.45]
    # the second is printed as 79.09: 79.0951 was cut, not rounded
    assert np.round(model.predict(X), 2).tolist() == [70.26, 79.10, 65.39, 68.16, 77.45, 89.65]
    assert round(0.5 * ((y - model.predict(X)) ** 2).sum(), 2) == 90.53
    test = model.predict(STUDENTS[6:, :2])
    assert np.round(test, 2).tolist() == [73.55, 83.87, 64.32, 82.35]
    assert round(0.5 * ((STUDENTS[6:, 2] - test) ** 2).sum(), 2) == 63.21
    assert round(model.predict([[84, 77]])[0], 2) == 77.74


@pytest.mark.parametrize("intercept", [True, False])
def test_matches_oracle(intercept):
    X, y = data()
    coef, constant = oracle(X, y, intercept=intercept)
    model = LinearRegression(fit_intercept=intercept).fit(X, y)
    np.testing.assert_allclose(model.coef_, coef, rtol=1e-10)
    assert np.isclose(model.intercept_, constant)


@pytest.mark.parametrize("shape", [(80, 4), (5, 40), (3, 3), (1, 4)])
@pytest.mark.parametrize("targets", [0, 1, 3])
@pytest.mark.parametrize("positive", [False, True])
def test_matches_peer(shape, targets, positive):
    X, y = data(shape[0], shape[1], targets)
    weight = np.random.default_rng(1).random(len(X))
    ours = LinearRegression(positive=positive).fit(X, y, weight)
    theirs = Peer(positive=positive).fit(X, y, weight)
    assert ours.coef_.shape == theirs.coef_.shape
    np.testing.assert_allclose(ours.predict(X), theirs.predict(X), rtol=1e-8, atol=1e-8)
    if not (positive and shape[0] <= shape[1]):  # there the minimiser is not unique
        np.testing.assert_allclose(ours.coef_, theirs.coef_, rtol=1e-7, atol=1e-9)
        np.testing.assert_allclose(ours.intercept_, theirs.intercept_, rtol=1e-7, atol=1e-9)
    if not positive:
        assert ours.rank_ == theirs.rank_
        np.testing.assert_allclose(ours.singular_, np.asarray(theirs.singular_), rtol=1e-6, atol=1e-7)


def test_optimality():
    """The residual is orthogonal to every column and to the constant; no neighbour is better."""
    X, y = data()
    model = LinearRegression().fit(X, y)
    residual = y - model.predict(X)
    assert np.abs(X.T @ residual).max() < 1e-9 * np.abs(X.T @ y).max()
    assert abs(residual.sum()) < 1e-9
    assert model.gradient_norm_ < 1e-12
    best = objective(X, y, model.coef_, model.intercept_)
    for step in 1e-3 * np.random.default_rng(2).normal(size=(20, 5)):
        assert objective(X, y, model.coef_ + step[:4], model.intercept_ + step[4]) > best


@given(st.integers(0, 50), st.floats(0.01, 100), st.floats(-1e3, 1e3))
def test_invariances(seed, scale, shift):
    """Row order, units of x and y, and the origin change the coefficients as they must; weights are repetitions."""
    X, y = data(seed=seed)
    rng = np.random.default_rng(seed)
    model, order = LinearRegression().fit(X, y), rng.permutation(len(y))
    np.testing.assert_allclose(LinearRegression().fit(X[order], y[order]).coef_, model.coef_, rtol=1e-8)
    np.testing.assert_allclose(LinearRegression().fit(X * scale, y).coef_ * scale, model.coef_, rtol=1e-8)
    np.testing.assert_allclose(LinearRegression().fit(X + shift, y - shift).coef_, model.coef_, rtol=1e-6)
    times = rng.integers(0, 4, len(y))
    repeated = LinearRegression().fit(np.repeat(X, times, axis=0), np.repeat(y, times))
    np.testing.assert_allclose(LinearRegression().fit(X, y, times).coef_, repeated.coef_, rtol=1e-8)


def test_sparse_is_dense():
    X, y = data(200, 6)
    X[np.random.default_rng(0).random(X.shape) < 0.6] = 0
    model = LinearRegression().fit(X, y)
    for form in (sparse.csr_matrix, sparse.csc_array, sparse.coo_matrix):
        np.testing.assert_allclose(LinearRegression().fit(form(X), y).coef_, model.coef_, rtol=1e-8)
    np.testing.assert_allclose(model.predict(sparse.csr_matrix(X)), model.predict(X))


def test_wide_sparse_data_go_to_lsqr():
    X = sparse.random_array((3000, 9000), density=1e-3, format="csr", rng=np.random.default_rng(0))
    y = X @ np.random.default_rng(1).normal(size=9000)
    model = LinearRegression(tol=1e-10).fit(X, y)
    assert "lsqr" in model.certificate_
    assert model.gradient_norm_ < 1e-6
    np.testing.assert_allclose(model.predict(X), y, atol=1e-5)


def test_edge_cases():
    X, y = data()
    one = LinearRegression().fit([[1.0, 2.0]], [5.0])
    assert one.predict([[1.0, 2.0]]) == [5.0]
    assert (one.coef_ == 0).all()  # least norm: the intercept, which is free of charge, explains one row
    constant = LinearRegression().fit(np.column_stack([X, np.full(len(X), 9.0)]), y)
    assert abs(constant.coef_[-1]) < 1e-9
    twice = LinearRegression().fit(np.column_stack([X, X[:, 0]]), y)
    assert np.isclose(twice.coef_[0], twice.coef_[-1])  # least norm shares the weight
    assert twice.rank_ == 4
    assert (LinearRegression().fit(X, np.zeros(len(y))).coef_ == 0).all()
    scaled = X * [1e8, 1e-8, 1.0, 1.0]
    np.testing.assert_allclose(
        LinearRegression().fit(scaled, y).predict(scaled), LinearRegression().fit(X, y).predict(X)
    )
    hilbert = 1 / (np.arange(1, 31)[:, None] + np.arange(10))
    np.testing.assert_allclose(
        LinearRegression().fit(hilbert, hilbert.sum(axis=1)).predict(hilbert), hilbert.sum(axis=1)
    )


def test_bad_data_are_named():
    X, y = data()
    for bad in (np.nan, np.inf):
        with pytest.raises(ValueError, match=r"contains (NaN|infinity)"):
            LinearRegression().fit(np.where(X[3, 1] == X, bad, X), y)
        with pytest.raises(ValueError, match=r"contains (NaN|infinity)"):
            LinearRegression().fit(X, np.where(y == y[3], bad, y))
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        LinearRegression().fit(X, y[:-1])
    with pytest.raises(ValueError, match="0 sample"):
        LinearRegression().fit(np.empty((0, 2)), [])
    with pytest.raises(ValueError, match="at least one non-zero"):
        LinearRegression().fit(X, y, np.zeros(len(y)))
    with pytest.raises(ValueError, match="Negative values"):
        LinearRegression().fit(X, y, -np.ones(len(y)))
    with pytest.raises(ValueError, match="'positive' parameter of LinearRegression"):
        LinearRegression(positive="yes").fit(X, y)


def test_reproducible():
    X, y = data(30_000, 10)  # enough for two threads
    with panlearn.threads(2):
        first, second = (LinearRegression().fit(X, y).coef_ for _ in range(2))
    np.testing.assert_array_equal(first, second)
    with panlearn.threads(1):
        np.testing.assert_allclose(LinearRegression().fit(X, y).coef_, first, rtol=1e-10)


def test_data_types():
    X, y = data()
    single = LinearRegression().fit(X.astype(np.float32), y.astype(np.float32))
    assert single.coef_.dtype == single.predict(X.astype(np.float32)).dtype == np.float32
    np.testing.assert_allclose(single.coef_, LinearRegression().fit(X, y).coef_, rtol=1e-4)
    table = pd.DataFrame(X, columns=list("abcd"))
    assert LinearRegression().fit(table, y).feature_names_in_.tolist() == list("abcd")
    polars = pytest.importorskip("polars", reason="polars is not installed")
    np.testing.assert_allclose(
        LinearRegression().fit(polars.from_pandas(table), y).coef_, LinearRegression().fit(X, y).coef_
    )
    np.testing.assert_allclose(LinearRegression().fit(X.astype(np.int64), y).coef_, oracle(X.astype(np.int64), y)[0])


def test_file_is_memory(tmp_path):
    """A file read in chunks, a memory map and arrays give the same answer."""
    X, y = data(1000, 4)
    weight = np.random.default_rng(1).random(1000)
    model = LinearRegression().fit(X, y, weight)
    table = pd.DataFrame(X, columns=list("abcd")).assign(y=y, w=weight)
    table.to_csv(tmp_path / "t.csv", index=False)
    table.to_parquet(tmp_path / "t.parquet")
    for name in ("t.csv", "t.parquet"):
        rows = FileRows(tmp_path / name, target="y", weight="w", chunk_rows=333)
        streamed = LinearRegression().fit(rows)
        np.testing.assert_allclose(streamed.coef_, model.coef_, rtol=1e-9)
        assert streamed.feature_names_in_.tolist() == list("abcd")
    np.save(tmp_path / "X.npy", X)
    mapped = np.load(tmp_path / "X.npy", mmap_mode="r")
    np.testing.assert_allclose(LinearRegression().fit(mapped, y, weight).coef_, model.coef_, rtol=1e-12)
