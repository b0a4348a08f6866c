"""Kernels of a CRF's state features: scores of tokens, sums of marginals. The arrays are those of `crf_layout`."""

from panlearn.core.jit import kernel
from panlearn.core.lanes import lanes, load, store


@kernel
def dense_scores(start, stop, table, indptr, row, value, buffer, out):
    """Scores of tokens start to stop by their dense attributes: out (stop - start, L) is overwritten."""
    blocks, unit = buffer.size // 8, value.size == 0
    for t in range(start, stop):
        a, b = indptr[t], indptr[t + 1]
        for c in range(0, blocks - 2, 3):
            x, y, z = lanes(0.0), lanes(0.0), lanes(0.0)
            for e in range(a, b):
                at = row[e] * blocks + c
                v = 1.0 if unit else value[e]
                x = x + v * load(table, at)
                y = y + v * load(table, at + 1)
                z = z + v * load(table, at + 2)
            store(buffer, c, x)
            store(buffer, c + 1, y)
            store(buffer, c + 2, z)
        for c in range(blocks - blocks % 3, blocks):
            x = lanes(0.0)
            for e in range(a, b):
                x = x + (1.0 if unit else value[e]) * load(table, row[e] * blocks + c)
            store(buffer, c, x)
        for j in range(out.shape[1]):
            out[t - start, j] = buffer[j]


@kernel
def sparse_scores(start, stop, weight, indptr, cell, value, w, scores):
    """Add the weights of columns start to stop to their cells of `scores`, a block's (tokens * L,)."""
    if value.size == 0:
        for q in range(start, stop):
            x = w[weight[q]]
            for e in range(indptr[q], indptr[q + 1]):
                scores[cell[e]] += x
    else:
        for q in range(start, stop):
            x = w[weight[q]]
            for e in range(indptr[q], indptr[q + 1]):
                scores[cell[e]] += x * value[e]


@kernel
def dense_sums(start, stop, marginals, indptr, row, value, buffer, table):
    """Add the marginals (stop - start, L) of tokens start to stop to the rows of their dense attributes."""
    blocks, unit = buffer.size // 8, value.size == 0
    for j in range(buffer.size):
        buffer[j] = 0.0
    for t in range(start, stop):
        for j in range(marginals.shape[1]):
            buffer[j] = marginals[t - start, j]
        a, b = indptr[t], indptr[t + 1]
        for c in range(blocks):
            x = load(buffer, c)
            for e in range(a, b):
                at = row[e] * blocks + c
                store(table, at, load(table, at) + (1.0 if unit else value[e]) * x)


@kernel
def sparse_sums(start, stop, indptr, cell, value, marginals, sums):
    """Sum the marginals, a block's (tokens * L,), over the cells of each column: `sums` is overwritten."""
    for q in range(start, stop):
        total = 0.0
        if value.size == 0:
            for e in range(indptr[q], indptr[q + 1]):
                total += marginals[cell[e]]
        else:
            for e in range(indptr[q], indptr[q + 1]):
                total += marginals[cell[e]] * value[e]
        sums[q] = total


@kernel
def add_columns(first, last, columns, weight, sums, gradient):
    """Add the sums of all blocks to the gradient of weights first to last."""
    for b in range(columns.size - 1):
        low, high = columns[b], columns[b + 1]
        while low < high:  # the first column whose weight is not below `first`
            middle = (low + high) // 2
            low, high = (middle + 1, high) if weight[middle] < first else (low, middle)
        while low < columns[b + 1] and weight[low] < last:
            gradient[weight[low]] += sums[low]
            low += 1


@kernel
def token_scores(start, stop, indptr, indices, values, first, labels, w, out):
    """Scores of tokens start to stop from their attributes as they come; added to out (n, L)."""
    unit = values.size == 0
    for t in range(start, stop):
        for e in range(indptr[t], indptr[t + 1]):
            v = 1.0 if unit else values[e]
            for k in range(first[indices[e]], first[indices[e] + 1]):
                out[t, labels[k]] += v * w[k]
