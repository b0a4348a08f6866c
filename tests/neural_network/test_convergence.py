"""When a fit stops."""

import math
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import nn

from panlearn.neural_network.convergence import Convergence
from panlearn.neural_network.training.flat_parameters import flatten
from panlearn.neural_network.training.run import Epoch
from panlearn.neural_network.training.schedules import Adaptive, make_schedule


def follow(rule, losses, scores=None, l2=0.0, schedule: Any = "constant"):
    """Epochs until the rule stops a run."""
    module = nn.Linear(2, 1)
    running = make_schedule(schedule, 1, len(losses))
    run: Any = SimpleNamespace(
        module=module,
        segments=flatten(module),
        settings=SimpleNamespace(l2=l2),
        schedule=running,
        epoch=0,
        stopped="",
    )
    for loss, score in zip(losses, scores or [None] * len(losses)):
        with torch.no_grad():
            module.weight.fill_(loss)
        run.epoch += 1
        run.last = Epoch(loss, 0.0, 0.1, None if score is None else 0.0, score)
        running.observe(run)
        if rule.on_epoch_end(run):
            break
    rule.on_fit_end(run)
    return run


@pytest.mark.parametrize("patience", [1, 2, 5])
def test_stops_after_the_patience(patience):
    run = follow(Convergence(0.01, patience, False), [1.0, 0.5] + [0.495] * 20)
    assert run.epoch == 2 + patience + 1
    assert "training loss did not improve by tol=0.01" in run.stopped


def test_infinite_patience_and_steady_progress_never_stop():
    assert follow(Convergence(1e9, math.inf, False), [1.0] * 30).epoch == 30
    assert follow(Convergence(0.1, 1, False), [3.0 - 0.1001 * k for k in range(25)]).epoch == 25


def test_penalty_counts():
    """Weights follow the losses here: with the penalty the objective falls by more than tol."""
    losses = [1.0 - 0.005 * k for k in range(12)]
    assert follow(Convergence(0.01, 3, False), losses).epoch < 12
    assert follow(Convergence(0.01, 3, False), losses, l2=5.0).epoch == 12


def test_best_weights_come_back():
    scores = [0.1, 0.8, 0.7, 0.75, 0.79, 0.2]
    run = follow(Convergence(0.0, 3, True), [5.0, 4.0, 3.0, 2.0, 1.0, 0.0], scores)
    assert run.epoch == 6  # the count starts after the second
    assert run.module.weight.tolist() == [[4.0, 4.0]]


def test_score_that_is_no_number_is_no_improvement():
    assert follow(Convergence(0.0, 2, True), [1.0] * 9, [0.5] + [math.nan] * 8).epoch == 4


def test_adaptive_lowers_the_rate_first():
    run = follow(Convergence(0.01, 2, False), [1.0] * 50, schedule=Adaptive(patience=2, tol=0.01, least=0.1))
    assert run.schedule.memory["factor"] <= 0.1
    assert 6 < run.epoch < 50


def test_state_comes_back():
    rule = Convergence(0.0, 3, True)
    follow(rule, [1.0, 2.0], [0.1, 0.3])
    other = Convergence(0.0, 3, True)
    other.restore(rule.state())
    assert (other.best, other.waited) == (-0.3, 0)
    assert other.weights["weight"].tolist() == [[2.0, 2.0]]


def test_lines(capsys):
    follow(Convergence(0.0, 3, False, lines=True), [0.25])
    assert capsys.readouterr().out == "Iteration 1, loss = 0.25000000\n"
