"""TransductiveSVC: the definition by enumeration, LIBSVM, optimality, invariances, what unlabelled rows are worth."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from sklearn import svm
from sklearn.datasets import load_iris, make_moons
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics.pairwise import laplacian_kernel, rbf_kernel

from panlearn.semi_supervised import TransductiveSVC
from tests.oracles import transductive_svm as oracle

SVC: Any = svm.SVC


def few(seed, most=5) -> Any:
    rng = np.random.default_rng(seed)
    n_labelled, n_free = rng.integers(2, 7), rng.integers(1, most + 1)
    X = rng.normal(size=(n_labelled + n_free, rng.integers(1, 4)))
    return X, np.r_[0, 1, rng.integers(0, 2, n_labelled - 2), np.full(n_free, -1)], rng


def moons(seed=0, n=100, labelled=8) -> Any:
    X, y = make_moons(n, noise=0.1, random_state=seed)
    rng, marked = np.random.default_rng(seed), np.full(n, -1)
    for k in (0, 1):
        shown = rng.choice(np.flatnonzero(y == k), labelled // 2, replace=False)
        marked[shown] = k
    return X, marked, y


def iris() -> Any:
    return load_iris(return_X_y=True)


def compare(X, y, C, unlabelled_C, kernel, loss, fraction):
    model = TransductiveSVC(
        C, unlabelled_C=unlabelled_C, kernel=kernel, gamma=0.7, loss=loss, positive_fraction=fraction, method="exact"
    ).fit(X, y)
    n_free, share = int((y < 0).sum()), (y == 1).sum() / (y >= 0).sum() if fraction is None else fraction
    rows = 0 if fraction == "free" else np.round(share * n_free, 9)
    bounds = (0, n_free) if fraction == "free" else (int(np.floor(rows)), int(np.ceil(rows)))
    gram = X @ X.T if kernel == "linear" else rbf_kernel(X, gamma=0.7)
    labels, value = oracle.enumerate_labels(gram, np.where(y < 0, 0, 2 * y - 1), C, unlabelled_C, *bounds, loss)
    assert model.objective_[0] == pytest.approx(value, rel=1e-4)
    np.testing.assert_array_equal(2 * model.transduction_[y < 0] - 1, labels)
    assert model.certificate_.startswith("proven")


@pytest.mark.parametrize("fraction", [None, "free", 0.3])
@pytest.mark.parametrize("loss", ["squared_hinge", "hinge"])
@pytest.mark.parametrize("kernel", ["linear", "rbf"])
@pytest.mark.parametrize("seed", [0, 1, 2, 5])
def test_matches_oracle(seed, kernel, loss, fraction):
    """The least of all labelings, each with LIBSVM's machine."""
    X, y, rng = few(seed)
    C = 10.0 ** rng.uniform(-1, 1)
    compare(X, y, C, C * 10.0 ** rng.uniform(-1, 0), kernel, loss, fraction)


@pytest.mark.slow
@pytest.mark.parametrize(("seed", "fraction"), [(0, None), (1, "free")])
def test_matches_oracle_with_twelve_unlabelled_rows(seed, fraction):
    rng = np.random.default_rng(seed)
    compare(rng.normal(size=(16, 2)), np.r_[0, 0, 1, 1, np.full(12, -1)], 1.0, 1.0, "rbf", "squared_hinge", fraction)


@pytest.mark.parametrize("kernel", ["linear", "rbf", "poly", "laplacian", "sigmoid"])
def test_matches_peer(kernel):
    """Without unlabelled rows it is the support vector machine."""
    X, y = iris()
    X, y = X[:100] - X.mean(axis=0), y[:100]
    y[[3, 60]] = y[[60, 3]]
    ours = TransductiveSVC(kernel=kernel, loss="hinge", gamma=0.1).fit(X, y)
    if kernel == "laplacian":
        peer = SVC(kernel=lambda A, B: laplacian_kernel(A, B, gamma=0.1), tol=1e-6).fit(X, y)
    else:
        peer = SVC(kernel=kernel, gamma=0.1, tol=1e-6).fit(X, y)
    np.testing.assert_allclose(ours.decision_function(X), peer.decision_function(X), atol=1e-3)
    np.testing.assert_array_equal(ours.transduction_, y)


