"""The kernels of stochastic gradient descent against a loop over rows."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from panlearn.optimize import stochastic_gradient as sgd
from tests.oracles import stochastic_gradient as oracle

RULE = sgd.Rule(
    loss=0, parameter=0.0, l1=0.0, l2=0.0, schedule=sgd.POWER, power=0.5, rate=0.05, optimal=(1.0, 1.0), intercept=1.0,
    average=0.0, positive=-1.0, weights=(1.0, 1.0), tol=-np.inf, patience=5, seed=-1, judged=False,
)  # fmt: skip


def run(X, y, rule, epochs, weight=None, budget=None):
    state = sgd.started(np.zeros(X.shape[1]), 0.0, rule, len(y), step=1, epochs=epochs)
    targets = np.column_stack([y, np.ones(len(y)) if weight is None else weight])
    rows = sgd.rows_of(X)
    while state.numbers[sgd.STATUS] == sgd.RUNNING:
        sgd.advance(rows, targets, rule, state, budget or 10_000)
    return state


def data(n, p, seed=0, density=1.0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p)) * (rng.random((n, p)) < density)
    return X, X @ rng.normal(size=p) + 0.1 * rng.normal(size=n)


@settings(max_examples=40)
@given(st.integers(1, 12), st.integers(1, 9), st.integers(0, 2), st.sampled_from([0.0, 0.01, 0.3, 30.0]), st.booleans())
def test_matches_oracle(n, p, l1, l2, is_sparse):
    """Lazy scaling, the cumulative L1 penalty and the factored average equal the plain forms, whatever the sizes."""
    X, y = data(n, p, seed=n + 20 * p, density=0.5)
    weight = np.random.default_rng(n).random(n)
    rule = RULE._replace(l1=0.02 * l1, l2=l2, average=4.0)
    state = run(sparse.csr_array(X) if is_sparse else X, y, rule, 3, weight)
    w, b, mean_w, mean_b, curve = oracle.descend(
        X, y, 3, name="squared_error", l1=rule.l1, l2=l2, rate=lambda t: 0.05 / t**0.5, weight=weight, start=4
    )
    if not l1 or is_sparse:  # a dense row has all columns, also those that are 0 in it
        np.testing.assert_allclose(state.w, w, atol=1e-12)
        np.testing.assert_allclose(state.average, mean_w if 3 * n >= 4 else 0 * mean_w, atol=1e-12)
        np.testing.assert_allclose(state.numbers[[sgd.B, sgd.MEAN_B]], [b, mean_b], atol=1e-12)
        np.testing.assert_allclose(state.curve, curve, rtol=1e-9)


def test_l1_on_dense_rows():
    X, y = data(30, 5)
    rule = RULE._replace(l1=0.1, l2=0.01)
    w, *_, curve = oracle.descend(X, y, 4, name="squared_error", l1=0.1, l2=0.01, rate=lambda t: 0.05 / t**0.5)
    state = run(X, y, rule, 4)
    np.testing.assert_allclose(state.w, w, atol=1e-12)
    np.testing.assert_allclose(state.curve, curve, rtol=1e-9)


def test_pieces_of_an_epoch_change_nothing():
    X, y = data(50, 4)
    rule = RULE._replace(l2=0.01, seed=3)
    whole, pieces = run(X, y, rule, 5), run(X, y, rule, 5, budget=7)
    np.testing.assert_allclose(pieces.w, whole.w, rtol=1e-12)
    np.testing.assert_allclose(pieces.curve, whole.curve, rtol=1e-12)


def test_rows_held_out_are_not_seen():
    X, y = data(40, 3)
    held = np.arange(40) % 3 == 0
    whole = run(X, np.where(held, np.nan, y), RULE, 4)
    np.testing.assert_array_equal(whole.w, run(X[~held], y[~held], RULE, 4).w)


def test_shuffle_is_a_permutation_and_depends_on_the_seed():
    order = np.arange(1000, dtype=np.uint32)
    sgd.shuffle(order, 5)
    assert sorted(order) == list(range(1000))
    other = np.arange(1000, dtype=np.uint32)
    sgd.shuffle(other, 6)
    assert (order != other).mean() > 0.9


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        (sgd.CONSTANT, lambda t: 0.05),
        (sgd.ADAPTIVE, lambda t: 0.05),
        (sgd.POWER, lambda t: 0.05 / t**0.5),
        (sgd.OPTIMAL, lambda t: 1 / (2.0 * (3.0 + t - 1))),
    ],
)
def test_learning_rates(schedule, expected):
    rule = RULE._replace(schedule=schedule, optimal=(2.0, 3.0))
    for t in (1.0, 2.0, 1000.0, 1e9):
        assert np.isclose(sgd.learning_rate(rule, rule.rate, t), expected(t), rtol=1e-13)


def test_passive_aggressive_steps_satisfy_the_row():
    """An unbounded step makes the loss of its row 0 [crammer2006]."""
    X, y = data(1, 3)
    rule = RULE._replace(loss=2, parameter=0.1, schedule=sgd.PASSIVE_1, rate=1e9, intercept=0.0)
    state = run(X, y, rule, 1)
    assert np.isclose(abs(X[0] @ state.w - y[0]), 0.1)


def test_stops_without_progress_and_lowers_adaptive_rates():
    X, y = data(30, 3)
    rule = RULE._replace(tol=1e9, patience=2)
    stopped = run(X, y, rule, 100)
    assert (stopped.numbers[sgd.STATUS], stopped.numbers[sgd.EPOCH]) == (sgd.CONVERGED, 3)
    adaptive = run(X, y, rule._replace(schedule=sgd.ADAPTIVE), 1000)
    assert 0.05 / 5**7 <= adaptive.numbers[sgd.RATE] * 1.001 <= 1e-6
    assert run(X, y, RULE, 3).numbers[sgd.STATUS] == sgd.EXHAUSTED


def test_divergence_is_a_status():
    X, y = data(30, 3)
    state = run(X * 1e200, y, RULE, 10)
    assert (state.numbers[sgd.STATUS], state.numbers[sgd.EPOCH]) == (sgd.DIVERGED, 1)


def test_solve_runs_problems_side_by_side_as_alone():
    X, y = data(400, 6)
    classes = np.digitize(y, [-1, 1]).astype(float)
    rules = [RULE._replace(loss=7, positive=float(k), seed=k, tol=1e-4) for k in range(3)]
    problems = [sgd.Problem(r, sgd.started(np.zeros(6), 0.0, r, 400, step=1, epochs=50)) for r in rules]
    sgd.solve(X, np.column_stack([classes, np.ones(400)]), problems, width=6e3)  # wide enough for threads
    for rule, problem in zip(rules, problems, strict=True):
        np.testing.assert_allclose(run(X, classes, rule, 50).w, problem.state.w, rtol=1e-10)
