"""The activations of Triton's cells at the ends of the range, in Triton's interpreter."""

import importlib

import pytest
import torch

from panlearn.nn import recurrent_triton
from panlearn.nn.recurrent_noise import Noise
from panlearn.nn.rnn_scan import Scan, rnn_reference
from panlearn.nn.steps import steps_of

pytest.importorskip("triton", reason="Triton comes with torch's builds for CUDA")


@pytest.mark.parametrize("nonlinearity", ["tanh", "sigmoid", "relu", "identity"])
def test_activations(monkeypatch, nonlinearity):
    """No overflow, exact signs, slopes from values."""
    modules = [importlib.import_module(f"panlearn.nn.recurrent_triton_{part}") for part in ("cells", "kernels")]
    with monkeypatch.context() as context:
        context.setenv("TRITON_INTERPRET", "1")
        for module in modules:
            importlib.reload(module)
        x = torch.tensor([[-1e4, -100.0, -1.0, -1e-8, 0.0, 1e-8, 0.5, 3.0, 100.0, 1e4]], dtype=torch.float64)
        given = x.requires_grad_(), torch.zeros(10, 10, dtype=x.dtype), torch.zeros(1, 10, dtype=x.dtype)
        scan = Scan(steps_of(None, 1, 1), False, Noise(), nonlinearity)
        found, expected = recurrent_triton.rnn_scan(*given, scan)[0], rnn_reference(*given, scan)[0]
        torch.testing.assert_close(found, expected, rtol=1e-8, atol=1e-15)
        gradients = [torch.autograd.grad(y.sum(), x)[0] for y in (found, expected)]
        torch.testing.assert_close(*gradients, rtol=1e-8, atol=1e-12)
    for module in modules:
        importlib.reload(module)
