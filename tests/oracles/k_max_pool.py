"""k-max pooling by sorting each row in full."""

import numpy as np


def k_max_pool(x: np.ndarray, k: int, lengths: np.ndarray) -> np.ndarray:
    """Keep the k largest values of each filter in their order, the earliest of equal ones; zeros behind."""
    out = np.zeros((*x.shape[:2], k), dtype=x.dtype)
    for b in range(x.shape[0]):
        for c in range(x.shape[1]):
            row = x[b, c, : lengths[b]]
            places = sorted(range(len(row)), key=lambda j: (-row[j], j))[:k]
            out[b, c, : len(places)] = row[sorted(places)]
    return out
