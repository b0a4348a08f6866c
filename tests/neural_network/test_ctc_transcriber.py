"""The transcriber: equal to loops over its weights, to torch's own modules, sound on odd utterances."""

import pickle

import numpy as np
import pytest
import torch
from sklearn.base import clone

import panlearn
from panlearn.core.errors import DataError
from panlearn.decode import ctc_beam_search
from panlearn.neural_network import CTCTranscriber
from tests.oracles.ctc import string_probabilities

RNG = np.random.default_rng(0)
Y = ["ab", "ba", "aa", "b"] * 4


def say(word):
    parts = [np.repeat(np.eye(3)["ab".index(c), None], RNG.integers(2, 4), 0) for c in word]
    return np.concatenate([x for part in parts for x in (part, np.eye(3)[2:])]) + RNG.normal(0, 0.1, 3)


X = [say(word) for word in Y]


def small(**settings):
    given = {"cell": "rnn", "hidden_size": 6, "max_epochs": 2, "batch_size": 8, "random_state": 0}
    return CTCTranscriber(**{**given, **settings})


def test_matches_oracle():
    """Elman's network by loops over its weights, and the sum over all alignments."""
    model = small(bidirectional=False, max_epochs=12, learning_rate=0.03).fit(X, Y)
    w = {name.split(".")[-1] if "layers" in name else name: p.detach().numpy().astype(float)
         for name, p in model.module_.named_parameters()}  # fmt: skip
    mean, scale = np.concatenate(X).mean(0), np.concatenate(X).std(0)
    x, h, scores = (np.asarray([[1, 0, 0], [0, 0, 1], [0, 1, 0]]) - mean) / scale, np.zeros(6), []
    for frame in x:
        h = np.tanh(w["weight_ih_l0"] @ frame + w["bias_ih_l0"] + w["weight_hh_l0"] @ h + w["bias_hh_l0"])
        z = w["head.weight"] @ h + w["head.bias"]
        scores.append(z - np.log(np.exp(z).sum()))
    raw = [np.asarray([[1.0, 0, 0], [0, 0, 1], [0, 1, 0]])]
    np.testing.assert_allclose(model.predict_log_proba(raw)[0], scores, atol=1e-5)
    best = max(string_probabilities(scores).items(), key=lambda found: found[1])
    found = ctc_beam_search(model.predict_log_proba(raw)[0], token_min_logp=-np.inf, beam_prune_logp=-np.inf)[0]
    assert found.tokens == best[0]
    assert np.exp(found.log_prob) == pytest.approx(best[1], rel=1e-4)


def test_matches_peer():
    """torch.nn.LSTM and torch.nn.CTCLoss, step for step."""
    settings = {"cell": "lstm", "batch_size": 16, "optimizer": "sgd", "learning_rate": 0.1, "clipping": None}
    model = small(**settings, max_epochs=4).fit(X, Y)
    begun = small(**settings, max_epochs=1).set_params(learning_rate=1e-30).fit(X, Y)
    layer, head = torch.nn.LSTM(3, 6, batch_first=True, bidirectional=True), torch.nn.Linear(12, 3)
    layer.load_state_dict({k.split(".")[-1]: v for k, v in begun.module_.network.layers.state_dict().items()})
    head.load_state_dict(begun.module_.head.state_dict())
    mean, scale = np.concatenate(X).mean(0), np.concatenate(X).std(0)
    frames = [torch.from_numpy((x - mean) / scale).float() for x in X]
    codes = [torch.tensor(["ab".index(c) + 1 for c in y]) for y in Y]
    optimizer = torch.optim.SGD([*layer.parameters(), *head.parameters()], lr=0.1)
    for expected in model.loss_curve_:
        optimizer.zero_grad()
        packed = torch.nn.utils.rnn.pack_sequence(frames, enforce_sorted=False)
        out, lengths = torch.nn.utils.rnn.pad_packed_sequence(layer(packed)[0])
        loss = torch.nn.CTCLoss()(
            head(out).log_softmax(-1), torch.cat(codes), lengths, torch.tensor([len(c) for c in codes])
        )
        loss.backward()
        optimizer.step()
        assert loss.item() == pytest.approx(expected, rel=1e-4)


def test_optimality():
    """Full batches, small steps against the gradient: the loss never rises."""
    model = small(optimizer="sgd", learning_rate=0.02, batch_size=100, max_epochs=20).fit(X, Y)
    assert (np.diff(model.loss_curve_) < 0).all()
    assert f"{model.loss_curve_[-1]:.4g}" in model.certificate_


