"""Answers of a tagger: all sequences once, in any batch, empty ones too; what is a tag of spans."""

import numpy as np
import pytest
import torch

from panlearn.core.errors import DataError
from panlearn.neural_network import SequenceTagger
from panlearn.neural_network.tagger_predictions import answers, are_spans

X = [["a", "b"], ["b"], ["a", "a", "b", "c"], ["c", "b", "a"]] * 3
Y = [["x", "y"], ["y"], ["x", "x", "y", "z"], ["z", "y", "x"]] * 3


@pytest.fixture(scope="module", params=["softmax", "crf"])
def model(request):
    settings = {"hidden_size": 8, "embedding_size": 8, "dropout": 0.0, "random_state": 0, "learning_rate": 0.03}
    return SequenceTagger(**settings, max_epochs=15, output=request.param).fit(X, Y)


def test_each_sequence_once(model):
    rows = model._rows(X, reset=False)
    found = [i for part in answers(model.module_, rows, torch.device("cpu")) for i in part.indices]
    assert sorted(found) == list(range(len(X)))
    assert not model.module_.training


def test_answers_agree(model):
    tables, paths = model.predict_proba(X), model.predict(X)
    assert [len(table) for table in tables] == [len(x) for x in X]
    for table, path in zip(tables, paths):
        np.testing.assert_allclose(table.sum(1), 1, atol=1e-5)
        if model.output == "softmax":
            assert [model.classes_[k] for k in table.argmax(1)] == path
    assert model.score(X, paths) == 1.0


def test_likelihoods(model):
    """Of one token, the probability of its tag; of all taggings together, 1."""
    found = model.log_likelihood([["b"]] * 3, [[tag] for tag in model.classes_])
    np.testing.assert_allclose(np.exp(found), model.predict_proba([["b"]])[0][0], rtol=1e-5)
    every = [[a, b] for a in model.classes_ for b in model.classes_]
    assert np.exp(model.log_likelihood([["a", "b"]] * len(every), every)).sum() == pytest.approx(1, abs=1e-5)


def test_n_best(model):
    if model.output == "softmax":
        with pytest.raises(DataError, match='output="crf"'):
            model.predict_n_best(X)
        return
    several = model.predict_n_best([["a", "b"], []], k=20)
    assert len(several[0]) == 9
    assert sum(chance for _, chance in several[0]) == pytest.approx(1, abs=1e-5)
    assert several[0][0][0] == model.predict([["a", "b"]])[0]
    assert several[1] == [([], 1.0)]


def test_sequences_without_tokens(model):
    found = model.predict([[], ["a", "b"], []])
    assert [len(path) for path in found] == [0, 2, 0]
    assert found[1] == model.predict([["a", "b"]])[0]
    assert [len(path) for path in model.predict(["", "a b"])] == [0, 2]
    assert [table.shape for table in model.predict_proba([[], ["a"]])] == [(0, 3), (1, 3)]
    assert model.log_likelihood([[], ["a"]], [[], ["x"]])[0] == 0


def test_tags_of_spans():
    assert are_spans(["O", "B-x", "I-x"])
    assert are_spans(["B-x"])
    assert not are_spans(["O"])
    assert not are_spans(["O", "NN"])
    assert not are_spans([0, 1])
    assert not are_spans(["Bx", "O"])


def test_edge_cases(model):
    with pytest.raises(DataError, match="sequence 1 has 1 tokens but 2 tags"):
        model.score([["a"], ["b"]], [["x"], ["x", "y"]])
    with pytest.raises(DataError, match="X has 1, y 2"):
        model.score([["a"]], [["x"], ["y"]])
    with pytest.raises(DataError, match="'w' was not in the training data"):
        model.log_likelihood([["a"]], [["w"]])
    assert model.score([["a", "b"]], [["w", "w"]]) == 0.0
    weighted = model.score([["a"], ["b"]], [model.predict([["a"]])[0], ["w"]], sample_weight=[3, 1])
    assert weighted == pytest.approx(0.75)
