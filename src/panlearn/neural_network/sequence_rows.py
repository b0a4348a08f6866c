"""Sequences of any lengths as rows: frames of numbers, or tokens.

    list of arrays (T_i, p), array (n, T, p)         frames of p numbers
    list of arrays (T_i,), array (n, T)              one number a step: p = 1
    list of lists of strings                         tokens
    strings                                          texts, which are cut into tokens (`text_rows`)

Sequences lie end to end, so that a batch is padded to the longest of its own and no further; the module gets (padded
(b, t, ...), lengths (b,)). Numbers are standardised column by column, (x - mean) / scale, with the mean and the scale
of all steps of the first fit: gates saturate on columns in thousands. Course notes: 003 §2, 004 §1.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from panlearn.core.errors import DataError
from panlearn.neural_network.text_rows import documents, numbered, vocabulary
from panlearn.neural_network.training.rows import RaggedRows


class SequenceInputs(NamedTuple):
    """What `fit` has learnt about the sequences."""

    tokens: bool  # tokens, or numbers
    n_inputs: int  # numbers a step, p; or rows of the table of vectors, one more than there are known tokens
    flat: bool = False  # numbers came one a step, without an axis of their own
    mean: np.ndarray | None = None  # (p,); None: left as they are
    scale: np.ndarray | None = None  # (p,)
    vocabulary: dict[str, int] | None = None  # from token to row of the table; row 0 stands for all others


def holds_tokens(X: Any) -> bool:
    """Whether X holds texts or token lists rather than numbers.

    Examples
    --------
    >>> holds_tokens(["some text"]), holds_tokens([["some", "tokens"]]), holds_tokens([[0.5, 1.0]])
    (True, True, False)
    """
    if isinstance(X, (str, bytes)):
        return True
    items = X if hasattr(X, "__iter__") else ()
    kinds = (_kind(item) for item in items)
    return next((kind for kind in kinds if kind is not None), False)  # empty ones say nothing


def _kind(item: Any) -> bool | None:
    """Whether a sequence holds tokens; None if it is empty."""
    if isinstance(item, (str, bytes)):
        return True
    if isinstance(item, (list, tuple)) or (isinstance(item, np.ndarray) and item.ndim == 1):
        return isinstance(item[0], str) if len(item) else None
    return False


def token_documents(X: Any) -> list:
    """Check texts as `text_rows.documents`, and that all are strings, or all lists of tokens.

    A string is cut and put in lower case, a list of tokens is left as it is: both together are a mistake.

    Parameters
    ----------
    X : list of str, or list of list of str
        Texts.

    Returns
    -------
    list
        The same texts.

    Raises
    ------
    DataError
        If X holds no texts, or both kinds.

    Examples
    --------
    >>> token_documents(["to rome", ["to", "oslo"]])
    Traceback (most recent call last):
    panlearn.core.errors.DataError: text 0 is a string, text 1 a list of tokens: pass strings alone, or lists alone.
    """
    texts = documents(X)
    kinds = ["string" if isinstance(text, str) else "list of tokens" for text in texts]
    odd = next((i for i, kind in enumerate(kinds) if kind != kinds[0]), None)
    if odd is not None:
        raise DataError(f"text 0 is a {kinds[0]}, text {odd} a {kinds[odd]}: pass strings alone, or lists alone.")
    return texts


def number_sequences(X: Any, name: str = "X") -> tuple[list[np.ndarray], bool]:
    """Check sequences of numbers.

    Parameters
    ----------
    X : list of array-like of shape (T_i, p) or (T_i,), or array of shape (n, T, p) or (n, T)
        Sequences.
    name : str
        What they are called in messages.

    Returns
    -------
    sequences : list of ndarray of shape (T_i, p), float32
        At least one step each, finite.
    flat : bool
        Whether they came as (T_i,).

    Raises
    ------
    DataError
        If there are none, one is empty or not finite (the message names sequence and step), or widths differ.

    Examples
    --------
    >>> sequences, flat = number_sequences([[1, 2, 3], [4]])
    >>> [x.shape for x in sequences], flat
    ([(3, 1), (1, 1)], True)
    >>> number_sequences([[[1.0]], [[1.0], [np.nan]]])
    Traceback (most recent call last):
    panlearn.core.errors.DataError: X contains NaN or infinity: sequence 1, step 1, feature 0.
    """
    if X is None or isinstance(X, (str, bytes, dict)) or not hasattr(X, "__iter__") or not getattr(X, "ndim", 1):
        raise DataError(f"{name} must be a list of sequences, got {type(X).__name__}.")
    if hasattr(X, "iloc"):  # a frame, whose rows are series of equal length
        X = X.to_numpy()
    items = list(X)
    if not items:
        raise DataError(f"Found array with 0 sample(s), while a minimum of 1 is required: {name} holds no sequences.")
    arrays = [_numbers(item, i, name) for i, item in enumerate(items)]
    flat = arrays[0].ndim == 1
    odd = next((i for i, a in enumerate(arrays) if (a.ndim == 1) != flat), None)
    if odd is not None:
        shapes = arrays[0].shape, arrays[odd].shape
        raise DataError(
            f"sequence 0 of {name} has shape {shapes[0]}, sequence {odd} {shapes[1]}: all (T, p), or all (T,)."
        )
    arrays = [a.reshape(len(a), -1) for a in arrays]
    _check_widths(arrays, name)
    _check_finite(arrays, name)
    return arrays, flat


def _numbers(item: Any, i: int, name: str) -> np.ndarray:
    """One sequence as float32."""
    item = item.detach().cpu().numpy() if isinstance(item, Tensor) else item
    try:
        array = np.asarray(item)
        if array.dtype.kind == "c":
            raise TypeError("Complex data not supported")
        array = array.astype(np.float64) if array.dtype.kind in "OUS" else array
    except (TypeError, ValueError) as error:
        raise DataError(f"sequence {i} of {name} is no array of numbers (T, p): {error}.") from None
    if array.ndim not in (1, 2):
        raise DataError(
            f"sequence {i} of {name} has shape {array.shape}; a sequence is (T, p), or (T,): pass a list of sequences."
        )
    if not len(array):
        raise DataError(f"sequence {i} of {name} has no steps: leave it out.")
    with np.errstate(over="ignore"):  # infinity is found below
        return array.astype(np.float32, copy=False)


def _check_widths(arrays: list[np.ndarray], name: str) -> None:
    """All sequences have equally many features, at least one."""
    p = arrays[0].shape[1]
    odd = next((i for i, a in enumerate(arrays) if a.shape[1] != p), None)
    if odd is not None:
        raise DataError(
            f"sequence 0 of {name} has {p} features a step, sequence {odd} has {arrays[odd].shape[1]}: they must agree."
        )
    if not p:
        raise DataError(f"Found array with 0 feature(s) (shape={arrays[0].shape}) while a minimum of 1 is required.")


def _check_finite(arrays: list[np.ndarray], name: str) -> None:
    """Name the first number that is none."""
    for i, array in enumerate(arrays):
        if not np.isfinite(array).all():
            step, feature = np.argwhere(~np.isfinite(array))[0]
            raise DataError(f"{name} contains NaN or infinity: sequence {i}, step {step}, feature {feature}.")


def learn_numbers(X: Any, standardize: bool = True) -> tuple[SequenceInputs, RaggedRows]:
    """Check the sequences of numbers of a fit.

    Parameters
    ----------
    X : sequences
        As for `number_sequences`.
    standardize : bool
        Whether to learn means and scales.

    Returns
    -------
    SequenceInputs, RaggedRows
        What was learnt, and the rows.
    """
    arrays, flat = number_sequences(X)
    inputs = SequenceInputs(False, arrays[0].shape[1], flat)
    if standardize:
        steps = np.concatenate(arrays)
        mean, scale = steps.mean(axis=0, dtype=np.float64), steps.std(axis=0, dtype=np.float64)
        scale = np.where(scale > 1e-6 * np.maximum(1e-6, np.abs(mean)), scale, 1.0)
        inputs = inputs._replace(mean=mean, scale=scale)
    return inputs, _number_rows(arrays, inputs)


def learn_tokens(
    X: Any, cut: Callable[[Any], Sequence[str]], min_df: int = 1, max_features: int | None = None
) -> tuple[SequenceInputs, RaggedRows]:
    """Number the tokens of a fit.

    Parameters
    ----------
    X : list of str, or list of list of str
        Texts or token lists.
    cut : callable
        From a text to its tokens, see `text_rows.tokenizer`.
    min_df : int
        Sequences that a token must occur in to have a vector of its own.
    max_features : int or None
        Most tokens with one.

    Returns
    -------
    SequenceInputs, RaggedRows
        What was learnt, and the rows.
    """
    texts = [cut(text) for text in token_documents(X)]
    known = vocabulary(texts, min_df, max_features)
    if not known:
        raise DataError(f"no token is left of {len(texts)} texts: they are empty, or min_df is too strict.")
    return SequenceInputs(True, 1 + len(known), vocabulary=known), numbered(texts, known, None)


def sequence_rows(X: Any, inputs: SequenceInputs, cut: Callable[[Any], Sequence[str]] | None = None) -> RaggedRows:
    """Check sequences by what was learnt; they may be longer than any of the fit.

    Parameters
    ----------
    X : sequences
        Of the kind of the fit.
    inputs : SequenceInputs
        From `learn_numbers` or `learn_tokens`.
    cut : callable, optional
        As in the fit; needed for tokens.

    Returns
    -------
    RaggedRows
        Numbers (T_i, p) float32, or rows of the table of vectors (T_i,).

    Raises
    ------
    DataError
        If X is of the other kind, or has another number of features.
    """
    if inputs.tokens:
        assert cut is not None
        assert inputs.vocabulary is not None
        return numbered([cut(text) for text in token_documents(X)], inputs.vocabulary, None)
    if holds_tokens(X):
        raise DataError("X holds strings, but held numbers in fit.")
    arrays, _ = number_sequences(X)
    if arrays[0].shape[1] != inputs.n_inputs:
        raise DataError(f"X has {arrays[0].shape[1]} features a step, {inputs.n_inputs} were fitted.")
    return _number_rows(arrays, inputs)


def _number_rows(arrays: list[np.ndarray], inputs: SequenceInputs) -> RaggedRows:
    """Standardised sequences, end to end."""
    rows = RaggedRows.of(arrays)
    if inputs.mean is None or inputs.scale is None:
        return rows
    values = (rows.values.numpy() - inputs.mean) / inputs.scale
    return RaggedRows(torch.from_numpy(values.astype(np.float32)), rows.starts)
