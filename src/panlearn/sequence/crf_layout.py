"""How the attributes of the tokens are laid out, so that scores and gradient of a CRF move few bytes.

Scores of the labels at a token and the gradient of the weights are a product with one sparse matrix M and with its
transpose: scores = M w, gradient = Mᵀ marginals; M has a row for each cell (token, label), a column for each weight. Of
the attributes two kinds are told apart:

- *dense*: seen with many labels, and often. Their weights are rows of a small table (R, L), all labels side by side,
  which stays in the cache; a token adds whole rows, and its marginals are added to whole rows of the gradient.
- *sparse*: the great rest. The tokens are cut into blocks whose scores fit into the cache, and M is kept by column in
  each block: 4 bytes an entry. A column adds its weight to its cells, and later sums the marginals of its cells. What
  the blocks found is added weight by weight, in the order of the blocks, so that threads do not change the sum.

Tables for the gradient exist once for each of a fixed number of groups of blocks, for the same reason.
"""

from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from panlearn.core.jit import kernel
from panlearn.sequence.crf_features import StateFeatures, values_of

BLOCK_CELLS = 1 << 16  # cells of a block, half a megabyte of scores
TABLE = 1 << 17  # most numbers in a table: 1 MB
OFTEN = 16  # an attribute seen less often is not worth a row
SHARE = 5  # a row costs about as much as a fifth of its labels done singly


class Layout(NamedTuple):
    """Dense attributes as rows of a table, the others as columns of M in each block. Values are empty if all are 1."""

    blocks: np.ndarray  # (B + 1,) int64: sequences blocks[b] to blocks[b + 1] are block b
    width: int  # numbers of a row of the table: labels, filled up to whole lanes
    rows: int  # R
    row_weight: np.ndarray  # (D,) int64: numbers of the weights that live in the table
    row_place: np.ndarray  # (D,) int64: where, row * width + label
    dense_indptr: np.ndarray  # (n + 1,) int64: dense attributes of each token
    dense_row: np.ndarray  # int32: their rows
    dense_value: np.ndarray
    columns: np.ndarray  # (B + 1,) int64: columns of block b are numbers columns[b] to columns[b + 1]
    weight: np.ndarray  # (Q,) int32: the weight of a column, ascending in a block
    indptr: np.ndarray  # (Q + 1,) int64: entries of a column
    cell: np.ndarray  # int32: (token - first token of the block) * L + label
    value: np.ndarray


def layout(encoded: Any, features: StateFeatures, n_labels: int) -> Layout:
    """Lay out the tokens for these state features."""
    width = -(-n_labels // 8) * 8
    first, labels, indptr, values = features.indptr, features.labels, encoded.indptr, values_of(encoded)
    sizes, often = np.diff(first), np.bincount(encoded.indices, minlength=encoded.n_attributes)
    candidates = np.flatnonzero((sizes * SHARE >= width) & (often >= OFTEN))
    chosen = candidates[np.argsort(-(often * sizes)[candidates], kind="stable")][: max(TABLE // width, 1)]
    row = np.full(encoded.n_attributes, -1, dtype=np.int32)
    row[chosen] = np.arange(len(chosen))
    table_weight = np.flatnonzero(np.repeat(row >= 0, sizes))
    place = np.repeat(row, sizes)[table_weight].astype(np.int64) * width + labels[table_weight]

    blocks = cut(encoded.offsets, 0, len(encoded.offsets) - 1, -(-len(indptr) * n_labels // BLOCK_CELLS))
    tokens = encoded.offsets[blocks]
    columns, weight, counts, filled = [0], [], [], 0
    total = int(often[row < 0] @ sizes[row < 0])
    cell, value = np.empty(total, np.int32), np.empty(total if values.size else 0)  # filled in place: they are large
    tally = np.zeros(len(labels), dtype=np.int64)
    for start, stop in pairwise(tokens.tolist()):
        found, n_found = _touched(start, stop, indptr, encoded.indices, first, row, tally)
        touched = np.sort(found[:n_found])
        counts.append(tally[touched].astype(np.int32))
        rows = (indptr, encoded.indices, values, first, labels, row)
        own = slice(filled, filled + int(counts[-1].sum()))
        _entries(start, stop, rows, n_labels, touched, tally, cell[own], value[own])
        columns.append(columns[-1] + len(touched))
        weight.append(touched)
        filled = own.stop
    ends = np.cumsum(np.concatenate([np.zeros(1, np.int32), *counts]), dtype=np.int64)
    dense = _dense(indptr, encoded.indices, values, row)
    return Layout(
        blocks=np.array(blocks),
        width=width,
        rows=len(chosen),
        row_weight=table_weight,
        row_place=place,
        dense_indptr=dense[0],
        dense_row=dense[1],
        dense_value=dense[2],
        columns=np.array(columns),
        weight=np.concatenate([np.empty(0, np.int32), *weight]),
        indptr=ends,
        cell=cell,
        value=value,
    )


def cut(offsets: np.ndarray, first: int, last: int, parts: int) -> list[int]:
    """Cut sequences first to last into at most `parts` parts of about as many tokens; where they begin and end."""
    goals = offsets[first] + np.arange(1, parts) * (offsets[last] - offsets[first]) / parts
    inner = first + np.searchsorted(offsets[first : last + 1], goals)
    return sorted({first, last, *inner.tolist()})


@kernel
def _dense(indptr, indices, values, row):
    """Rows of the table of each token."""
    n = indptr.size - 1
    ends = np.zeros(n + 1, np.int64)
    for t in range(n):
        ends[t + 1] = ends[t]
        for e in range(indptr[t], indptr[t + 1]):
            ends[t + 1] += row[indices[e]] >= 0
    unit, d = values.size == 0, 0
    rows, kept = np.empty(ends[n], np.int32), np.empty(0 if unit else ends[n])
    for e in range(indptr[n]):
        if row[indices[e]] >= 0:
            rows[d] = row[indices[e]]
            if not unit:
                kept[d] = values[e]
            d += 1
    return ends, rows, kept


@kernel
def _touched(start, stop, indptr, indices, first, row, tally):
    """Weights of the sparse attributes of a block, each once; `tally` (K,), all zero before, counts their cells."""
    most = 0
    for e in range(indptr[start], indptr[stop]):
        if row[indices[e]] < 0:
            most += first[indices[e] + 1] - first[indices[e]]
    found, q = np.empty(most, np.int32), 0
    for e in range(indptr[start], indptr[stop]):
        if row[indices[e]] < 0:
            for k in range(first[indices[e]], first[indices[e] + 1]):
                found[q] = k
                q += tally[k] == 0
                tally[k] += 1
    return found, q


@kernel
def _entries(start, stop, tokens, n_labels, touched, tally, cell, value):
    """Write cells and values of a block, column by column; `tally` is set back to zero."""
    indptr, indices, values, first, labels, row = tokens
    total = 0
    for k in touched:
        total, tally[k] = total + tally[k], total
    unit = values.size == 0
    for t in range(start, stop):
        for e in range(indptr[t], indptr[t + 1]):
            if row[indices[e]] < 0:
                for k in range(first[indices[e]], first[indices[e] + 1]):
                    cell[tally[k]] = (t - start) * n_labels + labels[k]
                    if not unit:
                        value[tally[k]] = values[e]
                    tally[k] += 1
    for k in touched:
        tally[k] = 0
