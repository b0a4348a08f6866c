"""Scores of tags token by token, and of whole sequences: scikit-learn's metrics over sequences put end to end.

In tagging most tokens are O, so that the accuracy of tokens flatters: a tagger that finds no span at all has 0.9 on
many data sets. Spans (`span_scores`) say more; the confusion of tags says where it goes wrong. Course note: 004 §11.
"""

from collections.abc import Sequence
from itertools import chain
from typing import Any, NamedTuple

import numpy as np

from panlearn.core.errors import DataError


class TagConfusion(NamedTuple):
    """How often tag i was taken for tag j."""

    labels: list[str]
    matrix: np.ndarray  # (labels, labels): rows are the true tags


def flattened(y_true: Sequence, y_pred: Sequence) -> tuple[list, list]:
    """Tags of all sequences, one after the other.

    Parameters
    ----------
    y_true, y_pred : sequence of sequences of str, or sequence of str
        Tags.

    Returns
    -------
    tuple of list
        Both.

    Raises
    ------
    DataError
        If lengths differ, or there is no tag.
    """
    if len(y_true) != len(y_pred):
        raise DataError(f"y_true has {len(y_true)} sequences, y_pred {len(y_pred)}: they must be of the same data.")
    nested = any(isinstance(tags, (list, tuple, np.ndarray)) for tags in y_true)
    if not nested:
        flat = list(y_true), list(y_pred)
    else:
        for i, (true, pred) in enumerate(zip(y_true, y_pred, strict=True)):
            if len(true) != len(pred):
                raise DataError(f"sequence {i} has {len(true)} tags in y_true and {len(pred)} in y_pred.")
        flat = list(chain.from_iterable(y_true)), list(chain.from_iterable(y_pred))
    if not flat[0]:
        raise DataError("y_true holds no tag: there is nothing to score.")
    return flat


def accuracy_score(y_true: Sequence, y_pred: Sequence) -> float:
    """Share of tokens with the right tag.

    Parameters
    ----------
    y_true, y_pred : sequence of sequences of str, or sequence of str
        Tags.

    Returns
    -------
    float
        Between 0 and 1.

    Examples
    --------
    >>> accuracy_score([["B-PER", "O"], ["O"]], [["O", "O"], ["O"]])
    0.6666666666666666
    """
    from sklearn import metrics

    return float(metrics.accuracy_score(*flattened(y_true, y_pred)))


def flat_accuracy_score(y_true: Sequence, y_pred: Sequence) -> float:
    """Share of tokens with the right tag.

    Parameters
    ----------
    y_true, y_pred : sequence of sequences of str
        Tags.

    Returns
    -------
    float
        Between 0 and 1.

    Examples
    --------
    >>> flat_accuracy_score([["B-PER", "O"], ["O", "O"]], [["O", "O"], ["O", "O"]])
    0.75
    """
    return accuracy_score(y_true, y_pred)


def flat_precision_score(y_true: Sequence, y_pred: Sequence, **kwargs: Any) -> Any:
    """Precision of tags, token by token.

    Parameters
    ----------
    y_true, y_pred : sequence of sequences of str
        Tags.
    **kwargs : dict
        For `sklearn.metrics.precision_score`, as average="weighted".

    Returns
    -------
    float or ndarray
        What that returns.

    Examples
    --------
    >>> flat_precision_score([["N", "V"]], [["N", "N"]], labels=["N"], average="macro")
    0.5
    """
    from sklearn import metrics

    return metrics.precision_score(*flattened(y_true, y_pred), **kwargs)


def flat_recall_score(y_true: Sequence, y_pred: Sequence, **kwargs: Any) -> Any:
    """Recall of tags, token by token.

    Parameters
    ----------
    y_true, y_pred : sequence of sequences of str
        Tags.
    **kwargs : dict
        For `sklearn.metrics.recall_score`, as average="weighted".

    Returns
    -------
    float or ndarray
        What that returns.

    Examples
    --------
    >>> flat_recall_score([["N", "V"]], [["N", "N"]], labels=["N"], average="macro")
    1.0
    """
    from sklearn import metrics

    return metrics.recall_score(*flattened(y_true, y_pred), **kwargs)


def flat_f1_score(y_true: Sequence, y_pred: Sequence, **kwargs: Any) -> Any:
    """F1 of tags, token by token.

    Parameters
    ----------
    y_true, y_pred : sequence of sequences of str
        Tags.
    **kwargs : dict
        For `sklearn.metrics.f1_score`, as average="weighted".

    Returns
    -------
    float or ndarray
        What that returns.

    Examples
    --------
    >>> flat_f1_score([["N", "V"]], [["N", "N"]], labels=["N"], average="macro")
    0.6666666666666666
    """
    from sklearn import metrics

    return metrics.f1_score(*flattened(y_true, y_pred), **kwargs)


