"""Numbers for sequences and for steps: equal to loops, windows in time, sound on odd data."""

from typing import Any

import numpy as np
import pytest
import torch

import panlearn
from panlearn.core.errors import DataError
from panlearn.neural_network import Checkpoint, SequenceRegressor
from tests.neural_network.test_sequence_classifier import InterruptedFitError, StopAt, same, weights
from tests.oracles.sequence_regressor import values

RNG = np.random.default_rng(0)
X = [RNG.normal(size=(n, 2)) for n in RNG.integers(1, 9, 20)]
TOTALS = np.array([x[:, 0].sum() for x in X])
SUMS = [np.cumsum(x[:, 0]) for x in X]


def small(cell: Any = "gru", **settings) -> Any:
    given = {"hidden_size": 6, "max_epochs": 3, "batch_size": 8, "learning_rate": 0.02, "random_state": 0}
    return SequenceRegressor(cell, **{**given, **settings})


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
def test_matches_oracle(cell):
    longer = [*X, RNG.normal(size=(40, 2))]
    each = small(cell, pooling=None, standardize=False).fit(X, SUMS)
    for found, x in zip(each.predict(longer), longer):
        np.testing.assert_allclose(found, values(cell, weights(each), x)[:, 0], atol=1e-5)
    last = small(cell, standardize=False).fit(X, TOTALS)
    expected = [values(cell, weights(last), x)[-1, 0] for x in longer]
    np.testing.assert_allclose(last.predict(longer), expected, atol=1e-5)


def test_matches_peer():
    """torch.nn.GRU and Adam on the mean over all steps, update for update."""
    settings = {"pooling": None, "standardize": False, "batch_size": 24, "clipping": None}
    model = small(max_epochs=4, **settings).fit(X, SUMS)
    begun = small(max_epochs=1, **{**settings, "learning_rate": 1e-30}).fit(X, SUMS)
    layers, head = torch.nn.GRU(2, 6), torch.nn.Linear(6, 1)
    layers.load_state_dict(begun.module_.network.layers.state_dict())
    head.load_state_dict(begun.module_.head.state_dict())
    optimizer = torch.optim.Adam([*layers.parameters(), *head.parameters()], 0.02)
    y = torch.from_numpy(np.concatenate(SUMS)).float()
    for expected in model.loss_curve_:
        optimizer.zero_grad()
        z = torch.cat([head(layers(torch.from_numpy(x).float()[:, None])[0])[:, 0, 0] for x in X])
        loss = (z - y).square().mean() / 2
        loss.backward()
        optimizer.step()
        assert loss.item() == pytest.approx(expected, rel=1e-4)


def test_optimality():
    settings = {"optimizer": "sgd", "learning_rate": 0.05, "batch_size": 100, "max_epochs": 30}
    for pooling, y in ((None, SUMS), ("mean", TOTALS)):
        model = small(pooling=pooling, **settings).fit(X, y)
        assert (np.diff(model.loss_curve_) < 0).all()
        assert f"{model.loss_curve_[-1]:.4g}" in model.certificate_


def test_overfits_tiny_batch():
    for pooling, y in ((None, SUMS), ("last", TOTALS)):
        model = small(pooling=pooling, hidden_size=24, max_epochs=300, learning_rate=0.01).fit(X[:5], y[:5])
        assert model.score(X[:5], y[:5]) > 0.95


def test_padding_is_ignored():
    model = small(pooling=None).fit(X, SUMS)
    alone = model.predict(X[:1])[0]
    np.testing.assert_allclose(model.predict([X[0], np.ones((50, 2))])[0], alone, atol=1e-6)


@pytest.mark.parametrize("loss", ["squared_error", "absolute_error", "huber", "poisson"])
def test_invariances(loss):
    """Weights are repetition; columns of y are targets of their own; order of sequences does not count."""
    y = [np.abs(s) for s in SUMS]
    settings = {"pooling": None, "loss": loss, "batch_size": 100, "standardize": False}
    heavy = small(**settings).fit(X[:3], y[:3], sample_weight=[2, 1, 1])
    repeated = small(**settings).fit([X[0], *X[:3]], [y[0], *y[:3]])
    np.testing.assert_allclose(np.concatenate(heavy.predict(X)), np.concatenate(repeated.predict(X)), atol=1e-4)
    model = small(**settings).fit(X, y)
    moved = small(**settings).fit(X[::-1], y[::-1])
    np.testing.assert_allclose(np.concatenate(moved.predict(X)), np.concatenate(model.predict(X)), atol=1e-4)
    wide = small(**settings).fit(X, [np.stack([s, 2 * s], 1) for s in y])
    assert [p.shape for p in wide.predict(X)] == [(len(x), 2) for x in X]


