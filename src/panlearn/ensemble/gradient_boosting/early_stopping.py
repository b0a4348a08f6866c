"""When to stop adding trees: a score on rows the trees have not seen stops rising.

    stop after round t    if none of the last m scores exceeds the one before them by more than tol

A score is the negative loss, or what a scorer returns. The training loss itself falls on and on; that of held-out rows
turns where the trees begin to fit noise.

Course notes: 000 §4.6; 001 §7.2 (early stopping as regularisation).
"""

import copy
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

SMALL = 10_000  # training rows on which a scorer is evaluated


class Rows(NamedTuple):
    """Rows with what belongs to them."""

    X: np.ndarray  # (n, p)
    y: np.ndarray  # (n,) or (n, k) encoded targets
    weight: np.ndarray | None  # (n,)


def should_stop(scores: Sequence[float], *, patience: int, tol: float) -> bool:
    """Whether none of the last scores is better than the one before them.

    Parameters
    ----------
    scores : sequence of float
        One a round; higher is better.
    patience : int
        How many of the last scores are looked at.
    tol : float
        By how much one of them has to be better.

    Returns
    -------
    bool

    Examples
    --------
    >>> should_stop([0.1, 0.5, 0.5, 0.4], patience=2, tol=0.0), should_stop([0.1, 0.5, 0.6, 0.4], patience=2, tol=0.0)
    (True, False)
    """
    if len(scores) <= patience:
        return False
    reference = scores[-patience - 1] + tol
    return not any(score > reference for score in scores[-patience:])


def split(rows: Rows, fraction: Any, *, stratify: np.ndarray | None, random_state: Any) -> tuple[Rows, Rows]:
    """Training part and validation part.

    Parameters
    ----------
    rows : Rows
        All rows.
    fraction : float or int
        Share or number of the validation rows.
    stratify : ndarray of shape (n,), optional
        Classes whose shares both parts keep.
    random_state : int or RandomState
        Seed.

    Returns
    -------
    training, validation : Rows
    """
    from sklearn.model_selection import train_test_split

    arrays = [array for array in rows if array is not None]
    parts = train_test_split(*arrays, test_size=fraction, stratify=stratify, random_state=random_state)
    training, validation = parts[0::2], parts[1::2]
    return tuple(Rows(*part, None) if rows.weight is None else Rows(*part) for part in (training, validation))  # type: ignore[return-value]


def small_sample(y: np.ndarray, *, stratified: bool, seed: Any) -> Any:
    """Index of at most `SMALL` training rows: a scorer costs more than a loss.

    Parameters
    ----------
    y : ndarray of shape (n,)
        Targets.
    stratified : bool
        Keep the shares of the classes.
    seed : int
        Seed.

    Returns
    -------
    slice or ndarray
    """
    if len(y) <= SMALL:
        return slice(None)
    from sklearn.utils import resample

    stratify = y if stratified else None
    return resample(np.arange(len(y)), n_samples=SMALL, replace=False, random_state=seed, stratify=stratify)


def score_of_raw(scorer: Callable, model: Any, rows: Rows, raw: np.ndarray) -> float:
    """What a scorer says of rows whose raw predictions are known already.

    The scorer gets a copy of the model that knows them: no tree is walked again.

    Parameters
    ----------
    scorer : callable
        `scorer(estimator, X, y)`.
    model : estimator
        The model in training.
    rows : Rows
        Rows, with y as the user gave it.
    raw : ndarray of shape (n, k)
        Their raw predictions.

    Returns
    -------
    float
    """
    stand_in, predict = copy.copy(model), model._raw_predict
    stand_in._raw_predict = lambda X: raw if X is rows.X else predict(X)
    if rows.weight is None:
        return scorer(stand_in, rows.X, rows.y)
    return scorer(stand_in, rows.X, rows.y, sample_weight=rows.weight)


class Scores(NamedTuple):
    """How scores are measured in a fit; the lists grow by one a round."""

    measure: Callable[[np.ndarray, np.ndarray | None], tuple[float, float | None]]  # raw of training, of validation
    training: list[float]
    validation: list[float]

    def record(self, raw: np.ndarray, raw_validation: np.ndarray | None) -> list[float]:
        """Measure, remember, and return the scores that decide: those of the validation rows if there are any."""
        training, validation = self.measure(raw, raw_validation)
        self.training.append(training)
        if validation is None:
            return self.training
        self.validation.append(validation)
        return self.validation


def loss_measure(loss: Any, training: Rows, validation: Rows | None) -> Callable:
    """Scores by the negative loss.

    Parameters
    ----------
    loss : BoostedLoss
        The loss.
    training, validation : Rows
        Encoded rows.

    Returns
    -------
    callable
        For `Scores.measure`.
    """

    def measure(raw: np.ndarray, raw_validation: Any) -> tuple[float, float | None]:
        found = -loss.mean(raw, training.y, training.weight)
        return found, None if validation is None else -loss.mean(raw_validation, validation.y, validation.weight)

    return measure


def scorer_measure(model: Any, training: Rows, validation: Rows | None, index: Any) -> Callable:
    """Scores by `model.scoring`.

    Parameters
    ----------
    model : estimator
        The model in training.
    training, validation : Rows
        Rows with y as the user gave it; of training only those of `index` count.
    index : slice or ndarray
        As `small_sample` returned it.

    Returns
    -------
    callable
        For `Scores.measure`.
    """
    from sklearn.metrics import check_scoring

    scorer: Any = check_scoring(model, model.scoring)
    weight = None if training.weight is None else training.weight[index]
    small = Rows(training.X[index], training.y[index], weight)

    def measure(raw: np.ndarray, raw_validation: Any) -> tuple[float, float | None]:
        found = score_of_raw(scorer, model, small, raw[index])
        return found, None if validation is None else score_of_raw(scorer, model, validation, raw_validation)

    return measure
