"""What the classifiers share: probabilities, weights of classes, decision values, edge cases of the folds."""

from functools import partial
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from scipy import sparse
from sklearn import datasets
from sklearn import svm as peers
from sklearn.exceptions import NotFittedError
from sklearn.metrics import log_loss

from panlearn.svm import SVC, NuSVC


def data(n=300, p=4, seed=0, classes=3):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p))
    score = X[:, 0] + 0.4 * rng.normal(size=n)
    return X, np.digitize(score, np.quantile(score, np.linspace(0, 1, classes + 1)[1:-1]))


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("probability", ["sigmoid", "isotonic", True])
def test_probabilities_are_calibrated(classes, probability):
    X, y = data(1000, classes=classes)
    T, truth = data(2000, seed=1, classes=classes)
    model = SVC(probability=probability, random_state=0).fit(X, y)
    found = model.predict_proba(T)
    np.testing.assert_allclose(found.sum(axis=1), 1)
    np.testing.assert_allclose(np.exp(model.predict_log_proba(T)), found)
    for k in range(classes):
        sure = found[:, k] > 0.5
        assert abs(found[sure, k].mean() - (truth[sure] == k).mean()) < 0.11
    assert log_loss(truth, found) < 0.97 * np.log(classes)


@pytest.mark.filterwarnings("ignore:The `probability` parameter:FutureWarning")
def test_probabilities_are_near_the_peers():
    X, y = data(600)
    ours = SVC(probability=True, random_state=0).fit(X, y)
    Peer: Any = peers.SVC
    theirs = Peer(probability=True, random_state=0).fit(X, y)
    assert np.abs(ours.predict_proba(X) - theirs.predict_proba(X)).max() < 0.1
    assert ours.probA_.shape == ours.probB_.shape == (3,)
    assert (ours.probA_ < 0).all()


def test_probabilities_rank_as_decision_values():
    """Even where the classes cannot be told apart, which turns LIBSVM's probabilities round."""
    rng = np.random.default_rng(0)
    for n in (6, 10, 40):
        X, y = rng.normal(size=(n, 2)), np.arange(n) % 2
        for probability in ("sigmoid", "isotonic"):
            model = SVC(probability=probability, random_state=0).fit(X, y)
            ranked = model.predict_proba(X)[np.argsort(model.decision_function(X)), 1]
            assert (np.diff(ranked) >= -1e-12).all()


def test_predict_does_not_depend_on_probabilities():
    X, y = data()
    plain, calibrated = SVC().fit(X, y), SVC(probability=True, random_state=0).fit(X, y)
    np.testing.assert_array_equal(plain.predict(X), calibrated.predict(X))
    assert np.mean(calibrated.predict_proba(X).argmax(axis=1) == calibrated.predict(X)) > 0.85


def test_availability_of_probabilities():
    X, y = data(60)
    for off in (False, "deprecated"):
        assert not hasattr(SVC(probability=off).fit(X, y), "predict_proba")
    model = SVC().fit(X, y).set_params(probability=True)
    with pytest.raises(NotFittedError, match="predict_proba is not available when fitted with probability=False"):
        model.predict_proba(X)
    assert SVC(probability="isotonic").fit(X, y).probA_.size == 0


@pytest.mark.parametrize("kernel", ["precomputed", "function", "sparse"])
def test_folds_of_every_kind_of_input(kernel):
    X, y = data(90)
    base = SVC(kernel="linear", probability=True, random_state=0, tol=1e-6).fit(X, y).predict_proba(X)
    if kernel == "precomputed":
        found = SVC(kernel=kernel, probability=True, random_state=0, tol=1e-6).fit(X @ X.T, y).predict_proba(X @ X.T)
    elif kernel == "function":
        model = SVC(kernel=lambda A, B: A @ B.T, probability=True, random_state=0, tol=1e-6)
        found = model.fit(X, y).predict_proba(X)
    else:
        model = SVC(kernel="linear", probability=True, random_state=0, tol=1e-6)
        found = model.fit(sparse.csr_array(X), y).predict_proba(X)
    np.testing.assert_allclose(found, base, atol=1e-4)


