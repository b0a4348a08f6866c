"""Scores of taggers: spans by conlleval's rules or a strict scheme, tokens, sequences.

    precision_score, recall_score, f1_score, classification_report      spans; the names of seqeval.metrics
    accuracy_score, performance_measure, get_entities
    flat_f1_score, flat_classification_report, sequence_accuracy_score  tokens; the names of sklearn_crfsuite.metrics
    tag_confusion                                                       which tags are taken for which

Spans are what a user of a tagger gets, so F1 of spans is the figure to compare; [tjongkimsang2000] defined it. Two
things differ from seqeval: `mode="strict"` without a scheme looks for the scheme that the tags of `y_true` have (there
only the report does, and the scores silently are those of conlleval), and `sample_weight` counts.

Course note: 004 §11.
"""

from collections.abc import Sequence
from typing import Any

from panlearn.sequence.span_schemes import BILOU, IOB1, IOB2, IOBES, IOE1, IOE2
from panlearn.sequence.span_scores import Counting, Scores, count_spans, report_text, scores_of
from panlearn.sequence.tag_spans import get_entities
from panlearn.sequence.token_scores import (
    accuracy_score,
    flat_accuracy_score,
    flat_classification_report,
    flat_f1_score,
    flat_fbeta_score,
    flat_precision_score,
    flat_recall_score,
    performance_measure,
    sequence_accuracy_score,
    tag_confusion,
)

__all__ = [
    "BILOU",
    "IOB1",
    "IOB2",
    "IOBES",
    "IOE1",
    "IOE2",
    "accuracy_score",
    "classification_report",
    "f1_score",
    "flat_accuracy_score",
    "flat_classification_report",
    "flat_f1_score",
    "flat_fbeta_score",
    "flat_precision_score",
    "flat_recall_score",
    "get_entities",
    "performance_measure",
    "precision_recall_fscore_support",
    "precision_score",
    "recall_score",
    "sequence_accuracy_score",
    "tag_confusion",
]


def precision_recall_fscore_support(
    y_true: Sequence,
    y_pred: Sequence,
    *,
    average: str | None = None,
    warn_for: Sequence[str] = ("precision", "recall", "f-score"),
    beta: float = 1.0,
    sample_weight: Any = None,
    zero_division: Any = "warn",
    suffix: bool = False,
    mode: str | None = None,
    scheme: Any = None,
) -> Scores:
    """Precision, recall, F and number of spans, for each type or on average.

    Parameters
    ----------
    y_true, y_pred : sequence of sequences of str
        Tags.
    average : {None, "micro", "macro", "weighted"}, default=None
        How types are put together; None for arrays, one entry a type (sorted).
    warn_for : sequence of str
        Which of "precision", "recall" and "f-score" are warned about where they are 0 / 0.
    beta : float, default=1.0
        Weight of recall against precision.
    sample_weight : array-like of shape (n_sequences,), default=None
        Weights of the sequences.
    zero_division : {"warn", 0, 1}, default="warn"
        The value of 0 / 0; "warn" is 0 with a warning.
    suffix : bool, default=False
        Whether tags are as "PER-B" in place of "B-PER".
    mode : {None, "strict"}, default=None
        Spans by conlleval's rules, or only those that are tagged as the scheme asks.
    scheme : str or Scheme, default=None
        "IOB1", "IOB2", "IOE1", "IOE2", "IOBES" or "BILOU" for `mode="strict"`; None to look at y_true.

    Returns
    -------
    Scores
        Precision, recall, F and support.

    References
    ----------
    [tjongkimsang2000], note 004 §11

    Examples
    --------
    One of two spans has the right end: both counts are of spans, not of tokens.

    >>> y_true, y_pred = [["B-PER", "I-PER", "O", "B-LOC"]], [["B-PER", "O", "O", "B-LOC"]]
    >>> precision_recall_fscore_support(y_true, y_pred, average="micro")[:3]
    (0.5, 0.5, 0.5)
    """
    counts = count_spans(y_true, y_pred, Counting(suffix, mode, scheme, sample_weight))
    return scores_of(counts, average, beta, zero_division, warn_for)


def precision_score(
    y_true: Sequence,
    y_pred: Sequence,
    *,
    average: str | None = "micro",
    suffix: bool = False,
    mode: str | None = None,
    sample_weight: Any = None,
    zero_division: Any = "warn",
    scheme: Any = None,
) -> Any:
    """Share of the spans found that are right.

    Parameters
    ----------
    y_true, y_pred : sequence of sequences of str
        Tags.
    average : {"micro", "macro", "weighted", None}, default="micro"
        How types are put together; None for an array.
    suffix, mode, sample_weight, zero_division, scheme : see `precision_recall_fscore_support`
        What a span is, what it counts, and the value of 0 / 0.

    Returns
    -------
    float or ndarray
        Precision.

    Examples
    --------
    >>> precision_score([["B-PER", "I-PER"]], [["B-PER", "I-PER"]])
    1.0
    """
    counts = count_spans(y_true, y_pred, Counting(suffix, mode, scheme, sample_weight))
    return scores_of(counts, average, 1.0, zero_division, ("precision",)).precision


