"""One label a sequence: equal to loops and to torch's own modules, sound on odd sequences."""

import pickle
import warnings
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.model_selection import cross_val_score

import panlearn
from panlearn.core.errors import DataError
from panlearn.neural_network import Checkpoint, SequenceClassifier
from panlearn.neural_network.training.callback import Callback
from tests.oracles.sequence_classifier import probabilities

RNG = np.random.default_rng(0)
LABELS = np.array(["down", "up"] * 12)
X = [RNG.normal(size=(n, 2)) + (np.arange(n) - n / 2)[:, None] * (0.4 if y == "up" else -0.4)
     for n, y in zip(RNG.integers(2, 9, 24), LABELS)]  # fmt: skip
TEXTS, MOODS = ["a fine film", "not fine", "dull", "not dull at all"] * 4, [1, 0, 0, 1] * 4


def small(cell: Any = "gru", **settings) -> Any:
    given = {"hidden_size": 6, "max_epochs": 3, "batch_size": 8, "learning_rate": 0.02, "random_state": 0}
    return SequenceClassifier(cell, **{**given, **settings})


def weights(model):
    return {name: t.numpy().astype(float) for name, t in model.module_.state_dict().items()}


def same(a, b):
    return all((x == y).all() for x, y in zip(a.module_.state_dict().values(), b.module_.state_dict().values()))


@pytest.mark.parametrize("pooling", ["last", "mean", "max"])
@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
def test_matches_oracle(cell, pooling):
    model = small(cell, pooling=pooling, num_layers=2, standardize=False).fit(X, LABELS)
    longer = [*X, RNG.normal(size=(40, 2))]  # than any of the fit
    expected = probabilities(cell, weights(model), longer, pooling, 2)
    np.testing.assert_allclose(model.predict_proba(longer), expected, atol=1e-5)
    assert (model.predict(longer) == model.classes_[expected.argmax(1)]).all()


def test_matches_peer():
    """torch.nn.LSTM over packed sequences and torch.optim.Adam, step for step."""
    settings = {"standardize": False, "batch_size": 24, "clipping": None}
    model = small("lstm", max_epochs=5, **settings).fit(X, LABELS)
    begun = small("lstm", max_epochs=1, **{**settings, "learning_rate": 1e-30}).fit(X, LABELS)
    layers, head = torch.nn.LSTM(2, 6, batch_first=True), torch.nn.Linear(6, 2)
    layers.load_state_dict(begun.module_.network.layers.state_dict())
    head.load_state_dict(begun.module_.head.state_dict())
    optimizer = torch.optim.Adam([*layers.parameters(), *head.parameters()], 0.02)
    rows = [torch.from_numpy(x).float() for x in X]
    packed, y = torch.nn.utils.rnn.pack_sequence(rows, enforce_sorted=False), torch.from_numpy((LABELS == "up") * 1)
    for expected in model.loss_curve_:
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(head(layers(packed)[1][0][0]), y)
        loss.backward()
        optimizer.step()
        assert loss.item() == pytest.approx(expected, rel=1e-4)


def test_optimality():
    """Full batches, small steps against the gradient: the loss never rises."""
    settings = {"optimizer": "sgd", "learning_rate": 0.1, "batch_size": 100, "max_epochs": 30}
    model = small(**settings).fit(X, LABELS)
    assert (np.diff(model.loss_curve_) < 0).all()
    assert f"{model.loss_curve_[-1]:.4g}" in model.certificate_


@pytest.mark.parametrize("pooling", ["last", "mean", "max"])
def test_overfits_tiny_batch(pooling):
    labels = RNG.integers(0, 3, 6)
    model = small(pooling=pooling, hidden_size=16, max_epochs=150).fit(X[:6], labels)
    assert model.score(X[:6], labels) == 1.0


def test_padding_is_ignored():
    """A sequence is judged alike alone and beside a long one."""
    for pooling in ("last", "mean", "max"):
        model = small(pooling=pooling).fit(X, LABELS)
        alone = model.predict_proba(X[:1])
        np.testing.assert_allclose(model.predict_proba([X[0], np.ones((50, 2))])[:1], alone, atol=1e-6)


