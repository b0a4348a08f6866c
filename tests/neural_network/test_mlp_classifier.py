"""The classifier: equal to loops, to scikit-learn's from the same weights, and sound on odd data."""

from typing import Any

import numpy as np
import pytest
import torch
from scipy.sparse import csr_matrix
from sklearn import neural_network as peer
from sklearn.datasets import load_digits, make_multilabel_classification

from panlearn.neural_network import MLPClassifier, fine_tune
from panlearn.neural_network.fine_tuning import fits
from panlearn.nn import DenseChain
from tests.oracles import multilayer_perceptron as oracle

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
X, y = load_digits(n_class=4, return_X_y=True)
X = X[:200] / 16
y = y[:200]
STEPS = {"solver": "sgd", "momentum": 0.9, "learning_rate_init": 0.1, "batch_size": 50, "shuffle": False, "alpha": 0.1}


def put(model, other):
    """Give ours the weights of the other."""
    with torch.no_grad():
        for layer, W, b in zip(model.module_.layers, other.coefs_, other.intercepts_):
            layer.weight.copy_(torch.from_numpy(W.T))
            layer.bias.copy_(torch.from_numpy(b))


def test_matches_oracle():
    model = MLPClassifier((6, 5), activation="tanh", max_iter=2, random_state=0).fit(X, y)
    weights, biases = [W.T for W in model.coefs_], model.intercepts_
    expected = [oracle.softmax(oracle.outputs(weights, biases, row)[0]) for row in X[:10]]
    np.testing.assert_allclose(model.predict_proba(X[:10]), expected, rtol=1e-10)


@pytest.mark.parametrize("activation", ["identity", "logistic", "tanh", "relu"])
@pytest.mark.parametrize("classes", [2, 4])
def test_matches_peer(activation, classes):
    """The same steps from the same weights: 4 batches a pass, momentum and penalty on."""
    labels = y % classes
    settings: Any = {"hidden_layer_sizes": (12,), "activation": activation, **STEPS}
    theirs: Any = peer.MLPClassifier(**settings, max_iter=1, random_state=0, warm_start=True).fit(X, labels)
    ours = MLPClassifier(**settings, max_iter=1, warm_start=True).fit(X, labels)
    put(ours, theirs)
    for model in (ours, theirs):
        model.set_params(max_iter=5).fit(X, labels)
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), rtol=1e-6, atol=1e-9)
    for own, other in zip(ours.coefs_ + ours.intercepts_, theirs.coefs_ + theirs.intercepts_):
        np.testing.assert_allclose(own, other, rtol=1e-6, atol=1e-9)


def test_scores_as_the_peer_does():
    train, test = slice(0, 150), slice(150, 200)
    own = MLPClassifier(30, max_iter=60, random_state=0).fit(X[train], y[train]).score(X[test], y[test])
    other = peer.MLPClassifier(30, max_iter=60, random_state=0).fit(X[train], y[train]).score(X[test], y[test])
    assert own >= other - 0.04


def test_optimality():
    """L-BFGS ends where the gradient of the penalised objective vanishes."""
    model = MLPClassifier(3, activation="tanh", solver="lbfgs", alpha=1.0, tol=1e-6, max_iter=2000, random_state=0)
    model.fit(X, y)
    weights, biases = [W.T for W in model.coefs_], model.intercepts_
    _, dW, db = oracle.gradients(weights, biases, X, y)
    gradient = [g + W / len(X) for g, W in zip(dW, weights)] + db
    assert max(np.abs(g).max() for g in gradient) < 1e-4


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_invariances(dtype):
    data = X.astype(dtype)
    settings = {"hidden_layer_sizes": 8, "max_iter": 3, "random_state": 0}
    model = MLPClassifier(**settings).fit(data, y)
    assert model.predict_proba(data).dtype == dtype
    assert all(W.dtype == dtype for W in model.coefs_ + model.intercepts_)
    names = np.array(list("dcba"))[y]  # order of the labels turned round
    renamed = MLPClassifier(**settings).fit(data, names)
    assert renamed.classes_.tolist() == list("abcd")
    weighted = MLPClassifier(**settings).fit(data, y, sample_weight=np.full(len(y), 7.0))
    np.testing.assert_allclose(weighted.predict_proba(data), model.predict_proba(data), rtol=1e-4)
    sparse = MLPClassifier(**settings).fit(csr_matrix(data), y)
    np.testing.assert_allclose(sparse.predict_proba(csr_matrix(data)), model.predict_proba(data), rtol=1e-5)
    shifted = MLPClassifier(**settings, standardize=True).fit(1000 * data + 5, y)
    plain = MLPClassifier(**settings, standardize=True).fit(data, y)
    np.testing.assert_allclose(shifted.predict_proba(1000 * data + 5), plain.predict_proba(data), rtol=0.02, atol=1e-3)


