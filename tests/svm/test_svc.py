"""Support vector classification: the definition, LIBSVM, optimality, real data, bad data."""

import pickle
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from sklearn import datasets
from sklearn import svm as peers
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import panlearn
from panlearn.svm import SVC
from tests.oracles import support_vector_machine as oracle

Peer: Any = peers.SVC
KERNELS = ["linear", "poly", "rbf", "laplacian", "sigmoid"]


def data(n=40, p=3, seed=0, classes=2):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p))
    score = X[:, 0] + 0.5 * rng.normal(size=n)
    return X, np.digitize(score, np.quantile(score, np.linspace(0, 1, classes + 1)[1:-1]))


@pytest.mark.parametrize("kernel", KERNELS[:4])
@pytest.mark.parametrize("C", [0.1, 10.0])
def test_matches_oracle(kernel, C):
    X, y = data(24)
    weight = np.random.default_rng(1).uniform(0.5, 2, size=24)
    model = SVC(kernel=kernel, C=C, gamma=0.4, coef0=1.0, tol=1e-6).fit(X, y, weight)
    K, sign = oracle.gram(kernel, X, X, 0.4, 3, 1.0), np.where(y > 0, 1.0, -1.0)
    alpha, value = oracle.classify(K, sign, C * weight)
    np.testing.assert_allclose(model.objective_, value, rtol=1e-5)
    dense = np.zeros(24)
    dense[model.support_] = model.dual_coef_[0]
    np.testing.assert_allclose(K @ dense, K @ (alpha * sign), atol=2e-3 * C)
    np.testing.assert_allclose(model.decision_function(X), K @ dense + model.intercept_, atol=1e-9)
    np.testing.assert_allclose(model.margin_, 2 / np.sqrt(dense @ K @ dense), rtol=1e-9)


@pytest.mark.parametrize("kernel", ["linear", "poly", "rbf", "sigmoid"])
@pytest.mark.parametrize("classes", [2, 4])
def test_matches_peer(kernel, classes):
    X, y = data(200, 4, classes=classes)
    weight = np.random.default_rng(1).uniform(0.5, 2, size=200)
    params = {"kernel": kernel, "tol": 1e-7, "gamma": 0.05, "class_weight": {0: 2.0}, "decision_function_shape": "ovo"}
    ours, theirs = SVC(**params).fit(X, y, weight), Peer(**params).fit(X, y, weight)
    np.testing.assert_allclose(ours.decision_function(X), theirs.decision_function(X), atol=1e-5)
    np.testing.assert_array_equal(ours.support_, theirs.support_)
    np.testing.assert_array_equal(ours.n_support_, theirs.n_support_)
    np.testing.assert_array_equal(ours.support_vectors_, theirs.support_vectors_)
    np.testing.assert_allclose(ours.dual_coef_, theirs.dual_coef_, atol=1e-4)
    np.testing.assert_allclose(ours.intercept_, theirs.intercept_, atol=1e-5)
    np.testing.assert_array_equal(ours.predict(X), theirs.predict(X))
    ours.decision_function_shape = theirs.decision_function_shape = "ovr"
    np.testing.assert_allclose(ours.decision_function(X), theirs.decision_function(X), atol=1e-5)
    if kernel == "linear":
        np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-4)
    assert [ours.dual_coef_.shape, ours.coef_.shape if kernel == "linear" else None] == [
        theirs.dual_coef_.shape,
        theirs.coef_.shape if kernel == "linear" else None,
    ]


def titanic(folder):
    table = pd.read_csv(folder / "titanic" / "titanicp1309.csv.gz")
    X = table.drop(columns=[c for c in table.columns if c.lower() == "survived"]).select_dtypes("number")
    target = next(c for c in table.columns if c.lower() == "survived")
    X = pd.concat([X.fillna(X.median()), (table["sex"] == table["sex"].iloc[0]).astype(float)], axis=1)
    return StandardScaler().fit_transform(X), table[target].to_numpy()


