"""Scatter of sparse rows into the sums of their classes."""

import numpy as np

from panlearn.core.jit import kernel


@kernel
def add_entries(data, indices, indptr, codes, weight, out):
    """Add w_i x_i to row codes[i] of out, in place, for every sparse row i."""
    for i in range(np.uint64(len(codes))):
        k, w = codes[i], weight[i]
        for j in range(indptr[i], indptr[i + np.uint64(1)]):
            out[k, indices[j]] += w * data[j]
