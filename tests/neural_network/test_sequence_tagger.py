"""The tagger: equal to loops and to torch's own modules, on words and frames, with and without a chain."""

import pickle
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

import panlearn
from panlearn.neural_network import Checkpoint, SequenceTagger
from panlearn.neural_network.training.callback import Callback
from tests.oracles import sequence_tagger as oracle

X = [["fly", "to", "rome"], ["from", "new", "york"], ["to", "new", "york", "fly", "now"], ["now"]] * 4
Y = [["O", "O", "B-to"], ["O", "B-from", "I-from"], ["O", "B-to", "I-to", "O", "O"], ["O"]] * 4
UNSEEN = [["to", "oslo"], ["from", "york"]]


def small(**settings) -> Any:
    given = {"hidden_size": 6, "embedding_size": 5, "max_epochs": 3, "batch_size": 4, "random_state": 0}
    return SequenceTagger(**{**given, "learning_rate": 0.02, **settings})


def scores(model, words):
    """Scores or probabilities of the oracle."""
    w = {name: t.double().numpy() for name, t in model.module_.state_dict().items()}
    x = oracle.neighbours(w["vectors.words.weight"][[model.vocabulary_.get(word, 0) for word in words]], model.context)
    layers = {name.removeprefix("network.layers."): t for name, t in w.items()}
    if model.cell == "jordan":
        return np.log(oracle.jordan(x, layers))
    if model.cell == "rnn":
        h = oracle.elman(x, layers)
    else:
        h = np.concatenate([oracle.lstm(x, layers), oracle.lstm(x, layers, "_reverse")], 1)
    return h @ w["head.weight"].T + w["head.bias"]


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"context": 1},
        {"cell": "rnn", "bidirectional": False},
        {"cell": "jordan", "bidirectional": False, "context": 2},
    ],
    ids=["lstm", "window", "elman", "jordan"],
)
def test_matches_oracle(settings):
    model = small(**settings).fit(X, Y)
    for words, found in zip(X[:4] + UNSEEN, model.predict_proba(X[:4] + UNSEEN)):
        np.testing.assert_allclose(found, oracle.softmax(scores(model, words)), atol=1e-5)


def test_matches_oracle_of_chains():
    model = small(output="crf").fit(X, Y)
    chain = [getattr(model.module_.chain, f"{name}transitions").detach().numpy() for name in ("start_", "", "end_")]
    for words in X[:2] + UNSEEN:
        marginals, best = oracle.chain_marginals(scores(model, words), *chain)
        np.testing.assert_allclose(model.predict_proba([words])[0], marginals, atol=1e-5)
        assert model.predict([words])[0] == [model.classes_[k] for k in best]


class Plain(torch.nn.Module):
    """The same network as torch's own modules, sentences one by one."""

    def __init__(self, ours):
        super().__init__()
        self.words = torch.nn.Embedding(*ours.vectors.words.weight.shape)
        self.words.load_state_dict(ours.vectors.words.state_dict())
        self.layers = torch.nn.LSTM(5, 6, batch_first=True, bidirectional=True)
        self.layers.load_state_dict(ours.network.layers.state_dict())
        self.head = torch.nn.Linear(12, ours.head.out_features)
        self.head.load_state_dict(ours.head.state_dict())

    def forward(self, sentences):
        return torch.cat([self.head(self.layers(self.words(words)[None])[0][0]) for words in sentences])


def test_matches_peer():
    """torch.nn and torch.optim.SGD, step for step, over whole batches."""
    settings = {"dropout": 0.0, "word_dropout": 0.0, "batch_size": 100, "optimizer": "sgd", "clipping": None}
    model = small(**settings, learning_rate=0.5, max_epochs=6).fit(X, Y)
    peer = Plain(small(**settings, learning_rate=1e-30, max_epochs=1).fit(X, Y).module_)
    optimizer = torch.optim.SGD(peer.parameters(), 0.5)
    sentences = [torch.tensor([model.vocabulary_[word] for word in words]) for words in X]
    target = torch.tensor([model.classes_.index(tag) for tags in Y for tag in tags])
    for expected in model.loss_curve_:
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(peer(sentences), target)
        loss.backward()
        optimizer.step()
        assert loss.item() == pytest.approx(expected, rel=1e-4)


