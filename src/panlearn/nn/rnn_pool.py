"""Memory that a layer asks for at every step of training, handed out again instead of anew.

What a layer keeps for its way back is some megabytes. Allocated anew these are new pages, and the operating system
hands pages out to one thread at a time: two threads that write to them work no faster than one. Here a buffer comes
back when the last tensor that lies in it is gone, and the next call gets it, its pages and all. A graph that is alive
keeps its own buffers, so that any number of them may be.
"""

import math
import threading
import weakref
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

DEPTH = 8  # buffers that wait to be used again; more are given back to the system
SLACK = 2  # a buffer serves what needs at least half of it
LINE = 64  # bytes; arrays begin at multiples of it

_free: list[np.ndarray] = []
_lock = threading.Lock()


def pooled(shapes: Sequence[tuple[int, ...]], like: Tensor) -> list[Tensor]:
    """Uninitialised tensors on the processor, side by side in one buffer.

    Parameters
    ----------
    shapes : sequence of tuple of int
        Shapes.
    like : Tensor
        Has their type.

    Returns
    -------
    list of Tensor
        The buffer is used again as soon as all of them, and all views of them, are gone.

    Examples
    --------
    >>> first, second = pooled([(2, 3), (4,)], torch.empty(0))
    >>> first.shape, second.shape, first.data_ptr() == second.data_ptr()
    (torch.Size([2, 3]), torch.Size([4]), False)
    """
    unit = LINE // like.element_size()
    sizes = [-(-math.prod(shape) // unit) * unit for shape in shapes]
    total = sum(sizes) * like.element_size()
    buffer = _taken(total)
    window = buffer[:total]  # an array of its own, whose end is the end of its use
    weakref.finalize(window, _give_back, buffer).atexit = False
    whole = torch.from_numpy(window).view(like.dtype)
    return [part[: math.prod(shape)].view(shape) for part, shape in zip(whole.split(sizes), shapes)]


def _taken(size: int) -> np.ndarray:
    """The smallest free buffer that fits, or a new one."""
    with _lock:
        fitting = [i for i, buffer in enumerate(_free) if size <= buffer.size <= SLACK * size]
        if fitting:
            return _free.pop(min(fitting, key=lambda i: _free[i].size))
    return np.empty(size, np.uint8)


def _give_back(buffer: np.ndarray) -> None:
    """Keep a buffer; not where the lock is held, as when garbage is collected inside `_taken`."""
    if _lock.acquire(blocking=False):
        try:
            _free.append(buffer)
            del _free[:-DEPTH]
        finally:
            _lock.release()
