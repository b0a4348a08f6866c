"""Convolution over words as loops over texts, windows, filters and words."""

import numpy as np


def window_scores(vectors, filters, shift, text, widths):
    """One list a width of (windows, filters) scores: all windows that meet a word of the text."""
    n_filters, first, answer = filters.shape[1], 0, []
    for w, h in enumerate(widths):
        scores = np.zeros((len(text) + h - 1, n_filters))
        for p in range(len(text) + h - 1):
            for f in range(n_filters):
                scores[p, f] = shift[w * n_filters + f]
                for j in range(h):
                    place = p - h + 1 + j
                    if 0 <= place < len(text):
                        scores[p, f] += filters[first + j, f] @ vectors[text[place]]
        answer.append(scores)
        first += h
    return answer


def k_largest(column, k):
    """Values of the k largest in their order, zeros behind."""
    places = sorted(sorted(range(len(column)), key=lambda i: (-column[i], i))[:k])
    return [column[i] for i in places] + [0.0] * (k - len(places))


def features(vectors, filters, shift, text, widths, pooling, k):
    """Pooled features of one text, with the activation max(0, z)."""
    columns = [column for scores in window_scores(vectors, filters, shift, text, widths) for column in scores.T]
    if pooling == "max":
        return np.array([max(0.0, column.max()) for column in columns])
    if pooling == "average":
        return np.array([np.maximum(0.0, column).mean() for column in columns])
    return np.array([max(0.0, value) for column in columns for value in k_largest(column, k)])


def outputs(parameters, text, widths, pooling, k):
    """What the network answers to one text; `parameters` as of its state_dict, in NumPy."""
    z = features(parameters["table"], parameters["filters"], parameters["shift"], text, widths, pooling, k)
    return parameters["head.weight"] @ z + parameters["head.bias"]
