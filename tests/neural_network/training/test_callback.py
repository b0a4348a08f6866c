"""Callbacks: when they are called, and which cost a call for each batch."""

import pytest

from panlearn.neural_network.training.callback import Callback, overrides
from panlearn.neural_network.training.loop import train
from tests.neural_network.training.fits import begin


class Diary(Callback):
    def __init__(self):
        self.events = []

    def on_fit_begin(self, run):
        self.events.append("begin")

    def on_batch_end(self, run):
        self.events.append((run.epoch, run.batch, run.step))

    def on_epoch_end(self, run):
        self.events.append(f"epoch {run.epoch}")
        return run.epoch == 2

    def on_fit_end(self, run):
        self.events.append("end")


def test_events_in_order():
    diary = Diary()
    train(begin(size=45, max_epochs=5, callbacks=(diary,)))
    first = [(0, 1, 1), (0, 2, 2), "epoch 1"]
    assert diary.events == ["begin", *first, (1, 1, 3), (1, 2, 4), "epoch 2", "end"]


def test_every_callback_hears_of_an_epoch_that_stops():
    diaries = Diary(), Diary()
    train(begin(callbacks=diaries))
    assert diaries[0].events == diaries[1].events


def test_last_ones_come_after_the_others():
    called = []

    class Named(Callback):
        def __init__(self, name, last):
            self.name, self.last = name, last

        def on_epoch_end(self, run):
            called.append(self.name)

    train(begin(max_epochs=1, callbacks=(Named("b", True), Named("a", False), Named("c", True))))
    assert called == ["a", "b", "c"]


def test_base_does_nothing():
    base = Callback()
    assert base.state() == {}
    assert not overrides(base, "on_batch_end")
    assert overrides(Diary(), "on_batch_end")


def test_the_end_is_told_after_an_error():
    class Fails(Diary):
        def on_epoch_end(self, run):
            raise RuntimeError("mine")

    fails, diary = Fails(), Diary()
    with pytest.raises(RuntimeError, match="mine"):
        train(begin(callbacks=(fails, diary)))
    assert diary.events[-1] == "end"
