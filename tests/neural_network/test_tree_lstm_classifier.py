"""Classification of trees: equal to recursion node by node, sound on odd trees."""

import pickle
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.model_selection import cross_val_score

import panlearn
from panlearn.core.errors import DataError
from panlearn.neural_network import Checkpoint, TreeLSTMClassifier, WordTree, read_trees
from panlearn.neural_network.training.callback import Callback
from panlearn.neural_network.tree_lstm_classifier import node_loss
from panlearn.neural_network.tree_network import CELLS
from panlearn.nn import Forest
from tests.oracles.tree_lstm_classifier import probabilities

torch.set_num_threads(1)
NOT = [
    "(0 (_ not) (1 good))",
    "(1 (_ not) (0 bad))",
    "(1 good)",
    "(0 bad)",
    "(1 (1 good) (_ film))",
    "(0 (0 bad) (_ film))",
]
TREES = read_trees(NOT * 3)
LABELS = np.array([tree.labels[0] for tree in TREES])


def small(**settings) -> Any:
    given = {"hidden_size": 8, "embedding_size": 8, "max_epochs": 3, "batch_size": 4, "random_state": 0}
    return TreeLSTMClassifier(**{**given, **settings})


@pytest.mark.parametrize("cell", CELLS)
def test_matches_oracle(cell):
    model = small(cell=cell).fit(TREES)
    parameters = {name: t.numpy().astype(float) for name, t in model.module_.state_dict().items()}
    trees = [*TREES[:6], *read_trees(["(0 (0 (0 not) (0 (0 not) (0 new))) (0 film))"])]
    expected = []
    for tree in trees:
        words = [-1 if word is None else model.vocabulary_.get(word, 0) for word in tree.words]
        expected.append(probabilities(parameters, cell, tree.parents.tolist(), words))
    np.testing.assert_allclose(model.predict_proba(trees), expected, atol=1e-6)
    assert (model.predict(trees) == model.classes_[np.argmax(expected, 1)]).all()
    nodes = model.predict_nodes(trees)
    assert [len(part) for part in nodes] == [len(tree.words) for tree in trees]
    assert [part[0] for part in nodes] == model.predict(trees).tolist()


class Plain(torch.nn.Module):
    """torch's own cell along chains: a tree in which each node has one child and a word."""

    def __init__(self, ours):
        super().__init__()
        self.table = torch.nn.Parameter(ours.table.detach().clone())
        self.lstm = torch.nn.LSTM(8, 8, batch_first=True)
        self.lstm.load_state_dict({f"{name}_l0": p for name, p in ours.cell.state_dict().items()})
        self.head = torch.nn.Linear(8, 2)
        self.head.load_state_dict(ours.head.state_dict())


def test_matches_peer():
    """torch.nn.LSTM and torch.optim.Adagrad over the whole table, step for step."""
    rng = np.random.default_rng(0)
    words, y = rng.integers(1, 6, (10, 4)), rng.integers(0, 2, 10)
    trees = [WordTree(np.arange(-1, 3), tuple(f"w{w}" for w in row), (None,) * 4) for row in words]
    settings = {"cell": "child_sum", "dropout": 0.0, "batch_size": 10}
    model = small(**settings, max_epochs=6).fit(trees, y)
    begun = small(**settings, learning_rate=1e-30, max_epochs=1).fit(trees, y)
    peer = Plain(begun.module_)
    optimizer = torch.optim.Adagrad(peer.parameters(), lr=0.05, eps=1e-7, initial_accumulator_value=0.0)
    numbers = torch.tensor([[model.vocabulary_[word] for word in reversed(tree.words)] for tree in trees])
    target = torch.from_numpy(y)
    for expected in model.loss_curve_[:3]:
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(peer.head(peer.lstm(peer.table[numbers])[0][:, -1]), target)
        assert loss.item() == pytest.approx(expected, rel=1e-3)
        loss.backward()
        optimizer.step()


def test_optimality():
    """Full batches, small steps against the gradient, no dropout: the loss never rises."""
    settings = {"optimizer": "sgd", "learning_rate": 0.1, "dropout": 0.0, "batch_size": 100, "max_epochs": 40}
    model = small(**settings).fit(TREES)
    assert (np.diff(model.loss_curve_) < 0).all()
    assert f"{model.loss_curve_[-1]:.4g}" in model.certificate_


