"""Any module as a classifier: equal to formulas and to skorch, at the optimum, sound on bad data."""

import pickle

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from torch import nn

import panlearn
from panlearn.neural_network import NeuralClassifier
from tests.oracles.neural_classifier import softmax_regression


def problem(n=40, p=3, k=3, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p))
    return X, (X @ rng.normal(size=(p, k))).argmax(1)


class TokenMean(nn.Module):
    """Mean of the embeddings of a sequence, and a linear layer."""

    def __init__(self, n_outputs, width=8):
        super().__init__()
        self.embedding, self.linear = nn.Embedding(20, width), nn.Linear(width, n_outputs)

    def forward(self, tokens, lengths):
        inside = torch.arange(tokens.shape[1]) < lengths[:, None]
        return self.linear((self.embedding(tokens) * inside[..., None]).sum(1) / lengths[:, None])


def sequences(n=150, seed=0):
    rng = np.random.default_rng(seed)
    X = [rng.integers(0, 20, rng.integers(1, 9)) for _ in range(n)]
    return X, np.array([int((x < 10).mean() > 0.5) for x in X])


@pytest.mark.parametrize("weighted", [False, True])
def test_matches_oracle(weighted):
    X, y = problem(12)[0], np.arange(12) % 3
    network = nn.Linear(3, 3)
    weight = np.random.default_rng(1).uniform(0.5, 2, 12) if weighted else None
    model = NeuralClassifier(
        network, optimizer="sgd", learning_rate=0.5, max_epochs=4, batch_size=12, dtype="float64", random_state=0
    ).fit(X, y, weight)
    start = network.weight.detach().numpy(), network.bias.detach().numpy()
    W, b = softmax_regression(*start, X, y, np.ones(12) if weight is None else weight, 0.5, 4)
    np.testing.assert_allclose(model.module_.weight.detach().numpy(), W, atol=1e-12)
    np.testing.assert_allclose(model.module_.bias.detach().numpy(), b, atol=1e-12)


def test_matches_peer():
    skorch = pytest.importorskip("skorch", reason="a package of the [bench] extra")
    X, y = problem(60)
    X = X.astype(np.float32)
    network = nn.Sequential(nn.Linear(3, 8), nn.Tanh(), nn.Linear(8, 3))
    ours = NeuralClassifier(network, max_epochs=10, batch_size=60, learning_rate=0.05, random_state=0).fit(X, y)
    settings = {"criterion": nn.CrossEntropyLoss, "optimizer": torch.optim.Adam, "lr": 0.05, "batch_size": -1}
    theirs = skorch.NeuralNetClassifier(network, **settings, max_epochs=10, train_split=None, verbose=0)
    np.testing.assert_allclose(ours.predict_proba(X), softmax(theirs.fit(X, y).forward(X).numpy()), atol=1e-5)


def softmax(z):
    return np.exp(z) / np.exp(z).sum(1, keepdims=True)


def test_optimality():
    X, y = problem(80, k=2)
    l2 = 0.05
    model = NeuralClassifier(
        nn.Linear(3, 1), loss="binary_cross_entropy", optimizer="sgd", learning_rate=2.0, l2=l2, max_epochs=300,
        batch_size=80, dtype="float64", random_state=0,
    ).fit(X, y)  # fmt: skip
    best = LogisticRegression(C=1 / (80 * l2), tol=1e-10).fit(X, y)
    np.testing.assert_allclose(model.module_.weight.detach().numpy(), best.coef_, atol=1e-5)
    np.testing.assert_allclose(model.predict_proba(X), best.predict_proba(X), atol=1e-5)


@settings(max_examples=5)
@given(st.permutations(["blue", "green", "red"]))
def test_invariances(names):
    """Names of the classes change nothing but the names; weights that are all alike change nothing."""
    X, y = problem(30)
    names = np.sort(np.array(names))
    plain = NeuralClassifier(max_epochs=2, random_state=0).fit(X, y)
    named = NeuralClassifier(max_epochs=2, random_state=0).fit(X, names[y], np.full(30, 7.0))
    assert (named.predict(X) == names[plain.predict(X)]).all()
    np.testing.assert_allclose(named.predict_proba(X), plain.predict_proba(X), atol=1e-6)


def test_overfits_tiny_batch():
    X, y = np.random.default_rng(0).normal(size=(8, 4)), np.array([0, 1, 2, 3] * 2)
    model = NeuralClassifier(max_epochs=200, learning_rate=0.01, random_state=0).fit(X, y)
    assert model.score(X, y) == 1.0
    assert model.loss_curve_[-1] < 0.01 < model.loss_curve_[0]


def test_reproducible():
    X, y = problem()
    dropout = nn.Sequential(nn.Linear(3, 16), nn.ReLU(), nn.Dropout(0.5), nn.Linear(16, 3))
    before = torch.get_rng_state()
    first, again = (NeuralClassifier(dropout, max_epochs=3, random_state=0).fit(X, y).predict_proba(X) for _ in "ab")
    assert (first == again).all()
    assert (torch.get_rng_state() == before).all()  # nobody else's numbers change
    other = NeuralClassifier(dropout, max_epochs=3, random_state=1).fit(X, y).predict_proba(X)
    assert (first != other).any()
    assert all(p.grad is None for p in dropout.parameters())  # the user's module is not touched