def flat_fbeta_score(y_true: Sequence, y_pred: Sequence, beta: float, **kwargs: Any) -> Any:
    """F-beta of tags, token by token.

    Parameters
    ----------
    y_true, y_pred : sequence of sequences of str
        Tags.
    beta : float
        Weight of recall against precision.
    **kwargs : dict
        For `sklearn.metrics.fbeta_score`, as average="weighted".

    Returns
    -------
    float or ndarray
        What that returns.

    Examples
    --------
    >>> flat_fbeta_score([["N", "V"]], [["N", "N"]], beta=2, labels=["N"], average="macro")
    0.8333333333333334
    """
    from sklearn import metrics

    return metrics.fbeta_score(*flattened(y_true, y_pred), beta=beta, **kwargs)


def flat_classification_report(y_true: Sequence, y_pred: Sequence, labels: Any = None, **kwargs: Any) -> Any:
    """Report of precision, recall and F1 of each tag, token by token.

    Parameters
    ----------
    y_true, y_pred : sequence of sequences of str
        Tags.
    labels : sequence of str, default=None
        Tags to report; all, if None.
    **kwargs : dict
        For `sklearn.metrics.classification_report`, as digits=3.

    Returns
    -------
    str or dict
        What that returns.

    Examples
    --------
    >>> print(flat_classification_report([["N", "V"]], [["N", "N"]], labels=["N"]).splitlines()[2].split())
    ['N', '0.50', '1.00', '0.67', '1']
    """
    from sklearn import metrics

    return metrics.classification_report(*flattened(y_true, y_pred), labels=labels, **kwargs)


def sequence_accuracy_score(y_true: Sequence, y_pred: Sequence) -> float:
    """Share of sequences whose tags are all right.

    Parameters
    ----------
    y_true, y_pred : sequence of sequences of str
        Tags.

    Returns
    -------
    float
        Between 0 and 1; 0 for no sequences.

    Examples
    --------
    >>> sequence_accuracy_score([["N", "V"], ["N"]], [["N", "N"], ["N"]])
    0.5
    """
    if len(y_true) != len(y_pred):
        raise DataError(f"y_true has {len(y_true)} sequences, y_pred {len(y_pred)}: they must be of the same data.")
    return sum(list(a) == list(b) for a, b in zip(y_true, y_pred, strict=True)) / len(y_true) if len(y_true) else 0.0


def performance_measure(y_true: Sequence, y_pred: Sequence) -> dict[str, int]:
    """Tokens by whether they are O and whether they are right.

    Parameters
    ----------
    y_true, y_pred : sequence of sequences of str, or sequence of str
        Tags.

    Returns
    -------
    dict
        TP: right and not O; FP: wrong, and not O in y_pred; FN: O in y_pred alone; TN: O in both.

    Examples
    --------
    >>> performance_measure([["B-PER", "O", "O"]], [["B-PER", "B-LOC", "O"]])
    {'TP': 1, 'FP': 1, 'FN': 0, 'TN': 1}
    """
    pairs = list(zip(*flattened(y_true, y_pred), strict=True))
    return {
        "TP": sum(a == b != "O" for a, b in pairs),
        "FP": sum(a != b != "O" for a, b in pairs),
        "FN": sum(a != b == "O" for a, b in pairs),
        "TN": sum(a == b == "O" for a, b in pairs),
    }


def tag_confusion(
    y_true: Sequence, y_pred: Sequence, labels: Sequence[str] | None = None, normalize: str | None = None
) -> TagConfusion:
    """Confusion of tags: how often each was taken for each other.

    Parameters
    ----------
    y_true, y_pred : sequence of sequences of str
        Tags.
    labels : sequence of str, default=None
        Tags to look at, in this order; all, sorted, if None.
    normalize : {"true", "pred", "all"}, default=None
        Shares of the rows, the columns, or all, in place of counts.

    Returns
    -------
    TagConfusion
        Labels, and the matrix with true tags in the rows.

    Examples
    --------
    >>> tag_confusion([["N", "V"], ["V"]], [["N", "N"], ["V"]]).matrix.tolist()
    [[1, 0], [1, 1]]
    """
    from sklearn import metrics

    true, pred = flattened(y_true, y_pred)
    names = sorted({*true, *pred}) if labels is None else list(labels)
    return TagConfusion(names, metrics.confusion_matrix(true, pred, labels=names, normalize=normalize))
