"""The monitor says when EM stops, and a user's own rule is followed."""

import numpy as np
import pytest

import panlearn
from panlearn.sequence import CategoricalHMM
from panlearn.sequence.hmm_monitor import ConvergenceMonitor

X = np.random.default_rng(0).integers(4, size=(60, 1))
unconverged = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def test_stops_when_the_gain_is_small_or_the_iterations_are_used_up():
    monitor = ConvergenceMonitor(tol=1e-3, n_iter=3, verbose=False)
    for value, over in ((-0.3, False), (-0.2, False), (-0.1, True)):
        monitor.report(value)
        assert monitor.converged is over
    monitor._reset()
    assert (monitor.iter, monitor.history) == (0, [])
    monitor.report(-0.1)
    monitor.report(-0.0999)
    assert monitor.converged


def test_lines_are_those_of_the_peer(capsys):
    peer = pytest.importorskip("hmmlearn.base").ConvergenceMonitor(0.1, 5, True)
    ours = ConvergenceMonitor(0.1, 5, True)
    for monitor in (ours, peer):
        for value in (-12.5, -3.25):
            monitor.report(value)
    lines = capsys.readouterr().err.splitlines()
    assert lines[:2] == lines[2:]


class Threshold(ConvergenceMonitor):
    """Stops at a log-likelihood."""

    @property
    def converged(self):
        return self.history[-1] >= self.tol


@unconverged
def test_a_rule_of_the_users_own_is_followed():
    free = CategoricalHMM(2, random_state=0, n_iter=30, tol=0.0).fit(X)
    target = free.monitor_.history[5]
    model = CategoricalHMM(2, random_state=0, n_iter=30)
    model.monitor_ = Threshold(target, 30, False)
    model.fit(X)
    assert model.monitor_.history == free.monitor_.history[:6]
    assert model.converged_


@unconverged
def test_history_survives_a_file(tmp_path):
    model = CategoricalHMM(2, random_state=0, n_iter=4).fit(X)
    again = panlearn.load(panlearn.save(model, tmp_path / "hmm.panlearn"))
    assert again.monitor_.history == model.monitor_.history
    assert again.monitor_.iter == 4
