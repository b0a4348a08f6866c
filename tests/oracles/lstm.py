"""An LSTM of one sequence, unit by unit and step by step in Python numbers."""

from math import exp, sqrt, tanh

import numpy as np


def sigmoid(x):
    return 1 / (1 + exp(-x))


def normalised(a):
    mean = sum(a) / len(a)
    variance = sum((x - mean) ** 2 for x in a) / len(a)
    return [(x - mean) / sqrt(variance + 1e-5) for x in a]


def lstm(sequence, h, c, p, variant=()):
    """Outputs (T, H) and last h and c; p holds the parameters by name."""
    H, outputs = len(c), []
    names = ("f", "g", "o") if "coupled" in variant else ("i", "f", "g", "o")
    for x in sequence:
        wx = [sum(w * v for w, v in zip(row, x)) for row in p["weight_ih"]]
        uh = [sum(w * v for w, v in zip(row, h)) for row in p["weight_hh"]]
        if "layer_norm" in variant:
            wx = [gain * v for gain, v in zip(p["norm_ih"], normalised(wx))]
            uh = [gain * v for gain, v in zip(p["norm_hh"], normalised(uh))]
        total = [a + b + s + t for a, b, s, t in zip(wx, uh, p["bias_ih"], p["bias_hh"])]
        gate = {name: total[k * H : (k + 1) * H] for k, name in enumerate(names)}
        see = p["peephole"] if "peephole" in variant else np.zeros((3, H))
        new_c, o = [], []
        for k in range(H):
            f = sigmoid(gate["f"][k] + see[1][k] * c[k])
            i = 1 - f if "coupled" in variant else sigmoid(gate["i"][k] + see[0][k] * c[k])
            new_c.append(f * c[k] + i * tanh(gate["g"][k]))
            o.append(sigmoid(gate["o"][k] + see[2][k] * new_c[k]))
        c = new_c
        shown = c
        if "layer_norm" in variant:
            shown = [gain * z + shift for gain, shift, z in zip(*p["norm_c"], normalised(c))]
        h = [o[k] * tanh(shown[k]) for k in range(H)]
        outputs.append(h)
    return np.array(outputs), np.array(h), np.array(c)
