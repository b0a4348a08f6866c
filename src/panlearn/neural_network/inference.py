"""What a trained network says about rows: batches without gradients, and rows kept aside to judge it by.

Ragged rows are visited in the order of their lengths, so that a batch holds hardly any padding, and the answers are put
back into the order of the rows. Batches grow until their inputs fill `MEGABYTE`: large enough that a small network does
not spend its time on calls, small enough for the maps of a convolution.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from panlearn.core.errors import DataError
from panlearn.neural_network.training.batches import Rows, TensorRows

MEGABYTE = 1 << 20


class Subset(NamedTuple):
    """Some of the rows of another source, without a copy."""

    rows: Rows
    indices: Tensor  # (m,) int64

    def __len__(self) -> int:
        return len(self.indices)

    @property
    def row_bytes(self) -> int:
        """Bytes of a row, on average."""
        return self.rows.row_bytes

    def lengths(self) -> Tensor | None:
        """Length of each row; None if all are equal."""
        lengths = self.rows.lengths()
        return None if lengths is None else lengths[self.indices]

    def take(self, indices: Tensor) -> tuple[Tensor, ...]:
        """Arguments of the module for some rows."""
        return self.rows.take(self.indices[indices])


def subset(rows: Rows, indices: np.ndarray) -> Rows:
    """Rows of some numbers: a copy of tensors, since each epoch would gather twice; a view of anything else."""
    chosen = torch.from_numpy(np.asarray(indices, dtype=np.int64))
    return TensorRows(rows.take(chosen)) if isinstance(rows, TensorRows) else Subset(rows, chosen)


def outputs(
    module: nn.Module,
    rows: Rows,
    device: torch.device,
    link: Callable[[Tensor], Tensor] | None = None,
) -> Tensor:
    """Answers of a network to all rows, on the CPU.

    Parameters
    ----------
    module : Module
        Set to evaluation while it answers.
    rows : Rows
        What it is asked.
    device : torch.device
        Where the module is.
    link : callable, optional
        Applied to each batch of outputs.

    Returns
    -------
    Tensor
        (n, ...), in the order of the rows.

    Raises
    ------
    ValueError
        If there are no rows, or the module does not answer with a tensor of one entry a row.
    """
    n = len(rows)
    if not n:
        raise DataError("Found array with 0 sample(s), while a minimum of 1 is required.")
    lengths = rows.lengths()
    order = torch.arange(n) if lengths is None else lengths.argsort()
    size = int(min(max(MEGABYTE // max(1, rows.row_bytes), 64), 4096))
    parts = []
    training = module.training
    module.eval()
    try:
        with torch.inference_mode():
            for chosen in order.split(size):
                inputs = rows.take(chosen) if lengths is not None else _slice(rows, chosen)
                answer = module(*(t.to(device, non_blocking=True) for t in inputs))
                _check(answer, len(chosen), module)
                answer = answer[:, None] if answer.ndim == 1 else answer
                parts.append((answer if link is None else link(answer)).cpu())
            joined = torch.cat(parts)
            return joined if lengths is None else torch.empty_like(joined).index_copy_(0, order, joined)
    finally:
        module.train(training)


def _slice(rows: Rows, chosen: Tensor) -> tuple[Tensor, ...]:
    """Neighbouring rows: views where the rows are plain tensors."""
    if isinstance(rows, TensorRows):
        return tuple(t[int(chosen[0]) : int(chosen[-1]) + 1] for t in rows.tensors)
    return rows.take(chosen)


def _check(answer: object, n: int, module: nn.Module) -> None:
    name = type(module).__name__
    if not isinstance(answer, Tensor):
        raise DataError(f"{name} returned a {type(answer).__name__}; its forward must return one tensor.")
    if answer.ndim == 0 or len(answer) != n:
        raise DataError(f"{name} returned shape {tuple(answer.shape)} for {n} rows; the first axis must be the row.")
