"""Batches: the three forms in which sequences of scores are handed over, and the way back to the same form.

    (T, N)                       one sequence
    (B, T, N), lengths (B,)      B sequences, padded to the longest
    list of (T_i, N)             sequences of any lengths

Inside, frames of all sequences lie one after the other, without padding.

Course notes: 004 §11.
"""

from typing import Any, NamedTuple

import numpy as np

from panlearn.core.errors import DataError
from panlearn.sequence.lengths import gather, offsets_of

LARGEST = 1e290  # a path of 10^17 steps then stays finite


class Batch(NamedTuple):
    """Sequences one after the other, and the form they came in."""

    rows: np.ndarray  # (n, N)
    offsets: np.ndarray  # (s + 1,)
    inside: np.ndarray | None  # (B, T) True where a padded array holds a frame
    single: bool  # it was one sequence

    def restore(self, values: np.ndarray, padding: float) -> Any:
        """Values (n, …) of the frames in the form of the input; `padding` where there is no frame."""
        if self.single:
            return values
        if self.inside is None:
            return [values[a:b] for a, b in zip(self.offsets[:-1], self.offsets[1:])]
        out = np.full((*self.inside.shape, *values.shape[1:]), padding, dtype=values.dtype)
        out[self.inside] = values
        return out

    def each(self, values: np.ndarray) -> Any:
        """Values (s, …) of the sequences; one sequence gets its own value alone."""
        return values[0] if self.single else values


def batch(X: Any, lengths: Any = None) -> Batch:
    """Bring scores of any of the three forms into one."""
    found = _batch(X, lengths)
    if len(found.rows) and not found.rows.shape[1]:
        raise DataError(f"scores must have a column for each state, at least one. Got shape {found.rows.shape}.")
    require_addable("scores", found.rows)
    return found


def _batch(X: Any, lengths: Any) -> Batch:
    if isinstance(X, (list, tuple)) and (len(X) == 0 or np.ndim(X[0]) == 2):
        if len(X) == 0:
            raise DataError("no sequences: give at least one.")
        rows, offsets = gather(list(map(np.asarray, X)), lengths)
        return Batch(_numbers(rows), offsets, None, False)
    X = _numbers(X)
    if X.ndim == 2:
        if lengths is not None:
            raise DataError(
                "lengths belong to a padded array of shape (B, T, N); scores of shape (T, N) are one sequence."
            )
        return Batch(X, offsets_of(X), None, True)
    if X.ndim != 3:
        raise DataError(f"scores must have shape (T, N) or (B, T, N), or be a list of (T_i, N). Got shape {X.shape}.")
    B, T = X.shape[:2]
    lengths = np.full(B, T) if lengths is None else np.asarray(lengths)
    if lengths.shape != (B,) or lengths.dtype.kind not in "iu" or (B and (lengths.min() < 0 or lengths.max() > T)):
        raise DataError(f"lengths must be {B} whole numbers in the range [0, {T}]. Got {lengths!r}.")
    inside = np.arange(T) < lengths[:, None]
    rows = X[inside]
    return Batch(rows, offsets_of(rows, lengths), inside, False)


def require_addable(name: str, values: np.ndarray) -> None:
    """Raise where finite scores are so large that their sums along a path could overflow.

    Raises
    ------
    DataError
        Names the scores.
    """
    if ((values > LARGEST) & (values < np.inf) | (values < -LARGEST) & (values > -np.inf)).any():
        raise DataError(
            f"{name} must lie within ±{LARGEST:g}, or be -inf to forbid: sums of larger numbers overflow. "
            "Divide all scores by the same number."
        )


def log_weights(
    states: int, transitions: Any, start: Any = None, end: Any = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Logarithms of start (N,), transitions (N, N) and end (N,), checked; without `start` or `end` zeros."""
    named = {
        "start": (np.zeros(states) if start is None else _numbers(start), (states,)),
        "transitions": (_numbers(transitions), (states, states)),
        "end": (np.zeros(states) if end is None else _numbers(end), (states,)),
    }
    for name, (values, shape) in named.items():
        if values.shape != shape:
            raise DataError(f"{name} must have shape {shape} for {states} states. Got {values.shape}.")
        if not (values < np.inf).all():
            raise DataError(f"{name} must be log-scores below +inf (-inf forbids). It holds NaN or +inf.")
        require_addable(name, values)
    start, transitions, end = (values for values, _ in named.values())
    return start, transitions, end


def _numbers(X: Any) -> np.ndarray:
    try:
        return np.ascontiguousarray(X, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(f"scores must be numbers: {error}") from error
