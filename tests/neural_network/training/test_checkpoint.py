"""Checkpoints: kill and resume gives the bits of a run that was never killed."""

import os
import re
import signal
import subprocess
import sys
import warnings
from pathlib import Path

import pytest
import torch
from torch import nn

from panlearn.core.errors import ModelFileError
from panlearn.neural_network.training.callback import Callback
from panlearn.neural_network.training.checkpoint import Checkpoint
from panlearn.neural_network.training.early_stopping import EarlyStopping
from panlearn.neural_network.training.loop import train
from panlearn.neural_network.training.state_file import from_bytes
from tests.neural_network.training.fits import begin, network, table, weights


class KilledError(RuntimeError):
    pass


class KillAt(Callback):
    def __init__(self, step):
        self.step = step

    def on_batch_end(self, run):
        if run.step == self.step:
            raise KilledError


def fit(*callbacks, step=-1, seed=0, **settings):
    """A fit with everything that has a state: dropout, running statistics, momentum, early stopping."""
    torch.manual_seed(seed)
    module = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.Tanh(), nn.Dropout(0.3), nn.Linear(8, 2))
    early = EarlyStopping(3, monitor="loss")
    options = {"max_epochs": 4, "l2": 1e-3, **settings}
    return train(begin(module, callbacks=(*callbacks, KillAt(step), early), **options))


@pytest.fixture(autouse=True)
def _own_random_numbers(monkeypatch):
    monkeypatch.setattr(os, "fsync", lambda number: None)  # no machine stops here, and disks may be slow
    with torch.random.fork_rng(devices=[]):
        yield


@pytest.mark.parametrize(("step", "every"), [(1, 1), (3, 2), (6, 4), (7, 4), (13, 1), (23, 5)])
@pytest.mark.parametrize("options", [{}, {"optimizer": "momentum", "learning_rate_schedule": "cosine"}])
def test_resumes_to_the_same_bits(tmp_path, step, every, options):
    settings = {"optimizer": options.get("optimizer", "adam")}
    settings["schedule"] = options.get("learning_rate_schedule", "constant")
    whole = fit(**settings)
    path = tmp_path / "run.safetensors"
    with pytest.raises(KilledError):
        fit(Checkpoint(path, every_batches=every), step=step, **settings)
    torch.rand(17)  # a new process would have other random numbers
    again = fit(Checkpoint(path, every_batches=every), **settings)
    assert torch.equal(weights(whole), weights(again))
    assert whole.history == again.history
    assert (whole.step, whole.epoch, whole.loss) == (again.step, again.epoch, again.loss)


def test_resume_replays_only_what_was_lost(tmp_path):
    path, seen = tmp_path / "run.safetensors", []

    class Count(Callback):
        def on_batch_end(self, run):
            seen.append(run.step)

    for step in (15, -1):
        try:
            fit(Count(), Checkpoint(path, every_batches=4), step=step)
        except KilledError:
            seen.clear()
    # batches 1-2 of pass 2 (steps 13, 14) and the one it died in; the last file was written at the end of pass 1
    assert seen == list(range(13, 25))


class Kill(KillAt):
    def on_batch_end(self, run):
        if run.step == self.step:
            os.kill(os.getpid(), signal.SIGKILL)


def dropped(path, step=-1):
    """Weights of a fit with dropout, to the bit."""
    torch.manual_seed(0)
    callbacks = (Kill(step), Checkpoint(path, every_batches=3))
    return weights(train(begin(network(dropout=0.5), callbacks=callbacks))).numpy().tobytes()


SCRIPT = "import sys; from tests.neural_network.training import test_checkpoint as t; t.dropped(sys.argv[1], 11)"


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
def test_a_killed_process_resumes_to_the_same_bits(tmp_path):
    path = tmp_path / "run.safetensors"
    command = [sys.executable, "-c", SCRIPT, str(path)]  # ends in the middle of the second pass
    killed = subprocess.run(command, cwd=Path(__file__).parents[3], capture_output=True, text=True, timeout=300)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert list(tmp_path.iterdir()) == [path]
    assert dropped(path) == dropped(tmp_path / "whole.safetensors")  # this process is another one


def test_best_weights_survive(tmp_path):
    """Early stopping's best pass lies before the kill; its weights are still the answer."""
    path = tmp_path / "run.safetensors"
    losses = [3.0, 1.0, 2.0, 1.5, 1.2, 1.3]

    def once(step):
        callbacks = (Checkpoint(path), EarlyStopping(2), KillAt(step))
        run = begin(max_epochs=9, callbacks=callbacks)
        return train(run, lambda module: (losses[run.epoch], 0.0))

    with pytest.raises(KilledError):
        once(20)
    again = once(-1)
    path.unlink()
    whole = once(-1)
    assert again.epoch == whole.epoch == 5
    assert again.stopped == whole.stopped
    assert torch.equal(weights(again), weights(whole))