@pytest.mark.parametrize("kernel", ["linear", "rbf"])
def test_optimality(kernel):
    """The machine is that of the labels found, and each unlabelled row has the label of its side of the threshold."""
    X, y, _ = moons()
    model = TransductiveSVC(kernel=kernel, gamma=2.0, method="switching").fit(X, y)
    again = TransductiveSVC(kernel=kernel, gamma=2.0).fit(X, model.transduction_)
    np.testing.assert_allclose(model.decision_function(X), again.decision_function(X), atol=1e-4)
    f, labels = model.decision_function(X)[y < 0], model.transduction_[y < 0]
    assert f[labels == 1].min() >= f[labels == 0].max() - 1e-6
    assert labels.sum() == 46
    assert model.lower_bound_[0] <= model.objective_[0]
    assert model.duality_gap_[0] <= 1e-6


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 40))
def test_invariances(seed):
    X, y, rng = few(seed, most=5)
    exact = {"method": "exact", "tol": 1e-8}
    base = TransductiveSVC(**exact).fit(X, y)
    order = rng.permutation(len(y))
    moved = TransductiveSVC(**exact).fit(X[order], y[order])
    swapped = TransductiveSVC(**exact).fit(X, np.where(y < 0, -1, 1 - y))
    for other in (moved, swapped):
        assert other.objective_[0] == pytest.approx(base.objective_[0], rel=1e-6)
    np.testing.assert_array_equal(swapped.transduction_, 1 - base.transduction_)
    for kernel in ("linear", "rbf"):
        switching = {"kernel": kernel, "method": "switching", "tol": 1e-9}
        thin, full = (TransductiveSVC(**switching).fit(form(X), y) for form in (sparse.csr_array, np.asarray))
        np.testing.assert_allclose(thin.decision_function(X), full.decision_function(X), atol=1e-5)
    labelled = y >= 0
    times = np.where(labelled, rng.integers(1, 3, len(y)), 1)
    weighted = TransductiveSVC(tol=1e-8).fit(X, y, times).objective_[0]
    assert TransductiveSVC(tol=1e-8).fit(np.repeat(X, times, axis=0), np.repeat(y, times)).objective_[
        0
    ] == pytest.approx(weighted, rel=1e-6)


def test_beats_the_supervised_machine_on_two_moons():
    """Mean error over ten splits with ten labels; at most one split is worse."""
    gains = []
    for seed in range(10):
        X, y, truth = moons(seed, 200, 10)
        free = y < 0
        peer = SVC(gamma=2.0).fit(X[~free], y[~free])
        model = TransductiveSVC(gamma=2.0).fit(X, y)
        gains.append(np.mean(model.transduction_[free] == truth[free]) - peer.score(X[free], truth[free]))
    assert np.mean(gains) > 0.04
    assert sum(gain < 0 for gain in gains) <= 1


def test_several_classes():
    X, y = iris()
    marked = np.where(np.arange(150) % 10 == 0, y, -1).astype(object)
    marked[marked != -1] = np.array(["setosa", "versicolor", "virginica"], dtype=object)[y[marked != -1]]
    model = TransductiveSVC().fit(X, marked)
    assert model.objective_.shape == (3,)
    assert model.decision_function(X).shape == (150, 3)
    named = np.array(["setosa", "versicolor", "virginica"], dtype=object)[y]
    assert np.mean(model.transduction_ == named) > 0.9
    np.testing.assert_array_equal(model.transduction_[::10], named[::10])
    shares = TransductiveSVC(positive_fraction=[0.3, 0.3, 0.4]).fit(X, marked)
    assert set(shares.predict(X)) == {"setosa", "versicolor", "virginica"}


@pytest.mark.parametrize("kernel", ["rbf", "linear"])
def test_precomputed_and_callable_kernels(kernel):
    X, y, _ = moons(n=60)
    function = (lambda A, B: A @ B.T) if kernel == "linear" else (lambda A, B: rbf_kernel(A, B, gamma=1.0))
    base = TransductiveSVC(kernel=kernel, gamma=1.0, tol=1e-8).fit(X, y)
    called = TransductiveSVC(kernel=function, tol=1e-8).fit(X, y)
    given = TransductiveSVC(kernel="precomputed", tol=1e-8).fit(function(X, X), y)
    for other in (called.decision_function(X), given.decision_function(function(X, X))):
        np.testing.assert_allclose(other, base.decision_function(X), atol=1e-4)