def adult(folder, n=2000):
    table = pd.read_csv(folder / "adult" / "adult_train.csv.gz", nrows=2 * n)
    target = table.columns[-1]
    return OneHotEncoder(min_frequency=10).fit_transform(table.drop(columns=target)), table[target].to_numpy()


def real(name, folder):
    """Standardised training and test halves."""
    if name == "titanic":
        X, y = titanic(folder)
    elif name == "adult":
        X, y = adult(folder)
    else:
        X, y = getattr(datasets, f"load_{name}")(return_X_y=True)
        X = StandardScaler().fit_transform(X)
    order = np.random.default_rng(0).permutation(len(y))
    X, y = X[order], y[order]
    return X[::2], y[::2], X[1::2], y[1::2]


def points_of(model):
    """Support vectors as points: which of several equal rows carries the weight is a tie."""
    vectors = model.support_vectors_
    return {row.tobytes() for row in (vectors.toarray() if sparse.issparse(vectors) else vectors)}


@pytest.mark.parametrize("name", ["iris", "digits", "wine", "breast_cancer", "titanic", "adult"])
def test_real_data_agree_with_the_peer(name, shared_data):
    """Accuracy within 0.1 % at the default tol; with a small one the same support vectors but for ties."""
    X, y, T, truth = real(name, shared_data)
    assert abs(SVC().fit(X, y).score(T, truth) - Peer().fit(X, y).score(T, truth)) <= 1e-3
    ours, theirs = SVC(tol=1e-6).fit(X, y), Peer(tol=1e-6).fit(X, y)
    np.testing.assert_allclose(ours.intercept_, theirs.intercept_, atol=1e-4)
    np.testing.assert_array_equal(ours.predict(T), theirs.predict(T))
    assert len(points_of(ours) ^ points_of(theirs)) <= 0.005 * len(theirs.support_)


def test_optimality():
    """The KKT conditions row by row, the gap against the primal written out."""
    X, y = data(300, 3)
    model = SVC(C=2.0, gamma=0.5, tol=1e-5).fit(X, y)
    sign, alpha = np.where(y > 0, 1, -1), np.zeros(300)
    alpha[model.support_] = np.abs(model.dual_coef_[0])
    assert np.isclose(alpha @ sign, 0)
    slack = 1 - sign * model.decision_function(X)
    assert (slack[alpha == 0] <= 1e-5).all()
    assert (slack[alpha == 2.0] >= -1e-5).all()
    np.testing.assert_allclose(slack[(alpha > 0) & (alpha < 2.0)], 0, atol=1e-5)
    K = oracle.gram("rbf", X, X, 0.5)
    primal = oracle.hinge_objective(K, alpha * sign, model.intercept_[0], sign, np.full(300, 2.0))
    gap = primal + float(model.objective_[0])
    assert 0 <= model.duality_gap_[0] <= gap + 1e-9
    assert gap < 1e-3 * primal
    assert model.kkt_violation_[0] <= 1e-5
    assert (model.fit_status_, "margin" in model.certificate_) == (0, True)


