"""Text classification by convolution: equal to loops and to torch's own modules, sound on odd texts."""

import pickle
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

import panlearn
from panlearn.core.errors import DataError
from panlearn.neural_network import Checkpoint, TextCNNClassifier
from panlearn.neural_network.training.callback import Callback
from panlearn.nn.blocks.text_convolution import POOLINGS
from tests.oracles.text_cnn_classifier import probabilities

TEXTS = ["a fine film", "not a fine film", "dull", "not dull at all", "fine fine", "a dull , dull film ."] * 3
LABELS = np.array(["good", "bad", "bad", "good", "good", "bad"] * 3)


def small(**settings) -> Any:
    given = {"widths": (1, 2), "n_filters": 8, "dimension": 6, "max_epochs": 3, "batch_size": 4, "random_state": 0}
    given |= {"optimizer": "adadelta", "learning_rate": 1.0}
    return TextCNNClassifier(**{**given, **settings})


@pytest.mark.parametrize("pooling", ["max", "k_max", "average"])
def test_matches_oracle(pooling):
    model = small(pooling=pooling, k=2).fit(TEXTS, LABELS)
    parameters = {name: t.numpy().astype(float) for name, t in model.module_.state_dict().items()}
    texts = [*TEXTS[:6], "unknown words", ""]
    numbers = [[model.vocabulary_.get(word, 0) for word in text.split()] or [0] for text in texts]
    expected = probabilities(parameters, numbers, (1, 2), pooling, 2)
    np.testing.assert_allclose(model.predict_proba(texts), expected, atol=1e-6)
    assert (model.predict(texts) == model.classes_[expected.argmax(1)]).all()


class Plain(torch.nn.Module):
    """The network as torch's own modules; texts of one length, padded with row 0 on both sides."""

    def __init__(self, ours):
        super().__init__()
        self.table = torch.nn.Parameter(ours.table.detach().clone())
        self.weights = torch.nn.ParameterList(
            part.detach().permute(1, 2, 0).clone() for part in ours.filters.split(list(ours.widths))
        )
        self.biases = torch.nn.ParameterList(part.detach().clone() for part in ours.shift.chunk(len(ours.widths)))
        self.head = torch.nn.Linear(*ours.head.weight.shape[::-1])
        self.head.load_state_dict(ours.head.state_dict())

    def forward(self, words):
        x = self.table[words].transpose(1, 2)
        maps = [torch.nn.functional.conv1d(x, w, b, padding=w.shape[2] - 1) for w, b in zip(self.weights, self.biases)]
        return self.head(torch.cat([part.relu().amax(2) for part in maps], 1))


def test_matches_peer():
    """torch.nn and torch.optim.Adadelta over the whole table, step for step."""
    rng = np.random.default_rng(0)
    texts, y = [list(row) for row in rng.choice(list("abcdefgh"), (10, 4))], rng.integers(0, 2, 10)
    settings = {"dropout": 0.0, "batch_size": 10, "max_norm": None}
    model = small(**settings, max_epochs=6).fit(texts, y)
    begun = small(**settings, learning_rate=1e-30, max_epochs=1).fit(texts, y)
    peer = Plain(begun.module_)
    optimizer = torch.optim.Adadelta(peer.parameters())
    words, target = torch.tensor([[model.vocabulary_[w] for w in text] for text in texts]), torch.from_numpy(y)
    for expected in model.loss_curve_:
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(peer(words), target)
        loss.backward()
        optimizer.step()
        assert loss.item() == pytest.approx(expected, rel=1e-5)
    torch.testing.assert_close(model.module_.table, peer.table, rtol=1e-4, atol=1e-6)


def test_optimality():
    """Full batches, small steps against the gradient, no dropout: the loss never rises."""
    settings = {"optimizer": "sgd", "learning_rate": 0.05, "dropout": 0.0, "batch_size": 100, "max_epochs": 40}
    model = small(**settings).fit(TEXTS, LABELS)
    assert (np.diff(model.loss_curve_) < 0).all()
    assert f"{model.loss_curve_[-1]:.4g}" in model.certificate_


def test_overfits_tiny_batch():
    for pooling in POOLINGS:
        model = small(pooling=pooling, max_epochs=80, dimension=20, n_filters=20, dropout=0.2).fit(
            TEXTS[:6], LABELS[:6]
        )
        assert model.score(TEXTS[:6], LABELS[:6]) == 1.0


