"""Rows of a table, of images, or of texts, that can be asked for many at a time by number.

`TensorRows` holds tensors whose first axis is the row. `RaggedRows` holds rows of unequal length end to end, as one
array of values and one of starts: no object per row, and a batch is one indexing of the values.
"""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np
import torch
from torch import Tensor


class Rows(Protocol):
    """Rows that can be asked for by number."""

    def __len__(self) -> int:
        """Rows there are."""
        ...

    @property
    def row_bytes(self) -> int:
        """Bytes of a row, on average."""
        ...

    def lengths(self) -> Tensor | None:
        """Length of each row; None if all are equal."""
        ...

    def take(self, indices: Tensor) -> tuple[Tensor, ...]:
        """Arguments of the module for some rows."""
        ...


class TensorRows(NamedTuple):
    """Tensors whose first axis is the row; images may stay bytes until the module makes floats of them."""

    tensors: tuple[Tensor, ...]

    def __len__(self) -> int:
        return len(self.tensors[0])

    @property
    def row_bytes(self) -> int:
        """Bytes of a row."""
        return sum(t[:1].numel() * t.element_size() for t in self.tensors)

    def lengths(self) -> Tensor | None:
        """All rows are equally long."""
        return None

    def take(self, indices: Tensor) -> tuple[Tensor, ...]:
        """Copies of some rows, in that order."""
        return tuple(t.index_select(0, indices.to(t.device)) for t in self.tensors)


class RaggedRows(NamedTuple):
    """Rows of unequal length, end to end; the module gets them padded, with their lengths."""

    values: Tensor  # (sum of lengths, ...) tokens, or vectors
    starts: Tensor  # (n + 1,) int64, where each row begins; the last is the end
    padding: float = 0  # what stands behind the end of a short row

    @classmethod
    def of(cls, rows: Sequence[np.ndarray], padding: float = 0) -> "RaggedRows":
        """Store arrays that agree in all axes but the first."""
        starts = np.concatenate([[0], np.cumsum([len(row) for row in rows], dtype=np.int64)])
        return cls(torch.from_numpy(np.concatenate(rows)), torch.from_numpy(starts), padding)

    def __len__(self) -> int:
        return len(self.starts) - 1

    @property
    def row_bytes(self) -> int:
        """Bytes of a row of average length."""
        return max(1, self.values.numel() * self.values.element_size() // max(1, len(self)))

    def lengths(self) -> Tensor:
        """Length of each row."""
        return self.starts.diff()

    def take(self, indices: Tensor) -> tuple[Tensor, ...]:
        """Some rows padded to the longest of them, (b, t, ...), and their lengths, (b,)."""
        starts = self.starts[indices]
        lengths = self.starts[indices + 1] - starts
        steps = torch.arange(int(lengths.max()) if len(lengths) else 0)
        beyond = steps >= lengths[:, None]  # (b, t)
        places = (starts[:, None] + steps).masked_fill_(beyond, 0)
        padded = (
            self.values[places] if len(self.values) else self.values.new_empty(*places.shape, *self.values.shape[1:])
        )
        beyond = beyond.view(*beyond.shape, *(1,) * (padded.ndim - 2))
        return padded.masked_fill_(beyond, self.padding), lengths
