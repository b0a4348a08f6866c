"""A recurrent tagger as loops over one sentence: torch's weights in, probabilities of the tags out."""

from itertools import pairwise, product

import numpy as np


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def lstm(x, w, ending=""):
    """States of an LSTM over rows x, weights by torch's names (gates i, f, g, o)."""
    W, U = w[f"weight_ih_l0{ending}"], w[f"weight_hh_l0{ending}"]
    b = w[f"bias_ih_l0{ending}"] + w[f"bias_hh_l0{ending}"]
    H = U.shape[1]
    h, c, found = np.zeros(H), np.zeros(H), []
    for row in x[::-1] if ending else x:
        z = W @ row + U @ h + b
        i, f, g, o = sigmoid(z[:H]), sigmoid(z[H : 2 * H]), np.tanh(z[2 * H : 3 * H]), sigmoid(z[3 * H :])
        c = f * c + i * g
        h = o * np.tanh(c)
        found.append(h)
    return np.array(found[::-1] if ending else found)


def elman(x, w):
    """States of a plain network with tanh."""
    b, h, found = w["bias_ih_l0"] + w["bias_hh_l0"], 0.0 * w["bias_hh_l0"], []
    for row in x:
        h = np.tanh(w["weight_ih_l0"] @ row + w["weight_hh_l0"] @ h + b)
        found.append(h)
    return np.array(found)


def jordan(x, w):
    """Probabilities that a network says, and hears at the next step."""
    y, found = np.zeros(len(w["bias_hy_l0"])), []
    for row in x:
        h = np.tanh(w["weight_ih_l0"] @ row + w["bias_ih_l0"] + w["weight_yh_l0"] @ y)
        y = softmax(w["weight_hy_l0"] @ h + w["bias_hy_l0"])
        found.append(y)
    return np.array(found)


def softmax(z):
    e = np.exp(z - z.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def neighbours(x, context):
    """Each row between its neighbours, zeros beyond the ends."""
    zeros = np.zeros((context, x.shape[1]))
    padded = np.concatenate([zeros, x, zeros])
    return np.array([padded[t : t + 2 * context + 1].ravel() for t in range(len(x))])


def chain_marginals(scores, start, transitions, end):
    """p(y_t = i | x) of a chain, by enumeration of all taggings; and the best one."""
    T, L = scores.shape
    total, marginals, best = 0.0, np.zeros((T, L)), (-np.inf, ())
    for path in product(range(L), repeat=T):
        s = start[path[0]] + end[path[-1]] + sum(scores[t, k] for t, k in enumerate(path))
        s += sum(transitions[a, b] for a, b in pairwise(path))
        best = max(best, (s, path))
        total += np.exp(s)
        for t, k in enumerate(path):
            marginals[t, k] += np.exp(s)
    return marginals / total, list(best[1])
