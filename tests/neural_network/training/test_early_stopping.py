"""Early stopping: ends when it should, with the weights of the best pass."""

import numpy as np
import pytest
import torch
from sklearn.base import clone

import panlearn
from panlearn.core.errors import DataError
from panlearn.neural_network.training.callback import Callback
from panlearn.neural_network.training.early_stopping import EarlyStopping
from panlearn.neural_network.training.loop import train
from tests.neural_network.training.fits import begin, weights


class Keep(Callback):
    """Weights after each pass."""

    def on_fit_begin(self, run):
        self.after = []

    def on_epoch_end(self, run):
        self.after.append(weights(run).clone())


def losses(values):
    """A validation that gives losses from a list."""
    values = iter(values)

    def validate(module):
        assert not module.training
        loss = next(values)
        return loss, -loss

    return validate


@pytest.mark.parametrize("monitor", ["validation_loss", "validation_score"])
@pytest.mark.parametrize("restore_best", [True, False])
def test_ends_after_patience_with_the_best_weights(monitor, restore_best):
    stop, keep = EarlyStopping(2, monitor=monitor, restore_best=restore_best), Keep()
    run = begin(max_epochs=20, callbacks=(stop, keep))
    train(run, losses([3.0, 1.0, 2.0, 1.5, 1.2, 0.0]))
    assert run.epoch == 5  # three passes without improvement: one more than are borne
    assert abs(stop.best) == 1.0
    assert stop.best_epoch == 1
    assert "best in epoch 1" in run.stopped
    assert torch.equal(weights(run), keep.after[1 if restore_best else -1])


def test_the_best_weights_come_back_when_epochs_run_out():
    stop, keep = EarlyStopping(10), Keep()
    run = begin(max_epochs=4, callbacks=(stop, keep))
    train(run, losses([3.0, 1.0, 2.0, 1.5]))
    assert run.stopped == ""
    assert torch.equal(weights(run), keep.after[1])


def test_minimum_change_is_scikit_learns_tol():
    """A small gain moves the best value, but counts as no improvement."""
    stop = EarlyStopping(1, minimum_change=0.5)
    run = train(begin(max_epochs=9, callbacks=(stop,)), losses([3.0, 2.8, 2.6, 0.0]))
    assert run.epoch == 3
    assert stop.best == 2.6


def test_training_loss_needs_no_validation():
    stop = EarlyStopping(3, monitor="loss", minimum_change=1e9)  # nothing after the first pass counts
    run = train(begin(max_epochs=20, callbacks=(stop,)))
    assert run.epoch == 5
    assert stop.best_epoch == np.argmin([epoch.loss for epoch in run.history])


def test_one_instance_serves_several_fits():
    stop = EarlyStopping(1)
    for _ in range(2):
        assert train(begin(max_epochs=9, callbacks=(stop,)), losses([1.0, 2.0, 3.0])).epoch == 3


def test_it_is_a_scikit_learn_object(tmp_path):
    """Prints, clones without what it has seen, and is stored and loaded without being vouched for."""
    stop = EarlyStopping(3, monitor="loss")
    train(begin(callbacks=(stop,)))
    assert repr(stop) == "EarlyStopping(monitor='loss', patience=3)"
    assert not hasattr(clone(stop), "best")
    loaded = panlearn.load(panlearn.save(stop, tmp_path / "stop"))
    assert loaded.get_params() == stop.get_params()


def test_edge_cases():
    with pytest.raises(DataError, match="validation_loss, which is not measured: set early_stopping"):
        train(begin(callbacks=(EarlyStopping(),)))
    with pytest.raises(DataError, match=r"monitor .* must be one of .*, got 'accuracy'"):
        train(begin(callbacks=(EarlyStopping(monitor="accuracy"),)))
    nan = float("nan")
    assert train(begin(max_epochs=9, callbacks=(EarlyStopping(1),)), losses([nan, nan, 1.0])).epoch == 2
