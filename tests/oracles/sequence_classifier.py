"""A recurrent classifier read step by step, one sequence at a time, in float64."""

import numpy as np


def logistic(z):
    return 1 / (1 + np.exp(-z))


def step(cell, weights, k, x, h, c):
    """One step of layer k: the new state (h, c)."""
    z = weights[f"weight_ih_l{k}"] @ x + weights[f"bias_ih_l{k}"]
    u = weights[f"weight_hh_l{k}"] @ h + weights[f"bias_hh_l{k}"]
    H = len(h)
    if cell == "rnn":
        return np.tanh(z + u), c
    if cell == "gru":
        r, update = logistic(z[:H] + u[:H]), logistic(z[H : 2 * H] + u[H : 2 * H])
        return (1 - update) * np.tanh(z[2 * H :] + r * u[2 * H :]) + update * h, c
    i, f, g, o = np.split(z + u, 4)
    c = logistic(f) * c + logistic(i) * np.tanh(g)
    return logistic(o) * np.tanh(c), c


def states(cell, weights, sequence, n_layers=1):
    """Outputs of the last layer at all steps, (T, H)."""
    rows = [np.asarray(x, dtype=float) for x in sequence]
    for k in range(n_layers):
        H = weights[f"weight_hh_l{k}"].shape[1]
        h, c, found = np.zeros(H), np.zeros(H), []
        for x in rows:
            h, c = step(cell, weights, k, x, h, c)
            found.append(h)
        rows = found
    return np.array(rows)


def pooled(rows, pooling):
    """One vector for a sequence."""
    return {"last": rows[-1], "mean": rows.mean(0), "max": rows.max(0)}[pooling]


def probabilities(cell, parameters, sequences, pooling, n_layers=1):
    """Class probabilities of sequences, (n, K)."""
    weights = {name.removeprefix("network.layers."): value for name, value in parameters.items()}
    answers = []
    for sequence in sequences:
        vector = pooled(states(cell, weights, sequence, n_layers), pooling)
        z = parameters["head.weight"] @ vector + parameters["head.bias"]
        p = np.exp(z - z.max())
        answers.append(p / p.sum())
    return np.array(answers)
