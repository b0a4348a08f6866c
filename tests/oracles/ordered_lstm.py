"""An ordered LSTM on one sequence, number by number [shen2019]."""

from math import exp, tanh

import numpy as np


def sigmoid(x):
    return 1 / (1 + exp(-x))


def cumax(scores):
    """A unit is past the step with the probability that the step was drawn at it or before."""
    weights = [exp(x) for x in scores]
    return [sum(weights[: m + 1]) / sum(weights) for m in range(len(weights))]


def ordered(gates, U, h, c, drop=None, hold_h=None, hold_c=None):
    """h and c (T, H) after each step; `gates` (T, 4 H + 2 M) is what the input gives, masks are one a step."""
    H = len(h)
    M = (gates.shape[1] - 4 * H) // 2
    hs, cs = [], []
    for t in range(len(gates)):
        m = np.ones(H) if drop is None else drop
        a = [gates[t][j] + sum(U[j][k] * m[k] * h[k] for k in range(H)) for j in range(gates.shape[1])]
        rise = cumax(a[4 * H : 4 * H + M])
        fall = [1 - x for x in cumax(a[4 * H + M :])]
        new_h, new_c = np.empty(H), np.empty(H)
        for k in range(H):
            master_forget, master_input = rise[k // (H // M)], fall[k // (H // M)]
            both = master_forget * master_input
            forget = sigmoid(a[H + k]) * both + master_forget - both
            write = sigmoid(a[k]) * both + master_input - both
            cell = forget * c[k] + write * tanh(a[2 * H + k])
            hidden = sigmoid(a[3 * H + k]) * tanh(cell)
            z_h = 0.0 if hold_h is None else hold_h[t][k]
            z_c = 0.0 if hold_c is None else hold_c[t][k]
            new_h[k] = z_h * h[k] + (1 - z_h) * hidden
            new_c[k] = z_c * c[k] + (1 - z_c) * cell
        h, c = new_h, new_c
        hs.append(h)
        cs.append(c)
    return np.array(hs), np.array(cs)
