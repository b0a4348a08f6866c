"""Batches cut from tensors: rows are gathered many at a time, never one by one.

An epoch is a permutation of the rows. It is drawn from (seed, epoch) alone, so that a run which was killed finds its
place again from two integers. Rows are copied in that order a few megabytes at a time (`GATHER`), and a batch is a view
of that copy: one gather serves some hundred small batches, where a loader that asks for each row by itself spends ten
times as long on Python as on arithmetic.

Rows of unequal length (`rows.RaggedRows`) are ordered by length inside windows of `WINDOW` batches, so that a batch
holds rows of nearly equal length and little of it is padding; the batches of a window are shuffled again.

Several processes that train together cut the same batches, and each takes its `share` of every one.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from panlearn.neural_network.training.rows import RaggedRows, Rows, TensorRows

__all__ = ["Batch", "Batches", "RaggedRows", "Rows", "TensorRows"]

CPU = torch.device("cpu")
GATHER = 1 << 22  # bytes of rows copied at once: they stay in the cache until their batches have been used
WINDOW = 50  # batches among which rows of like length are sought


class Batch(NamedTuple):
    """What one step is made on."""

    inputs: tuple[Tensor, ...]  # arguments of the module, b rows each
    target: Tensor  # (b, ...) codes or values
    weight: Tensor | None  # (b,) weights of the rows, of mean 1 over all the data; None for ones
    indices: Tensor  # (b,) where the rows stand in the data


@dataclass(frozen=True)
class Batches:
    """The data of a fit, and how they are cut."""

    rows: Rows
    target: Tensor  # (n, ...)
    weight: Tensor | None  # (n,) of mean 1, or None
    size: int  # rows of a batch
    shuffle: bool = True
    seed: int = 0
    merge_single: bool = False  # a last batch of one row joins the one before: batch normalisation needs two
    device: torch.device = CPU
    transform: Callable[[tuple[Tensor, ...]], tuple[Tensor, ...]] | None = None  # of a batch's inputs: augmentation
    share: tuple[int, int] = (0, 1)  # number of this process, and of how many

    def __len__(self) -> int:
        return len(self._ends())

    def epoch(self, epoch: int, start: int = 0) -> Iterator[Batch]:
        """Batches of one pass over the data.

        Parameters
        ----------
        epoch : int
            Number of the pass; with the seed it fixes the order.
        start : int
            First batch wanted, to go on where a run was stopped.

        Yields
        ------
        Batch
            Each is made when it is asked for, so that a random `transform` draws its numbers in the order of the steps.
        """
        order, spans = self._order(epoch), self._spans()
        together = 1 if self.rows.lengths() is not None else max(1, GATHER // (self.size * self.rows.row_bytes + 1))
        for first in range(start, len(spans), together):
            group = spans[first : first + together]
            gathered, begin = self._gather(_joined(order, group)), 0
            for low, high in group:
                batch = _part(gathered, begin, begin + high - low)
                begin += high - low
                yield batch if self.transform is None else batch._replace(inputs=self.transform(batch.inputs))

    def _replace(self, **changes: Any) -> "Batches":
        """Cut otherwise; the name is that of tuples, which cannot have a length of their own."""
        return replace(self, **changes)

    def size_of(self, batch: int) -> int:
        """Rows of a batch, over all processes."""
        ends = self._ends()
        return ends[batch] - (ends[batch - 1] if batch else 0)

    def _gather(self, indices: Tensor) -> Batch:
        """Rows of some batches, on the device."""
        put = lambda t: t.to(self.device, non_blocking=True)  # noqa: E731
        weight = None if self.weight is None else put(self.weight[indices])
        return Batch(tuple(map(put, self.rows.take(indices))), put(self.target[indices]), weight, indices)

    def _ends(self) -> list[int]:
        """Where each batch ends."""
        n = len(self.rows)
        ends = [*range(self.size, n, self.size), n]
        if self.merge_single and len(ends) > 1 and ends[-1] - ends[-2] < 2 * self.share[1]:
            del ends[-2]
        return ends

    def _spans(self) -> list[tuple[int, int]]:
        """Where this process's share of each batch begins and ends."""
        ends, (rank, n_processes) = self._ends(), self.share
        spans = []
        for low, high in zip([0, *ends], ends):
            cut = [low + part * (high - low) // n_processes for part in (rank, rank + 1)]
            spans.append((cut[0], cut[1]))
        return spans

    def _order(self, epoch: int) -> Tensor:
        """Order of the rows in a pass."""
        n = len(self.rows)
        if not self.shuffle:
            return torch.arange(n)
        seed = int(np.random.SeedSequence((self.seed, epoch)).generate_state(1)[0])
        random = torch.Generator().manual_seed(seed)
        order, lengths = torch.randperm(n, generator=random), self.rows.lengths()
        if lengths is None:
            return order
        pieces = []
        for window in order.split(WINDOW * self.size):
            whole = len(window) // self.size * self.size  # a short last batch stays last
            by_length = window[lengths[window].argsort(stable=True)]
            batches = by_length[:whole].view(-1, self.size)
            pieces += [batches[torch.randperm(len(batches), generator=random)].flatten(), by_length[whole:]]
        return torch.cat(pieces)


def _joined(order: Tensor, spans: list[tuple[int, int]]) -> Tensor:
    """Row numbers of some batches, end to end."""
    if all(before[1] == after[0] for before, after in pairwise(spans)):
        return order[spans[0][0] : spans[-1][1]]
    return torch.cat([order[low:high] for low, high in spans])


def _part(batch: Batch, begin: int, end: int) -> Batch:
    """Views of some rows."""
    weight = None if batch.weight is None else batch.weight[begin:end]
    inputs = tuple(t[begin:end] for t in batch.inputs)
    return Batch(inputs, batch.target[begin:end], weight, batch.indices[begin:end])