def test_optimality():
    """Full batches, small steps against the gradient, no dropout: the loss never rises, and the certificate says it."""
    for output in ("softmax", "crf"):
        settings = {"optimizer": "sgd", "learning_rate": 0.1, "dropout": 0.0, "word_dropout": 0.0, "batch_size": 100}
        model = small(**settings, max_epochs=30, output=output).fit(X, Y)
        assert (np.diff(model.loss_curve_) < 0).all()
        assert f"{model.loss_curve_[-1]:.4g}" in model.certificate_


@pytest.mark.parametrize(
    "settings",
    [
        {"output": "crf", "characters": "cnn", "casing": True},
        {"characters": "lstm", "cell": "gru", "num_layers": 2},
        {"cell": "rnn", "bidirectional": False, "context": 1},
        {"cell": "jordan", "bidirectional": False, "context": 1},
        {"variant": ["peephole", "coupled"], "recurrent_dropout": 0.1},
    ],
    ids=["crf", "gru", "elman", "jordan", "variants"],
)
def test_overfits_tiny_batch(settings):
    model = small(max_epochs=60, dropout=0.0, hidden_size=16, **settings).fit(X[:4], Y[:4])
    assert model.score(X[:4], Y[:4]) == 1.0
    assert model.span_score(X[:4], Y[:4]) == 1.0


def test_invariances():
    settings = {"dropout": 0.0, "word_dropout": 0.0, "batch_size": 100}
    model = small(**settings).fit(X, Y)
    texts = [" ".join(words) for words in X]
    found = small(**settings).fit(texts, Y).predict_proba(texts)
    for a, b in zip(found, model.predict_proba(X)):
        np.testing.assert_array_equal(a, b)
    order = np.random.default_rng(0).permutation(len(X))
    moved = small(**settings).fit([X[i] for i in order], [Y[i] for i in order])
    names = [moved.classes_.index(tag) for tag in model.classes_]
    assert sorted(names) == list(range(len(names)))
    words, tags = [["a", "b"], ["c", "d"]], [["x", "y"], ["y", "x"]]
    heavy = small(**settings).fit(words, tags, sample_weight=[2, 1])
    repeated = small(**settings).fit([words[0], *words], [tags[0], *tags])
    for a, b in zip(heavy.predict_proba(words), repeated.predict_proba(words)):
        np.testing.assert_allclose(a, b, atol=1e-5)


def test_padding_is_ignored():
    model = small(output="crf", characters="cnn").fit(X, Y)
    long = [word for words in X for word in words]
    for words in (["to"], ["new", "york"]):
        alone = model.predict_proba([words])[0]
        np.testing.assert_allclose(model.predict_proba([words, long])[0], alone, atol=1e-6)


def test_reproducible():
    settings = {"characters": "cnn", "output": "crf"}
    a, b = (small(**settings).fit(X, Y) for _ in range(2))
    for x, y in zip(a.module_.state_dict().values(), b.module_.state_dict().values()):
        assert (x == y).all()
    other = small(**settings, random_state=1).fit(X, Y)
    assert (a.predict_proba(X)[0] != other.predict_proba(X)[0]).any()