@settings(max_examples=6)
@given(st.integers(0, 30), st.sampled_from(KERNELS[:4]))
def test_invariances(seed, kernel):
    X, y = data(seed=seed)
    rng, fit = np.random.default_rng(seed), SVC(kernel=kernel, tol=1e-7, gamma=0.3)
    T = rng.normal(size=(20, 3))
    base = fit.fit(X, y).decision_function(T)
    order, times = rng.permutation(40), rng.integers(0, 3, 40)
    np.testing.assert_allclose(fit.fit(X[order], y[order]).decision_function(T), base, atol=1e-5)
    np.testing.assert_allclose(fit.fit(X, 1 - y).decision_function(T), -base, atol=1e-5)
    np.testing.assert_allclose(fit.fit(sparse.csr_array(X), y).decision_function(sparse.csr_array(T)), base, atol=1e-5)
    K = oracle.gram(kernel, X, X, 0.3)
    precomputed = SVC(kernel="precomputed", tol=1e-7).fit(K, y)
    np.testing.assert_allclose(precomputed.decision_function(oracle.gram(kernel, T, X, 0.3)), base, atol=1e-5)
    function = SVC(kernel=lambda A, B: oracle.gram(kernel, A, B, 0.3), tol=1e-7).fit(X, y)
    np.testing.assert_allclose(function.decision_function(T), base, atol=1e-5)
    repeated = fit.fit(np.repeat(X, times, axis=0), np.repeat(y, times)).decision_function(T)
    np.testing.assert_allclose(fit.fit(X, y, times).decision_function(T), repeated, atol=1e-5)
    scaled = SVC(kernel=kernel, tol=1e-7, coef0=1.0)
    base = scaled.fit(X, y).decision_function(T)
    if kernel != "linear":  # gamma="scale" takes the unit of X out
        for unit in (1e6, 1e-6):
            np.testing.assert_allclose(scaled.fit(unit * X, y).decision_function(unit * T), base, atol=1e-4)


def test_large_sparse_equals_dense():
    """Above the size at which sparse rows become an array."""
    rng = np.random.default_rng(0)
    X = rng.random((400, 3000)) * (rng.random((400, 3000)) < 0.01)
    y = (X[:, :300].sum(axis=1) > X[:, 300:600].sum(axis=1)).astype(int) + (X[:, 0] > 0)
    ours, dense = SVC(tol=1e-6).fit(sparse.csr_array(X), y), SVC(tol=1e-6).fit(X, y)
    assert sparse.issparse(ours.support_vectors_)
    np.testing.assert_array_equal(ours.support_, dense.support_)
    np.testing.assert_allclose(ours.decision_function(X), dense.decision_function(X), atol=1e-4)


def test_hard_margin():
    X, y = np.array([[-4.0], [-3.0], [-1.0], [1.0], [6.0]]), [0, 0, 0, 1, 1]
    model = SVC(kernel="linear", C=np.inf).fit(X, y)
    np.testing.assert_allclose([model.margin_[0], model.coef_[0, 0], model.intercept_[0]], [2, 1, 0], atol=1e-9)
    X, y = data(80, 2)
    separable = SVC(C=np.inf, gamma=20.0, tol=1e-6).fit(X, y)
    assert separable.score(X, y) == 1
    assert (np.abs(separable.decision_function(X)) > 1 - 1e-5).all()
    with pytest.raises(ValueError, match="C=inf allows no error"):
        SVC(kernel="linear", C=np.inf).fit([[0.0], [1.0], [2.0], [3.0]], [0, 1, 0, 1])
    with pytest.raises(ValueError, match="identical rows need one target"):
        SVC(C=np.inf).fit([[0.0], [0.0], [2.0]], [0, 1, 0])


def test_edge_cases():
    X, y = data()
    with pytest.raises(ValueError, match="only one class"):
        SVC().fit(X, np.zeros(40))
    with pytest.raises(ValueError, match="same class"):
        SVC().fit(X, y, y)
    with pytest.raises(ValueError, match="contains NaN"):
        SVC().fit(np.where(X[3, 1] == X, np.nan, X), y)
    with pytest.raises(ValueError, match=r"must return an array of shape \(40, 40\)"):
        SVC(kernel=lambda A, B: A).fit(X, y)
    with pytest.raises(ValueError, match="NaN or infinity"):
        SVC(kernel=lambda A, B: np.full((len(A), len(B)), np.nan)).fit(X, y)
    with pytest.raises(ValueError, match="square matrix"):
        SVC(kernel="precomputed").fit(X, y)
    for bad in ({"C": 0.0}, {"C": -1.0}, {"gamma": -0.1}, {"tol": 0.0}, {"kernel": "cubic"}, {"probability": "maybe"}):
        with pytest.raises(ValueError, match=f"The '{next(iter(bad))}' parameter of SVC"):
            SVC(**bad).fit(X, y)
    with pytest.raises(ValueError, match="not finite"):
        SVC().fit(X * 1e300, y)
    with pytest.raises(ValueError, match="break_ties must be False"):
        SVC(break_ties=True, decision_function_shape="ovo").fit(X, y).predict(X)
    with pytest.raises(ValueError, match="cannot use sparse input"):
        SVC().fit(X, y).predict(sparse.csr_array(X))


