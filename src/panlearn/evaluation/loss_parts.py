"""The arithmetic of bias, variance and noise, from predictions (B, m) and observations (m, r).

`bias_variance` has the lesson. Two ways to know the noise: the truth f of each row, or r ≥ 2 observations of it, whose
variance s² is the noise and is what the mean of r observations, s²/r, adds to (ȳ - m)². With one observation, or
several, the parts add up to the measured mean loss exactly; with a truth they add up to the expected loss.
"""

from typing import NamedTuple

import numpy as np

from panlearn.core.errors import DataError


class BiasVariance(NamedTuple):
    """Mean loss of the test rows and its parts: loss = bias + variance + noise."""

    loss: float
    bias: float  # squared loss: bias²; it holds the noise as well where that is None
    variance: float  # 0-1 loss: the effect on the error, below 0 where variance helps
    noise: float | None  # None: cannot be told from one observation of each row
    variance_unbiased: float  # 0-1 loss: P(ŷ ≠ m) over rows with m = f, adds to the error; squared loss: the variance
    variance_biased: float  # 0-1 loss: variance = unbiased - biased where noise is None; squared loss: 0
    main: np.ndarray  # (m,) main prediction: mean, or label most often predicted
    row_bias: np.ndarray  # (m,) bias of each row
    row_variance: np.ndarray  # (m,) squared loss: variance; 0-1 loss: P(ŷ ≠ m)


def squared_parts(predictions: np.ndarray, observed: np.ndarray, truth: np.ndarray | None) -> BiasVariance:
    """Parts of the squared error.

    Parameters
    ----------
    predictions : ndarray of shape (B, m)
        Of B training samples.
    observed : ndarray of shape (m, r)
        Observations.
    truth : ndarray of shape (m,) or None
        The best prediction.

    Returns
    -------
    BiasVariance
        Its parts estimate theirs without bias.

    Examples
    --------
    >>> found = squared_parts(np.array([[1.0], [3.0]]), np.array([[5.0]]), None)
    >>> found.loss, found.bias, found.variance  # of (5 - 1)² and (5 - 3)²
    (10.0, 8.0, 2.0)
    """
    B, r = predictions.shape[0], observed.shape[1]
    main = predictions.mean(axis=0)
    variance = predictions.var(axis=0, ddof=1)
    target = observed.mean(axis=1) if truth is None else truth
    bias = (target - main) ** 2 - variance / B
    noise = None
    if truth is not None:
        noise = float(np.mean((observed[:, 0] - truth) ** 2))
    elif r > 1:
        spread = observed.var(axis=1, ddof=1)
        bias -= spread / r
        noise = float(spread.mean())
    parts = float(bias.mean()), float(variance.mean())
    return BiasVariance(sum(parts) + (noise or 0.0), *parts, noise, parts[1], 0.0, main, bias, variance)


def zero_one_parts(predictions: np.ndarray, observed: np.ndarray, truth: np.ndarray | None) -> BiasVariance:
    """Parts of the share of wrong labels.

    Parameters
    ----------
    predictions : ndarray of shape (B, m)
        Labels predicted after B training samples.
    observed : ndarray of shape (m, r)
        Labels observed.
    truth : ndarray of shape (m,) or (m, K), or None
        The most probable label of each row, or the probabilities of all labels.

    Returns
    -------
    BiasVariance
        Of labels equally often predicted, the first in order is the main prediction.

    Raises
    ------
    DataError
        If probabilities are negative, do not add up to 1, or are not one for each label.

    Examples
    --------
    Two of three models are wrong at the second row; the third, that strays, is right.

    >>> found = zero_one_parts(np.array([[0, 0], [0, 0], [0, 1]]), np.array([[0], [1]]), None)
    >>> print(f"{found.loss:.2f} = {found.bias:.2f} + {found.variance:.2f}, V_b = {found.variance_biased:.2f}")
    0.33 = 0.50 + -0.17, V_b = 0.17
    """
    labels = np.unique(np.concatenate([predictions.ravel(), observed.ravel()]))
    if truth is not None and truth.ndim == 1:
        labels = np.union1d(labels, truth)
    rows = np.arange(len(observed))
    predicted = _shares(np.searchsorted(labels, predictions.T), labels.size)
    likely = _shares(np.searchsorted(labels, observed), labels.size)
    if truth is not None and truth.ndim == 2:
        likely = _probabilities(truth, labels)
    known = truth is not None or observed.shape[1] > 1
    best = np.searchsorted(labels, truth) if truth is not None and truth.ndim == 1 else likely.argmax(axis=1)
    main = predicted.argmax(axis=1)
    loss = 1 - np.sum(predicted * likely, axis=1)
    noise, main_loss = 1 - likely[rows, best], 1 - likely[rows, main]
    strays = 1 - predicted[rows, main]
    right = main == best
    bias, variance = main_loss - noise, loss - main_loss
    return BiasVariance(
        loss=float(loss.mean()),
        bias=float(bias.mean()),
        variance=float(variance.mean()),
        noise=float(noise.mean()) if known else None,
        variance_unbiased=float(np.mean(strays * right)),
        variance_biased=float(np.mean(predicted[rows, best] * ~right)),
        main=labels[main],
        row_bias=bias,
        row_variance=strays,
    )


def _shares(codes: np.ndarray, size: int) -> np.ndarray:
    """How often each code occurs in each row, (m, size), of (m, r)."""
    m, r = codes.shape
    flat = (np.arange(m)[:, None] * size + codes).ravel()
    return np.bincount(flat, minlength=m * size).reshape(m, size) / r


def _probabilities(truth: np.ndarray, labels: np.ndarray) -> np.ndarray:
    if truth.shape[1] != labels.size:
        raise DataError(
            f"truth has {truth.shape[1]} probabilities a row, but {labels.size} labels occur, {labels.tolist()[:5]}: "
            "give one for each, in sorted order, or the most probable label of each row."
        )
    if (truth < 0).any() or np.abs(truth.sum(axis=1) - 1).max() > 1e-6:
        raise DataError("each row of truth must hold probabilities: not below 0, with the sum 1.")
    return truth.astype(np.float64)
