"""The EM loop: monotone, accelerated without losing that, and honest where a step goes down."""

import numpy as np
import pytest

from panlearn.core.errors import DataError
from panlearn.optimize.em import Packing, best_em, em

HEADS, THROWS = np.array([5, 9, 8, 4, 7]), 10  # [dempster1977]'s idea on two coins
COORDINATES = Packing(lambda p: np.log(p / (1 - p)), lambda v: 1 / (1 + np.exp(-v)))


def step(biases):
    likelihood = biases ** HEADS[:, None] * (1 - biases) ** (THROWS - HEADS[:, None]) / 2
    share = likelihood / likelihood.sum(axis=1, keepdims=True)
    return float(np.log(likelihood.sum(axis=1)).sum()), HEADS @ share / (THROWS * share.sum(axis=0))


def slow(x):
    """A linear map that halves 1 % of the distance to 3, with likelihood −(x − 3)²."""
    return -float((x[0] - 3) ** 2), 3 + 0.99 * (x - 3)


def test_matches_oracle():
    found = em(step, np.array([0.6, 0.5]), tol=1e-12, max_iter=1000)
    biases, grid = found.parameters, np.linspace(0.3, 0.9, 601)
    values = np.array([[step(np.array([a, b]))[0] for a in grid] for b in grid])
    assert step(biases)[0] >= values.max()
    assert np.abs(biases - [0.7968, 0.5196]).max() < 1e-4
    assert found.converged
    assert found.n_iter == len(found.trace)


def test_optimality():
    found = em(step, np.array([0.9, 0.1]), tol=1e-10, max_iter=500)
    assert (np.diff(found.trace) >= -1e-12).all()
    assert found.fall == 0
    biases = found.parameters
    for h in (1e-4, -1e-4):  # no neighbour is more likely
        assert step(biases)[0] >= max(step(biases * [1 + h, 1])[0], step(biases * [1, 1 + h])[0])


def test_first_iterates_are_the_steps():
    found = em(step, np.array([0.6, 0.5]), tol=0.0, max_iter=3)
    expected = np.array([0.6, 0.5])
    for value in found.trace:
        at, expected = step(expected)
        assert value == at
    assert not found.converged
    assert (found.parameters == expected).all()


def test_squarem_reaches_the_same_point_in_fewer_steps():
    plain = em(slow, np.array([0.0]), tol=1e-12, max_iter=5000)
    fast = em(slow, np.array([0.0]), tol=1e-12, max_iter=5000, packing=Packing(np.copy, np.copy))
    assert fast.n_iter < plain.n_iter / 20
    assert abs(fast.parameters[0] - 3) < 1e-4
    assert (np.diff(fast.trace) >= 0).all()
    biases = em(step, np.array([0.6, 0.5]), tol=1e-12, max_iter=1000, packing=COORDINATES)
    assert np.abs(biases.parameters - em(step, np.array([0.6, 0.5]), tol=1e-12, max_iter=1000).parameters).max() < 1e-5


def test_a_jump_that_lowers_the_likelihood_is_undone():
    def unpack(v):  # jumps arrive far off
        return v + 100.0

    plain = em(slow, np.array([0.0]), tol=1e-3, max_iter=5000)
    found = em(slow, np.array([0.0]), tol=1e-3, max_iter=5000, packing=Packing(np.copy, unpack))
    assert (np.diff(found.trace) >= 0).all()
    assert found.parameters == plain.parameters
    assert found.converged


def test_a_fall_stops_at_the_parameters_before_it():
    found = em(lambda x: (1.0 - (x - 2) ** 2, x + 1), 0, tol=0.0, max_iter=50)
    assert (found.parameters, found.log_likelihood, found.fall, found.converged) == (2, 1.0, 1.0, False)
    permitted = em(lambda x: (-abs(x - 2.0), x + 1), 0, tol=0.0, max_iter=5, allowance=lambda old, new: 1.0)
    assert permitted.fall == 0
    assert permitted.n_iter == 5
    too_far = em(lambda x: (-abs(x - 2.0), x + 1), 0, tol=0.0, max_iter=5, allowance=lambda old, new: 0.75)
    assert (too_far.parameters, too_far.fall) == (2, 0.25)


def test_best_of_several_starts():
    def two_hills(x):  # maxima 0 at -1, and 1 at 2
        return (1 - (x - 2) ** 2 if x > 0.5 else -((x + 1) ** 2)), (x + 2) / 2 if x > 0.5 else (x - 1) / 2

    found = best_em(two_hills, [-3.0, 4.0, 0.0], tol=1e-10)
    assert found.parameters == pytest.approx(2, abs=1e-4)
    assert found.log_likelihood == pytest.approx(1)


def test_resumes():
    once = em(step, np.array([0.6, 0.5]), tol=1e-6)
    again = em(step, once.parameters, tol=1e-6, before=once.log_likelihood)
    assert again.n_iter == 1
    assert again.converged


def test_edge_cases():
    start = np.array([0.6, 0.5])
    nothing = em(step, start, max_iter=0)
    assert (nothing.parameters == start).all()
    assert (nothing.n_iter, nothing.converged, len(nothing.trace)) == (0, False, 0)
    for bad in (np.nan, np.inf, -np.inf):
        with pytest.raises(DataError, match="log-likelihood"):
            em(lambda x, bad=bad: (bad, x), 0)

    def interrupted(x):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        em(interrupted, 0)


def test_reproducible():
    a, b = (em(step, np.array([0.6, 0.5]), packing=COORDINATES, tol=1e-9) for _ in range(2))
    assert (a.trace == b.trace).all()