def test_invariances():
    settings = {"dropout": 0.0, "batch_size": 100}
    model = small(**settings).fit(TEXTS, LABELS)
    order = np.random.default_rng(0).permutation(len(TEXTS))
    moved = small(**settings).fit([TEXTS[i] for i in order], LABELS[order])
    np.testing.assert_allclose(moved.predict_proba(TEXTS), model.predict_proba(TEXTS), atol=1e-5)
    tokens = [text.split() for text in TEXTS]
    np.testing.assert_array_equal(
        small(**settings).fit(tokens, LABELS).predict_proba(tokens), model.predict_proba(TEXTS)
    )
    texts, y = ["u v", "u w"], ["x", "y"]
    heavy = small(**settings).fit(texts, y, sample_weight=[2, 1])
    repeated = small(**settings).fit([texts[0], *texts], [y[0], *y])
    np.testing.assert_allclose(heavy.predict_proba(texts), repeated.predict_proba(texts), atol=1e-5)


def test_padding_is_ignored():
    """A text is judged alike alone and beside a long one."""
    model = small().fit(TEXTS, LABELS)
    long = " ".join(TEXTS)
    alone = model.predict_proba(["dull"])
    np.testing.assert_allclose(model.predict_proba(["dull", long])[:1], alone, atol=1e-6)


def test_reproducible():
    a, b = (small().fit(TEXTS, LABELS) for _ in range(2))
    for x, y in zip(a.module_.state_dict().values(), b.module_.state_dict().values()):
        assert (x == y).all()
    assert (a.predict_proba(TEXTS) != small(random_state=1).fit(TEXTS, LABELS).predict_proba(TEXTS)).any()


@pytest.mark.parametrize("channels", ["trainable", "static", "both"])
def test_given_vectors(channels):
    vectors = {"fine": np.ones(5), "dull": -np.ones(5), "elsewhere": np.zeros(5)}
    keyed = SimpleNamespace(key_to_index={w: i for i, w in enumerate(vectors)}, vectors=np.array([*vectors.values()]))
    a, b = (small(vectors=v, channels=channels).fit(TEXTS, LABELS) for v in (vectors, keyed))
    np.testing.assert_array_equal(a.predict_proba(TEXTS), b.predict_proba(TEXTS))
    row = a.vocabulary_["fine"]
    still = {"static": a.module_.table, "both": a.module_.fixed}.get(channels)
    if still is not None:
        assert (still[row] == 1).all()
    if channels != "static":
        assert (a.module_.table[row] != 1).any()
    assert a.module_.table.shape[1] == 5
    copy = pickle.loads(pickle.dumps(a))
    np.testing.assert_array_equal(copy.predict_proba(TEXTS), a.predict_proba(TEXTS))
    assert set(copy.vectors.key_to_index) == {"fine", "dull"}  # of the vectors, what the texts have
    again: Any = clone(copy)
    again.fit(TEXTS, LABELS)
    np.testing.assert_array_equal(again.predict_proba(TEXTS), a.predict_proba(TEXTS))


def test_saves(tmp_path):
    model = small(vectors={"fine": [1.0, 2.0]}).fit(TEXTS, LABELS)
    loaded = panlearn.load(panlearn.save(model, tmp_path / "model.panlearn"))
    np.testing.assert_array_equal(loaded.predict_proba(TEXTS), model.predict_proba(TEXTS))


def test_goes_on():
    model = small(warm_start=True, max_epochs=1).fit(TEXTS, LABELS)
    words = dict(model.vocabulary_)
    for _ in range(40):
        model.fit(TEXTS, LABELS)
    assert model.n_iter_ == 41
    assert model.loss_curve_[-1] < 0.6 * model.loss_curve_[0]
    model.set_params(optimizer="adam", learning_rate=1e-3).fit(["novel words", *TEXTS], ["bad", *LABELS])
    assert model.vocabulary_ == words
    table = model.module_.table.detach().clone()
    model.fit(TEXTS, LABELS)
    assert (model.module_.table != table).any()  # the whole table is learnt again


