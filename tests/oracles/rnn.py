"""Plain recurrent network of one sequence by the definition, and its gradients by the notes' δ_{t,k}."""

import numpy as np

FUNCTIONS = {
    "tanh": np.tanh,
    "relu": lambda z: np.maximum(z, 0),
    "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
}
SLOPES = {  # of the value h
    "tanh": lambda h: 1 - h**2,
    "relu": lambda h: (h > 0).astype(h.dtype),
    "sigmoid": lambda h: h * (1 - h),
}


def states(x, weight_ih, weight_hh, bias, first, nonlinearity="tanh"):
    """h_1, ..., h_T of a sequence x (T, I), from the state `first` (H,)."""
    found, h = [], first
    for row in x:
        h = FUNCTIONS[nonlinearity](weight_ih @ row + bias + weight_hh @ h)
        found.append(h)
    return np.array(found)


def gradient_in_recurrent_weight(hidden, first, weight_hh, outer, nonlinearity="tanh"):
    """Σ_t Σ_{k <= t} δ_{t,k} h_{k-1}': the loss of each step t carried back to each earlier step k on its own."""
    slope = SLOPES[nonlinearity]
    total = np.zeros_like(weight_hh)
    for t in range(len(hidden)):
        delta = slope(hidden[t]) * outer[t]  # δ_{t,t}
        for k in range(t, -1, -1):
            before = hidden[k - 1] if k else first
            total += np.outer(delta, before)
            delta = slope(before) * (weight_hh.T @ delta)  # δ_{t,k-1}
    return total