def test_a_finished_fit_is_not_repeated(tmp_path):
    path = tmp_path / "run.safetensors"
    first = fit(Checkpoint(path))
    second = fit(Checkpoint(path), step=25)  # the kill would come with the first new step
    assert torch.equal(weights(first), weights(second))
    longer = fit(Checkpoint(path), max_epochs=6)
    assert longer.epoch == 6
    assert torch.equal(weights(longer), weights(fit(max_epochs=6)))


def test_resume_false_begins_anew(tmp_path):
    path = tmp_path / "run.safetensors"
    fit(Checkpoint(path), seed=1)
    assert torch.equal(weights(fit(Checkpoint(path, resume=False))), weights(fit()))


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"learning_rate": 0.01}, "learning_rate: 0.001 there, 0.01 here"),
        ({"optimizer": "momentum"}, "optimizer: 'adam' there, 'momentum' here"),
        ({"data": table(seed=1)}, "data: "),
        ({"data": table(n=91)}, "data: "),
        ({"size": 8}, "batch_size: 16 there, 8 here"),
        ({"module": nn.Linear(4, 2)}, "module: "),
        ({"callbacks": (EarlyStopping(monitor="loss"),)}, "callbacks: "),
        ({"schedule": "cosine"}, "schedule: 'constant' there, 'cosine' here"),
    ],
)
def test_another_fit_is_refused(tmp_path, change, named):
    path = tmp_path / "run.safetensors"
    train(begin(callbacks=(Checkpoint(path),)))
    before = path.read_bytes()
    change = {**change, "callbacks": (*change.get("callbacks", ()), Checkpoint(path))}
    with pytest.raises(ModelFileError, match=f"another fit .*{re.escape(named)}.* resume=False"):
        train(begin(**change))
    assert path.read_bytes() == before


def test_unusable_paths(tmp_path):
    for path, message in [
        (tmp_path, "is a folder"),
        (tmp_path / "none" / "run", "does not exist: create it first"),
    ]:
        with pytest.raises(ModelFileError, match=message):
            train(begin(callbacks=(Checkpoint(path),)))
    damaged = tmp_path / "damaged"
    damaged.write_bytes(b"nonsense")
    with pytest.raises(ModelFileError, match=r"damaged: not a state .* resume=False"):
        train(begin(callbacks=(Checkpoint(damaged),)))
    with pytest.raises(ValueError, match="every_batches of Checkpoint must be a positive integer"):
        train(begin(callbacks=(Checkpoint(tmp_path / "run", every_batches=0),)))


def test_a_full_disk_keeps_the_last_good_file_and_the_fit(tmp_path, monkeypatch):
    path = tmp_path / "run.safetensors"

    class Fill(Callback):
        def on_epoch_end(self, run):
            if run.epoch == 2:
                monkeypatch.setattr(os, "fsync", full)

    def full(number):
        raise OSError(28, "No space left on device")

    with pytest.warns(UserWarning, match=r"could not be written \(No space left .* before is intact") as told:
        run = train(begin(callbacks=(Fill(), Checkpoint(path))))
    assert run.epoch == 3
    assert len(told) == 2
    assert from_bytes(path.read_bytes())["position"]["epoch"] == 1
    assert torch.equal(weights(run), weights(train(begin())))


def test_seldom_writing(tmp_path, monkeypatch):
    path, written = tmp_path / "run.safetensors", []
    monkeypatch.setattr(Checkpoint, "write", lambda self, run: written.append((run.epoch, run.batch)))
    with warnings.catch_warnings():
        train(begin(max_epochs=5, callbacks=(Checkpoint(path, every_epochs=2),)))
    assert written == [(2, 0), (4, 0), (5, 0)]  # the last pass always
    written.clear()
    train(begin(max_epochs=2, callbacks=(Checkpoint(path, every_epochs=None, every_batches=4),)))
    assert written == [(0, 4), (1, 4), (2, 0)]


def test_the_file_is_open_to_other_programs(tmp_path):
    from safetensors.torch import load_file

    path = tmp_path / "run.safetensors"
    run = train(begin(network(), callbacks=(Checkpoint(path),)))
    held = load_file(path)
    assert torch.equal(held["module.0.weight"], run.module.state_dict()["0.weight"])