@pytest.mark.parametrize("cell", CELLS)
def test_overfits_tiny_batch(cell):
    model = small(cell=cell, max_epochs=60, dropout=0.1).fit(TREES)
    assert model.score(TREES, LABELS) == 1.0
    assert model.predict(["(_ (_ not) (_ (_ bad) (_ film)))"]).tolist() == [1]


def test_invariances():
    settings = {"dropout": 0.0, "batch_size": 100}
    model = small(**settings).fit(TREES)
    order = np.random.default_rng(0).permutation(len(TREES))
    moved = small(**settings).fit([TREES[i] for i in order], LABELS[order])
    np.testing.assert_allclose(moved.predict_proba(TREES), model.predict_proba(TREES), atol=1e-5)
    tuples = [("y", (None, "u"), (None, "v")), ("x", (None, "v"), (None, "u"))]
    texts = ["(y (_ u) (_ v))", "(x (_ v) (_ u))"]
    a, b = (small(**settings, node_labels=False).fit(X) for X in (tuples, texts))
    np.testing.assert_array_equal(a.predict_proba(tuples), b.predict_proba(texts))
    heavy = small(**settings, node_labels=False).fit(texts, ["y", "x"], sample_weight=[2, 1])
    repeated = small(**settings, node_labels=False).fit([texts[0], *texts], ["y", "y", "x"])
    np.testing.assert_allclose(heavy.predict_proba(texts), repeated.predict_proba(texts), atol=1e-5)
    summed = small(**settings, cell="child_sum", node_labels=False).fit(texts)
    np.testing.assert_allclose(*summed.predict_proba(texts), atol=1e-6)  # brothers may change places


def test_padding_is_ignored():
    """A tree is judged alike alone and beside a large one."""
    model = small().fit(TREES)
    large = "(0 (0 good) " * 300 + "(0 bad)" + ")" * 300
    np.testing.assert_allclose(model.predict_proba(["(0 bad)", large])[:1], model.predict_proba(["(0 bad)"]), atol=1e-6)


def test_reproducible():
    a, b = (small().fit(TREES) for _ in range(2))
    for x, y in zip(a.module_.state_dict().values(), b.module_.state_dict().values()):
        assert torch.equal(x, y)
    assert (a.predict_proba(TREES) != small(random_state=1).fit(TREES).predict_proba(TREES)).any()


def test_inner_labels_teach():
    """What a phrase means is said inside a tree whose root is about something else."""
    trees = ["(0 (1 good) (0 x))", "(0 (0 bad) (0 x))", "(1 y)"] * 4
    told = small(max_epochs=60, dropout=0.0).fit(trees)
    assert told.predict(["(_ good)", "(_ bad)"]).tolist() == [1, 0]
    untold = small(max_epochs=60, dropout=0.0, node_labels=False).fit(trees)
    assert untold.predict_nodes(["(_ (_ good) (_ x))"])[0][0] == 0
    assert untold.loss_curve_[-1] < 0.1


def test_given_vectors():
    vectors = {"good": np.ones(5), "bad": -np.ones(5), "elsewhere": np.zeros(5)}
    model = small(vectors=vectors).fit(TREES)
    assert model.module_.table.shape == (5, 5)
    copy = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(copy.predict_proba(TREES), model.predict_proba(TREES))
    with pytest.raises(ValueError, match="hidden_size must be 5"):
        small(vectors=vectors, cell="recursive").fit(TREES)


def test_saves(tmp_path):
    model = small(cell="child_sum").fit(TREES)
    loaded = panlearn.load(panlearn.save(model, tmp_path / "model.panlearn"))
    np.testing.assert_array_equal(loaded.predict_proba(TREES), model.predict_proba(TREES))
    again: Any = clone(model)
    again.fit(TREES)
    np.testing.assert_array_equal(again.predict_proba(TREES), model.predict_proba(TREES))


