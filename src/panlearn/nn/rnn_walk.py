"""How a kernel goes through the rows of a batch: step by step, for some of the sequences.

Sequences do not touch each other within a layer, so that threads share them out: each goes through all steps with its
own, and none waits for another. Sequences stand in order of falling length (`panlearn.nn.steps`); of those from
`first` to `stop`, the ones alive at step t are the rows from starts[t] + first on, as many as sizes[t] allows.

What is handed from step to step is one row a sequence, (B, H). A sequence that has ended leaves its row alone, so that
at the end the array holds the last state of each; one that goes backward takes its row up at its own last step. The way
back through time reads the same array as gradients, in the opposite order.
"""

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from panlearn.core.gemm import routine, single_threaded_products
from panlearn.core.jit import kernel
from panlearn.core.threads import GATE, run, thread_count
from panlearn.nn.recurrent_noise import Noise
from panlearn.nn.steps import Steps


class Walk(NamedTuple):
    """The way of one thread through a batch."""

    sizes: np.ndarray  # (T,) sequences alive at each step
    starts: np.ndarray  # (T + 1,) where the rows of each step begin
    falling: bool  # from the last step to the first
    first: int  # sequences first to stop - 1
    stop: int
    routine: int  # address of the product of matrices


class Masks(NamedTuple):
    """Noise as kernels read it; no rows where there is none."""

    drop: np.ndarray  # (B, H) factor of the state as it enters the recurrent product
    hold: np.ndarray  # (R, H) share of the old state in the new one


@kernel
def rows_at(walk, s):
    """First row and number of rows of the s-th step on the way."""
    t = len(walk.sizes) - 1 - s if walk.falling else s
    return walk.starts[t] + walk.first, max(0, min(walk.stop, walk.sizes[t]) - walk.first)


@kernel
def enter(walk, masks, state, row, n, before, entered):
    """Write the state of n sequences to their rows, and what of it enters the recurrent product: all but its dropout.

    `entered` may be `before` where nobody asks for the whole state later.
    """
    for i in range(n):
        b = walk.first + i
        for k in range(state.shape[1]):
            before[row + i, k] = state[b, k]
        if len(masks.drop):
            for k in range(state.shape[1]):
                entered[row + i, k] = before[row + i, k] * masks.drop[b, k]


@kernel
def leave(walk, masks, state, row, n, output):
    """Hold back the share of the change that noise asks for, in the rows of the output; they are the new state."""
    for i in range(n):
        b = walk.first + i
        if len(masks.hold):
            for k in range(state.shape[1]):
                output[row + i, k] += masks.hold[row + i, k] * (state[b, k] - output[row + i, k])
        for k in range(state.shape[1]):
            state[b, k] = output[row + i, k]


@kernel
def leave_back(walk, masks, carry, row, n, outer, gradient):
    """Gradients in the output (R, H) (none if it has no rows) and in what was handed on, in what `leave` was given.

    Afterwards `carry` holds what went to the old state past the cell.
    """
    zero = gradient.dtype.type(0)
    for i in range(n):
        b = walk.first + i
        g, c = gradient[i], carry[b]
        for k in range(len(c)):
            g[k] = c[k]
        if len(outer):
            for k in range(len(c)):
                g[k] += outer[row + i, k]
        if len(masks.hold):
            for k in range(len(c)):
                c[k] = masks.hold[row + i, k] * g[k]
            for k in range(len(c)):
                g[k] -= c[k]
        else:
            for k in range(len(c)):
                c[k] = zero


@kernel
def enter_back(walk, masks, n, product, carry):
    """Add to `carry` the gradient in what entered the recurrent product, past its dropout."""
    for i in range(n):
        b = walk.first + i
        if len(masks.drop):
            for k in range(carry.shape[1]):
                carry[b, k] += masks.drop[b, k] * product[i, k]
        else:
            for k in range(carry.shape[1]):
                carry[b, k] += product[i, k]


def numbers(x: Tensor | None, like: Tensor) -> np.ndarray:
    """The tensor as a C-contiguous array; for None one without rows."""
    return like.new_empty(0, 0).numpy() if x is None else x.detach().contiguous().numpy()


def masks_of(noise: Noise, like: Tensor) -> Masks:
    """Noise for kernels."""
    return Masks(numbers(noise.drop, like), numbers(noise.hold_hidden, like))


def go(task: Callable[[Walk], None], steps: Steps, reverse: bool, like: Tensor, work: float) -> None:
    """Call `task` for all sequences, on as many threads as pay.

    Parameters
    ----------
    task : callable
        Calls a kernel with the way it is given.
    steps : Steps
        How the rows lie.
    reverse : bool
        Whether to begin at the last step.
    like : Tensor
        Of the type that products are made in.
    work : float
        Multiplications a row.
    """
    count = min(thread_count(), torch.get_num_threads()) if work * steps.n_rows >= GATE else 1
    sizes, starts, address = steps.sizes.numpy(), steps.starts.numpy(), routine(like.numpy().dtype)
    ways = [Walk(sizes, starts, reverse, a, z, address) for a, z in slices(steps, count)]

    def single(way: Walk) -> None:
        with single_threaded_products():
            task(way)

    if len(ways) == 1:
        single(ways[0])
    else:
        run([lambda way=way: single(way) for way in ways])


def slices(steps: Steps, count: int) -> Iterator[tuple[int, int]]:
    """Cut the sequences into at most `count` pieces with about as many rows each."""
    if count == 1 or steps.n_sequences == 1:
        yield 0, steps.n_sequences
        return
    lengths = torch.bincount(steps.sizes, minlength=steps.n_sequences + 1).flip(0).cumsum(0)[:-1].flip(0)
    reached = lengths.cumsum(0)
    wanted = torch.arange(1, count) * steps.n_rows / count
    edges = [0, *(torch.searchsorted(reached, wanted) + 1).tolist(), steps.n_sequences]
    yield from ((a, z) for a, z in pairwise(edges) if z > a)
