"""SMOTE and SMOTE-NC as the paper's pseudocode has them, row by row."""

from collections import Counter

import numpy as np

from tests.oracles.nearest_neighbours import nearest


def smote(numbers, codes, k, drawn, steps):
    """New rows from given draws: place among all (row, neighbour) pairs, and step along the segment."""
    filled = numbers.copy()
    for c in range(numbers.shape[1]):
        filled[np.isnan(filled[:, c]), c] = np.nanmean(numbers[:, c])
    price = np.median(filled.std(axis=0)) ** 2
    near = nearest(filled, k, codes=codes, price=price)[0]
    new_numbers, new_codes = [], []
    for place, u in zip(drawn, steps, strict=True):
        i, j = place // k, near[place // k, place % k]
        row = []
        for a, b in zip(numbers[i], numbers[j], strict=True):
            row.append(a if np.isnan(b) else a + u * (b - a))
        new_numbers.append(row)
        votes = [Counter(codes[near[i], c].tolist()) for c in range(codes.shape[1])]
        new_codes.append([vote.most_common(1)[0][0] for vote in votes])  # of those tied the nearest's, seen first
    return np.array(new_numbers), np.array(new_codes)
