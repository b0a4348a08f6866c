"""What decoders get: log-probabilities of tokens at the frames of one utterance, or of many.

    (T, V)          one utterance: the answer is one
    (B, T, V)       many, with their `lengths`: the answers are a list
    list of (T, V)  many, of any lengths

Arrays and tensors. What stands behind the end of an utterance is not read. Log-probabilities need not be normalised;
-inf forbids a token, but every frame must leave one.
"""

from typing import Any, NamedTuple

import numpy as np
import torch

from panlearn.core.errors import DataError


class Utterances(NamedTuple):
    """Frames of each utterance."""

    frames: list[np.ndarray]  # (T, V) float32 or float64 each
    single: bool  # one was given by itself
    n_tokens: int  # V


def utterances_of(log_probs: Any, lengths: Any, blank: int) -> Utterances:
    """Check scores and cut them into utterances.

    Parameters
    ----------
    log_probs : array, tensor, or list of them
        As above.
    lengths : array-like of shape (B,) or None
        Frames of each utterance.
    blank : int
        Number of the blank, to be checked.

    Returns
    -------
    Utterances
        Views where that can be.

    Raises
    ------
    DataError
        If shapes or lengths do not fit, a number is NaN or +inf, or a frame has no possible token.
    """
    if isinstance(log_probs, (list, tuple)):
        frames, single = [_numbers(part) for part in log_probs], False
        if lengths is not None:
            raise DataError("a list of utterances knows its lengths: leave out `lengths`.")
    else:
        whole = _numbers(log_probs)
        single = whole.ndim == 2
        if whole.ndim not in (2, 3):
            raise DataError(f"log_probs must have shape (T, V) or (B, T, V), got {whole.shape}.")
        whole = whole[None] if single else whole
        frames = [part[:n] for part, n in zip(whole, _lengths(lengths, *whole.shape[:2]))]
    widths = {part.shape[1] if part.ndim == 2 else None for part in frames}
    if len(widths) > 1 or None in widths:
        shapes = [part.shape for part in frames][:4]
        raise DataError(f"utterances must be arrays (T, V) with one V, got shapes {shapes}.")
    n_tokens = next(iter(widths), 0) or 0
    if frames and not 0 <= blank < n_tokens:
        raise DataError(f"blank must be the number of a token, 0 to {n_tokens - 1}, got {blank!r}.")
    for i, part in enumerate(frames):
        _require_possible(part, i)
    return Utterances(frames, single, n_tokens)


def _numbers(part: Any) -> np.ndarray:
    """An array of floats."""
    if isinstance(part, torch.Tensor):
        part = part.detach().cpu()
        part = (part if part.dtype == torch.float64 else part.float()).numpy()
    array = np.asarray(part)
    if array.dtype.kind not in "fiu":
        raise DataError(f"log_probs must be numbers, got {array.dtype}.")
    return array if array.dtype in (np.float32, np.float64) else array.astype(np.float64)


def _lengths(lengths: Any, n: int, longest: int) -> list[int]:
    """Frames of each utterance."""
    if lengths is None:
        return [longest] * n
    given = lengths.detach().cpu().numpy() if isinstance(lengths, torch.Tensor) else np.asarray(lengths)
    given = np.atleast_1d(given)
    if given.shape != (n,) or given.dtype.kind not in "iu":
        raise DataError(f"lengths must be {n} whole numbers, one an utterance, got {lengths!r}.")
    if given.min(initial=0) < 0 or given.max(initial=0) > longest:
        raise DataError(f"lengths must be from 0 to the {longest} frames there are, got {given.tolist()[:10]}.")
    return given.tolist()


def _require_possible(frames: np.ndarray, i: int) -> None:
    """No NaN, no +inf, no frame without a token."""
    if not len(frames):
        return
    best = frames.max(axis=1, initial=-np.inf)  # NaN if there is one
    odd = np.flatnonzero(~np.isfinite(best))
    if len(odd):
        t = int(odd[0])
        what = "no possible token (all are -inf)" if best[t] == -np.inf else f"the score {best[t]}"
        raise DataError(f"frame {t} of utterance {i} has {what}: log_probs must be log-probabilities.")
