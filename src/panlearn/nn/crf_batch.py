"""A padded batch on a CPU through the recursions of `panlearn.sequence`, with little beside them.

A batch of 32 sentences with 20 tags costs the recursion as long as some fifty tensor operations. So what stands around
it are passes of machine code (`panlearn.nn.crf_kernels`), and a small batch goes to the bundles of eight sequences
directly, without the sorting into groups for threads. A sequence that underflows sends the batch the general way.

Course notes: 004 §11.
"""

from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

from panlearn.core.lanes import WIDTH
from panlearn.core.threads import map_chunks, scratch
from panlearn.nn import crf_kernels
from panlearn.nn.crf_checks import check_impossible, explain_numbers
from panlearn.nn.crf_kernels import Padded
from panlearn.nn.crf_layout import Layout, Potentials
from panlearn.sequence.best_paths import paths_in_lanes
from panlearn.sequence.bundles import LONG, work_arrays
from panlearn.sequence.decoding import viterbi_paths
from panlearn.sequence.expectations import Chain, Expectations, expectations
from panlearn.sequence.recursions import work_through

SMALL = 2_000_000  # multiply-adds of a batch that is not worth a second thread
TINY = 300_000  # of one that is not worth a second way to compute, however empty its lanes
NONE = np.empty(0, dtype=np.int64)


