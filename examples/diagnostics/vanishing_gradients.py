"""Vanishing gradients: where they come from, and what lets them through.

Course notes 001 §8.4, 002, 003 §2.1.4, 004 §3 and §5. Back-propagation multiplies one derivative a layer, or one a time
step. The logistic function's is at most 1/4, so ten layers leave less than a millionth. ReLU with a fitting
initialisation, a path past each layer, and the cell of an LSTM keep the product near 1.
"""

import numpy as np
import torch
from torch import nn

from panlearn.diagnostics import gradient_flow

DEPTH, WIDTH, STEPS = 20, 32, 100


class Shortcut(nn.Module):
    """x + F(x)."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.inner(x)


class LastStep(nn.Module):
    """A recurrent layer; its last state decides."""

    def __init__(self, layer: nn.RNNBase) -> None:
        super().__init__()
        self.layer, self.out = layer, nn.Linear(layer.hidden_size, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.out(self.layer(x)[0][:, -1])


def deep(activation: type[nn.Module], *, he: bool = False, shortcut: bool = False) -> nn.Module:
    """Twenty equal layers."""
    layers = []
    for _ in range(DEPTH):
        linear = nn.Linear(WIDTH, WIDTH)
        if he:
            nn.init.kaiming_normal_(linear.weight)
        layer = nn.Sequential(linear, activation())
        layers.append(Shortcut(layer) if shortcut else layer)
    return nn.Sequential(*layers, nn.Linear(WIDTH, 1))


def open_forget_gate(layer: nn.LSTM, bias: float) -> nn.LSTM:
    """Let the cell keep what it holds: the gate is sigmoid(bias + ...)."""
    with torch.no_grad():
        layer.get_parameter("bias_ih_l0")[layer.hidden_size : 2 * layer.hidden_size] = bias
    return layer


def main() -> None:
    """Print what arrives at the first layer, and at the first time step."""
    torch.manual_seed(0)
    X, y = torch.randn(64, WIDTH), torch.randn(64)
    print(f"{DEPTH} layers: gradient in the outputs of the first and of the last layer")
    networks = {
        "sigmoid": deep(nn.Sigmoid),
        "tanh": deep(nn.Tanh),
        "ReLU, default start": deep(nn.ReLU),
        "ReLU, He's start": deep(nn.ReLU, he=True),
        "sigmoid, shortcuts": deep(nn.Sigmoid, shortcut=True),
    }
    for name, network in networks.items():
        flow = gradient_flow(network, X, y)
        layers = [layer for layer in flow.layers if layer.n_parameters]
        print(f"  {name:22} {layers[0].signal:8.1e} {layers[-1].signal:8.1e}   {flow.verdict}")

    print(f"\n{STEPS} steps: gradient in the state, first and last step")
    X = torch.randn(64, STEPS, 4)
    recurrences = {
        "RNN": nn.RNN(4, WIDTH, batch_first=True),
        "LSTM": nn.LSTM(4, WIDTH, batch_first=True),
        "LSTM, forget gate open": open_forget_gate(nn.LSTM(4, WIDTH, batch_first=True), 6.0),
        "GRU": nn.GRU(4, WIDTH, batch_first=True),
    }
    for name, layer in recurrences.items():
        flow = gradient_flow(LastStep(layer), X, y)
        for step in flow.steps:
            print(f"  {name + ', ' + step.state:26} {step.signal[0]:8.1e} {step.signal[-1]:8.1e}")

    print("\na linear recurrence h -> w h over 1000 steps (note 001 §8.4)")
    for w in (0.99, 1.01):
        layer = nn.RNN(1, 1, nonlinearity="relu", batch_first=True)
        with torch.no_grad():
            for parameter, value in zip(layer.parameters(), (1.0, w, 0.0, 0.0)):
                parameter.fill_(value)
        signal = gradient_flow(LastStep(layer), torch.ones(1, 1001, 1), [0.0]).steps[0].signal
        print(f"  w = {w}: first / last = {signal[0] / signal[-1]:.3g}, w^1000 = {np.power(w, 1000):.3g}")


if __name__ == "__main__":
    main()
