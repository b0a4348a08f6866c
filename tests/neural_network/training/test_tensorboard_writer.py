"""TensorBoard: the curves in the files are those of the history."""

import sys

import pytest

from panlearn.neural_network.training.loop import train
from panlearn.neural_network.training.tensorboard_writer import TensorBoardWriter
from tests.neural_network.training.fits import begin


@pytest.mark.filterwarnings("ignore")  # the reader's own
@pytest.mark.parametrize("histograms", [False, True])
def test_curves(tmp_path, histograms):
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    writer = TensorBoardWriter(tmp_path, histograms=histograms)
    run = train(begin(callbacks=(writer,)), lambda module: (2.0, 0.5))
    events = EventAccumulator(str(tmp_path))
    events.Reload()
    for name in ("loss", "gradient_norm", "learning_rate", "validation_loss", "validation_score"):
        curve = events.Scalars(name)
        assert [point.step for point in curve] == [0, 1, 2]
        assert [point.value for point in curve] == pytest.approx([getattr(epoch, name) for epoch in run.history])
    assert events.Tags()["histograms"] == (["0.weight", "0.bias", "3.weight", "3.bias"] if histograms else [])


def test_what_is_not_measured_is_not_written(tmp_path):
    pytest.importorskip("tensorboard")
    written = []

    class Writer:
        def __init__(self, folder, purge_step):
            assert (folder, purge_step) == (str(tmp_path), None)

        def add_scalar(self, name, value, number):
            written.append((name, number))

        def close(self):
            written.append("closed")

    class Own(TensorBoardWriter):
        def on_fit_begin(self, run):
            self.make = Writer

    train(begin(max_epochs=1, callbacks=(Own(tmp_path),)))
    assert written == [("loss", 0), ("gradient_norm", 0), ("learning_rate", 0), "closed"]


def test_absent_package(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with pytest.raises(ImportError, match="pip install tensorboard"):
        train(begin(callbacks=(TensorBoardWriter(tmp_path),)))