def recall_score(
    y_true: Sequence,
    y_pred: Sequence,
    *,
    average: str | None = "micro",
    suffix: bool = False,
    mode: str | None = None,
    sample_weight: Any = None,
    zero_division: Any = "warn",
    scheme: Any = None,
) -> Any:
    """Share of the spans there that were found.

    Parameters
    ----------
    y_true, y_pred : sequence of sequences of str
        Tags.
    average : {"micro", "macro", "weighted", None}, default="micro"
        How types are put together; None for an array.
    suffix, mode, sample_weight, zero_division, scheme : see `precision_recall_fscore_support`
        What a span is, what it counts, and the value of 0 / 0.

    Returns
    -------
    float or ndarray
        Recall.

    Examples
    --------
    >>> recall_score([["B-PER", "O", "B-LOC"]], [["B-PER", "O", "O"]])
    0.5
    """
    counts = count_spans(y_true, y_pred, Counting(suffix, mode, scheme, sample_weight))
    return scores_of(counts, average, 1.0, zero_division, ("recall",)).recall


def f1_score(
    y_true: Sequence,
    y_pred: Sequence,
    *,
    average: str | None = "micro",
    suffix: bool = False,
    mode: str | None = None,
    sample_weight: Any = None,
    zero_division: Any = "warn",
    scheme: Any = None,
) -> Any:
    """Harmonic mean of precision and recall of spans.

    Parameters
    ----------
    y_true, y_pred : sequence of sequences of str
        Tags.
    average : {"micro", "macro", "weighted", None}, default="micro"
        How types are put together; None for an array.
    suffix, mode, sample_weight, zero_division, scheme : see `precision_recall_fscore_support`
        What a span is, what it counts, and the value of 0 / 0.

    Returns
    -------
    float or ndarray
        F1.

    Examples
    --------
    An I behind O begins a span by conlleval's rules, but not in IOB2.

    >>> y_true, y_pred = [["O", "B-PER", "I-PER"]], [["O", "I-PER", "I-PER"]]
    >>> f1_score(y_true, y_pred), f1_score(y_true, y_pred, mode="strict", scheme="IOB2", zero_division=0)
    (1.0, 0.0)
    """
    counts = count_spans(y_true, y_pred, Counting(suffix, mode, scheme, sample_weight))
    return scores_of(counts, average, 1.0, zero_division, ("f-score",)).f


def classification_report(
    y_true: Sequence,
    y_pred: Sequence,
    digits: int = 2,
    suffix: bool = False,
    output_dict: bool = False,
    mode: str | None = None,
    sample_weight: Any = None,
    zero_division: Any = "warn",
    scheme: Any = None,
) -> Any:
    """Table of precision, recall, F1 and number of spans of each type, and averages.

    Parameters
    ----------
    y_true, y_pred : sequence of sequences of str
        Tags.
    digits : int, default=2
        Decimals.
    suffix : bool, default=False
        Whether tags are as "PER-B" in place of "B-PER".
    output_dict : bool, default=False
        Return a dict of dicts in place of text.
    mode, sample_weight, zero_division, scheme : see `precision_recall_fscore_support`
        What a span is, what it counts, and the value of 0 / 0.

    Returns
    -------
    str or dict
        The table.

    Examples
    --------
    >>> print(classification_report([["B-PER", "I-PER", "O", "B-LOC"]], [["B-PER", "O", "O", "B-LOC"]]))
                  precision    recall  f1-score   support
    <BLANKLINE>
             LOC       1.00      1.00      1.00         1
             PER       0.00      0.00      0.00         1
    <BLANKLINE>
       micro avg       0.50      0.50      0.50         2
       macro avg       0.50      0.50      0.50         2
    weighted avg       0.50      0.50      0.50         2
    <BLANKLINE>
    """
    counts = count_spans(y_true, y_pred, Counting(suffix, mode, scheme, sample_weight))
    names = ("precision", "recall", "f-score")
    each = scores_of(counts, None, 1.0, zero_division, names)
    rows = {name: Scores(*row) for name, *row in zip(counts.types, *each, strict=True)}
    for average in ("micro", "macro", "weighted"):  # what is undefined there is so in a type: warned about above
        rows[f"{average} avg"] = scores_of(counts, average, 1.0, zero_division, () if counts.types else names)
    if output_dict:
        keys = ("precision", "recall", "f1-score", "support")
        return {name: dict(zip(keys, row, strict=True)) for name, row in rows.items()}
    return report_text(rows, digits)
