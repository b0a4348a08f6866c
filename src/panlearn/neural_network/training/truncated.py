"""Truncated backpropagation through time: gradients that reach back k steps and no further [williams1990].

The gradient of a loss at step t in the state of step s is a product of t - s Jacobians (note 002):

    dL_t / dh_s = dL_t / dh_t  prod_{j = s+1..t} dh_j / dh_{j-1}

The state itself is always carried on; only its history is forgotten, so that memory is that of k steps and a long
stream is learnt from as it is read.

    a loss at each step       the batch is cut into windows of k steps, one update each; the next window begins from the
                              state in which this one ended
    one loss a sequence       windows are counted from the end of each sequence, where its loss stands; one update

`stateful` carries the state from batch to batch as well: row i of a batch goes on where row i of the one before ended,
as where a long stream was cut into parallel pieces. The first batch of a pass begins from zeros.

It fails to learn what depends on more than k steps, and windows read each batch's sequences in order of time, so that
neighbouring updates are alike. Course notes: 002, 003 §2.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from panlearn.neural_network.training.batches import Batch

State = tuple[Tensor, ...]  # each (layers * directions, b, H)
Read = Callable[[Tensor, Tensor, Any], tuple[Tensor, Any]]  # (padded, lengths, state) to (outputs, state)


class Truncation(NamedTuple):
    """How a network over sequences forgets."""

    window: int | None = None  # steps that gradients reach back; None for all
    stateful: bool = False  # batches go on where those before ended
    each_step: bool = False  # there is a loss at each step
    only_last: bool = False  # of one loss a sequence: it sees the last state alone, not all of them
    size: int = 1  # sequences of a batch


class Memory(nn.Module):
    """States of parallel sequences between two calls of a network.

    Parameters
    ----------
    kinds : tuple of Tensor
        An example of each kind of state, (layers * directions, 1, H).
    size : int
        Sequences.
    kept : bool
        Whether it belongs to what a checkpoint stores.
    """

    def __init__(self, kinds: State, size: int, kept: bool) -> None:
        super().__init__()
        self.kept = kept
        self.places: Tensor | None = None  # sequences the next call is about; None for the first ones
        for i, kind in enumerate(kinds):
            self.register_buffer(f"state{i}", kind.new_zeros(kind.shape[0], size, kind.shape[2]), persistent=kept)

    def clear(self) -> None:
        """Back to zeros."""
        self.places = None
        for kind in self.buffers():
            kind.zero_()

    def read(self, b: int) -> Any:
        """States of the sequences of the next call, of which there are b."""
        return picked(tuple(self.buffers()), self._places(b))

    def write(self, state: Any, b: int) -> None:
        """States after that call; their history is forgotten."""
        for kind, new in zip(self.buffers(), kinds_of(state)):
            kind.index_copy_(1, self._places(b), new.detach().to(kind.dtype))

    @contextmanager
    def apart(self) -> Iterator[None]:
        """From zeros inside, as it was after."""
        before = [kind.clone() for kind in self.buffers()]
        self.clear()
        try:
            yield
        finally:
            for kind, value in zip(self.buffers(), before):
                kind.copy_(value)

    def _places(self, b: int) -> Tensor:
        return torch.arange(b, device=next(self.buffers()).device) if self.places is None else self.places


def kinds_of(state: Any) -> State:
    """A state as a tuple, of one kind or more."""
    return (state,) if isinstance(state, Tensor) else tuple(state)


def picked(state: State, places: Tensor) -> Any:
    """State of some sequences, as the layers take it."""
    kinds = tuple(kind.index_select(1, places) for kind in state)
    return kinds[0] if len(kinds) == 1 else kinds


def time_windows(batch: Batch, length: int, *, timed: bool = False) -> Iterator[tuple[Tensor, Batch]]:
    """Cut a batch along time.

    Parameters
    ----------
    batch : Batch
        Inputs (padded (b, t, ...), lengths (b,), ...), targets (b, at least t, ...).
    length : int
        Steps of a window.
    timed : bool, default=False
        Whether further inputs are (b, t, ...) and cut as well; else each belongs to its whole sequence.

    Yields
    ------
    alive : Tensor
        Which sequences of the batch have not ended before the window.
    part : Batch
        Those sequences, inside the window.

    Examples
    --------
    >>> frames, lengths = torch.arange(10).view(2, 5), torch.tensor([5, 2])
    >>> batch = Batch((frames, lengths), frames, None, torch.arange(2))
    >>> for alive, part in time_windows(batch, 3):
    ...     print(alive.tolist(), part.inputs[0].tolist(), part.inputs[1].tolist())
    [0, 1] [[0, 1, 2], [5, 6, 7]] [3, 2]
    [0] [[3, 4]] [2]
    """
    padded, lengths, *others = batch.inputs
    for begin in range(0, int(lengths.max()), length):
        alive = (lengths > begin).nonzero().flatten()
        left = (lengths[alive] - begin).clamp(max=length)
        window = slice(begin, begin + int(left.max()))
        rest = [t[alive, window] if timed else t[alive] for t in others]
        weight = None if batch.weight is None else batch.weight[alive]
        indices = batch.indices[alive.to(batch.indices.device)]
        yield alive, Batch((padded[alive, window], left, *rest), batch.target[alive, window], weight, indices)


def read_back(
    read: Read, padded: Tensor, lengths: Tensor, truncation: Truncation, state: Any = None
) -> tuple[Tensor, Any]:
    """Read whole sequences, with gradients that stay inside windows counted from their ends.

    Parameters
    ----------
    read : callable
        Outputs and state of some steps from a state.
    padded : Tensor of shape (b, t, ...)
        Sequences.
    lengths : Tensor of shape (b,)
        Their steps.
    truncation : Truncation
        With a window. With `only_last`, windows before the last are read without a graph.
    state : Tensor or tuple of Tensor, optional
        Before the first step.

    Returns
    -------
    outputs : Tensor of shape (b, t, D)
        Zeros behind the end of a sequence.
    state : Tensor or tuple of Tensor
        After the last step of each sequence.
    """
    length: Any = truncation.window
    (b, t), current = padded.shape[:2], None if state is None else kinds_of(state)
    rows, columns, values = [], [], []
    for back in range((t - 1) // length, -1, -1):
        alive = (lengths > back * length).nonzero().flatten()
        begin = (lengths[alive] - (back + 1) * length).clamp(min=0)
        left = lengths[alive] - back * length - begin
        steps = begin[:, None] + torch.arange(int(left.max()), device=padded.device)  # (a, window)
        part = padded[alive[:, None], steps.clamp(max=t - 1)]
        with torch.set_grad_enabled(torch.is_grad_enabled() and not (back and truncation.only_last)):
            found, state = read(part, left, None if current is None else picked(current, alive))
        inside = steps < (begin + left)[:, None]
        rows.append(alive[:, None].expand_as(steps)[inside])
        columns.append(steps[inside])
        values.append(found[inside])
        if back:
            current = _carried(current, alive, kinds_of(state), b)
    outputs = values[0].new_zeros(b, t, values[0].shape[1])
    return outputs.index_put((torch.cat(rows), torch.cat(columns)), torch.cat(values)), state


def _carried(before: State | None, places: Tensor, after: State, b: int) -> State:
    """States of all b sequences, after some of them went on."""
    before = before or tuple(kind.new_zeros(kind.shape[0], b, kind.shape[2]) for kind in after)
    return tuple(kind.index_copy(1, places, new.detach()) for kind, new in zip(before, after))
