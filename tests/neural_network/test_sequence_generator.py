"""The generator: equal to loops and to torch's own modules; writes what it has learnt."""

import pickle
from typing import Any

import numpy as np
import pytest
import torch

import panlearn
from panlearn.neural_network import Checkpoint, SequenceGenerator
from panlearn.neural_network.training.callback import Callback
from tests.oracles import sequence_generator as oracle

TEXTS = ["abba", "aab", "b", "abab"] * 3


def small(**settings) -> Any:
    given = {"hidden_size": 6, "embedding_size": 4, "max_epochs": 3, "batch_size": 4, "random_state": 0}
    return SequenceGenerator(**{**given, "learning_rate": 0.02, **settings})


def numbers(model, text):
    return [model.vocabulary_.get(token, 0) for token in text]


def parameters(model):
    return {name: t.double().numpy() for name, t in model.module_.state_dict().items()}


def test_matches_oracle():
    model = small().fit(TEXTS)
    w, mark = parameters(model), len(model.vocabulary_) + 1
    texts = [*TEXTS[:4], "", "x", "abbbbbbba"]
    expected = [oracle.log_likelihood(w, numbers(model, text), mark) for text in texts]
    np.testing.assert_allclose(model.log_likelihood(texts), expected, rtol=1e-5)
    assert model.score(texts) == pytest.approx(sum(expected) / sum(len(text) + 1 for text in texts))
    assert model.perplexity(texts) == pytest.approx(np.exp(-model.score(texts)))
    likeliest = oracle.written(w, numbers(model, "ab"), mark, 10)
    words = ["", *model.vocabulary_]
    assert model.generate(1, 10, prompt="ab", temperature=0) == ["ab" + "".join(words[k] for k in likeliest)]


def test_matches_oracle_with_features():
    z = np.array([[0.0], [1.0], [3.0], [5.0]] * 3)
    model = small().fit(z, TEXTS)
    w, mark = parameters(model), len(model.vocabulary_) + 1
    for value, text in zip(z[:4], TEXTS):
        scaled = (value - z.mean()) / z.std()
        first = w["from_features.weight"] @ scaled + w["from_features.bias"]
        expected = oracle.log_likelihood(w, numbers(model, text), mark, first)
        assert model.log_likelihood([value], [text])[0] == pytest.approx(expected, rel=1e-5)


def test_matches_peer():
    """torch.nn and torch.optim.SGD, step for step, over whole batches."""
    settings = {"batch_size": 100, "optimizer": "sgd", "clipping": None, "cell": "gru"}
    model = small(**settings, learning_rate=0.5, max_epochs=5).fit(TEXTS)
    begun = small(**settings, learning_rate=1e-30, max_epochs=1).fit(TEXTS).module_
    words, layers, head = torch.nn.Embedding(4, 4), torch.nn.GRU(4, 6, batch_first=True), torch.nn.Linear(6, 4)
    words.load_state_dict(begun.tokens.state_dict())
    layers.load_state_dict(begun.network.layers.state_dict())
    head.load_state_dict(begun.head.state_dict())
    optimizer = torch.optim.SGD([*words.parameters(), *layers.parameters(), *head.parameters()], 0.5)
    texts = [torch.tensor([3, *numbers(model, text), 3]) for text in TEXTS]
    for expected in model.loss_curve_:
        optimizer.zero_grad()
        scores = torch.cat([head(layers(words(text[:-1])[None])[0][0]) for text in texts])
        loss = torch.nn.functional.cross_entropy(scores, torch.cat([text[1:] for text in texts]))
        loss.backward()
        optimizer.step()
        assert loss.item() == pytest.approx(expected, rel=1e-4)


def test_optimality():
    """Full batches, small steps against the gradient: the loss never rises, and is the score's negative at the end."""
    settings = {"optimizer": "sgd", "learning_rate": 0.3, "batch_size": 100, "max_epochs": 30}
    model = small(**settings).fit(TEXTS)
    assert (np.diff(model.loss_curve_) < 0).all()
    assert f"{model.loss_curve_[-1]:.4g}" in model.certificate_
    assert -model.score(TEXTS) == pytest.approx(model.loss_curve_[-1], rel=0.02)


