"""Mini-batches: gradients, optimisers, and the way of the zeros."""

import numpy as np
import pytest
from scipy import sparse

from panlearn.linear_model.stochastic_gradient import OPTIMIZERS
from panlearn.losses.hinge import LogLoss
from panlearn.losses.squared_error import SquaredError
from panlearn.optimize import mini_batch
from panlearn.optimize import stochastic_gradient as sgd
from tests.optimize.test_stochastic_gradient import RULE, data


def problem(X, y, rule, loss, columns=1):
    state = sgd.started(np.zeros(X.shape[1]), 0.0, rule, len(y), step=1, epochs=1)
    problems = [
        sgd.Problem(rule._replace(positive=float(k) if columns > 1 else rule.positive), state) for k in range(columns)
    ]
    return mini_batch.Linear(X, np.column_stack([y, np.ones(len(y))]), loss, problems)


def test_gradient_is_the_derivative():
    X, y = data(30, 4)
    classes = np.digitize(y, [-1, 1]).astype(float)
    f = problem(X, classes, RULE._replace(l2=0.3, weights=(2.0, 0.5), positive=0.0), LogLoss(), columns=3)
    theta, h = np.random.default_rng(0).normal(size=(5, 3)), 1e-6
    rows = np.arange(30)[::2]
    _, gradient = f.evaluate(theta, rows)
    weight = np.where(classes[rows][:, None] == [0, 1, 2], 2.0, 0.5)

    def value(at):
        signs = np.where(classes[rows][:, None] == [0, 1, 2], 1.0, -1.0)
        losses = LogLoss().values(X[rows] @ at[:-1] + at[-1], signs)
        return (weight * losses).mean(axis=0).sum() + 0.15 * (at[:-1] ** 2).sum()

    for index in np.ndindex(theta.shape):
        step = np.zeros_like(theta)
        step[index] = h
        assert np.isclose(gradient[index], (value(theta + step) - value(theta - step)) / (2 * h), atol=1e-7)


def test_batches_of_one_row_are_stochastic_gradient_descent():
    X, y = data(25, 3)
    rule = RULE._replace(l2=0.1, average=5.0)
    walk = mini_batch.Walk(np.zeros((4, 1)), np.zeros((4, 1)), ())
    walk, objective = mini_batch.epoch(problem(X, y, rule, SquaredError()), walk, OPTIMIZERS["sgd"], np.arange(25), 1)
    state = sgd.started(np.zeros(3), 0.0, rule, 25, step=1, epochs=1)
    sgd.advance(X, np.column_stack([y, np.ones(25)]), rule, state, 25)
    np.testing.assert_allclose(walk.theta[:-1, 0], state.w, rtol=1e-12)
    np.testing.assert_allclose(walk.mean[:-1, 0], state.average, rtol=1e-12)
    np.testing.assert_allclose(objective, state.curve, rtol=1e-12)


@pytest.mark.parametrize("name", list(OPTIMIZERS))
def test_optimality(name):
    """All rows at once, with an L1 penalty: the subgradient vanishes, and the weights without use are exactly 0."""
    X, y = data(60, 4)
    y = 3 * X[:, 0] + 0.01 * y
    rule = RULE._replace(l1=0.5, schedule=sgd.POWER, power=0.3, rate={"adadelta": 20.0, "adagrad": 3.0}.get(name, 0.1))
    f, order = problem(X, y, rule, SquaredError()), np.arange(60)
    walk = mini_batch.Walk(np.zeros((5, 1)), np.zeros((5, 1)), OPTIMIZERS[name].init(np.zeros((5, 1))))
    for _ in range(3000):
        walk, _ = mini_batch.epoch(f, walk, OPTIMIZERS[name], order, 60)
    w = walk.theta[:-1, 0]
    assert (w != 0).tolist() == [True, False, False, False]
    _, gradient = f.evaluate(walk.theta, slice(None))
    assert abs(gradient[0, 0] + 0.5) < 0.03
    assert (np.abs(gradient[1:-1]) < 0.53).all()


def test_sparse_rows_equal_dense_ones():
    X, y = data(40, 6, density=0.3)
    theta = np.ones((7, 1))
    for rows in (slice(None), np.array([3, 1, 7])):
        dense = problem(X, y, RULE, SquaredError()).evaluate(theta, rows)
        np.testing.assert_allclose(
            problem(sparse.csr_array(X), y, RULE, SquaredError()).evaluate(theta, rows)[1], dense[1]
        )
