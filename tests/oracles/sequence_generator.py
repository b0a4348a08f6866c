"""A recurrent language model as loops: log p(x) of one text, its mark included, and what it writes without chance."""

import numpy as np

from tests.oracles.sequence_tagger import lstm, softmax


def next_chances(parameters, numbers, first=None):
    """Probabilities of the next token behind each of some tokens; `first` stands in the place of the first vector."""
    weights = {name.removeprefix("network.layers."): w for name, w in parameters.items()}
    x = parameters["tokens.weight"][numbers].copy()
    if first is not None:
        x[0] = first
    return softmax(lstm(x, weights) @ weights["head.weight"].T + weights["head.bias"])


def log_likelihood(parameters, numbers, mark, first=None):
    chances = next_chances(parameters, [mark, *numbers], first)
    return sum(np.log(p[k]) for p, k in zip(chances, [*numbers, mark]))


def written(parameters, numbers, mark, length):
    """The likeliest token, again and again, each time from the beginning of the text."""
    found = []
    for _ in range(length):
        chances = next_chances(parameters, [mark, *numbers, *found])[-1]
        chances[0] = 0.0
        if chances.argmax() == mark:
            break
        found.append(int(chances.argmax()))
    return found
