"""Gated recurrent units of one sequence by the definition, gate by gate and unit by unit."""

import numpy as np


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def states(x, weight_ih, weight_hh, bias_ih, bias_hh, first, reset_after=True):
    """h_1, ..., h_T of a sequence x (T, I), from the state `first` (H,); blocks of weights are r, z, n."""
    H = len(first)
    W = {gate: weight_ih[i * H : (i + 1) * H] for i, gate in enumerate("rzn")}
    U = {gate: weight_hh[i * H : (i + 1) * H] for i, gate in enumerate("rzn")}
    b = {gate: bias_ih[i * H : (i + 1) * H] for i, gate in enumerate("rzn")}
    c = {gate: bias_hh[i * H : (i + 1) * H] for i, gate in enumerate("rzn")}
    found, h = [], first
    for row in x:
        r = sigmoid(W["r"] @ row + b["r"] + U["r"] @ h + c["r"])
        z = sigmoid(W["z"] @ row + b["z"] + U["z"] @ h + c["z"])
        if reset_after:
            n = np.tanh(W["n"] @ row + b["n"] + r * (U["n"] @ h + c["n"]))
        else:
            n = np.tanh(W["n"] @ row + b["n"] + U["n"] @ (r * h) + c["n"])
        h = np.array([z[k] * h[k] + (1 - z[k]) * n[k] for k in range(H)])
        found.append(h)
    return np.array(found)