def test_folds_without_the_cache():
    X, y = data(200)
    shared = SVC(probability=True, random_state=0, tol=1e-6).fit(X, y)
    apart = SVC(probability=True, random_state=0, tol=1e-6, cache_size=0.1).fit(X, y)
    np.testing.assert_allclose(apart.decision_function(X), shared.decision_function(X), atol=1e-3)
    np.testing.assert_allclose(apart.predict_proba(X), shared.predict_proba(X), atol=1e-3)


def test_rare_classes_have_probabilities():
    """A class with fewer rows than folds, down to one."""
    X, y = datasets.load_iris(return_X_y=True)
    keep = np.r_[0, 50:53, 100:150]
    found = SVC(probability=True, random_state=0).fit(X[keep], y[keep]).predict_proba(X)
    assert np.isfinite(found).all()
    np.testing.assert_allclose(found.sum(axis=1), 1)
    two = SVC(probability=True).fit([[0.0], [1.0]], [0, 1]).predict_proba([[0.0], [1.0]])
    assert np.isfinite(two).all()


def test_class_weights():
    X, y = data(classes=2)
    weight = np.where(y == 1, 5.0, 1.0)
    by_class = SVC(class_weight={1: 5.0}, tol=1e-6).fit(X, y)
    np.testing.assert_allclose(
        by_class.decision_function(X), SVC(tol=1e-6).fit(X, y, weight).decision_function(X), atol=1e-4
    )
    np.testing.assert_array_equal(by_class.class_weight_, [1, 5])
    keep = np.r_[np.flatnonzero(y == 0), np.flatnonzero(y == 1)[:20]]
    balanced = SVC(class_weight="balanced").fit(X[keep], y[keep])
    np.testing.assert_allclose(balanced.class_weight_ * np.bincount(y[keep]), len(keep) / 2)
    assert balanced.predict(X).mean() > SVC().fit(X[keep], y[keep]).predict(X).mean()
    with pytest.raises(ValueError, match="not in class_weight"):
        SVC(class_weight={7: 1.0, 0: 1.0}).fit(X, y)


@pytest.mark.parametrize("Model", [SVC, partial(NuSVC, nu=0.8)])
def test_decision_values_of_several_classes(Model):
    X, y = data(classes=4)
    model = Model(decision_function_shape="ovo", kernel="linear").fit(X, y)
    np.testing.assert_allclose(model.decision_function(X), X @ model.coef_.T + model.intercept_, atol=1e-9)
    model.set_params(decision_function_shape="ovr", break_ties=True)
    np.testing.assert_array_equal(model.predict(X), model.classes_[model.decision_function(X).argmax(axis=1)])
    wide = Model().fit(X, y)
    by_hand = wide.set_params(decision_function_shape="ovo").decision_function(X)
    K = np.exp(-wide._gamma * ((X[:, None] - wide.support_vectors_) ** 2).sum(axis=2))
    own = y[wide.support_]
    for p, (i, j) in enumerate(combinations(range(4), 2)):
        of_i, of_j = own == i, own == j
        f = K[:, of_i] @ wide.dual_coef_[j - 1, of_i] + K[:, of_j] @ wide.dual_coef_[i, of_j] + wide.intercept_[p]
        np.testing.assert_allclose(by_hand[:, p], f, atol=1e-9)


def test_classes_without_weight_are_left_out():
    X, y = data(classes=3)
    weight = (y != 1).astype(float)
    model = SVC(tol=1e-6).fit(X, y, weight)
    assert model.classes_.tolist() == [0, 2]
    kept = SVC(tol=1e-6, gamma=model._gamma).fit(X[y != 1], y[y != 1])
    np.testing.assert_allclose(model.decision_function(X), kept.decision_function(X), atol=1e-4)
    np.testing.assert_array_equal(np.flatnonzero(y != 1)[kept.support_], model.support_)