def test_goes_on():
    model = small(warm_start=True, max_epochs=1).fit(TREES)
    for _ in range(20):
        model.fit(TREES)
    assert model.n_iter_ == 21
    assert model.loss_curve_[-1] < 0.6 * model.loss_curve_[0]
    stepwise = small(dropout=0.0, batch_size=100)
    for _ in range(3):
        stepwise.partial_fit(TREES, LABELS, classes=[0, 1])
    whole = small(dropout=0.0, batch_size=100).fit(TREES)
    np.testing.assert_allclose(stepwise.loss_curve_, whole.loss_curve_, rtol=1e-4)


class InterruptedFitError(Exception):
    """What stops a fit in the middle."""


class StopAt(Callback):
    """Raise after some batches."""

    def __init__(self, step):
        self.at = step

    def on_batch_end(self, run):
        if run.step == self.at:
            raise InterruptedFitError


def test_resumes_to_the_same_bits(tmp_path):
    whole = small().fit(TREES)
    kept = Checkpoint(tmp_path / "kept", every_batches=1)
    with pytest.raises(InterruptedFitError):
        small(callbacks=[kept, StopAt(7)]).fit(TREES)
    again = small(callbacks=[kept, StopAt(0)]).fit(TREES)
    for a, b in zip(again.module_.state_dict().values(), whole.module_.state_dict().values()):
        assert torch.equal(a, b)


def test_works_with_scikit_learn():
    scores = cross_val_score(small(max_epochs=30), NOT * 3, LABELS, cv=3)
    assert scores.mean() > 0.5
    model = small(early_stopping=True, validation_fraction=0.4, max_epochs=20, label_smoothing=0.1).fit(TREES)
    assert "best validation score" in model.certificate_


def test_the_loss_is_a_mean_over_labelled_nodes():
    z = torch.randn(2, 3, 4)
    y = torch.tensor([[0, -100, 1, -100], [2, -100, -100, -100]])
    each = torch.nn.functional.cross_entropy(z.flatten(0, 1)[[0, 2, 3]], torch.tensor([0, 1, 2]))
    torch.testing.assert_close(node_loss(z, y), each)
    torch.testing.assert_close(node_loss(z, y, "none").mean(), each)
    torch.testing.assert_close(node_loss(z[:, 0], y), torch.nn.functional.cross_entropy(z[:, 0], y[:, 0]))


def test_edge_cases():
    for X, y, words in (
        ("(0 a)", [0], "list of trees"),
        (TREES[0], [0], "list of trees"),
        ([], [], "0 sample"),
        (["(0 a)", "(1 b"], None, "tree 1: a bracket is not closed"),
        (["(0 a)", None], None, "tree 1 is a NoneType"),
        (["((a b))", "(1 c)"], None, "root of tree 0 has no label"),
        (["(0 a)", "(0 b)"], None, "only one class"),
        (["(0 a)", "(1 b)"], [0], "inconsistent"),
        (["(0 (x a) (1 b))", "(1 b)"], None, "words and numbers"),
        (["(0 a)", "(1 b)"], [1, 0], r"y\[0\] is 1, and the root of tree 0 is labelled 0"),
    ):
        with pytest.raises(ValueError, match=words):
            small().fit(X, y)
    for settings, words in (
        ({"cell": "ternary"}, "cell"),
        ({"hidden_size": 0}, "hidden_size"),
        ({"dropout": 1}, "dropout"),
    ):
        with pytest.raises(ValueError, match=words):
            small(**settings).fit(TREES)
    wide = ["(0 (0 a) (0 b) (0 c))"]
    with pytest.raises(DataError, match="3 children"):
        small().fit(TREES).predict(wide)
    assert small(cell="child_sum").fit(TREES).predict(wide).shape == (1,)
    if not torch.cuda.is_available():
        with pytest.raises(DataError, match="CUDA"):
            small(device="cuda").fit(TREES)
    single = small(batch_size=1).fit(["(a x)", "(b y)"])  # trees of one node
    assert single.predict(["(a unseen)"]).shape == (1,)
    assert small(node_labels=False).fit(NOT, LABELS[:6] + 5).predict(NOT[:1]).item() in (5, 6)


def test_deep_trees():
    deep = "(0 (0 a) " * 5000 + "(1 b)" + ")" * 5000
    model = small(max_epochs=1).fit([deep, "(1 b)"])
    assert np.isfinite(model.predict_proba([deep])).all()
    assert Forest.of_parents(read_trees(deep)[0].parents).n_levels == 5001