def test_score_is_over_all_steps():
    model = small(pooling=None).fit(X, SUMS)
    y, found = np.concatenate(SUMS), np.concatenate(model.predict(X))
    assert model.score(X, SUMS) == pytest.approx(1 - ((y - found) ** 2).sum() / ((y - y.mean()) ** 2).sum(), abs=1e-5)
    ones = model.score(X, SUMS, sample_weight=np.ones(len(X)))
    assert ones == pytest.approx(model.score(X, SUMS), abs=1e-6)


def test_windows_are_updates():
    """One window over all steps is the whole; short ones make more updates, and learn as well."""
    whole = small(pooling=None).fit(X, SUMS)
    one = small(pooling=None, bptt_window=8).fit(X, SUMS)
    assert same(whole, one)
    settings = {"pooling": None, "max_epochs": 150, "hidden_size": 16, "learning_rate": 0.01}
    assert small(bptt_window=3, **settings).fit(X, SUMS).score(X, SUMS) > 0.9


def test_stateful_stream_in_parallel_pieces():
    """Two streams cut into pieces are read as two streams, in training and in prediction."""
    streams = RNG.normal(size=(2, 20, 1))
    pieces = np.concatenate([streams[:, k : k + 5] for k in range(0, 20, 5)])
    sums = np.cumsum(streams[:, :, 0], 1)
    y = np.concatenate([sums[:, k : k + 5] for k in range(0, 20, 5)])
    settings = {"pooling": None, "standardize": False, "batch_size": 2, "max_epochs": 2}
    stateful = small(stateful=True, **settings).fit(pieces, y)
    windows = small(bptt_window=5, **settings).fit(streams, sums)
    # the same windows in the same order, but for the order of the two streams in a batch
    np.testing.assert_allclose(
        np.stack(stateful.predict(pieces)).reshape(4, 2, 5).transpose(1, 0, 2).reshape(2, 20),
        np.stack(windows.predict(streams)),
        atol=1e-5,
    )


@pytest.mark.parametrize("settings", [{"bptt_window": 3}, {"bptt_window": 3, "stateful": True}])
def test_resumes_to_the_same_bits(tmp_path, settings):
    whole = small(pooling=None, **settings).fit(X, SUMS)
    kept = Checkpoint(tmp_path / "kept", every_batches=1)
    with pytest.raises(InterruptedFitError):
        small(pooling=None, callbacks=[kept, StopAt(4)], **settings).fit(X, SUMS)
    assert same(small(pooling=None, callbacks=[kept, StopAt(0)], **settings).fit(X, SUMS), whole)


def test_reproducible(tmp_path):
    settings: dict = {"pooling": None, "dropout": 0.2, "bptt_window": 3, "early_stopping": True}
    a, b = (small(**settings).fit(X, SUMS) for _ in range(2))
    assert same(a, b)
    assert a.history_[0].validation_loss is not None
    loaded: Any = panlearn.load(panlearn.save(a, tmp_path / "model.panlearn"))
    np.testing.assert_array_equal(np.concatenate(loaded.predict(X)), np.concatenate(a.predict(X)))


def test_edge_cases():
    for settings, data, y, words in (
        ({}, X, SUMS, "y"),
        ({"pooling": None}, X, TOTALS, "value at each step"),
        ({"pooling": None}, X, [s[:-1] if len(s) > 1 else s for s in SUMS], "steps, y"),
        ({"pooling": None}, X, SUMS[:-1], "inconsistent"),
        ({"pooling": None}, [X[0]], [np.full(len(X[0]), np.nan)], "y contains NaN or infinity: sequence 0, step 0"),
        ({"pooling": None, "loss": "poisson"}, X, SUMS, "counts"),
        ({"loss": "poisson"}, X, TOTALS, "counts"),
        ({"loss": "hinge"}, X, TOTALS, "loss"),
        ({}, X, None, "requires y"),
        ({}, X, [np.nan, *TOTALS[1:]], "NaN"),
        ({"pooling": "sum"}, X, TOTALS, "pooling"),
    ):
        with pytest.raises(ValueError, match=words):
            small(**settings).fit(data, y)
    model = small(pooling=None, warm_start=True).fit(X, SUMS)
    with pytest.raises(DataError, match="2 values a step, 1 were fitted"):
        model.fit(X, [np.ones((len(x), 2)) for x in X])
    with pytest.raises(DataError, match="steps, y"):
        model.score(X, SUMS[::-1])
    single = small(pooling=None).fit([[1.0], [2.0], [3.0]], [[1.0], [2.0], [3.0]])
    assert single.predict([[1.0]])[0].shape == (1,)
    both = small().fit(["a b", "b"], np.ones((2, 3)))
    assert both.predict(["c"]).shape == (1, 3)