def test_data_that_say_nothing():
    """Identical points, gamma = 0, opposite labels on equal points: the majority, and never NaN."""
    y = np.array([0, 1, 1, 1])
    for model in (SVC().fit(np.ones((4, 2)), y), SVC(gamma=0.0).fit(np.arange(8.0).reshape(4, 2), y)):
        assert np.isfinite(model.decision_function(np.ones((1, 2)))).all()
        assert model.predict(np.ones((1, 2))) == 1
    twice = SVC(C=1.0).fit([[0.0], [0.0], [5.0]], [0, 1, 1])
    assert twice.predict([[5.0]]) == 1
    assert np.isfinite(twice.decision_function([[0.0]])).all()
    assert SVC().fit([[0.0], [1.0]], ["a", "b"]).predict([[0.1], [0.9]]).tolist() == ["a", "b"]


def test_not_positive_semidefinite():
    """A sigmoid kernel far from positive: the fit ends, and says how well."""
    X, y = data(60, 2)
    model = SVC(kernel="sigmoid", gamma=5.0, coef0=-3.0, C=100.0).fit(X, y)
    assert np.isfinite(model.decision_function(X)).all()


def test_convergence_warning():
    X, y = data(200)
    with pytest.warns(ConvergenceWarning, match=r"terminated early \(max_iter=3\).*KKT violation is .* Raise max_iter"):
        model = SVC(max_iter=3).fit(X, y)
    assert (model.fit_status_, model.n_iter_.tolist()) == (1, [3])


def test_works_with_others():
    X, y = data(120, 3, classes=3)
    frame = pd.DataFrame(X, columns=["a", "b", "c"])
    labels = np.array(["low", "middle", "high"])[y]
    model = SVC().fit(frame, labels)
    assert model.feature_names_in_.tolist() == ["a", "b", "c"]
    copy = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(copy.predict(frame), model.predict(frame))
    K = X @ X.T
    search = GridSearchCV(SVC(kernel="precomputed"), {"C": [0.1, 1.0]}, cv=3).fit(K, y)
    direct = GridSearchCV(SVC(kernel="linear"), {"C": [0.1, 1.0]}, cv=3).fit(X, y)
    np.testing.assert_allclose(search.cv_results_["mean_test_score"], direct.cv_results_["mean_test_score"])
    single = SVC().fit(X.astype(np.float32), y)
    assert single.support_vectors_.dtype == np.float32
    np.testing.assert_allclose(single.decision_function(X), SVC().fit(X, y).decision_function(X), atol=1e-2)


def test_saved_models_predict_the_same(tmp_path):
    X, y = data(60, 3, classes=3)
    for model in (SVC(probability="isotonic"), SVC(probability=True), SVC(kernel="linear")):
        model.fit(X, y)
        again = panlearn.load(panlearn.save(model, tmp_path / "svc.panlearn"))
        np.testing.assert_array_equal(again.decision_function(X), model.decision_function(X))
        if model.probability:
            np.testing.assert_array_equal(again.predict_proba(X), model.predict_proba(X))


def test_reproducible():
    X, y = data(300, 5, classes=4)
    one, two = (SVC(probability=True, random_state=3).fit(X, y) for _ in range(2))
    np.testing.assert_array_equal(one.dual_coef_, two.dual_coef_)
    np.testing.assert_array_equal(one.predict_proba(X), two.predict_proba(X))
    with panlearn.threads(1):
        np.testing.assert_allclose(SVC().fit(X, y).decision_function(X), one.decision_function(X), atol=1e-2)
