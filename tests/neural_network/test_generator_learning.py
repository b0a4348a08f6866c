"""Learning of a language model: tokens, features, streams, and what does not go together."""

import numpy as np
import pytest

from panlearn.core.errors import DataError
from panlearn.neural_network import SequenceGenerator

TEXTS = ["abc", "ab", "a  b\n\nc", ""] * 3


def small(**settings) -> SequenceGenerator:
    given = {"hidden_size": 6, "embedding_size": 4, "max_epochs": 2, "batch_size": 4, "random_state": 0}
    return SequenceGenerator(**{**given, **settings})


def test_characters_are_kept_as_they_are():
    model = small().fit(TEXTS)
    assert set(model.vocabulary_) == {"a", "b", "c", " ", "\n"}
    assert model._tokens(["a  B"])[0] == ["a", " ", " ", "B"]
    assert small(lowercase=True)._tokens(["a  B"])[0] == ["a", " ", " ", "b"]
    assert small(analyzer="word")._tokens(["Don't go, now"])[0] == ["Don't", "go", ",", "now"]


def test_features_are_scaled():
    z = np.array([[1000.0, 5.0], [1002.0, 5.0]] * 6)
    model = small().fit(z, TEXTS)
    assert model.n_features_in_ == 2
    np.testing.assert_allclose(model._features(z)[:2].numpy(), [[-1, 0], [1, 0]])


def test_judged_by_likelihood():
    model = small(early_stopping=True, validation_fraction=0.25, max_epochs=3).fit(TEXTS)
    assert all(epoch.validation_score == -epoch.validation_loss for epoch in model.history_)
    stream = small(early_stopping=True, validation_fraction=0.25, max_epochs=3, stateful=True, bptt_window=4)
    assert stream.fit(TEXTS).history_[-1].validation_loss > 0


def test_what_does_not_go_together():
    z = np.ones((len(TEXTS), 1))
    for settings, data, said in (
        ({"stateful": True}, (TEXTS,), "set bptt_window"),
        ({"stateful": True, "bptt_window": 3}, (z, TEXTS), "stateful=False"),
        ({"condition": "state", "bptt_window": 3}, (z, TEXTS), 'condition="input"'),
        ({"stateful": True, "bptt_window": 3}, (TEXTS, None, z[:, 0]), "sample_weight"),
        ({}, (TEXTS, None, 0 * z[:, 0]), "all weights are 0|non-zero"),
        ({}, (z[1:], TEXTS), "X has 11, y 12"),
        ({}, (["", ""],), "no token is left"),
        ({"min_df": 99}, (TEXTS,), "no token is left"),
    ):
        with pytest.raises(ValueError, match=said):
            small(**settings).fit(*data)
    with pytest.raises(DataError, match="without features"):
        small().fit(TEXTS).log_likelihood(z, TEXTS)
    with pytest.raises(DataError, match="made from features"):
        small().fit(z, TEXTS).log_likelihood(TEXTS)
