"""Precision, recall and F of spans, each type by itself and averaged.

    P = right / found        R = right / there        F = (1 + b²) P R / (b² P + R)

A span is right if type, first and last tag are. Averages: "micro" puts the counts of all types together (conlleval's
figure [tjongkimsang2000]), "macro" takes the mean over types, "weighted" that by the number of spans there are.
Course note: 004 §11.
"""

import warnings
from collections.abc import Sequence
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
from sklearn.exceptions import UndefinedMetricWarning

from panlearn.core.errors import DataError
from panlearn.sequence.span_schemes import scheme_of, strict_spans
from panlearn.sequence.tag_spans import Spans, lenient_spans, read_tags

AVERAGES = (None, "micro", "macro", "weighted")


class Counting(NamedTuple):
    """What spans are, and what each counts."""

    suffix: bool = False
    mode: str | None = None  # "strict", or None for conlleval's rules
    scheme: Any = None
    sample_weight: Any = None  # of sequences


class Counts(NamedTuple):
    """Spans of each type."""

    types: list[str]
    right: np.ndarray
    found: np.ndarray
    there: np.ndarray


class Scores(NamedTuple):
    """Scores of each type, or averages."""

    precision: Any
    recall: Any
    f: Any
    support: Any


def count_spans(y_true: Sequence, y_pred: Sequence, counting: Counting) -> Counts:
    """Count spans there, found, and right.

    Parameters
    ----------
    y_true, y_pred : sequence of sequences of str
        Tags.
    counting : Counting
        How.

    Returns
    -------
    Counts
        Of each type, sorted.

    Raises
    ------
    DataError
        If lengths differ.
    """
    if counting.mode not in (None, "strict"):
        raise DataError(f'mode must be None or "strict", got {counting.mode!r}.')
    tags = [read_tags(y, suffix=counting.suffix) for y in (y_true, y_pred)]
    if len(tags[0].offsets) != len(tags[1].offsets):
        raise DataError(f"y_true has {len(tags[0].offsets) - 1} sequences, y_pred {len(tags[1].offsets) - 1}.")
    if (unlike := np.flatnonzero(np.diff(tags[0].offsets) != np.diff(tags[1].offsets))).size:
        a, b = (int(np.diff(t.offsets)[unlike[0]]) - 1 for t in tags)
        raise DataError(f"sequence {unlike[0]} has {a} tags in y_true and {b} in y_pred: lengths must be the same.")
    if counting.mode == "strict":
        scheme = scheme_of(counting.scheme, tags[0])
        spans = [strict_spans(t, scheme) for t in tags]
    else:
        spans = [lenient_spans(t, suffix=counting.suffix) for t in tags]
    weights = _weights(counting.sample_weight, len(tags[0].offsets) - 1)
    return _counts(spans[0], spans[1], weights, len(tags[0].codes) + 1)


def _weights(sample_weight: Any, n: int) -> np.ndarray | None:
    if sample_weight is None:
        return None
    weights = np.asarray(sample_weight, dtype=np.float64)
    if weights.shape != (n,) or not np.isfinite(weights).all() or (weights < 0).any():
        raise DataError(f"sample_weight must be {n} finite numbers >= 0, one a sequence, got shape {weights.shape}.")
    return weights


def _counts(true: Spans, pred: Spans, weights: np.ndarray | None, size: int) -> Counts:
    types = sorted({*true.types, *pred.types})
    number = {name: i for i, name in enumerate(types)}

    def codes(spans: Spans) -> tuple[np.ndarray, np.ndarray]:
        kinds = np.array([number[name] for name in spans.types], np.int64)
        return kinds, (kinds * size + spans.starts) * size + spans.stops

    (kinds, keys), (pred_kinds, pred_keys) = codes(true), codes(pred)
    hit = np.isin(keys, pred_keys)

    def total(kinds: np.ndarray, sequences: np.ndarray) -> np.ndarray:
        return np.bincount(kinds, None if weights is None else weights[sequences], minlength=len(types))

    right = total(kinds[hit], true.sequences[hit])
    return Counts(types, right, total(pred_kinds, pred.sequences), total(kinds, true.sequences))


def scores_of(counts: Counts, average: str | None, beta: float, zero_division: Any, warn_for: Sequence[str]) -> Scores:
    """Scores from counts.

    Parameters
    ----------
    counts : Counts
        Of each type.
    average : {None, "micro", "macro", "weighted"}
        How types are put together; None for arrays, one entry a type.
    beta : float
        Weight of recall against precision.
    zero_division : {"warn", 0, 1}
        The value of 0 / 0; "warn" is 0 with a warning.
    warn_for : sequence of str
        Which of "precision", "recall" and "f-score" are warned about.

    Returns
    -------
    Scores
        Arrays or numbers; support is the number of spans there are.
    """
    if average not in AVERAGES:
        raise DataError(f"average must be one of {AVERAGES}, got {average!r}.")
    if not beta >= 0:
        raise DataError(f"beta must be >= 0, got {beta}.")
    if zero_division not in ("warn", 0, 1):
        raise DataError(f'zero_division must be "warn", 0 or 1, got {zero_division!r}.')
    sums = [part.sum(keepdims=True) if average == "micro" else part for part in counts[1:]]
    right, found, there = sums
    empty = 0.0 if zero_division == "warn" else float(zero_division)
    precision, recall = _ratio(right, found, empty), _ratio(right, there, empty)
    f = recall if np.isposinf(beta) else _ratio((1 + beta**2) * precision * recall, beta**2 * precision + recall, 0.0)
    if zero_division == "warn":
        _warn(found, there, warn_for)
    if average is None:
        return Scores(precision, recall, f, there)
    weights = there if average == "weighted" else np.ones(len(there))
    if not weights.sum():  # no span is there
        nothing = empty if not found.sum() else 0.0
        return Scores(nothing, empty, nothing, there.sum())
    precision, recall, f = (float(np.average(part, weights=weights)) for part in (precision, recall, f))
    return Scores(precision, recall, f, there.sum())


def _ratio(above: np.ndarray, below: np.ndarray, empty: float) -> np.ndarray:
    return np.where(below == 0, empty, above / np.where(below == 0, 1, below))


def _warn(found: np.ndarray, there: np.ndarray, warn_for: Sequence[str]) -> None:
    undefined = {"precision": not found.all(), "recall": not there.all(), "f-score": bool((found + there == 0).any())}
    if names := [name for name in warn_for if undefined[name]]:
        text = f"{' and '.join(names)} of types without spans are 0 / 0, and set to 0; zero_division says otherwise."
        warnings.warn(text[0].upper() + text[1:], UndefinedMetricWarning, stacklevel=4)


def report_text(rows: dict[str, Scores], digits: int) -> str:
    """Table of scores.

    Parameters
    ----------
    rows : dict
        Scores by name; the last three are averages.
    digits : int
        Decimals.

    Returns
    -------
    str
        Lines, with an empty one behind the types and one at the end.
    """
    width = max(*map(len, rows), len("weighted avg"), digits)
    head = " " * (width + 1) + "".join(f" {name:>9}" for name in ("precision", "recall", "f1-score", "support"))
    lines = [
        f"{name:>{width}s} " + "".join(f" {value:>9.{digits}f}" for value in row[:3]) + f" {row.support:>9}"
        for name, row in rows.items()
    ]
    return "\n".join(chain([head, ""], lines[:-3], [""], lines[-3:], [""]))
