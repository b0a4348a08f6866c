"""What all neural estimators share: going on, stopping early, files, devices."""

import copy
import pickle

import numpy as np
import pytest
import torch
from torch import nn

import panlearn
from panlearn.neural_network import EarlyStopping, NeuralClassifier, NeuralRegressor


def problem(n=60, p=4, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p))
    return X, (X[:, 0] > 0).astype(int)


def test_partial_fit_goes_on_where_it_ended():
    """Passes over the same rows in a given order: the moments of Adam live on between calls."""
    X, y = problem()
    network = nn.Linear(4, 2)
    whole = NeuralClassifier(network, batch_size=60, max_epochs=5, random_state=0).fit(X, y)
    pieces = NeuralClassifier(network, batch_size=60, random_state=0)
    for _ in range(5):
        pieces.partial_fit(X, y, classes=[0, 1])
    np.testing.assert_allclose(pieces.module_.weight.detach(), whole.module_.weight.detach(), atol=1e-6)
    assert pieces.n_iter_ == len(pieces.loss_curve_) == 5
    assert len(pieces._run.batches.rows) <= 1  # no data kept


def test_partial_fit_refuses_what_it_does_not_know():
    X, y = problem()
    with pytest.raises(ValueError, match="first call"):
        NeuralClassifier().partial_fit(X, y)
    model = NeuralClassifier().partial_fit(X, y, classes=[0, 1])
    with pytest.raises(ValueError, match="label 7"):
        model.partial_fit(X, np.where(y == 1, 7, 0))
    with pytest.raises(ValueError, match="not the same"):
        model.partial_fit(X, y, classes=[0, 1, 2])
    with pytest.raises(ValueError, match="balanced"):
        NeuralClassifier(class_weight="balanced").partial_fit(X, y, classes=[0, 1])
    one = NeuralClassifier().partial_fit(X[:1], y[:1], classes=[0, 1])  # a single row, of one class
    assert one.predict_proba(X).shape == (60, 2)


def test_warm_start_goes_on():
    X, y = problem()
    model = NeuralRegressor(max_epochs=5, warm_start=True, random_state=0).fit(X, y)
    first = model.loss_curve_[0]
    model.fit(X, y)
    assert model.n_iter_ == 10
    assert model.loss_curve_[5] < first
    with pytest.raises(ValueError, match="features"):
        model.fit(X[:, :3], y)


def test_early_stopping_keeps_the_best():
    X, y = problem(100)
    y = np.where(np.random.default_rng(1).random(100) < 0.3, 1 - y, y)
    stop = EarlyStopping(patience=5)
    model = NeuralClassifier(max_epochs=300, learning_rate=0.02, early_stopping=stop, random_state=0).fit(X, y)
    losses = [epoch.validation_loss for epoch in model.history_]
    assert model.n_iter_ < 300
    assert np.argmin(losses) == model.n_iter_ - 1 - 6 or np.argmin(losses) == model.n_iter_ - 1 - 5
    assert "best validation score" in model.certificate_


def test_class_weight_multiplies_sample_weight():
    X, y = problem()
    by_class = NeuralClassifier(class_weight={0: 1.0, 1: 3.0}, max_epochs=3, random_state=0).fit(X, y)
    by_row = NeuralClassifier(max_epochs=3, random_state=0).fit(X, y, np.where(y == 1, 3.0, 1.0))
    np.testing.assert_allclose(by_class.predict_proba(X), by_row.predict_proba(X), atol=1e-6)
    with pytest.raises(ValueError, match=r"non-zero|weights are 0"):
        NeuralClassifier().fit(X, y, np.zeros(60))


def test_files_and_copies(tmp_path):
    X, y = problem()
    model = NeuralClassifier(max_epochs=2, optimizer="rmsprop", random_state=0).fit(X, y)
    loaded = panlearn.load(panlearn.save(model, tmp_path / "model.panlearn"))
    for other in (loaded, pickle.loads(pickle.dumps(model)), copy.deepcopy(model)):
        assert (other.predict_proba(X) == model.predict_proba(X)).all()
        assert other.history_ == model.history_
        other.partial_fit(X, y)  # with fresh moments
    assert model.n_iter_ == 2


def test_device_that_is_not_there():
    X, y = problem()
    if not torch.cuda.is_available():
        with pytest.raises(ValueError, match="device='cuda' is not to be had"):
            NeuralClassifier(device="cuda").fit(X, y)
    with pytest.raises(ValueError, match="device='gpu'"):
        NeuralClassifier(device="gpu").fit(X, y)


def test_lbfgs_reaches_the_optimum():
    X = problem()[0]
    model = NeuralRegressor(nn.Linear(4, 1), optimizer="lbfgs", max_epochs=200, dtype="float64", random_state=0)
    model.fit(X, X @ np.arange(4.0) + 2)
    np.testing.assert_allclose(model.module_.weight.detach()[0], np.arange(4.0), atol=1e-3)
