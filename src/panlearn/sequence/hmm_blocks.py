"""Blocks of sequences: what one task of the E step works on.

A block holds some 16,000 frames of whole sequences: enough that eight of them run side by side in the recursions, few
enough that likelihoods and marginals stay in a core's cache. A longer sequence is a block by itself, and is cut up
further by the recursions. Sums over blocks are taken in at most sixteen fixed groups, each in the order of the data,
so that the answer has the same bits for any number of threads, and no more than sixteen sums are in memory.

Sequences come from arrays, or from anything that can be gone through again and again (`Stream`): they are then read
anew in each pass and need not fit in memory.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import reduce
from itertools import pairwise
from typing import Any, NamedTuple, TypeVar

import numpy as np

from panlearn.core.blocks import add
from panlearn.core.errors import DataError
from panlearn.core.threads import map_chunks

T = TypeVar("T")
FRAMES = 16_384
GROUPS = 16


class Block(NamedTuple):
    """Some sequences, one after the other."""

    rows: np.ndarray  # (m, p) as the family of emissions takes them
    offsets: np.ndarray  # (s + 1,) where they begin, from 0
    weight: np.ndarray | None  # (s,) weights of the sequences
    tags: np.ndarray | None  # (m,) states that are known, -1 where they are not
    first: int  # number of the first sequence in the data, for messages


def blocks_of(block: Block) -> list[Block]:
    """Cut sequences into blocks; all of them are views."""
    rows, offsets, weight, tags, first = block
    parts, a, last = [], 0, len(offsets) - 1
    while a < last:
        b = max(a + 1, int(np.searchsorted(offsets, offsets[a] + FRAMES, side="right")) - 1)
        frames = slice(offsets[a], offsets[b])
        known = None if tags is None else tags[frames]
        own = None if weight is None else weight[a:b]
        parts.append(Block(rows[frames], offsets[a : b + 1] - offsets[a], own, known, first + a))
        a = b
    return parts


class Stream:
    """Sequences that are read anew in each pass.

    Parameters
    ----------
    sequences : iterable
        Gives arrays (T, p); may be gone through more than once.
    prepare : callable
        Turns one of them into rows (T, p) as the emissions take them.
    weight : ndarray of shape (s,), optional
        Weights of the sequences.
    """

    def __init__(
        self, sequences: Iterable[Any], prepare: Callable[[Any], np.ndarray], weight: np.ndarray | None = None
    ) -> None:
        if iter(sequences) is sequences:
            raise DataError(
                "X can be gone through only once, but every iteration of EM reads all sequences. Give a list, or an "
                "object whose __iter__ starts afresh."
            )
        self.sequences, self.prepare, self.weight = sequences, prepare, weight

    def __iter__(self) -> Iterator[list[Block]]:
        """Lists of blocks, as many as make a region of threads worth while."""
        parts: list[np.ndarray] = []
        first, size = 0, 0
        for sequence in self.sequences:
            parts.append(self.prepare(sequence))
            size += len(parts[-1])
            if size >= GROUPS * FRAMES:
                yield self._blocks(parts, first)
                first, parts, size = first + len(parts), [], 0
        if parts:
            yield self._blocks(parts, first)

    def _blocks(self, parts: list[np.ndarray], first: int) -> list[Block]:
        offsets = np.cumsum([0, *map(len, parts)])
        stop = first + len(parts)
        if self.weight is not None and stop > len(self.weight):
            raise DataError(f"sample_weight must have one weight a sequence: it has {len(self.weight)}, X has more.")
        weight = None if self.weight is None else self.weight[first:stop]
        return blocks_of(Block(np.concatenate(parts), offsets, weight, None, first))


def over_blocks(task: Callable[[Block], T], blocks: list[Block], join: Callable[[T, T], T] | None = None) -> list[T]:
    """Results of a task for each block, in order; with `join` those of a group of blocks are joined to one."""
    edges = [len(blocks) * g // GROUPS for g in range(GROUPS + 1)]
    groups = [blocks[a:b] for a, b in pairwise(edges) if b > a]

    def group(members: list[Block]) -> list[T]:
        results = [task(block) for block in members]
        return results if join is None else [reduce(join, results)]

    if any(len(block.rows) > FRAMES for block in blocks):  # a long sequence runs on all threads by itself
        return [result for members in groups for result in group(members)]

    def part(start: int, stop: int) -> list[T]:
        return [result for members in groups[start:stop] for result in group(members)]

    frames = sum(len(block.rows) for block in blocks)
    return [result for results in map_chunks(part, len(groups), work=500.0 * frames) for result in results]


def sum_over(task: Callable[[Block], T], source: Iterable[list[Block]]) -> T:
    """Sum of a task's results over all blocks of a source.

    Raises
    ------
    DataError
        If there is no sequence.
    """
    total = None
    for blocks in source:
        for value in over_blocks(task, blocks, add):
            total = value if total is None else add(total, value)
    if total is None:
        raise DataError("X has no sequence; at least one is needed.")
    return total


def over_rows(task: Callable[[int, int], T], n: int) -> list[T]:
    """Results of a task for pieces of a block's rows: one, or those of a long sequence on all threads, in order."""
    pieces = -(-n // FRAMES)

    def part(start: int, stop: int) -> list[T]:
        return [task(k * FRAMES, min(n, (k + 1) * FRAMES)) for k in range(start, stop)]

    if pieces <= 1:
        return [task(0, n)]
    return [result for results in map_chunks(part, pieces, work=100.0 * n) for result in results]
