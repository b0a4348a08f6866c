r"""Sorting the rows of a node by a feature's codes, without a comparison of numbers.

A key is code << 32 | position in the node. Nodes of up to `SMALL` rows are sorted by counting, for each key, how many
are smaller: m^2 comparisons, several an instruction, no branch. Larger ones by radix sort, low digits first: two or
three passes over whatever range of codes the node still holds, O(m) each [knuth1998].
"""

import numpy as np

from panlearn.tree.inner_kernel import inner_kernel

SMALL = 40  # rows; above, radix sort is faster (measured)
SHIFT = np.uint64(32)
POSITION = np.uint64(0xFFFFFFFF)
LAST = np.uint64(0x7FFFFFFFFFFFFFFF)  # after every key
DIGITS = 2048  # of the widest pass, 11 bits


@inner_kernel
def gather(column, rows, start, m, keys):
    """Write the keys of rows[start : start + m]; returns the lowest and the highest code."""
    low, high = np.uint64(0xFFFFFFFF), np.uint64(0)
    begin = np.uint64(start)
    for i in range(np.uint64(m)):
        code = np.uint64(column[rows[begin + i]])
        keys[i] = (code << SHIFT) | i
        low = min(low, code)
        high = max(high, code)
    return np.int64(low), np.int64(high)


@inner_kernel
def sort_keys(keys, m, low, high, counts):
    """Sort the m keys in keys[0], with codes from low to high; returns which of the two arrays holds them then."""
    source, target, base, size = keys[0], keys[1], np.uint64(low), np.uint64(m)
    if m <= SMALL:
        _sort_small(source, target, size)
        return np.int64(1)
    bits = np.int64(0)
    while (high - low) >> bits:
        bits += 1
    widest = 6 if m < 256 else (9 if m < 4096 else 11)
    passes = max(np.int64(1), (bits + widest - 1) // widest)
    width = (bits + passes - 1) // passes
    buckets, shift = np.uint64(1) << np.uint64(width), np.uint64(0)
    mask = buckets - np.uint64(1)
    for _ in range(passes):
        for d in range(buckets):
            counts[d] = 0
        for i in range(size):
            counts[(((source[i] >> SHIFT) - base) >> shift) & mask] += 1
        total = np.uint32(0)
        for d in range(buckets):
            here = counts[d]
            counts[d] = total
            total = np.uint32(total + here)
        for i in range(size):
            key = source[i]
            d = (((key >> SHIFT) - base) >> shift) & mask
            target[np.uint64(counts[d])] = key
            counts[d] += 1
        source, target, shift = target, source, shift + np.uint64(width)
    return passes & 1


@inner_kernel
def _sort_small(keys, target, size):
    """Place each of at most SMALL keys by the number of smaller ones."""
    padded = ((size + np.uint64(7)) >> np.uint64(3)) << np.uint64(3)
    for i in range(size, padded):
        keys[i] = LAST
    for i in range(size):
        key, smaller = np.int64(keys[i]), np.int64(0)
        for j in range(padded):
            smaller += np.int64(np.int64(keys[j]) < key)
        target[np.uint64(smaller)] = keys[i]