def test_invariances():
    model = small(batch_size=100).fit(X, LABELS)
    p, order = model.predict_proba(X), RNG.permutation(len(X))
    moved = small(batch_size=100).fit([X[i] for i in order], LABELS[order])
    np.testing.assert_allclose(moved.predict_proba(X), p, atol=1e-4)
    scaled = small(batch_size=100).fit([1000 * x + 7 for x in X], LABELS)  # standardised
    np.testing.assert_allclose(scaled.predict_proba([1000 * x + 7 for x in X]), p, atol=1e-4)
    heavy = small(batch_size=100, standardize=False).fit(X[:2], LABELS[:2], sample_weight=[2, 1])
    repeated = small(batch_size=100, standardize=False).fit([X[0], *X[:2]], [LABELS[0], *LABELS[:2]])
    np.testing.assert_allclose(heavy.predict_proba(X), repeated.predict_proba(X), atol=1e-5)
    lists = small(batch_size=100).fit([x.tolist() for x in X], LABELS)
    np.testing.assert_array_equal(lists.predict_proba(X), p)


def test_reproducible():
    settings: dict = {"dropout": 0.2, "recurrent_dropout": 0.2, "num_layers": 2}
    a = small("lstm", variant="peephole", **settings).fit(X, LABELS)
    assert same(a, small("lstm", variant="peephole", **settings).fit(X, LABELS))
    assert not same(a, small("lstm", variant="peephole", **{**settings, "random_state": 1}).fit(X, LABELS))
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(2 if before == 1 else 1)
        assert same(a, small("lstm", variant="peephole", **settings).fit(X, LABELS))
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize("pooling", ["last", "mean"])
def test_window_over_all_steps_is_no_window(pooling):
    whole = small(pooling=pooling).fit(X, LABELS)
    window = small(pooling=pooling, bptt_window=8).fit(X, LABELS)
    np.testing.assert_allclose(window.predict_proba(X), whole.predict_proba(X), atol=1e-5)
    short = small(pooling=pooling, bptt_window=2).fit(X, LABELS)
    assert short.loss_curve_[0] != whole.loss_curve_[0]


def test_stateful_carries_on():
    """Pieces of streams, predicted batch by batch, are the streams: what a piece was before decides."""
    streams = RNG.normal(size=(4, 12, 1))
    pieces = np.concatenate([streams[:, k : k + 3] for k in (0, 3, 6, 9)])  # a batch of 4 after the other
    y = np.tile([0, 1], 8)
    model = small("lstm", stateful=True, batch_size=4, standardize=False).fit(pieces, y)
    found = model.predict_proba(pieces)
    plain = small("lstm", batch_size=4, standardize=False, max_epochs=1).fit(pieces, y)
    plain.module_.load_state_dict(model.module_.state_dict())
    for k in range(4):  # the last state of a piece is that of its stream so far
        np.testing.assert_allclose(found[4 * k : 4 * k + 4], plain.predict_proba(streams[:, : 3 * k + 3]), atol=1e-5)
    np.testing.assert_array_equal(model.predict_proba(pieces), found)  # from zeros again
    held = small(stateful=True, batch_size=4, early_stopping=True, validation_fraction=0.25).fit(pieces, y)
    assert held.history_[0].validation_score is not None


class InterruptedFitError(Exception):
    """What stops a fit in the middle."""


class StopAt(Callback):
    """Raise after some batches."""

    def __init__(self, step):
        self.at = step

    def on_batch_end(self, run):
        if run.step == self.at:
            raise InterruptedFitError


@pytest.mark.parametrize("settings", [{"stateful": True, "bptt_window": 2}, {"recurrent_dropout": 0.3}])
def test_resumes_to_the_same_bits(tmp_path, settings):
    whole = small(**settings).fit(X, LABELS)
    kept = Checkpoint(tmp_path / "kept", every_batches=1)
    with pytest.raises(InterruptedFitError):
        small(callbacks=[kept, StopAt(5)], **settings).fit(X, LABELS)
    assert same(small(callbacks=[kept, StopAt(0)], **settings).fit(X, LABELS), whole)


@pytest.mark.parametrize("form", ["texts", "tokens"])
def test_reads_words(form):
    texts = TEXTS if form == "texts" else [text.split() for text in TEXTS]
    model = small("lstm", embedding_size=8, max_epochs=40, bidirectional=True).fit(texts, MOODS)
    assert model.score(texts, MOODS) == 1.0
    assert model.vocabulary_["fine"] > 0
    odd = ["", "x", "fine " * 300, "\x00\ufffd"] if form == "texts" else [[], ["x"], ["fine"] * 300, ["\x00"]]
    p = model.predict_proba(odd)
    assert np.isfinite(p).all()
    np.testing.assert_allclose(p[0], p[1], atol=1e-6)  # an unknown word is what no word is