def test_overfits_tiny_batch():
    model = small(hidden_size=16, learning_rate=0.02, max_epochs=60).fit(X[:4], Y[:4])
    assert model.score(X[:4], Y[:4]) == 1.0
    assert model.predict(X[:4]) == Y[:4]


def test_invariances():
    settings = {"batch_size": 100, "max_epochs": 3}
    model = small(**settings).fit(X, Y)
    order = np.random.default_rng(0).permutation(len(X))
    moved = small(**settings).fit([X[i] for i in order], [Y[i] for i in order])
    np.testing.assert_allclose(moved.predict_log_proba(X)[0], model.predict_log_proba(X)[0], atol=1e-4)
    scaled = small(**settings).fit([10 * x + 5 for x in X], Y)
    np.testing.assert_allclose(scaled.predict_log_proba([10 * X[0] + 5])[0], model.predict_log_proba(X)[0], atol=1e-3)
    tokens = small(**settings).fit(X, [list(y) for y in Y])
    assert tokens.predict(X) == [list(y) for y in model.predict(X)]
    heavy = small(**settings, standardize=False).fit(X[:2], Y[:2], sample_weight=[2, 1])
    repeated = small(**settings, standardize=False).fit([X[0], *X[:2]], [Y[0], *Y[:2]])
    np.testing.assert_allclose(heavy.predict_log_proba(X)[0], repeated.predict_log_proba(X)[0], atol=1e-4)


def test_padding_is_ignored():
    model = small(stacking=2, n_filters=4, filter_width=3).fit(X, Y)
    alone = model.predict_log_proba(X[:1])[0]
    beside = model.predict_log_proba([X[0], np.concatenate(X)])[0]
    np.testing.assert_allclose(beside, alone, atol=1e-5)
    assert len(alone) == -(-len(X[0]) // 2)


def test_reproducible():
    a, b = (small().fit(X, Y) for _ in range(2))
    for x, y in zip(a.module_.state_dict().values(), b.module_.state_dict().values()):
        assert (x == y).all()
    other = small(random_state=1).fit(X, Y)
    assert (other.predict_log_proba(X)[0] != a.predict_log_proba(X)[0]).any()


def test_keeps_and_goes_on(tmp_path):
    model = small(max_epochs=4, stacking=2).fit(X, Y)
    for copy in (pickle.loads(pickle.dumps(model)), panlearn.load(panlearn.save(model, tmp_path / "m.panlearn"))):
        np.testing.assert_array_equal(copy.predict_log_proba(X)[0], model.predict_log_proba(X)[0])
        assert copy.predict(X) == model.predict(X)
    assert repr(clone(model)) == repr(model)
    model.set_params(warm_start=True, max_epochs=3).fit(X, Y)
    assert model.n_iter_ == 7
    with pytest.raises(DataError, match="in no string of the fit"):
        model.fit(X, ["ac"] * len(X))


def test_edge_cases():
    for x, y, words in (
        (X, Y[:-1], "inconsistent"),
        (X, None, "requires y"),
        (X, "abc", "one string"),
        (X, [""] * len(X), "empty"),
        ([X[0][:2]], ["aa"], "utterance 0 is too short: its 2 tokens need 3 frames"),
        ([X[0], np.empty((0, 3))], Y[:2], "sequence 1"),
        ([X[0], np.full((4, 3), np.nan)], Y[:2], "sequence 1, step 0"),
        ([X[0], X[1][:, :2]], Y[:2], "sequence 1|features"),
        ([], [], "0 sample"),
        (["text"], ["a"], "sequence|numbers"),
    ):
        with pytest.raises(ValueError, match=words):
            small().fit(x, y)
    for settings, words in (
        ({"cell": "elman"}, "cell"),
        ({"n_filters": 3, "filter_width": 4}, "odd"),
        ({"stacking": 0}, "stacking"),
        ({"beam_width": 0}, "beam_width"),
        ({"alpha": -1.0}, "alpha"),
        ({"stacking": 9}, "lower `stacking`"),
    ):
        with pytest.raises(ValueError, match=words):
            small(**settings).fit(X, Y)
    with pytest.raises(ValueError, match="2 features"):
        small().fit(X, Y).predict([X[0][:, :2]])
    one = small(batch_size=1, hidden_size=1).fit([[[1.0]], [[0.0]]], ["a", ""])
    assert len(one.predict([[[1.0]], [[0.5]] * 50])) == 2