def test_likelihoods_are_a_law():
    """All texts of up to three letters, and what is longer, have probability 1 together."""
    model = small().fit(TEXTS)
    every = [""]
    for _ in range(3):
        every += [text + letter for text in every if len(text) == len(every[-1]) for letter in ("a", "b", "?")]
    w, mark = parameters(model), len(model.vocabulary_) + 1
    longest = [text for text in every if len(text) == 3]
    beyond = 0.0
    for text in longest:
        chances = oracle.next_chances(w, [mark, *numbers(model, text)])
        before = sum(np.log(p[k]) for p, k in zip(chances, numbers(model, text)))
        beyond += np.exp(before) * (1 - chances[-1][mark])
    assert np.exp(model.log_likelihood(every)).sum() + beyond == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize(
    "settings", [{}, {"cell": "gru", "num_layers": 2}, {"bptt_window": 3}], ids=["lstm", "gru", "window"]
)
def test_overfits_tiny_batch(settings):
    """One text by heart."""
    model = small(max_epochs=120, hidden_size=24, **settings).fit(["the cat sat"])
    assert model.generate(3, temperature=0) == ["the cat sat"] * 3
    assert model.perplexity(["the cat sat"]) < 1.1


def test_one_to_many():
    """A number in, as many letters out."""
    z = np.array([[1.0], [2.0], [4.0]] * 8)
    texts = ["x" * int(k) for k in z[:, 0]]
    for condition in ("input", "state"):
        model = small(max_epochs=100, learning_rate=0.03, hidden_size=16, condition=condition).fit(z, texts)
        assert model.generate(2, X=z[:3], temperature=0) == ["x", "x", "xx", "xx", "xxxx", "xxxx"]
        assert model.score(z, texts) > -0.05


def test_stream():
    """Pieces of one text: each begins where the one before ended, so that the period goes on across all."""
    text = "abcde" * 60
    model = small(stateful=True, bptt_window=7, max_epochs=40, hidden_size=16, learning_rate=0.01).fit([text])
    assert model.generate(1, 12, prompt="eabc", temperature=0)[0] == "eabc" + "deabcdeabcde"
    assert model.perplexity([text]) < 1.2


def test_written_texts_follow_the_law():
    """How often a text is written is its probability."""
    model = small(max_epochs=40).fit(TEXTS)
    found = model.generate(4000, 50, random_state=1)
    for text in ("b", "aab", "abba"):
        expected = float(np.exp(model.log_likelihood([text])[0]))
        assert found.count(text) / 4000 == pytest.approx(expected, abs=0.03)
    few = model.generate(300, 20, top_k=1, random_state=0)
    assert set(few) == set(model.generate(1, 20, temperature=0))


def test_invariances():
    settings = {"batch_size": 100}
    model = small(**settings).fit(TEXTS)
    order = np.random.default_rng(0).permutation(len(TEXTS))
    moved = small(**settings).fit([TEXTS[i] for i in order])
    np.testing.assert_allclose(moved.log_likelihood(TEXTS), model.log_likelihood(TEXTS), atol=1e-4)
    lists = small(**settings).fit([list(text) for text in TEXTS])
    np.testing.assert_array_equal(lists.log_likelihood(TEXTS), model.log_likelihood(TEXTS))
    assert lists.generate(2) == [list(text) for text in model.generate(2)]
    heavy = small(**settings).fit(["ab", "ba"], sample_weight=[2, 1])
    repeated = small(**settings).fit(["ab", "ab", "ba"])
    np.testing.assert_allclose(heavy.log_likelihood(TEXTS), repeated.log_likelihood(TEXTS), atol=1e-4)


def test_padding_is_ignored():
    model = small().fit(TEXTS)
    alone = model.log_likelihood(["ab"])
    np.testing.assert_allclose(model.log_likelihood(["ab", "ab" * 200])[:1], alone, rtol=1e-6)