def test_edge_cases():
    X, y = problem()
    with pytest.raises(ValueError, match=r"returned shape \(2, 5\).*needs \(2, 3\)"):
        NeuralClassifier(nn.Linear(3, 5)).fit(X, y)
    with pytest.raises(ValueError, match="failed on its first rows, which were"):
        NeuralClassifier(nn.Linear(4, 3)).fit(X, y)
    with pytest.raises(ValueError, match="one class"):
        NeuralClassifier().fit(X, np.zeros(40))
    with pytest.raises(ValueError, match="cannot be built"):
        NeuralClassifier(nn.Linear).fit(X, y)
    with pytest.raises(ValueError, match="NaN"):
        NeuralClassifier().fit(np.where(X > 2, np.nan, X), y)
    with pytest.raises(ValueError, match="inconsistent numbers"):
        NeuralClassifier().fit(X, y[:-1])
    with pytest.raises(NotFittedError):
        NeuralClassifier().predict(X)
    with pytest.raises(panlearn.neural_network.DivergenceError, match="non-finite"):
        NeuralClassifier(optimizer="sgd", learning_rate=1e20, max_epochs=50, random_state=0).fit(100 * X, y)
    one = NeuralClassifier(nn.Sequential(nn.BatchNorm1d(3), nn.Linear(3, 3)), batch_size=13, max_epochs=1).fit(X, y)
    assert np.isfinite(one.predict_proba(X[:1])).all()  # the last batch would have held one row


def test_ragged_sequences_in_a_grid_search():
    X, y = sequences()
    search = GridSearchCV(
        NeuralClassifier(TokenMean, max_epochs=15, learning_rate=0.03, random_state=0),
        {"module_params": [{"width": 1}, {"width": 16}]},
        cv=3,
    ).fit(X, y)
    assert search.best_params_["module_params"] == {"width": 16}
    assert search.best_score_ > 0.85
    assert (search.predict(X[:1]) == search.predict(X)[:1]).all()  # padding is ignored


def test_sparse_text_in_a_pipeline():
    texts = ["good fine film", "fine good", "bad dull film", "dull bad"] * 5
    y = [1, 1, 0, 0] * 5
    model = make_pipeline(TfidfVectorizer(), NeuralClassifier(max_epochs=40, random_state=0)).fit(texts, y)
    assert model.predict(["good", "dull"]).tolist() == [1, 0]
    X = model[0].transform(texts)
    np.testing.assert_allclose(model[1].predict_proba(X), model[1].predict_proba(X.toarray()), rtol=1e-5)


def test_frames_and_labels_of_text():
    X, y = problem()
    frame = pd.DataFrame(X, columns=["a", "b", "c"])
    model = NeuralClassifier(max_epochs=2, random_state=0).fit(frame, np.array(["x", "y", "z"])[y])
    assert model.feature_names_in_.tolist() == ["a", "b", "c"]
    assert set(model.predict(frame)) <= {"x", "y", "z"}


def test_labels_that_do_not_exclude_each_other():
    X = np.random.default_rng(0).normal(size=(80, 3))
    Y = (X > 0).astype(int)
    model = NeuralClassifier(max_epochs=60, learning_rate=0.01, random_state=0).fit(X, Y)
    assert model.score(X, Y) > 0.9
    assert model.predict_proba(X).shape == (80, 3)
    assert (model.predict(scipy.sparse.csr_matrix(X).toarray()) == model.predict(X)).all()


@pytest.mark.parametrize("loss", [nn.CrossEntropyLoss(), nn.functional.cross_entropy])
def test_own_loss_is_the_named_one(loss):
    X, y = problem()
    weight = np.linspace(0.5, 1.5, 40)
    own = NeuralClassifier(loss=loss, max_epochs=3, random_state=0).fit(X, y, weight)
    named = NeuralClassifier(max_epochs=3, random_state=0).fit(X, y, weight)
    np.testing.assert_allclose(own.predict_proba(X), named.predict_proba(X), atol=1e-6)


def test_a_file_names_a_class_of_the_user(tmp_path):
    X, y = sequences(40)
    model = NeuralClassifier(TokenMean, max_epochs=1, random_state=0).fit(X, y)
    path = panlearn.save(model, tmp_path / "model.panlearn")
    with pytest.raises(panlearn.core.errors.ModelFileError, match="TokenMean, which panlearn does not know"):
        panlearn.load(path)
    loaded = panlearn.load(path, trusted=[TokenMean])
    assert (loaded.predict_proba(X) == model.predict_proba(X)).all()


def test_a_file_holds_a_built_module(tmp_path):
    X, y = problem()
    network = nn.Sequential(nn.Linear(3, 4, bias=False), nn.BatchNorm1d(4), nn.ReLU(), nn.Linear(4, 3))
    model = NeuralClassifier(network, max_epochs=2, random_state=0).fit(X, y)
    stored = panlearn.save(model, tmp_path / "m.panlearn")
    for copy in (panlearn.load(stored), pickle.loads(pickle.dumps(model))):
        assert (copy.predict_proba(X) == model.predict_proba(X)).all()
        again = clone(copy).fit(X, y)  # type: ignore[attr-defined]
        assert (again.predict_proba(X) == model.predict_proba(X)).all()


def test_layers_that_wait_for_their_first_rows(tmp_path):
    X, y = problem()
    model = NeuralClassifier(nn.LazyLinear(3), max_epochs=2, random_state=0).fit(X, y)
    assert model.module_.weight.shape == (3, 3)
    assert (pickle.loads(pickle.dumps(model)).predict_proba(X) == model.predict_proba(X)).all()
    with pytest.raises(panlearn.core.errors.ModelFileError):
        panlearn.load(panlearn.save(model, tmp_path / "m.panlearn"))
