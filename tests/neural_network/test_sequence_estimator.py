"""What estimators of whole sequences share: pooling, settings that do not go together, the split of streams."""

import numpy as np
import pytest
import torch

from panlearn.core.errors import DataError
from panlearn.neural_network import SequenceClassifier, SequenceRegressor
from panlearn.neural_network.sequence_estimator import SequenceHead
from panlearn.neural_network.sequence_network import SequenceArchitecture, SequenceNetwork

X = np.random.default_rng(0).normal(size=(12, 5, 2))
Y = np.tile([0, 1], 6)
SMALL: dict = {"hidden_size": 3, "max_epochs": 1, "batch_size": 4, "random_state": 0}


@pytest.mark.parametrize("pooling", ["last", "mean", "max", None])
def test_pooling(pooling):
    """Of the states inside the sequence alone."""
    torch.manual_seed(0)
    network = SequenceNetwork(2, SequenceArchitecture("rnn", hidden_size=4))
    head = SequenceHead(network, 3, pooling)
    padded, lengths = torch.randn(2, 6, 2), torch.tensor([6, 2])
    states = network.read(padded, lengths)[0]
    for i, n in enumerate(lengths.tolist()):
        own = states[i, :n]
        pooled = {"last": own[-1], "mean": own.mean(0), "max": own.amax(0), None: own}[pooling]
        found = head(padded, lengths)[i]
        torch.testing.assert_close(found[:n] if pooling is None else found, head.head(pooled))


@pytest.mark.parametrize("model", [SequenceClassifier(**SMALL), SequenceRegressor(**SMALL)])
def test_wrong_targets_are_data_errors(model):
    for y in ([*Y[:-1], np.nan], [*Y[:-1], np.inf], np.ones((2, 6, 2)), None):
        with pytest.raises(DataError):
            model.fit(X, y)


def test_settings_that_do_not_go_together():
    for settings, words in (
        ({"bptt_window": 2, "bidirectional": True}, "bidirectional"),
        ({"stateful": True, "optimizer": "lbfgs"}, "lbfgs"),
        ({"cell": "gru", "variant": "peephole"}, "variant of cell"),
        ({"vectors": {"a": [1.0]}}, "vectors are for tokens"),
    ):
        with pytest.raises(DataError, match=words):
            SequenceClassifier(**{**SMALL, **settings}).fit(X, Y)


def test_streams_keep_their_order():
    """Batches of streams are not shuffled, and their last sequences are the ones kept aside."""
    settings = {**SMALL, "stateful": True, "early_stopping": True, "validation_fraction": 1 / 3}
    split = SequenceRegressor(**settings, pooling=None)
    examples = split._examples(X, X[:, :, 0], None, reset=True)
    kept, held = split._split(examples, X[:, :, 0], 0)
    assert held is not None
    assert (len(kept.rows), len(held.rows)) == (8, 4)
    assert torch.equal(torch.cat([kept.target, held.target]), examples.target)
    assert not split._batches(kept, 0, torch.device("cpu")).shuffle
    assert SequenceClassifier(**SMALL)._batches(kept, 0, torch.device("cpu")).shuffle


def test_memory_belongs_to_the_fit():
    model = SequenceClassifier(**SMALL, stateful=True).fit(X, Y)
    assert model.module_.network.memory is None
    found = model.predict_proba(X)
    assert model.module_.network.memory is None
    np.testing.assert_array_equal(model.predict_proba(X), found)


def test_answers_only_what_it_learnt():
    model = SequenceClassifier(**SMALL).fit(X, Y)
    assert model.n_features_in_ == 2
    for data, words in ((X[:, :, :1], "1 features a step"), (["a"], "held numbers"), ([["a"]], "held numbers")):
        with pytest.raises(DataError, match=words):
            model.predict(data)
    tags = model.__sklearn_tags__().input_tags
    assert (tags.three_d_array, tags.two_d_array, tags.string) == (True, False, True)


def test_whole_batches_need_no_kernels(monkeypatch):
    """Sequences of one length are read by torch's LSTM: a first fit waits for no compiler."""

    def refuse(*_):
        raise AssertionError("a kernel of the LSTM was asked for")

    monkeypatch.setattr("panlearn.nn.lstm.lstm_scan", refuse)
    settings: dict
    for settings in ({}, {"dropout": 0.2}, {"bidirectional": True}, {"bptt_window": 2}, {"stateful": True}):
        assert len(SequenceClassifier(**SMALL, **settings).fit(X, Y).predict(X)) == 12
        steps = SequenceRegressor(**SMALL, **settings, pooling=None).fit(X, X[:, :, 0])
        assert np.shape(steps.predict(X)) == (12, 5)
    with pytest.raises(AssertionError, match="kernel"):
        SequenceClassifier(**SMALL, variant="peephole").fit(X, Y)