def test_given_vectors():
    vectors = {"fine": np.ones(5), "dull": -np.ones(5)}
    model = small(vectors=vectors, learning_rate=1e-30).fit(TEXTS, MOODS)
    assert model.module_.network.embedding.weight[model.vocabulary_["fine"]].tolist() == [1] * 5
    copy = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(copy.predict_proba(TEXTS), model.predict_proba(TEXTS))


@pytest.mark.parametrize("settings", [{"stateful": True}, {"cell": "lstm", "variant": ("peephole", "coupled")}])
def test_saves_and_copies(tmp_path, settings):
    model = small(**settings).fit(X, LABELS)
    again: Any = clone(model)
    loaded: Any = panlearn.load(panlearn.save(model, tmp_path / "model.panlearn"))
    for copy in (loaded, pickle.loads(pickle.dumps(model)), again.fit(X, LABELS)):
        np.testing.assert_array_equal(copy.predict_proba(X), model.predict_proba(X))


def test_goes_on():
    model = small(warm_start=True).fit(X, LABELS)
    assert model.fit(X, LABELS).n_iter_ == 6
    part = small(batch_size=100, bptt_window=3)
    for _ in range(3):
        part.partial_fit(X, LABELS, classes=["down", "up"])
    whole = small(batch_size=100, bptt_window=3).fit(X, LABELS)
    np.testing.assert_allclose(part.loss_curve_, whole.loss_curve_, rtol=1e-3)
    assert np.isfinite(cross_val_score(small(), X, LABELS, cv=2)).all()


def test_edge_cases():
    bad = [np.full((2, 2), np.nan), *X[1:]]
    for data, y, words in (
        (bad, LABELS, "sequence 0, step 0"),
        ([], [], "0 sample"),
        (X, LABELS[:-1], "inconsistent"),
        (X, ["a"] * 24, "only one class"),
        (X, None, "requires y"),
        ([*X[:-1], np.empty((0, 2))], LABELS, "sequence 23 of X has no steps"),
        ([*X[:-1], np.ones((3, 5))], LABELS, "features a step"),
        ([*X[:-1], "text"], LABELS, "sequence 23"),
        (np.ones((2, 2, 2, 2)), [0, 1], "shape"),
        ("text", [0], "one string"),
        ([*TEXTS[:-1], TEXTS[-1].split()], MOODS, "text 15 a list of tokens"),
        (X, [*[0.0, 1.0] * 11, 0.0, np.nan], "y contains NaN"),
    ):
        with pytest.raises(DataError, match=words):
            small().fit(data, y)
    for settings, words in (
        ({"cell": "x"}, "cell"),
        ({"variant": "peephole"}, "variant of cell"),
        ({"bptt_window": 0}, "bptt_window"),
        ({"bptt_window": 3, "bidirectional": True}, "bidirectional"),
        ({"stateful": True, "bidirectional": True}, "bidirectional"),
        ({"stateful": True, "optimizer": "lbfgs"}, "lbfgs"),
        ({"pooling": None}, "pooling"),
        ({"hidden_size": 0}, "hidden_size"),
        ({"vectors": {"a": [1.0]}}, "vectors are for tokens"),
        ({"stateful": True, "early_stopping": True, "validation_fraction": 0.99}, "leaves none"),
    ):
        with pytest.raises(ValueError, match=words):
            small(**settings).fit(X, LABELS)
    model = small().fit(X, LABELS)
    for data, words in (([[1.0]], "1 features a step"), (TEXTS, "held numbers"), ([], "0 sample")):
        with pytest.raises(DataError, match=words):
            model.predict(data)
    one = small(hidden_size=1, batch_size=1).fit([[1.0], [2.0]], [0, 1])  # one step, one unit, one sequence a batch
    assert one.predict(np.ones((1, 1))).shape == (1,)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # lbfgs stops early
        assert np.isfinite(small(optimizer="lbfgs", clipping=None, max_epochs=2).fit(X, LABELS).predict_proba(X)).all()
