"""Where sequences begin: many sequences as one array of frames, one after the other.

Sequence s is rows offsets[s] to offsets[s + 1]; an empty one begins where the next begins. Two ways in: an array with
the `lengths` of its sequences, as hmmlearn has it, or a list of arrays.

Course notes: 004 §11.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from panlearn.core.errors import DataError


def offsets_of(X: Any, lengths: Any = None) -> np.ndarray:
    """Offsets (s + 1,) of sequences that lie one after the other in the rows of X; one sequence without `lengths`."""
    n = len(X)
    if lengths is None:
        return np.array([0, n], dtype=np.int64)
    lengths = np.atleast_1d(np.asarray(lengths))
    if lengths.ndim != 1 or not (lengths.size == 0 or np.issubdtype(lengths.dtype, np.integer)):
        raise DataError(f"lengths must be a list of whole numbers, one for each sequence. Got {lengths!r}.")
    if lengths.size and lengths.min() < 0:
        raise DataError(f"lengths must not be negative. Got {int(lengths.min())} at {int(lengths.argmin())}.")
    if lengths.sum() != n:
        raise DataError(f"lengths must sum to the number of rows: they sum to {int(lengths.sum())}, X has {n} rows.")
    return np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)


def gather(X: Any, lengths: Any = None) -> tuple[np.ndarray, np.ndarray]:
    """Rows of all sequences and their offsets, from an array with `lengths` or from a list of arrays.

    A list, tuple or object array whose members have rows themselves, (T_i, p), is one of sequences.
    """
    if not _is_list_of_sequences(X):
        rows = np.asarray(X)
        return rows, offsets_of(rows, lengths)
    parts = [np.asarray(x) for x in X]
    wide = next((p.shape[1] for p in parts if p.ndim == 2), None)
    parts = [p.reshape(0, wide) if p.size == 0 and wide is not None else p for p in parts]
    shapes = {p.shape[1:] for p in parts}
    if any(p.ndim != 2 for p in parts) or len(shapes) != 1:
        k, shape = next((k, p.shape) for k, p in enumerate(parts) if p.ndim != 2 or p.shape[1] != wide)
        raise DataError(
            f"each sequence of a list must be an array of shape (length, {'p' if wide is None else wide}). "
            f"Sequence {k} has shape {shape}."
        )
    own = [len(p) for p in parts]
    if lengths is not None and list(lengths) != own:
        raise DataError(
            f"a list of sequences has its own lengths {own[:10]}: leave `lengths` out. Got {list(lengths)[:10]}."
        )
    rows = np.concatenate(parts)
    return rows, offsets_of(rows, own)


def _is_list_of_sequences(X: Any) -> bool:
    if isinstance(X, np.ndarray):
        return X.dtype == object and X.ndim == 1 and X.size > 0 and all(np.ndim(x) == 2 for x in X)
    if not isinstance(X, Sequence) or len(X) == 0:
        return False
    return any(getattr(x, "ndim", 0) == 2 for x in X) or all(_depth(x) == 2 for x in X)


def _depth(x: Any) -> int:
    """Levels of nesting, by the first member of each: 2 for a list of rows."""
    if hasattr(x, "ndim"):
        return x.ndim
    if isinstance(x, (list, tuple)):
        return 1 + (_depth(x[0]) if x else 1)
    return 0