def test_edge_cases():
    X, y, truth = moons(n=40, labelled=4)
    fit = TransductiveSVC().fit
    with pytest.raises(ValueError, match="no labelled row"):
        fit(X, np.full(40, -1))
    with pytest.raises(ValueError, match="only one class"):
        fit(X, np.where(y == 1, 1, -1))
    with pytest.raises(ValueError, match="NaN"):
        fit(np.where(X[3, 0] == X, np.nan, X), y)
    with pytest.raises(ValueError, match="use dtype object, and use -1"):
        fit(X, truth.astype(str))
    with pytest.raises(ValueError, match="must be a square matrix"):
        TransductiveSVC(kernel="precomputed").fit(X, y)
    with pytest.raises(ValueError, match="2 shares that add up to 1"):
        TransductiveSVC(positive_fraction=[0.2, 0.2, 0.6]).fit(X, y)
    with pytest.raises(ValueError, match="temperatures must be"):
        TransductiveSVC(temperatures=(-1.0,)).fit(X, y)
    with pytest.raises(ValueError, match=r"'C' parameter of TransductiveSVC"):
        TransductiveSVC(C=0.0).fit(X, y)
    with pytest.warns(ConvergenceWarning, match="Raise max_nodes"):
        TransductiveSVC(method="exact", max_nodes=3).fit(X, y)
    with pytest.warns(ConvergenceWarning, match="Raise max_iter"):
        TransductiveSVC(max_iter=1).fit(X, y)


def test_edge_cases_of_the_data():
    X, y, truth = moons(n=40, labelled=4)
    one = truth.copy()
    one[7] = -1
    assert TransductiveSVC().fit(X, one).transduction_[7] == truth[7]
    same = TransductiveSVC().fit(np.ones((6, 2)), [0, 1, -1, -1, -1, -1])
    assert np.isfinite(same.decision_function(np.ones((1, 2)))).all()
    assert same.transduction_[2:].sum() == 2
    doubled = TransductiveSVC(method="exact").fit(np.repeat([[0.0], [1.0]], 3, axis=0), [0, 1, -1, 0, 1, -1])
    assert np.isfinite(doubled.objective_).all()
    free = TransductiveSVC(unlabelled_C=0.0, tol=1e-9).fit(X, y)
    np.testing.assert_allclose(
        free.decision_function(X),
        TransductiveSVC(gamma=free._gamma, tol=1e-9).fit(X[y >= 0], y[y >= 0]).decision_function(X),
        atol=1e-6,
    )
    for scale in (1e-8, 1e8):
        np.testing.assert_array_equal(
            TransductiveSVC().fit(X * scale, y).transduction_, TransductiveSVC().fit(X, y).transduction_
        )
    assert TransductiveSVC(kernel="linear").fit(X.astype(np.float32), y).coef_.dtype == np.float32
    weight = np.ones(40)
    weight[np.flatnonzero(y < 0)[:3]] = 0.0
    assert len(TransductiveSVC().fit(X, y, weight).transduction_) == 40


def test_more_columns_than_rows():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(30, 80)) + np.repeat([[2.0], [-2.0]], 15, axis=0) * (np.arange(80) < 8)
    y = np.full(30, -1)
    y[[0, 15]] = 1, 0
    model = TransductiveSVC(kernel="linear").fit(X, y)
    assert model.coef_.shape == (1, 80)
    np.testing.assert_array_equal(model.transduction_, np.repeat([1, 0], 15))


def test_reproducible():
    X, y, _ = moons(3)
    fit = TransductiveSVC(n_restarts=4, random_state=5).fit
    np.testing.assert_array_equal(fit(X, y).decision_function(X), fit(X, y).decision_function(X))
    more = fit(X, y).objective_[0]
    assert more <= TransductiveSVC().fit(X, y).objective_[0] * (1 + 1e-9)
