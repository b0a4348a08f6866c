"""The blend of old and new: held, replaced, and its derivative."""

import numpy as np

from panlearn.nn.gru_kernels import Arrays, blend, blend_back


def arrays(z, new, before):
    gates = np.concatenate([np.zeros_like(z), z, new], 1)
    nothing = np.empty((0, 0))
    return Arrays(gates, nothing, before, before, nothing, nothing)


def test_blend_keeps_what_z_says():
    z, new, before = np.array([[0.0, 1.0, 0.25]]), np.array([[5.0, 5.0, 4.0]]), np.array([[1.0, 2.0, 8.0]])
    output = np.empty((1, 3))
    blend(arrays(z, new, before).gates, before, 0, 1, output)
    assert output.tolist() == [[5.0, 2.0, 5.0]]


def test_blend_back_is_its_derivative():
    random = np.random.default_rng(0)
    a, b, before, g = random.normal(size=(4, 1, 3))

    def value(a, b, before):
        z = 1 / (1 + np.exp(-a))
        return float((g * (z * before + (1 - z) * np.tanh(b))).sum())

    x = arrays(1 / (1 + np.exp(-a)), np.tanh(b), before)
    carry, delta = np.full(3, 10.0), np.zeros(9)
    blend_back(x, 0, 0, g[0], carry, delta)
    step = 1e-6
    for k in range(3):
        shift = np.eye(3)[k : k + 1] * step
        base = value(a, b, before)
        assert abs(delta[3 + k] - (value(a + shift, b, before) - base) / step) < 1e-5
        assert abs(delta[6 + k] - (value(a, b + shift, before) - base) / step) < 1e-5
        assert abs(carry[k] - 10 - (value(a, b, before + shift) - base) / step) < 1e-5
