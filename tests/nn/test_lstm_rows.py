"""Arithmetic of a row: layer normalisation and its derivative, blocks of gates."""

import numpy as np
import torch

from panlearn.nn.lstm_rows import add_product, normalise, normalise_back

RANDOM = np.random.default_rng(0)


def test_normalise_is_torchs():
    a = RANDOM.normal(3.0, 2.0, size=7)
    expected = torch.nn.functional.layer_norm(torch.tensor(a), (7,)).numpy()
    scale = normalise(a)
    np.testing.assert_allclose(a, expected, rtol=1e-12)
    assert scale > 0


def test_normalise_back_is_its_derivative():
    a, gain, g = RANDOM.normal(size=(3, 6))
    x = torch.tensor(a, requires_grad=True)
    torch.nn.functional.layer_norm(x, (6,), torch.tensor(gain)).backward(torch.tensor(g))
    z = a.copy()
    scale = normalise(z)
    out = np.empty(6)
    normalise_back(g, z, gain, scale, out)
    assert x.grad is not None
    np.testing.assert_allclose(out, x.grad.numpy(), rtol=1e-10)
    normalise_back(g, z, gain, scale, g)  # in place
    np.testing.assert_allclose(g, out, rtol=1e-12)


def test_add_product():
    out = np.ones(3, np.float32)
    add_product(out, np.array([1, 2, 3], np.float32), np.array([4, 5, 6], np.float32))
    assert out.tolist() == [5, 11, 19]
