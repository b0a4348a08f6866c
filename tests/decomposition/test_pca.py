"""PCA: both derivations, every input, every edge."""

import pickle

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st
from sklearn.datasets import load_digits, load_iris
from sklearn.decomposition import PCA as Peer
from sklearn.exceptions import ConvergenceWarning

import panlearn
from panlearn.core.blocks import FileRows
from panlearn.core.errors import DataError
from panlearn.decomposition import PCA
from tests.oracles import principal_components as oracle

SOLVERS = ("auto", "full", "covariance_eigh", "randomized", "arpack")


def cloud(n: int, p: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, p)) * 0.8 ** np.arange(p) @ np.linalg.qr(rng.normal(size=(p, p)))[0] + rng.normal(size=p)


@pytest.mark.parametrize("solver", SOLVERS)
def test_matches_oracle(solver):
    X = cloud(50, 6)
    values, vectors = oracle.axes(X, 3)
    model = PCA(3, svd_solver=solver, random_state=0).fit(X)
    np.testing.assert_allclose(model.explained_variance_, values, rtol=1e-8)
    np.testing.assert_allclose(model.components_, vectors, atol=1e-5)


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("shape", [(80, 15), (15, 80)])
@pytest.mark.parametrize("k", [1, 4])
def test_matches_peer(solver, shape, k):
    X = cloud(*shape)
    ours, peer = PCA(k, svd_solver=solver, random_state=0).fit(X), Peer(k, svd_solver="full").fit(X)
    for name in ("explained_variance_", "explained_variance_ratio_", "singular_values_", "noise_variance_", "mean_"):
        np.testing.assert_allclose(getattr(ours, name), getattr(peer, name), rtol=2e-5, atol=1e-12, err_msg=name)
    np.testing.assert_allclose(ours.transform(X), peer.transform(X), atol=2e-3)
    np.testing.assert_allclose(ours.get_covariance(), peer.get_covariance(), atol=1e-3)


@pytest.mark.parametrize("k", [None, 3, 0.9, "mle"])
def test_matches_peer_on_digits(k):
    X = load_digits(return_X_y=True)[0]
    ours, peer = PCA(k).fit(X), Peer(k).fit(X)
    assert ours.n_components_ == peer.n_components_
    np.testing.assert_allclose(ours.explained_variance_, peer.explained_variance_, rtol=1e-9, atol=1e-9)
    if k != "mle" and k is not None:
        assert ours.score(X) == pytest.approx(peer.score(X), rel=1e-6)


@pytest.mark.parametrize("solver", SOLVERS)
def test_optimality(solver):
    """Maximum variance and minimum error, and no plane among many does better in either; z is uncorrelated."""
    X, k = cloud(200, 8), 3
    model = PCA(k, svd_solver=solver, random_state=0).fit(X)
    Z, centred = model.transform(X), X - X.mean(axis=0)
    covariance = np.cov(Z.T)
    np.testing.assert_allclose(np.diag(covariance), model.explained_variance_, rtol=1e-9)
    np.testing.assert_allclose(covariance, np.diag(np.diag(covariance)), atol=1e-5)
    error = ((X - model.inverse_transform(Z)) ** 2).sum(axis=1).mean()
    assert model.reconstruction_error_ == pytest.approx(error, rel=1e-6)
    total = (centred**2).sum(axis=1).mean()
    assert error + model.explained_variance_.sum() * 199 / 200 == pytest.approx(total)  # one gains what the other loses
    rng = np.random.default_rng(0)
    for size in (1.0, 1e-2, 1e-4):
        V = np.linalg.qr(model.components_.T + size * rng.normal(size=(8, k)))[0]
        variance = ((centred @ V) ** 2).sum(axis=1).mean()
        assert variance <= total - error + 1e-9
        assert ((centred - centred @ V @ V.T) ** 2).sum(axis=1).mean() >= error - 1e-9
    assert model.residual_ < 1e-3
    assert "components explain" in model.certificate_


