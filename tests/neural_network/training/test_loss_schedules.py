"""Schedules that look at the losses."""

import numpy as np
import pytest
import torch

from panlearn.neural_network.training.loss_schedules import Adaptive, Outcome, Plateau
from panlearn.neural_network.training.schedules import begin as begin_schedule
from panlearn.neural_network.training.schedules import schedule_factors, seen
from tests.neural_network.training.torch_schedules import STEPS, torch_factors

LR = torch.optim.lr_scheduler
LOSSES = [5.0, 4.0, 3.9996, 3.9995, 3.9994, 3.0, 3.0, 3.0, 3.0, 2.0, 2.0, 2.0]


@pytest.mark.parametrize(
    ("ours", "settings"),
    [
        (Plateau(0.1, 2), {"factor": 0.1, "patience": 2}),
        (Plateau(0.5, 0, 0.1, 0.3), {"factor": 0.5, "patience": 0, "threshold": 0.1, "min_lr": 0.3}),
    ],
    ids=["patient", "impatient"],
)
def test_matches_peer(ours, settings):
    n = len(LOSSES)
    expected = torch_factors(lambda o: LR.ReduceLROnPlateau(o, **settings), n, per_step=False, losses=LOSSES)
    np.testing.assert_allclose(schedule_factors(ours, STEPS, n, losses=LOSSES), expected, rtol=1e-9)


def test_scikit_learn_adaptive():
    """A fifth after more than `patience` passes without an improvement of tol, and `finished` at the least."""
    schedule = Adaptive(patience=2, tol=0.5, least=0.05)
    memory, factors = begin_schedule(schedule), []
    for loss in [3.0, 2.0, 1.9, 1.8, 1.7, 1.6, 1.6, 1.6, 1.6, 1.6, 1.6]:
        memory = seen(schedule, Outcome(loss), memory)
        factors.append(memory["factor"])
    np.testing.assert_allclose(factors, [1] * 4 + [0.2] * 3 + [0.04] * 4)
    assert memory["waited"] == 3 or not memory["finished"]
    for _ in range(3):
        memory = seen(schedule, Outcome(1.6), memory)
    assert memory["finished"]
    assert memory["factor"] == pytest.approx(0.04)
    scored = seen(schedule, Outcome(9.0, 9.0, validation_score=0.9), begin_schedule(schedule))
    assert scored["best"] == -0.9


def test_plateau_looks_at_validation_rows_first():
    schedule, memory = Plateau(patience=0), {"factor": 1.0, "best": 1.0, "waited": 0}
    assert seen(schedule, Outcome(loss=0.1, validation_loss=2.0), memory)["factor"] == pytest.approx(0.1)
    assert seen(schedule, Outcome(loss=2.0, validation_loss=0.1), memory)["factor"] == 1.0
    assert seen(schedule, Outcome(-2.0), {**memory, "best": -1.0})["best"] == -2.0  # losses below zero fall, too
