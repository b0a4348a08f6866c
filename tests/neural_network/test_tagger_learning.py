"""Learning of a tagger: codes, sequences to judge by, F1 of spans, what goes with frames."""

import numpy as np
import pytest

from panlearn.core.errors import DataError
from panlearn.neural_network import EarlyStopping, SequenceTagger
from panlearn.sequence.metrics import f1_score

X = [["to", "rome"], ["from", "new", "york"], ["to", "new", "york", "now"]] * 4
Y = [["O", "B-to"], ["O", "B-from", "I-from"], ["O", "B-to", "I-to", "O"]] * 4
DEV = [["to", "york"], ["from", "rome", "now"], ["now"]], [["O", "B-to"], ["O", "B-from", "O"], ["B-when"]]


def small(**settings) -> SequenceTagger:
    given = {"hidden_size": 8, "embedding_size": 8, "max_epochs": 4, "learning_rate": 0.03, "random_state": 0}
    return SequenceTagger(**{**given, **settings})


def test_codes():
    model = small().fit(X, Y)
    assert model.classes_ == ["O", "B-to", "B-from", "I-from", "I-to"]
    table = model._target([["B-to"], ["O", "I-to", "O"]], reset=False)
    assert table.tolist() == [[1, -1, -1], [0, 4, 0]]


@pytest.mark.parametrize("output", ["softmax", "crf"])
def test_judged_by_given_sequences(output):
    """The score noted is F1 of spans, tags not met in training counting as missed."""
    model = small(output=output).fit(X, Y, X_dev=DEV[0], y_dev=DEV[1])
    last = model.history_[-1]
    assert last.validation_score == pytest.approx(f1_score(DEV[1], model.predict(DEV[0])))
    known = -model.log_likelihood(*(part[:2] for part in DEV)).sum() / 5
    assert last.validation_loss == pytest.approx(known, rel=1e-4)


def test_early_stopping_keeps_the_best():
    model = small(early_stopping=True, max_epochs=30, learning_rate=0.3).fit(X, Y, X_dev=DEV[0], y_dev=DEV[1])
    scores = [epoch.validation_score for epoch in model.history_]
    assert f1_score(DEV[1], model.predict(DEV[0])) == pytest.approx(max(scores))
    aside = small(early_stopping=EarlyStopping(2, monitor="validation_loss"), validation_fraction=0.3).fit(X, Y)
    assert aside.history_[-1].validation_loss is not None


def test_other_tags_are_judged_one_by_one():
    tags = [["P" if word in ("to", "from") else "N" for word in words] for words in X]
    model = small(max_epochs=2).fit(X, tags, X_dev=X[:3], y_dev=tags[:3])
    assert model.history_[-1].validation_score == pytest.approx(model.score(X[:3], tags[:3]))


def test_rules_without_a_chain():
    """Forbidden steps never come out, and the chain learns nothing."""
    model = small(constraints="BIO", max_epochs=1).fit(X, Y)
    free = small(max_epochs=1).fit(X, Y)
    assert all(float(p.abs().max()) == 0 for p in model.module_.chain.parameters())
    assert model.n_parameters_ > free.n_parameters_
    words = [["york", "york", "rome", "now", "to"]] * 2
    for path in model.predict(words):
        assert all(b[:2] != "I-" or a[2:] == b[2:] for a, b in zip(["O", *path], path))


def test_frames_take_no_words():
    frames = [np.ones((2, 3)), np.zeros((1, 3))]
    for settings, name in (
        ({"characters": "cnn"}, "characters"),
        ({"casing": True}, "casing"),
        ({"vectors": {}}, "vectors"),
    ):
        with pytest.raises(DataError, match=f"{name} is for words"):
            small(**settings).fit(frames, [["a", "b"], ["a"]])
