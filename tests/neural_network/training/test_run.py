"""The state of a run: losses add up however late they are read."""

import pytest
import torch

from panlearn.neural_network.training import run as module
from panlearn.neural_network.training.loop import train
from tests.neural_network.training.fits import begin


class Far:
    """A loss on a device that is no CPU."""

    device = torch.device("meta")

    def __init__(self, value):
        self.value = value


def test_losses_are_read_at_once_on_the_cpu():
    run = begin()
    run.record(torch.tensor(2.0), 3)
    run.record(torch.tensor(4.0), 1)
    assert (run.total, run.seen, run.waiting) == (10.0, 4, [])
    assert run.loss == 4.0


def test_losses_on_a_device_wait(monkeypatch):
    monkeypatch.setattr(module, "LOOK", 3)
    monkeypatch.setattr(torch, "stack", lambda losses: torch.tensor([loss.value for loss in losses]))
    run = begin()
    far = [Far(1.0), Far(2.0), Far(3.0), Far(4.0), Far(5.0)]
    for k, loss in enumerate(far):
        run.record(loss, 2)  # type: ignore[arg-type]
        assert len(run.waiting) == (k + 1) % 3
        run.batch += 1
    assert run.total == 12.0
    assert run.loss == 5.0  # asked for, hence read
    assert (run.total, run.seen, run.waiting) == (30.0, 10, [])


def test_position_after_a_fit():
    run = train(begin(size=16))
    assert (run.epoch, run.batch, run.step, run.total, run.seen) == (3, 0, 18, 0.0, 0)
    assert run.last is run.history[2]
    assert run.last.learning_rate == run.rate == pytest.approx(1e-3)
    assert run.last.validation_loss is None
