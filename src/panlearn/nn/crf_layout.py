"""Which frames of a padded batch belong to its sequences, and where each sequence begins and ends.

    emissions (b, t, L), mask (b, t)    ->    rows: places of the n frames that count, sequence after sequence

A mask may begin late, end early and have holes: a sequence is made of the frames that are on, in their order. The
scores of the first and the last tag are added to the first and the last frame, which leaves a chain with nothing but
frames and transitions. The two gradients come back out of the frames': a sum over their first rows, one over the last.
"""

from functools import cached_property
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor


class Potentials(NamedTuple):
    """Scores that make up the score of a tagging."""

    emissions: Tensor  # (b, t, L) of each tag at each frame
    start: Tensor  # (L,) of the first tag
    transitions: Tensor  # (L, L) from row to column
    end: Tensor  # (L,) of the last tag


class Layout:
    """Frames of a batch.

    Parameters
    ----------
    shape : tuple of int
        b, t.
    mask : Tensor of shape (b, t), optional
        True for frames that count; by default all do.
    device : torch.device
        Where the indices live.
    """

    def __init__(self, shape: tuple[int, int], mask: Tensor | None, device: torch.device) -> None:
        self.shape, self.device = shape, device
        self.mask = None if mask is None or bool(mask.all()) else mask  # (b, t)

    @cached_property
    def rows(self) -> Tensor | None:
        """Places (n,) in (b t,) of the frames that count; None: all of them."""
        return None if self.mask is None else self.mask.reshape(-1).nonzero()[:, 0]

    @cached_property
    def n_frames(self) -> int:
        """Frames that count."""
        return self.shape[0] * self.shape[1] if self.rows is None else len(self.rows)

    @cached_property
    def owner(self) -> Tensor:
        """Sequence (n,) to which each frame belongs."""
        b, t = self.shape
        every = torch.arange(b, device=self.device).repeat_interleave(t)
        return every if self.rows is None else every[self.rows]

    @cached_property
    def lengths(self) -> Tensor:
        """Frames (b,) of each sequence."""
        b, t = self.shape
        return torch.full((b,), t, device=self.device) if self.mask is None else self.mask.sum(1)

    @cached_property
    def offsets(self) -> np.ndarray:
        """Where sequences begin among the frames that count (b + 1,), for kernels."""
        b, t = self.shape
        if self.mask is None:
            return np.arange(b + 1) * t
        offsets = np.zeros(b + 1, dtype=np.int64)
        np.cumsum(self.lengths.cpu().numpy(), out=offsets[1:])
        return offsets

    @cached_property
    def ends(self) -> tuple[Tensor, Tensor, Tensor] | None:
        """Numbers of the sequences, and their first and last frame, each (b,); None where no frame is masked."""
        if self.mask is None:
            return None
        b, t = self.shape
        mask = self.mask.byte()
        return torch.arange(b, device=self.device), mask.argmax(1), t - 1 - mask.flip(1).argmax(1)

    def gather(self, x: Tensor) -> Tensor:
        """Frames that count, (n, ...), of (b, t, ...)."""
        flat = x.reshape(-1, *x.shape[2:])
        return flat if self.rows is None else flat.index_select(0, self.rows)

    def scatter(self, x: Tensor) -> Tensor:
        """Frames back in their places (b, t, ...), zeros elsewhere."""
        if self.rows is None:
            return x.reshape(*self.shape, *x.shape[1:])
        out = x.new_zeros(self.shape[0] * self.shape[1], *x.shape[1:])
        return out.index_copy_(0, self.rows, x).reshape(*self.shape, *x.shape[1:])

    def fold(self, potentials: Potentials, dtype: torch.dtype) -> Tensor:
        """Add the scores of first and last tags to the frames: a new (b, t, L)."""
        scores = potentials.emissions.to(dtype, copy=True, memory_format=torch.contiguous_format)
        start, end = potentials.start.to(dtype), potentials.end.to(dtype)
        if self.ends is None:
            scores[:, 0] += start
            scores[:, -1] += end
        else:
            each, first, last = self.ends
            scores[each, first] += start
            scores[each, last] += end
        return scores

    def outermost(self, frames: Tensor) -> tuple[Tensor, Tensor]:
        """First and last frame (b, L) of each sequence, of (b, t, L); any frame where a sequence has none."""
        if self.ends is None:
            return frames[:, 0], frames[:, -1]
        each, first, last = self.ends
        return frames[each, first], frames[each, last]