def test_reproducible():
    a, b = (small(dropout=0.2).fit(TEXTS) for _ in range(2))
    for x, y in zip(a.module_.state_dict().values(), b.module_.state_dict().values()):
        assert (x == y).all()
    assert a.generate(5) == b.generate(5)
    assert a.generate(5, random_state=1) == b.generate(5, random_state=1) != a.generate(5, random_state=2)


def test_saves(tmp_path):
    z = np.arange(12.0)[:, None]
    for data in ((TEXTS,), (z, TEXTS)):
        model = small(condition="state").fit(*data)
        loaded = panlearn.load(panlearn.save(model, tmp_path / "model.panlearn"))
        copied = pickle.loads(pickle.dumps(model))
        for again in (loaded, copied):
            np.testing.assert_array_equal(again.log_likelihood(*data), model.log_likelihood(*data))
        X = z[:2] if len(data) == 2 else None
        assert loaded.generate(2, 20, X=X) == model.generate(2, 20, X=X)


def test_goes_on():
    parts = small(batch_size=100)
    for _ in range(3):
        parts.partial_fit(TEXTS)
    np.testing.assert_allclose(parts.loss_curve_, small(batch_size=100).fit(TEXTS).loss_curve_, rtol=1e-4)
    model = small(warm_start=True, max_epochs=1).fit(TEXTS)
    known = dict(model.vocabulary_)
    model.fit(["zzz", *TEXTS])
    assert model.n_iter_ == 2
    assert model.vocabulary_ == known


class InterruptedFitError(Exception):
    """What stops a fit in the middle."""


class StopAt(Callback):
    """Raise after some batches."""

    def __init__(self, step):
        self.at = step

    def on_batch_end(self, run):
        if run.step == self.at:
            raise InterruptedFitError


@pytest.mark.parametrize("settings", [{}, {"stateful": True, "bptt_window": 3}], ids=["texts", "stream"])
def test_resumes_to_the_same_bits(tmp_path, settings):
    whole = small(max_epochs=5, **settings).fit(TEXTS)
    kept = Checkpoint(tmp_path / "kept", every_batches=1)
    with pytest.raises(InterruptedFitError):
        small(max_epochs=5, callbacks=[kept, StopAt(3)], **settings).fit(TEXTS)
    again = small(max_epochs=5, callbacks=[kept, StopAt(0)], **settings).fit(TEXTS)
    for a, b in zip(again.module_.state_dict().values(), whole.module_.state_dict().values()):
        assert (a == b).all()


def test_edge_cases():
    for data, said in (
        (("text",), "got one string"),
        (([],), "0 sample"),
        (([3],), "texts are strings or lists"),
        ((None,), "list of texts"),
        (([[1.0], [np.nan]], ["a", "b"]), "NaN"),
    ):
        with pytest.raises(ValueError, match=said):
            small().fit(*data)
    for settings, said in (
        ({"cell": "crf"}, "cell"),
        ({"condition": "all"}, "condition"),
        ({"analyzer": "line"}, "analyzer"),
    ):
        with pytest.raises(ValueError, match=said):
            small(**settings).fit(TEXTS)
    model = small(max_epochs=1).fit(["a"])
    assert all(set(text) <= {"a"} for text in model.generate(20, 5))
    assert max(len(text) for text in model.generate(20, 5)) <= 5
    assert model.generate(1, 3, prompt="zzz", temperature=0)[0].startswith("zzz")
    assert np.isfinite(model.log_likelihood(["", "z" * 300])).all()
    with pytest.raises(ValueError, match="only if"):
        model.generate(X=[[1.0]])
    with pytest.raises(ValueError, match="top_p"):
        model.generate(top_p=2.0)
    words = small(analyzer="word", max_epochs=1).fit(["to be or not to be", "be"])
    assert set(words.generate(1, 9)[0].split()) <= {"to", "be", "or", "not"}
