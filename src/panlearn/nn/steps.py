"""Time steps of sequences of unequal length, without padding.

Sequences are put in order of falling length. Those still alive at step t are then the first n_t of them, and the rows
of a batch lie step by step, end to end:

    step 0: n_0 = B rows | step 1: n_1 <= n_0 rows | ... | step T - 1           R = sum_t n_t rows in all

A recurrent layer that goes forward hands the first n_{t+1} rows of step t on to step t + 1: the prefix shrinks, and no
row of padding is ever worked on. One that goes backward starts at step T - 1 with n_{T-1} rows, and at step t the
n_t - n_{t+1} sequences that end there join with the first state: nothing is turned round. Torch's `PackedSequence` lies
the same way; what makes it slow is not the layout but the call per step.
"""

from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.autograd import Function
from torch.nn.utils.rnn import PackedSequence


class Steps(NamedTuple):
    """How the rows of a batch lie."""

    sizes: Tensor  # (T,) int64 on the CPU: sequences alive at each step, never rising
    starts: Tensor  # (T + 1,) int64 on the CPU: where the rows of each step begin; the last is R
    order: Tensor | None  # (B,) which sequence of the batch stands at each place; None if all are in their own
    whole: bool  # all sequences have T steps: rows are a reshaped (T, B, ...)

    @property
    def n_sequences(self) -> int:
        """Sequences in the batch, B."""
        return int(self.sizes.numpy()[0])  # some microseconds less than by torch

    @property
    def n_rows(self) -> int:
        """Rows in all, R."""
        return int(self.starts.numpy()[-1])

    def sorted(self, batch: Tensor) -> Tensor:
        """Rows of sequences (B, ...) in the order of falling length."""
        return batch if self.order is None else batch[self.order.to(batch.device)]

    def unsorted(self, batch: Tensor) -> Tensor:
        """Rows of sequences (B, ...) back in the order of the batch."""
        return batch if self.order is None else batch[self.order.argsort().to(batch.device)]


def steps_of(lengths: Tensor | None, n_steps: int, n_sequences: int) -> Steps:
    """Steps of sequences with these lengths.

    Parameters
    ----------
    lengths : Tensor of shape (B,) or None
        Steps of each sequence, from 1 to T; None if all have T.
    n_steps, n_sequences : int
        T and B.

    Returns
    -------
    Steps
        With `order` by falling length, sequences of equal length in their own order.

    Raises
    ------
    ValueError
        If a length is none of 1, ..., T, or there are not B of them.

    Examples
    --------
    >>> steps = steps_of(torch.tensor([1, 3, 2]), 3, 3)
    >>> steps.sizes.tolist(), steps.starts.tolist(), steps.order.tolist()
    ([3, 2, 1], [0, 3, 5, 6], [1, 2, 0])
    """
    if n_steps < 1 or n_sequences < 1:
        raise ValueError(f"input must have at least one step and one sequence, got {n_steps} and {n_sequences}.")
    if lengths is not None:
        lengths = torch.as_tensor(lengths).cpu()
        if lengths.dtype == torch.bool or lengths.is_floating_point() or lengths.shape != (n_sequences,):
            raise ValueError(
                f"lengths must be {n_sequences} integers, one a sequence, got shape {tuple(lengths.shape)} of "
                f"{lengths.dtype}."
            )
        lengths = lengths.long()
        odd = ((lengths < 1) | (lengths > n_steps)).nonzero().flatten()
        if len(odd):
            raise ValueError(
                f"lengths[{int(odd[0])}] is {int(lengths[odd[0]])}; every sequence must have 1 to {n_steps} steps: "
                "leave out the empty ones."
            )
    if lengths is None or bool((lengths == n_steps).all()):
        sizes = torch.full((n_steps,), n_sequences)
        return Steps(sizes, torch.arange(n_steps + 1) * n_sequences, None, True)
    sorted_lengths, order = lengths.sort(descending=True, stable=True)
    sizes = (sorted_lengths > torch.arange(n_steps)[:, None]).sum(1)
    sizes = sizes[: int(sorted_lengths[0])]
    starts = torch.cat([sizes.new_zeros(1), sizes.cumsum(0)])
    order = None if bool((lengths[:-1] >= lengths[1:]).all()) else order
    return Steps(sizes, starts, order, False)