@pytest.mark.parametrize("settings", [{}, {"optimizer": "adam", "learning_rate": 1e-2}], ids=["rows", "table"])
def test_partial_fit_goes_on(settings):
    model = small(dropout=0.0, batch_size=100, **settings)
    for _ in range(4):
        model.partial_fit(TEXTS, LABELS, classes=["bad", "good"])
    whole = small(dropout=0.0, batch_size=100, max_epochs=4, **settings).fit(TEXTS, LABELS)
    np.testing.assert_allclose(model.loss_curve_, whole.loss_curve_, rtol=1e-4)
    torch.testing.assert_close(model.module_.table, whole.module_.table, rtol=1e-3, atol=1e-5)


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
    whole = small(max_epochs=4).fit(TEXTS, LABELS)
    kept = Checkpoint(tmp_path / "kept", every_batches=1)
    with pytest.raises(InterruptedFitError):
        small(max_epochs=4, callbacks=[kept, StopAt(12)]).fit(TEXTS, LABELS)
    again = small(max_epochs=4, callbacks=[kept, StopAt(0)]).fit(TEXTS, LABELS)
    for a, b in zip(again.module_.state_dict().values(), whole.module_.state_dict().values()):
        assert (a == b).all()


def test_chinese_by_characters():
    texts, y = ["房间很好", "房间不好", "很好", "不好", "服务很好", "服务不好"] * 3, [1, 0, 1, 0, 1, 0] * 3
    model = small(analyzer="char", max_epochs=30).fit(texts, y)
    assert "房" in model.vocabulary_
    assert model.predict(["早餐很好", "早餐不好"]).tolist() == [1, 0]


def test_works_in_a_grid_search():
    search = GridSearchCV(small(), {"pooling": ["max", "average"]}, cv=2).fit(np.array(TEXTS), LABELS)
    assert search.best_score_ > 0.3
    assert set(search.predict(pd.Series(TEXTS))) <= {"good", "bad"}


def test_early_stopping_keeps_the_best():
    model = small(early_stopping=True, validation_fraction=0.4, max_epochs=60, learning_rate=3.0).fit(TEXTS, LABELS)
    scores = [epoch.validation_score for epoch in model.history_]
    assert "best validation score" in model.certificate_
    assert max(scores) >= scores[-1]


@pytest.mark.parametrize("pooling", POOLINGS)
def test_odd_texts(pooling):
    model = small(pooling=pooling, widths=(3, 5)).fit([*TEXTS, "", "  "], [*LABELS, "bad", "good"])
    odd = ["", "x", "fine", "fine " * 2000, "\x00\ufffd", "ﬁne 🙂", [], ["fine"]]
    p = model.predict_proba(odd)
    assert np.isfinite(p).all()
    np.testing.assert_allclose(p.sum(1), 1, atol=1e-6)
    np.testing.assert_array_equal(p[0], p[6])
    np.testing.assert_array_equal(p[2], p[7])
    np.testing.assert_allclose(p[0], p[1], atol=1e-7)  # an unknown word is what no word is


def test_edge_cases():
    for X, y, words in (
        (["a", "b"], ["x", "x"], "only one class"),
        (["a", "b"], ["x", "y", "x"], "inconsistent"),
        (["", " "], [0, 1], "no word is left"),
        ("text", [0], "list of texts"),
        (np.eye(2), [0, 1], "text column"),
        (["a", None], [0, 1], "fill missing"),
        ([], [], "0 sample"),
        (["a", "b"], None, "requires y"),
        (["a", "b"], [0.5, 1.5], "[Uu]nknown label type"),
    ):
        with pytest.raises(ValueError, match=words):
            small().fit(X, y)
    for settings, words in (
        ({"widths": ()}, "widths"),
        ({"widths": (0, 2)}, "widths"),
        ({"widths": (2.5,)}, "widths"),
        ({"activation": "maxout"}, "maxout"),
        ({"activation": "none"}, "activation"),
        ({"pooling": "median"}, "pooling"),
        ({"k": 0}, "k"),
        ({"min_df": 20}, "min_df"),
        ({"vectors": {"nowhere": [1.0]}}, "none of the"),
        ({"vectors": 3}, "map words"),
        ({"learning_rate": -1.0}, "learning_rate"),
    ):
        with pytest.raises(ValueError, match=words):
            small(**settings).fit(TEXTS, LABELS)
    if not torch.cuda.is_available():
        with pytest.raises(DataError, match="CUDA"):
            small(device="cuda").fit(TEXTS, LABELS)
    with pytest.raises(ValueError, match="weights"):
        small().fit(TEXTS, LABELS, sample_weight=np.zeros(len(TEXTS)))
    one = small(batch_size=1, max_length=1, max_features=2, min_df=2, class_weight="balanced", label_smoothing=0.1)
    assert one.fit(TEXTS, LABELS).predict(["a b c"]).shape == (1,)
    assert len(one.vocabulary_) == 2
    many = small().fit([str(i) for i in range(30)], range(30))  # a class a text
    assert many.predict_proba(["3"]).shape == (1, 30)
