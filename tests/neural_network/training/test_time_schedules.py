"""Schedules that look at the clock."""

import numpy as np
import pytest
import torch

from panlearn.neural_network.training.schedules import WarmUp, schedule_factors
from panlearn.neural_network.training.time_schedules import (
    Clock,
    Cosine,
    InverseScaling,
    InverseSqrt,
    InverseTime,
    OneCycle,
    Step,
)
from tests.neural_network.training.torch_schedules import STEPS as B
from tests.neural_network.training.torch_schedules import torch_factors

LR = torch.optim.lr_scheduler
E = 12  # passes


@pytest.mark.parametrize(
    ("ours", "make", "per_step"),
    [
        (Cosine(), lambda o: LR.CosineAnnealingLR(o, B * E), True),
        (Cosine(0.1), lambda o: LR.CosineAnnealingLR(o, B * E, eta_min=0.1), True),
        (Step(4, 0.5), lambda o: LR.StepLR(o, 4, 0.5), False),
        (Step((2, 7, 8), 0.1), lambda o: LR.MultiStepLR(o, [2, 7, 8], 0.1), False),
        (InverseTime(0.3), lambda o: LR.LambdaLR(o, lambda s: 1 / (1 + 0.3 * s / B)), True),
        (InverseSqrt(B), lambda o: LR.LambdaLR(o, lambda s: (s + 1) ** -0.5), True),  # note 001 §3.1
        (WarmUp(2), lambda o: LR.LinearLR(o, 1 / 10, 1.0, total_iters=9), True),
    ],
    ids=lambda value: repr(value) if isinstance(value, tuple) else "",
)
def test_matches_peer(ours, make, per_step):
    expected = torch_factors(make, E, per_step=per_step)
    np.testing.assert_allclose(schedule_factors(ours, B, E), expected, rtol=1e-9, atol=1e-12)


def test_one_cycle_matches_peer():
    """Torch's reaches the last rate at the last step, ours would one later: its clock has a step less."""
    expected = torch_factors(lambda o: LR.OneCycleLR(o, 1.0, total_steps=B * E + 1, pct_start=0.3 + 0.7 / (B * E)), E)
    found = schedule_factors(OneCycle((0.3 * (B * E + 1) - 0.3) / (B * E)), B, E)
    assert np.abs(np.array(found) - expected).max() < 0.06
    assert (found[0], max(found)) == (pytest.approx(0.04), pytest.approx(1.0, abs=1e-3))


def test_scikit_learn_invscaling():
    """It counts rows, and changes after each pass: eta0 / (t + 1)^power."""
    assert schedule_factors(InverseScaling(0.5), 2, 3, n_rows=8) == [1, 1, 1 / 3, 1 / 3, 17**-0.5, 17**-0.5]


def test_the_clock():
    clock = Clock(step=15, n_batches=5, max_epochs=12)
    assert (clock.epochs, clock.share) == (3.0, 0.25)
    assert Clock(step=100, n_batches=5, max_epochs=12).share == 1.0