def steps_of_packed(packed: PackedSequence) -> Steps:
    """Steps of torch's packed sequences, whose data are the rows already."""
    sizes = packed.batch_sizes
    starts = torch.cat([sizes.new_zeros(1), sizes.cumsum(0)])
    order = packed.sorted_indices
    return Steps(sizes, starts, None if order is None else order.cpu(), bool(sizes[0] == sizes[-1]))


def pack(padded: Tensor, steps: Steps, batch_first: bool = False) -> Tensor:
    """Rows of padded sequences.

    Parameters
    ----------
    padded : Tensor of shape (T, B, ...), or (B, T, ...) with `batch_first`
        What stands behind the end of a sequence is not read.
    steps : Steps
        How the rows shall lie.
    batch_first : bool
        Which axis comes first.

    Returns
    -------
    Tensor of shape (R, ...)
        The rows; a view where that can be.
    """
    if steps.whole and steps.order is None:
        rows = padded.transpose(0, 1) if batch_first else padded
        return rows.flatten(0, 1)
    return _Gather.apply(padded.flatten(0, 1), _places(padded, steps, batch_first))  # type: ignore[no-any-return]


def unpack(rows: Tensor, steps: Steps, n_steps: int, batch_first: bool = False) -> Tensor:
    """Padded sequences of rows.

    Parameters
    ----------
    rows : Tensor of shape (R, ...)
        Rows.
    steps : Steps
        How they lie.
    n_steps : int
        Steps of the padded sequences, at least those of the longest.
    batch_first : bool
        Which axis comes first.

    Returns
    -------
    Tensor of shape (n_steps, B, ...), or (B, n_steps, ...) with `batch_first`
        Zeros behind the end of each sequence.
    """
    B = steps.n_sequences
    if steps.whole and steps.order is None and n_steps == len(steps.sizes):
        padded = rows.unflatten(0, (n_steps, B))
        return padded.transpose(0, 1) if batch_first else padded
    axes = (B, n_steps) if batch_first else (n_steps, B)
    places = _places(rows.new_empty(*axes, 0), steps, batch_first)
    return _Scatter.apply(rows, places, B * n_steps).unflatten(0, axes)  # type: ignore[no-any-return]


class _Gather(Function):
    """Some rows; torch's own would wake threads that then spin beside those of the layer."""

    @staticmethod
    def forward(rows: Tensor, places: Tensor) -> Tensor:
        if served(rows):
            return torch.from_numpy(rows.detach().numpy().take(places.numpy(), axis=0))
        return rows.index_select(0, places)

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        ctx.n_rows, ctx.places = len(inputs[0]), inputs[1]

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        return _Scatter.apply(gradients[0], ctx.places, ctx.n_rows), None


class _Scatter(Function):
    """Rows at their places among n, the others zero."""

    @staticmethod
    def forward(rows: Tensor, places: Tensor, n_rows: int) -> Tensor:
        found = rows.new_zeros(n_rows, *rows.shape[1:])
        if served(rows):
            found.numpy()[places.numpy()] = rows.detach().numpy()
            return found
        return found.index_copy_(0, places, rows)

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        ctx.places = inputs[1]

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        return _Gather.apply(gradients[0], ctx.places), None, None


def served(x: Tensor) -> bool:
    """Whether kernels can work on this tensor."""
    return x.device.type == "cpu" and x.dtype in (torch.float32, torch.float64)


def _places(padded: Tensor, steps: Steps, batch_first: bool) -> Tensor:
    """Where each row stands in the flattened (T, B) or (B, T), (R,)."""
    B = steps.n_sequences
    alive = torch.arange(B) < steps.sizes[:, None]  # (T, B) in order of falling length
    step, place = alive.nonzero(as_tuple=True)
    sequence = place if steps.order is None else steps.order[place]
    return (sequence * padded.shape[1] + step if batch_first else step * B + sequence).to(padded.device)
