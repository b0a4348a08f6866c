"""The pictures of the pages on gradient flow and critical points, drawn while the site is built."""

from typing import Any

import numpy as np
import torch
from matplotlib.figure import Figure
from sklearn.datasets import load_digits
from torch import nn

from panlearn.diagnostics import critical_point, gradient_flow, hessian_spectrum, loss_landscape
from panlearn.nn import Residual, initialize
from panlearn.plot import plot_critical_point, plot_gradient_flow, plot_hessian_spectrum, plot_loss_landscape


class LastStep(nn.Module):
    """A recurrent layer; its last state decides."""

    def __init__(self, layer: nn.RNNBase) -> None:
        super().__init__()
        self.layer, self.out = layer, nn.Linear(layer.hidden_size, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.out(self.layer(x)[0][:, -1])


def vanishing_gradients() -> Figure:
    """Gradients through twenty layers: sigmoids and small weights lose them, large weights blow them up."""
    starts = {"sigmoid": 1.0, "ReLU, small start": 1.0, "ReLU, fitting start": 1.0, "ReLU, 1.5 times that": 1.5}
    networks = {}
    with torch.random.fork_rng():
        torch.manual_seed(0)
        for name, factor in starts.items():
            linear = [nn.Linear(32, 32) for _ in range(20)]
            if name in ("ReLU, fitting start", "ReLU, 1.5 times that"):
                linear = [initialize(layer, "he_normal", "relu") for layer in linear]
            with torch.no_grad():
                for layer in linear:
                    layer.weight.mul_(factor)
            bends = [nn.Sigmoid() if name == "sigmoid" else nn.ReLU() for _ in linear]
            blocks = [part for pair in zip(linear, bends, strict=True) for part in pair]
            networks[name] = nn.Sequential(*blocks, nn.Linear(32, 1))
        blocks = [Residual(nn.Sequential(nn.Linear(32, 32), nn.Sigmoid())) for _ in range(20)]
        networks["sigmoid, residual"] = nn.Sequential(*blocks, nn.Linear(32, 1))
        X, y = torch.randn(64, 32), torch.randn(64)
    return plot_gradient_flow({name: gradient_flow(network, X, y) for name, network in networks.items()})


def gradients_through_time() -> Figure:
    """Gradients through 100 steps: lost in a plain recurrence and in a GRU, kept by an LSTM that forgets little."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        X, y = torch.randn(64, 100, 4), torch.randn(64)
        lstm = nn.LSTM(4, 32, batch_first=True)
        networks = {"RNN": LastStep(nn.RNN(4, 32, batch_first=True)), "GRU": LastStep(nn.GRU(4, 32, batch_first=True))}
        networks["LSTM, forget gate open"] = LastStep(lstm)
    with torch.no_grad():
        lstm.get_parameter("bias_ih_l0")[32:64] = 6.0
    return plot_gradient_flow({name: gradient_flow(network, X, y) for name, network in networks.items()})


def saddle_escape() -> Figure:
    """A network with all weights 0: no gradient, eight directions down, and the loss along one of them."""
    X, y, network = _at_zero()
    point = critical_point(network, X, y)
    along = loss_landscape(network, X, y, directions=[point.direction], extent=2.5, points=51)
    return plot_critical_point(point, along)


def saddle_contours() -> Figure:
    """The same saddle over the plane of its lowest and highest curvature."""
    X, y, network = _at_zero()
    return plot_loss_landscape(loss_landscape(network, X, y, directions="curvature", extent=2.0, points=31))


def digits_spectrum() -> Figure:
    """Curvatures of a network that has learnt handwritten digits: nearly all 0, some nine large."""
    return plot_hessian_spectrum(hessian_spectrum(*_digits()))


def digits_landscape() -> Figure:
    """The loss of the same network over a random plane, normalised by filter."""
    return plot_loss_landscape(loss_landscape(*_digits()))


def _at_zero() -> tuple[torch.Tensor, torch.Tensor, nn.Module]:
    """Two targets, four hidden units, all weights 0."""
    X = torch.randn(30, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    network = nn.Sequential(nn.Linear(3, 4, bias=False), nn.Tanh(), nn.Linear(4, 2, bias=False)).double()
    torch.nn.utils.vector_to_parameters(torch.zeros(20, dtype=torch.float64), network.parameters())
    return X, X[:, :2], network


def _digits() -> tuple[nn.Module, Any, Any]:
    """A small network after 150 steps of Adam on 500 digits."""
    X, y = load_digits(return_X_y=True)
    X, y = X[:500].astype(np.float32) / 16, y[:500]
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = nn.Sequential(nn.Linear(64, 16), nn.Tanh(), nn.Linear(16, 10))
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-2)
    for _ in range(150):
        optimizer.zero_grad()
        nn.functional.cross_entropy(network(torch.tensor(X)), torch.tensor(y)).backward()
        optimizer.step()
    return network, X, y