def test_rows_of_weight_zero_do_not_count():
    weight = np.r_[np.ones(100), np.zeros(100)]
    settings = {"hidden_layer_sizes": 4, "solver": "lbfgs", "max_iter": 30, "alpha": 0.0, "random_state": 0}
    wrong = np.r_[y[:100], (y[100:] + 1) % 4]
    weighted = MLPClassifier(**settings).fit(X, wrong, weight)
    dropped = MLPClassifier(**settings).fit(X[:100], y[:100])
    np.testing.assert_allclose(weighted.predict_proba(X), dropped.predict_proba(X), rtol=1e-3, atol=1e-4)


def test_overfits_tiny_batch():
    rng = np.random.default_rng(0)
    noise, labels = rng.normal(size=(20, 5)), rng.integers(3, size=20)
    model = MLPClassifier((64, 64), alpha=0, learning_rate_init=0.01, max_iter=300, tol=0, random_state=0)
    assert model.fit(noise, labels).score(noise, labels) == 1.0
    assert model.loss_ < 0.02


def test_labels_that_are_independent():
    data, labels, *_ = make_multilabel_classification(60, n_classes=3, random_state=0)
    model = MLPClassifier(20, solver="lbfgs", random_state=0).fit(data, labels)
    p = model.predict_proba(data)
    assert p.shape == labels.shape
    np.testing.assert_array_equal(model.predict(data), p > 0.5)
    np.testing.assert_allclose(np.exp(model.predict_log_proba(data)), p, atol=1e-12)
    assert model.score(data, labels) > 0.95


def test_logarithms_stay_finite():
    model = MLPClassifier(4, solver="lbfgs", alpha=0, random_state=0).fit(X, y > 1)
    far = model.predict_log_proba(1e6 * X)
    assert np.isfinite(far).all()
    near = MLPClassifier(4, max_iter=3, random_state=0).fit(X, y > 1)
    np.testing.assert_allclose(near.predict_log_proba(X), np.log(near.predict_proba(X)), rtol=1e-9)


def test_edge_cases():
    with pytest.raises(ValueError, match="NaN"):
        MLPClassifier().fit(np.full((3, 2), np.nan), [0, 1, 0])
    with pytest.raises(ValueError, match="classes"):
        MLPClassifier().partial_fit(X, y)
    model = MLPClassifier(max_iter=2).partial_fit(X[:5], y[:5], classes=[0, 1, 2, 3])
    assert model.predict_proba(X).shape == (200, 4)
    with pytest.raises(ValueError, match="none of the classes"):
        model.partial_fit(X[:2], [0, 9])
    with pytest.raises(ValueError, match="same classes as in the previous call"):
        MLPClassifier(max_iter=1, warm_start=True).fit(X, y).fit(X, y % 2)
    two = MLPClassifier(3, max_iter=2).fit([[0.0], [1.0]], ["no", "yes"])
    assert two.predict_proba([[0.5]]).shape == (1, 2)


def test_one_class_is_always_predicted():
    model = MLPClassifier(3, max_iter=2, early_stopping=True, random_state=0).fit(X, np.full(len(X), 7))
    assert model.classes_.tolist() == [7]
    assert model.predict(-X).tolist() == [7] * len(X)
    assert model.predict_proba(X).tolist() == [[1.0]] * len(X)
    assert model.predict_log_proba(X).tolist() == [[0.0]] * len(X)


@pytest.mark.parametrize(("labels", "few"), [([0, 0, 0, 1], "True"), (["a", "b", "b", "c", "c"], "a")])
def test_early_stopping_needs_two_rows_of_each_class(labels, few):
    with pytest.raises(ValueError, match=rf"least populated classes in y have only 1 member.*are: \['{few}'\]"):
        MLPClassifier(early_stopping=True).fit(np.eye(len(labels)), labels)


@pytest.mark.parametrize("freeze", [("layers.0",), ("layers.1",), ("layers.0", "layers.1.weight"), ("*.bias",)])
def test_fine_tuning_trains_what_is_not_frozen(freeze):
    """Frozen parameters keep their bits and get no gradient; the others move as under automatic differentiation."""
    model = MLPClassifier((6, 5), max_iter=3, random_state=0).fit(X, y)
    settings: Any = {"freeze": freeze, "max_iter": 2, "random_state": 1}
    tuned: Any = fine_tune(model, X, y, **settings)
    with pytest.MonkeyPatch.context() as patch:
        patch.delattr(DenseChain, "backpropagate")
        expected: Any = fine_tune(model, X, y, **settings)
    for (name, start), end, other in zip(
        model.module_.named_parameters(), tuned.module_.parameters(), expected.module_.parameters()
    ):
        torch.testing.assert_close(end, other)
        assert torch.equal(start, end) == fits(name, freeze)
        assert (end.grad is None) == fits(name, freeze)


def test_reproducible():
    settings = {"hidden_layer_sizes": 8, "max_iter": 3, "dropout": 0.3, "early_stopping": True}
    before = torch.get_rng_state()
    first, second = (MLPClassifier(**settings, random_state=3).fit(X, y) for _ in range(2))
    np.testing.assert_array_equal(first.coefs_[0], second.coefs_[0])
    assert torch.equal(before, torch.get_rng_state())  # nobody else's numbers change
    assert not np.array_equal(first.coefs_[0], MLPClassifier(**settings, random_state=4).fit(X, y).coefs_[0])
