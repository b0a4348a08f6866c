"""What an epoch is judged by, and transcripts through the search."""

import numpy as np
import pytest

from panlearn.decode import Lexicon, NGramModel, ctc_greedy, edit_counts
from panlearn.neural_network import CTCTranscriber

RNG = np.random.default_rng(0)
Y = ["ab", "ba", "aab", "b"] * 6


def say(word):
    parts = [np.repeat(np.eye(3)["ab".index(c), None], RNG.integers(2, 5), 0) for c in word]
    return np.concatenate([x for part in parts for x in (part, np.eye(3)[2:])]) + RNG.normal(0, 0.1, 3)


X = [say(word) for word in Y]


@pytest.fixture(scope="module")
def model():
    settings = {"hidden_size": 10, "learning_rate": 0.03, "max_epochs": 15, "early_stopping": True}
    return CTCTranscriber("gru", **settings, random_state=0).fit(X, Y)


def test_validation_is_recorded(model):
    last = model.history_[-1]
    assert last.validation_loss >= 0
    assert last.validation_score <= 1
    assert "best validation score" in model.certificate_


def test_transcripts_through_the_search(model):
    log_probs = model.predict_log_proba(X)
    assert [len(part) for part in log_probs] == [len(x) for x in X]
    np.testing.assert_allclose(np.exp(log_probs[0]).sum(1), 1, atol=1e-5)
    assert model.predict(X[:3]) == ["".join(model.labels_[t] for t in p.tokens) for p in ctc_greedy(log_probs[:3])]
    assert model.score(X, Y) == pytest.approx(1 - edit_counts(Y, model.predict(X), "character").rate)
    model.set_params(beam_width=20)
    assert model.predict(X[:8]) == ["".join(model.labels_[t] for t in h[0].tokens) for h in model.n_best(X[:8])]
    for lexicon in (["ab", "ba"], Lexicon(["ab", "ba"], model.labels_)):
        model.set_params(lexicon=lexicon)
        assert set(model.predict(X)) <= {"", "ab", "ba", "abab", "abba", "baab", "baba"}
    judge = NGramModel.of(["b"] * 9, 2)
    model.set_params(lexicon=None, language_model=judge, alpha=2.0, beta=0.5)
    for (best,) in model.n_best(X[:4], 1):
        text = "".join(model.labels_[t] for t in best.tokens)
        assert best.score == pytest.approx(best.log_prob + 2.0 * judge.log_prob(text) + 0.5 * len(text))
    model.set_params(beam_width=None)
    with pytest.raises(ValueError, match="set beam_width"):
        model.predict(X)
    model.set_params(language_model=None, alpha=0.5, beta=1.5)


def test_alignments_cover_the_sounds(model):
    aligned = model.align(X[:1], Y[:1])[0]
    assert [model.labels_[t] for t in aligned.tokens] == list(Y[0])
    for token, start, end in zip(aligned.tokens, aligned.starts, aligned.ends):
        assert (X[0][start:end].argmax(1) == token - 1).mean() > 0.4
