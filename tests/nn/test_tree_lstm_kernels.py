"""Kernels on one node over two leaves, by hand."""

import numpy as np

from panlearn.core.gemm import routine
from panlearn.nn.tree_lstm_kernels import Memory, Plan, Weights, backward, forward

PLAN = Plan(
    np.array([0, 2, 3]), np.array([0, 0, 0, 2]), np.array([0, 1]), np.array([0, 0]), np.array([0, 1])
)  # the children's states are summed


def logistic(x):
    return 1 / (1 + np.exp(-x))


def states(gates, forget, U, V):
    """h and c of the three nodes, H = 1."""
    i, g, o = logistic(gates[:, 0]), np.tanh(gates[:, 1]), logistic(gates[:, 2])
    c = i * g
    h = o * np.tanh(c)
    a = gates[2] + U[:, 0] * (h[0] + h[1])
    f = logistic(forget[:, 0] + V[0, 0] * h[:2])
    c[2] = logistic(a[0]) * np.tanh(a[1]) + f @ c[:2]
    h[2] = logistic(a[2]) * np.tanh(c[2])
    return h, c


def test_by_hand():
    rng = np.random.default_rng(0)
    gates, forget, U, V = (rng.normal(size=shape) for shape in ((3, 3), (2, 1), (3, 1), (1, 1)))
    weights = Weights(U, V, routine(np.float64))
    memory = Memory(gates.copy(), forget.copy(), np.empty((1, 1)), *(np.empty((n, 1)) for n in (2, 3, 3)))
    h = np.empty((3, 1))
    forward(PLAN, weights, memory, h)
    expected = states(gates, forget, U, V)
    np.testing.assert_allclose(h[:, 0], expected[0])
    np.testing.assert_allclose(memory.c[:, 0], expected[1])

    dgates, dforget = np.empty((3, 3)), np.zeros((2, 1))
    dh, dc = np.array([[0.5], [-1.0], [2.0]]), np.array([[0.1], [0.0], [-0.3]])
    backward(PLAN, weights, memory, dh.copy(), dc.copy(), dgates, dforget, np.empty((2, 1)))

    def loss(gates, forget):
        found = states(gates, forget, U, V)
        return found[0] @ dh[:, 0] + found[1] @ dc[:, 0]

    for array, gradient in ((gates, dgates), (forget, dforget)):
        for at in np.ndindex(*array.shape):
            before = array[at]
            values = []
            for step in (1e-5, -1e-5):
                array[at] = before + step
                values.append(loss(gates, forget))
            array[at] = before
            np.testing.assert_allclose(gradient[at], (values[0] - values[1]) / 2e-5, atol=1e-8)
