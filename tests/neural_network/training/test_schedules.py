"""Learning-rate schedules."""

import copy
import math
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from panlearn.neural_network.training.loop import train
from panlearn.neural_network.training.schedules import (
    SCHEDULES,
    Clock,
    Cosine,
    Plateau,
    Step,
    WarmUp,
    find_schedule,
    make_schedule,
    schedule_factors,
)
from panlearn.neural_network.training.schedules import (
    begin as begin_schedule,
)
from tests.neural_network.training.fits import begin

B, E = 5, 12  # steps of a pass, passes


def test_warm_up_hands_over():
    plain, warm = schedule_factors("cosine", B, E - 2), schedule_factors(WarmUp(2, then="cosine"), B, E)
    np.testing.assert_allclose(warm[:10], np.arange(1, 11) / 10)
    np.testing.assert_allclose(warm[10:], plain, atol=1e-12)
    losses = [1.0] * E
    found = schedule_factors(WarmUp(1, then=Plateau(patience=3)), 1, E, losses=losses)
    assert found[3:6] == [1.0, 1.0, pytest.approx(0.1)]


@given(st.sampled_from(sorted(SCHEDULES)), st.integers(1, 7), st.integers(1, 30))
def test_factors_stay_between_zero_and_one(name, n_batches, max_epochs):
    factors = schedule_factors(name, n_batches, max_epochs, losses=[1.0] * max_epochs, n_rows=10)
    assert len(factors) == n_batches * max_epochs
    assert all(0 <= f <= 1 for f in factors)
    assert SCHEDULES[name].factor(Clock(0, n_batches, max_epochs, 0, begin_schedule(SCHEDULES[name]))) > 0


def test_beyond_the_last_step_the_rate_stays_at_its_least():
    """`partial_fit` and a resumed fit with more epochs go past the end."""
    assert Cosine(0.1).factor(Clock(1000, B, E)) == pytest.approx(0.1)
    assert WarmUp(5, then="cosine").factor(Clock(1000, B, 3)) == pytest.approx(0)  # longer than the fit


def test_the_engine_follows_the_schedule():
    run = train(begin(size=30, optimizer="sgd", learning_rate=0.5, schedule=Step(1, 0.1)))
    assert [epoch.learning_rate for epoch in run.history] == pytest.approx([0.5, 0.05, 0.005])
    run = train(begin(schedule="invscaling", learning_rate=0.5))
    assert run.last.learning_rate == pytest.approx(0.5 / math.sqrt(1 + 2 * 90))


def test_state_goes_on_where_it_was():
    schedule = make_schedule(Plateau(patience=1), B, E)
    run = begin(schedule=Plateau(patience=1))
    train(run)
    schedule.restore(run.schedule.state())
    assert schedule.memory == run.schedule.memory != begin_schedule(Plateau())
    assert not schedule.finished


@pytest.mark.parametrize("schedule", [*SCHEDULES.values(), WarmUp(2, Plateau(patience=3))], ids=repr)
def test_schedules_are_values(schedule):
    assert copy.deepcopy(schedule) == schedule == pickle.loads(pickle.dumps(schedule))
    assert find_schedule(schedule) is schedule


def test_wrong_names_are_refused():
    with pytest.raises(ValueError, match=r"'constant', 'inverse_time'.*Got 'linear'"):
        find_schedule("linear")
    with pytest.raises(ValueError, match="learning_rate_schedule must be"):
        find_schedule(Cosine)  # the class, not an instance