def test_frames():
    """Numbers in place of words: the sign of the running sum is what to say."""
    rng = np.random.default_rng(0)
    steps = [rng.normal(size=(int(n), 2)) for n in rng.integers(1, 12, 150)]
    tags = [(np.cumsum(x[:, 0]) > 0).astype(int) for x in steps]
    settings = {"bidirectional": False, "dropout": 0.0, "hidden_size": 24, "max_epochs": 40, "batch_size": 16}
    model = small(**settings).fit(steps, tags)
    assert model.vocabulary_ is None
    assert model.score(steps, tags) > 0.95
    assert isinstance(model.predict(steps)[0][0], int)
    shifted = small(**{**settings, "max_epochs": 1}).fit([1000 + 5 * x for x in steps], tags)
    again = small(**{**settings, "max_epochs": 1}).fit(steps, tags)
    np.testing.assert_allclose(
        shifted.predict_proba([1000 + 5 * x for x in steps[:3]])[0], again.predict_proba(steps[:3])[0], atol=1e-4
    )


def test_truncated():
    """Windows as long as the sequences change nothing; short ones still carry the state forward."""
    settings = {"bidirectional": False, "dropout": 0.0, "word_dropout": 0.0, "batch_size": 4, "characters": "cnn"}
    whole, windowed = (small(**settings, bptt_window=w).fit(X, Y) for w in (None, 5))
    for a, b in zip(whole.predict_proba(X), windowed.predict_proba(X)):
        np.testing.assert_allclose(a, b, atol=1e-5)
    short = small(**settings, bptt_window=3, max_epochs=60, hidden_size=16).fit(X, Y)
    assert short.score(X, Y) == 1.0


def test_stateful():
    """A tag that depends on the sequence before, which only the carried state knows."""
    rng = np.random.default_rng(0)
    signs = rng.integers(0, 2, (60, 2))  # two streams side by side
    words = [[f"s{signs[k, i]}", "?"] for k in range(60) for i in range(2)]
    tags = [["O", str(signs[max(k - 1, 0), i])] for k in range(60) for i in range(2)]
    settings = {"bidirectional": False, "dropout": 0.0, "hidden_size": 12, "batch_size": 2, "learning_rate": 0.01}
    model = small(**settings, max_epochs=12, stateful=True).fit(words, tags)
    assert model.score(words[4:], tags[4:]) > 0.7 or model.score(words, tags) > 0.95
    forgetful = small(**settings, max_epochs=12).fit(words, tags)
    assert forgetful.score(words, tags) < 0.9


@pytest.mark.parametrize("keyed", [False, True])
def test_given_vectors(keyed, tmp_path):
    vectors: Any = {"rome": np.ones(7), "york": -np.ones(7), "elsewhere": np.zeros(7)}
    if keyed:
        places = {word: i for i, word in enumerate(vectors)}
        vectors = SimpleNamespace(key_to_index=places, vectors=np.array([*vectors.values()]))
    model = small(vectors=vectors, learning_rate=1e-30).fit(X, Y)
    assert (model.module_.vectors.words.weight[model.vocabulary_["rome"]] == 1).all()
    copy = pickle.loads(pickle.dumps(model))
    assert set(copy.vectors.key_to_index) == {"rome", "york"}
    again: Any = clone(copy)
    np.testing.assert_array_equal(again.fit(X, Y).predict_proba(X)[0], model.predict_proba(X)[0])


def test_saves(tmp_path):
    for settings, data in (
        ({"output": "crf", "constraints": "BIO", "characters": "lstm", "casing": True}, X),
        ({}, None),
    ):
        frames = [np.ones((len(words), 2)) * len(words) for words in X]
        model = small(**settings).fit(data or frames, Y)
        loaded = panlearn.load(panlearn.save(model, tmp_path / "model.panlearn"))
        for a, b in zip(loaded.predict_proba(data or frames), model.predict_proba(data or frames)):
            np.testing.assert_array_equal(a, b)
        assert loaded.predict(data or frames).tolist() == model.predict(data or frames).tolist()