class Batch:
    """A padded batch and its chain as arrays.

    Parameters
    ----------
    potentials : Potentials
        On a CPU, of any type.
    layout : Layout
        Frames that count, at least one.
    """

    def __init__(self, potentials: Potentials, layout: Layout) -> None:
        emissions, start, transitions, end = (x.detach() for x in potentials)
        if emissions.dtype not in (torch.float32, torch.float64):
            emissions = emissions.float()
        rows = NONE if layout.rows is None else layout.rows.numpy()
        flat = emissions.contiguous().view(-1, emissions.shape[2]).numpy()
        start, transitions, end = (x.double().contiguous().numpy() for x in (start, transitions, end))
        self.padded, self.transitions = Padded(flat, rows, layout.offsets, start, end), transitions
        self.layout, self.lengths = layout, np.diff(layout.offsets)
        self.top = float(transitions.max())
        if not self.top < np.inf:
            explain_numbers(potentials, layout)
        self.top = self.top if self.top > -np.inf else 0.0

    def frames(self, out: np.ndarray) -> np.ndarray:
        """Scores of the frames (n, L), those of first and last tags added; NaN and +inf are errors."""
        parts = self._chunks(lambda a, z: crf_kernels.fold(self.padded, a, z, out))
        if max(parts) >= 0:
            starts, ends = self.padded.start, self.padded.end
            given = Potentials(*(torch.from_numpy(x) for x in (self.padded.emissions, starts, self.transitions, ends)))
            explain_numbers(given, self.layout)
        return out

    def expected(self) -> Expectations:
        """Log Z (b,), marginals (n, L), pairs (L, L)."""
        frames = self.frames(scratch("likelihoods of tags", self.shape))
        shift, shifts = np.empty(len(frames)), np.empty(len(self.lengths))
        self._chunks(lambda a, z: self._exponentiate(frames, a, z, shift, shifts))
        check_impossible(np.abs(shifts))  # infinite only where a sum exceeds all floats
        A, ones = np.exp(self.transitions - self.top), np.ones(len(self.transitions))
        chain, found = Chain(ones, A, ones), None
        if self.small:
            out = Expectations(np.zeros(len(self.lengths)), np.empty(self.shape), np.zeros(A.shape))
            order, work = self._order(), work_arrays(int(self.lengths.max()), len(A))
            AT, weight = np.ascontiguousarray(A.T), np.ones(len(self.lengths))
            work_through(frames, chain, AT, order, self.padded.offsets, weight, work, out)
            if out.log_likelihood.min() > -np.inf:
                found = Expectations(out.log_likelihood + shifts, out.marginals, out.pairs * A)
        if found is None:
            zeros = np.zeros(len(ones))
            logarithms = Chain(zeros, self.transitions - self.top, zeros)
            found = expectations(frames, shift, self.padded.offsets, chain, logs=self._logs, log_chain=logarithms)
        found = found._replace(log_likelihood=found.log_likelihood + self.top * np.maximum(self.lengths - 1, 0))
        check_impossible(found.log_likelihood)
        return found

    def score(self, tags: Tensor) -> np.ndarray | None:
        """Scores (b,) of given taggings (b, t); None if a tag is none of 0 … L − 1."""
        total = np.empty(len(self.lengths))
        return total if crf_kernels.score(self.padded, self.transitions, _flat(tags), total) else None

    def gradients(self, found: Expectations, tags: Tensor | None, g: np.ndarray, pairs: np.ndarray) -> tuple:
        """Gradients of Σ g log Z, or with tags of their Σ g log p, in all potentials; `pairs` are weighted already."""
        given, flat = self.padded, NONE if tags is None else _flat(tags)
        make = np.empty if self.layout.mask is None else np.zeros
        out = make(given.emissions.shape, dtype=given.emissions.dtype)
        self._chunks(lambda a, z: crf_kernels.frame_gradient(given, found.marginals, flat, g, a, z, out))
        start, end = np.zeros(len(pairs)), np.zeros(len(pairs))
        pairs = pairs if tags is None else -pairs
        crf_kernels.chain_gradient(given, found.marginals, flat, g, pairs, start, end)
        return out, start, pairs, end

    def best(self) -> list[list[int]]:
        """Viterbi's tagging of each sequence."""
        frames, A = self.frames(scratch("likelihoods of tags", self.shape)), self.transitions
        none, offsets = np.zeros(len(A)), self.padded.offsets
        if self.small:
            paths, score = np.empty(len(frames), dtype=np.int64), np.zeros(len(self.lengths))
            model = none, A, np.ascontiguousarray(A.T), none
            work = work_arrays(int(self.lengths.max()), len(A))
            paths_in_lanes(frames, self._order(), offsets, model, work, paths, score)
        else:
            paths, score = viterbi_paths(frames, offsets, none, A, none)
        check_impossible(score)
        if self.layout.mask is None:
            return paths.reshape(self.layout.shape).tolist()
        flat = paths.tolist()
        return [flat[a:b] for a, b in pairwise(offsets.tolist())]

    @property
    def shape(self) -> tuple[int, int]:
        """n, L."""
        return int(self.padded.offsets[-1]), len(self.transitions)

    @property
    def small(self) -> bool:
        """Whether the batch is one for a single call on a single thread."""
        n, L = self.shape
        longest = int(self.lengths.max())
        one, rows = L * (L + 8), longest * WIDTH * -(-len(self.lengths) // WIDTH)  # rows with those of empty lanes
        return longest <= LONG and n * one < SMALL and (rows <= 2 * n or rows * one < TINY)

    def _order(self) -> np.ndarray:
        """Sequences with frames, the longest first."""
        if self.layout.mask is None:
            return np.arange(len(self.lengths))
        return np.argsort(-self.lengths, kind="stable")[: np.count_nonzero(self.lengths)]

    def _exponentiate(self, frames, first: int, stop: int, shift, shifts) -> None:
        offsets = self.padded.offsets
        crf_kernels.lower(frames, offsets, first, stop, shift, shifts)
        crf_kernels.exponentiate(frames[offsets[first] : offsets[stop]].reshape(-1))

    def _logs(self, start: int, stop: int) -> np.ndarray:
        return self.frames(np.empty(self.shape))[start:stop]

    def _chunks(self, task) -> list:
        return map_chunks(task, len(self.lengths), work=8.0 * self.shape[0] * self.shape[1])


def _flat(tags: Tensor) -> np.ndarray:
    """Tags (b t,) as the kernels take them."""
    return tags.detach().long().contiguous().view(-1).numpy()