@given(st.integers(0, 99), st.floats(1e-6, 1e6), st.booleans())
def test_invariances(seed, scale, sparse):
    """Order of rows, scale, shift and rotation change what they should and nothing else."""
    rng = np.random.default_rng(seed)
    X = cloud(40, 5, seed)
    values = PCA().fit(X).explained_variance_
    Q = np.linalg.qr(rng.normal(size=(5, 5)))[0]
    np.testing.assert_allclose(PCA().fit(X[rng.permutation(40)] @ Q + 10).explained_variance_, values, rtol=1e-8)
    np.testing.assert_allclose(PCA().fit(X * scale).explained_variance_, values * scale**2, rtol=1e-9)
    weight = rng.integers(0, 4, 40)
    rows = np.repeat(X, weight, axis=0)
    a = PCA(3).fit(sp.csr_array(X) if sparse else X, sample_weight=weight)
    b = PCA(3).fit(sp.csr_array(rows) if sparse else rows)
    np.testing.assert_allclose(a.explained_variance_, b.explained_variance_, rtol=1e-9)
    np.testing.assert_allclose(a.transform(X), b.transform(X), atol=1e-6)


@given(st.lists(st.integers(5, 30), min_size=1, max_size=6))
def test_partial_fit_is_one_fit(sizes):
    X = cloud(sum(sizes), 4)
    model, start = PCA(2), 0
    for size in sizes:
        model.partial_fit(X[start : start + size])
        start += size
    whole = PCA(2).fit(X)
    np.testing.assert_allclose(model.explained_variance_, whole.explained_variance_, rtol=1e-9)
    np.testing.assert_allclose(model.transform(X), whole.transform(X), atol=1e-7)
    assert model.n_samples_ == len(X)


def test_partial_fit_does_not_follow_fit():
    X = cloud(20, 3)
    with pytest.raises(DataError, match="cannot go on from fit"):
        PCA().fit(X).partial_fit(X)
    with pytest.raises(ValueError, match="4 features"):
        PCA().partial_fit(X).partial_fit(cloud(20, 4))


def test_rows_from_a_file(tmp_path):
    X = cloud(300, 3)
    lines = [",".join(map(repr, row)) for row in np.column_stack([X, np.zeros(300)]).tolist()]
    path = tmp_path / "rows.csv"
    path.write_text("\n".join(["a,b,c,y", *lines]))
    model = PCA(2).fit(FileRows(path, target="y", chunk_rows=50))
    np.testing.assert_allclose(model.components_, PCA(2).fit(X).components_, atol=1e-8)
    assert model.feature_names_in_.tolist() == ["a", "b", "c"]


@pytest.mark.parametrize("solver", ["auto", "covariance_eigh", "arpack", "randomized"])
def test_sparse_rows_are_centred(solver):
    X = sp.random_array((100, 30), density=0.2, format="csc", rng=np.random.default_rng(0))
    ours = PCA(3, svd_solver=solver, random_state=0, tol=1e-12 if solver == "randomized" else 0).fit(X)
    peer = Peer(3, svd_solver="full").fit(X.toarray())
    np.testing.assert_allclose(ours.explained_variance_, peer.explained_variance_, rtol=1e-7)
    np.testing.assert_allclose(ours.transform(X), peer.transform(X.toarray()), atol=1e-4)


def test_missing_entries():
    X = load_iris(return_X_y=True)[0]
    holes = np.where(np.random.default_rng(0).random(X.shape) < 0.1, np.nan, X)
    model, whole = PCA(2, random_state=0).fit(holes), PCA(2).fit(X)
    assert model.solver_ == "em"
    np.testing.assert_allclose(model.explained_variance_, whole.explained_variance_, rtol=0.1)
    np.testing.assert_allclose(model.components_[0], whole.components_[0], atol=0.05)
    one = X.copy()
    one[0, 0] = np.nan
    np.testing.assert_allclose(PCA(2, random_state=0).fit(one).noise_variance_, whole.noise_variance_, rtol=0.02)
    assert np.isfinite(model.transform(holes)).all()
    assert np.isfinite(model.score(holes))