def test_goes_on():
    model = small(warm_start=True, max_epochs=1).fit(X, Y)
    known = dict(model.vocabulary_)
    for _ in range(3):
        model.fit(X, Y)
    assert model.n_iter_ == 4
    assert model.loss_curve_[-1] < model.loss_curve_[0]
    assert model.vocabulary_ == known
    settings = {"dropout": 0.0, "word_dropout": 0.0, "batch_size": 100}
    parts = small(**settings)
    for _ in range(3):
        parts.partial_fit(X, Y, classes=["O", "B-to", "B-from", "I-from", "I-to"])
    np.testing.assert_allclose(parts.loss_curve_, small(**settings).fit(X, Y).loss_curve_, rtol=1e-4)


class InterruptedFitError(Exception):
    """What stops a fit in the middle."""


class StopAt(Callback):
    """Raise after some batches."""

    def __init__(self, step):
        self.at = step

    def on_batch_end(self, run):
        if run.step == self.at:
            raise InterruptedFitError


@pytest.mark.parametrize("settings", [{}, {"bptt_window": 2, "bidirectional": False}], ids=["whole", "windows"])
def test_resumes_to_the_same_bits(tmp_path, settings):
    whole = small(max_epochs=4, **settings).fit(X, Y)
    kept = Checkpoint(tmp_path / "kept", every_batches=1)
    with pytest.raises(InterruptedFitError):
        small(max_epochs=4, callbacks=[kept, StopAt(6)], **settings).fit(X, Y)
    again = small(max_epochs=4, callbacks=[kept, StopAt(0)], **settings).fit(X, Y)
    for a, b in zip(again.module_.state_dict().values(), whole.module_.state_dict().values()):
        assert (a == b).all()


def test_works_in_a_grid_search():
    search = GridSearchCV(small(), {"output": ["softmax", "crf"]}, cv=2).fit(X, Y)
    assert search.best_score_ > 0.3


def test_edge_cases():
    for words, tags, said in (
        ([["a"], []], [["x"], []], "sequence 1 of X has no tokens"),
        ([["a"], ["b"]], [["x"], ["x", "y"]], "sequence 1 has 1 tokens but 2 tags"),
        ([["a"], ["b"]], [["x"]], "inconsistent numbers of samples"),
        ([["a"]], ["x"], "list of labels"),
        ([["a"]], [[None]], "holds the label None"),
        ("a b", [["x", "y"]], "got one string"),
        ([], [], "0 sample"),
        ([["a"]], None, "requires y"),
        ([["a", 3]], [["x", "y"]], "must be strings"),
        ([np.array([[1.0], [np.nan]])], [["x", "y"]], "sequence 0, step 1"),
    ):
        with pytest.raises(ValueError, match=said):
            small().fit(words, tags)
    for settings, said in (
        ({"cell": "transformer"}, "cell"),
        ({"variant": "reset_before"}, "variant"),
        ({"output": "none"}, "output"),
        ({"characters": "words"}, "characters"),
        ({"context": -1}, "context"),
        ({"bptt_window": 3}, "bidirectional"),
        ({"constraints": "BIOX"}, "constraints"),
        ({"vectors": {"nowhere": [1.0]}}, "none of the"),
        ({"characters": "lstm", "character_size": 7}, "even"),
    ):
        with pytest.raises(ValueError, match=said):
            small(**settings).fit(X, Y)
    with pytest.raises(ValueError, match="go together"):
        small().fit(X, Y, X_dev=X)
    with pytest.raises(ValueError, match="classes must be passed"):
        small().partial_fit(X, Y)
    one = small(batch_size=1).fit([["a"]], [["x"]])
    assert one.predict([["b", "c"]])[0] == ["x", "x"]
    odd = small(characters="cnn", casing=True).fit([["", "\x00", "🙂" * 99, "a"]], [[1, 2, 3, 4]])
    assert len(odd.predict([["b" * 9999, ""]])[0]) == 2
    long = small(max_epochs=1).fit(X, Y).predict([["fly"] * 5000])
    assert len(long[0]) == 5000
