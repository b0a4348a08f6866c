"""Predictions of a conditional random field: known labels, best paths and marginals equal enumeration."""

import numpy as np
import pytest

import panlearn.sequence.crf_predictions as module
from panlearn.core.errors import DataError
from panlearn.sequence import CRF
from tests.oracles import crf as oracle

X = [[{"u": 1.0}, {"v": 2.0}, {"u": 0.5, "v": 1.0}], [{"w": 1.0}], [], [{"v": 1.0}, {"w": 1.0}]]
y = [["a", "b", "a"], ["c"], [], ["b", "c"]]


@pytest.fixture(scope="module")
def model():
    return CRF(c2=0.2, all_possible_transitions=True).fit(X, y)


def distribution(model, sequence, may=lambda path: True):
    return oracle.distribution(sequence, model.classes_, model.state_features_, model.transition_features_, may)[0]


def test_n_best_are_the_likeliest_paths(model):
    for sequence, found in zip(X, model.predict_n_best(X, 12), strict=True):
        shares = distribution(model, sequence)
        assert len(found) == min(12, len(shares))
        wanted = sorted(shares.values(), reverse=True)[:12]
        np.testing.assert_allclose([p for _, p in found], wanted, rtol=1e-9)
        for path, p in found:
            assert shares[tuple(path)] == pytest.approx(p)
    assert [paths[0][0] for paths in model.predict_n_best(X, 1)] == model.predict(X).tolist()
    for k in (0, -1, 1.5, True):
        with pytest.raises(ValueError, match="k must be an integer"):
            model.predict_n_best(X, k)


def test_known_labels(model):
    known = [[None, "c", None], ["a"], [], [None, None]]
    paths, tables, ranked = (f(X, known=known) for f in (model.predict, model.predict_proba, model.predict_n_best))
    for i, sequence in enumerate(X):

        def may(path, own=known[i]):
            return all(label in (None, tag) for label, tag in zip(own, path, strict=True))

        shares = distribution(model, sequence, may)
        assert shares[tuple(paths[i])] == pytest.approx(max(shares.values()))
        assert len(ranked[i]) == min(5, len(shares))
        assert sum(p for _, p in ranked[i]) <= 1 + 1e-12
        for t, row in enumerate(tables[i]):
            wanted = [sum(p for path, p in shares.items() if path[t] == label) for label in model.classes_]
            np.testing.assert_allclose(row, wanted, atol=1e-10)
    for bad, words in (
        (known[:2], "X has 4, known 2|X has 4, the labels 2"),
        ([["c"], *known[1:]], r"\|x\| = 3, \|y\| = 1"),
        ([[None, "q", None], *known[1:]], "'q' was not in the training data"),
        ("abc", "known must be a list"),
    ):
        with pytest.raises(DataError, match=words):
            model.predict(X, known=bad)


def test_blocks_change_nothing(model, monkeypatch):
    many, tags = X * 3, y * 3
    want = model.predict(many), model.predict_proba(many), model.log_likelihood(many, tags)
    known = [[None] * len(sequence) for sequence in many]
    monkeypatch.setattr(module, "BLOCK", 2)
    assert model.predict(iter(many), known=known).tolist() == want[0].tolist()
    np.testing.assert_allclose(np.concatenate(model.predict_proba(many)), np.concatenate(want[1]), rtol=1e-12)
    np.testing.assert_allclose(model.log_likelihood(many, tags), want[2], rtol=1e-12, atol=1e-14)
    with pytest.raises(DataError, match=r"X has 12|X has 2"):
        model.log_likelihood(many, y)


def test_large_weights_neither_overflow_nor_vanish(model):
    """Weights as a perceptron may have them: the sums of exponentials are shifted."""
    heavy = CRF(c2=0.2, all_possible_transitions=True).fit(X, y)
    chain = heavy._chain
    heavy._chain = chain._replace(states=300 * chain.states, transitions=300 * chain.transitions)
    for sequence, path, table in zip(X, heavy.predict(X), heavy.predict_proba(X), strict=True):
        if sequence:
            np.testing.assert_allclose(table.sum(axis=1), 1)
            assert [heavy.classes_[i] for i in table.argmax(axis=1)] == path
    assert np.isfinite(heavy.log_likelihood(X, y)).all()
    assert heavy.log_likelihood(X, heavy.predict(X)) == pytest.approx(0, abs=1e-6)


def test_marginals_as_dictionaries(model):
    for dictionaries, table in zip(model.predict_marginals(X), model.predict_proba(X), strict=True):
        assert [[row[label] for label in model.classes_] for row in dictionaries] == table.tolist()
    assert model.predict_marginals_single(X[0]) == model.predict_marginals(X[:1])[0]
    assert model.predict_single(X[0]) == model.predict(X)[0]


def test_score_counts_tokens(model):
    wrong = [["a", "a", "a"], ["c"], [], ["b", "c"]]
    right = sum(
        a == b for own, path in zip(wrong, model.predict(X), strict=True) for a, b in zip(own, path, strict=True)
    )
    assert model.score(X, wrong) == right / 6
    assert np.isnan(model.score([[]], [[]]))
    with pytest.raises(DataError, match="as many sequences"):
        model.score(X, y[:2])
    with pytest.raises(DataError, match="items and labels differ"):
        model.score(X, [["a"], *y[1:]])