def test_edge_cases():
    for X in (np.ones((5, 3)), np.zeros((4, 2))):  # no variance at all
        model = PCA().fit(X)
        np.testing.assert_array_equal(model.explained_variance_ratio_, 0)
        np.testing.assert_allclose(model.components_ @ model.components_.T, np.eye(len(model.components_)), atol=1e-12)
        np.testing.assert_allclose(model.inverse_transform(model.transform(X)), X)
    assert PCA().fit(np.arange(5.0)[:, None]).explained_variance_ == pytest.approx(2.5)  # one column
    with pytest.raises(DataError, match="n_samples=1"):
        PCA().fit(np.ones((1, 3)))
    with pytest.raises(DataError, match="more than one sample"):
        PCA().fit(cloud(5, 3), sample_weight=np.full(5, 0.2))
    with pytest.raises(ValueError, match="infinity"):
        PCA().fit(np.array([[1.0, np.inf], [0.0, 1.0], [np.nan, 2.0]]))
    with pytest.raises(DataError, match="overflow"):
        PCA().fit(cloud(10, 2) * 1e200)
    tiny = PCA().fit(cloud(10, 2) * 1e-120)
    np.testing.assert_allclose(tiny.explained_variance_ratio_, PCA().fit(cloud(10, 2)).explained_variance_ratio_)
    assert PCA(0).fit(cloud(9, 3)).transform(cloud(9, 3)).shape == (9, 0)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"n_components": 9}, r"n_components=9 must be between 0 and min\(n_samples, n_features\)=3"),
        ({"n_components": 3, "svd_solver": "arpack"}, "strictly less"),
        ({"n_components": 0, "svd_solver": "randomized"}, "between 1 and"),
        ({"n_components": "mle", "svd_solver": "arpack"}, "cannot be a string"),
        ({"n_components": 1.0}, "must be between"),
        ({"n_components": 1.5}, "n_components"),
        ({"svd_solver": "best"}, "svd_solver"),
    ],
)
def test_wrong_parameters(settings, message):
    with pytest.raises(ValueError, match=message):
        PCA(**settings).fit(cloud(20, 3))


def test_wrong_numbers_for_rows_with_holes():
    X = cloud(20, 3)
    X[0, 0] = np.nan
    for wanted in (3, 0.5, "mle"):
        with pytest.raises(DataError, match="missing values"):
            PCA(wanted).fit(X)


def test_noise_that_does_not_settle_is_said(monkeypatch):
    monkeypatch.setattr("panlearn.decomposition.principal_axes.PASSES", 5)
    X = np.random.default_rng(0).normal(size=(300, 200))
    with pytest.warns(ConvergenceWarning, match="is missed"):
        PCA(5, svd_solver="randomized", random_state=0).fit(X)


def test_single_precision_passes_end_in_double():
    """More than a million numbers: the passes are float32, the variances float64 all the same."""
    X = cloud(2100, 505)
    model = PCA(4, svd_solver="randomized", random_state=0).fit(X)
    values = np.linalg.eigvalsh(np.cov(X.T))[::-1][:4]
    np.testing.assert_allclose(model.explained_variance_, values, rtol=1e-5)
    np.testing.assert_allclose(np.cov(model.transform(X).T), np.diag(values), atol=1e-4)


def test_reproducible(tmp_path):
    X = cloud(300, 100)
    a, b = (PCA(5, svd_solver="randomized", random_state=0).fit(X) for _ in range(2))
    np.testing.assert_array_equal(a.components_, b.components_)
    with panlearn.threads(1):
        c = PCA(5, svd_solver="randomized", random_state=0).fit(X)
    np.testing.assert_allclose(a.explained_variance_, c.explained_variance_, rtol=1e-9)
    for copy in (pickle.loads(pickle.dumps(a)), panlearn.load(panlearn.save(a, tmp_path / "pca.panlearn"))):
        np.testing.assert_array_equal(copy.transform(X), a.transform(X))
    single = PCA(2).fit(X[:50, :4].astype(np.float32))
    assert single.transform(X[:50, :4].astype(np.float32)).dtype == single.components_.dtype == np.float32
