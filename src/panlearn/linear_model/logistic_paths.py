"""The fits of logistic regression for every fold and every penalty, and their scores.

What does not depend on the penalty is computed once a fold, and each fit starts from the solution of the last.
"""

from collections.abc import Callable, Sequence
from inspect import signature
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
from scipy.special import expit, softmax

from panlearn.core.blocks import ArrayRows
from panlearn.core.threads import map_chunks
from panlearn.linear_model.logistic_classifier import identified
from panlearn.linear_model.logistic_regression import LogisticRegression
from panlearn.linear_model.logistic_solvers import LogisticProblem

EPSILON = np.finfo(np.float64).eps
LARGE = 1_000_000  # stored entries of X from which each fit has work for all threads: then the folds take turns


class Paths(NamedTuple):
    """The fits of one fold, or of all with one more axis in front."""

    coefs: np.ndarray  # (shares, strengths, classes or 1, p + 1), intercepts last
    n_iter: np.ndarray  # (shares, strengths)
    norms: np.ndarray  # (shares, strengths) gradient norms


def fit_folds(
    source: ArrayRows,
    classes: int,
    trains: Sequence[np.ndarray],
    ratios: Sequence[float],
    Cs: np.ndarray,
    intercept: bool,
    settings: dict[str, Any],
) -> Paths:
    """Fit every penalty on the rows of every fold.

    Parameters
    ----------
    source : ArrayRows
        All rows; y are class codes.
    classes : int
        Number of classes; a fold may lack some.
    trains : sequence of ndarray
        Indices of the rows to fit on, by fold.
    ratios : sequence of float
        Shares of L1.
    Cs : ndarray of shape (c,)
        Inverse strengths.
    intercept : bool
        Whether to fit intercepts.
    settings : dict
        `solver`, `tol` and `max_iter` of `LogisticProblem.solve`.

    Returns
    -------
    Paths
        With the folds as first axis.
    """

    def one(train: np.ndarray) -> Paths:
        X, codes, weight = source.rows
        weight = None if weight is None else weight[train]
        counts = np.bincount(codes[train], weight, minlength=classes).astype(np.float64)
        problem = LogisticProblem(ArrayRows(X[train], codes[train], weight), counts, intercept, repeated=True)
        return _path(problem, ratios, Cs, settings)

    size = getattr(source.rows.X, "size", 0)  # of a sparse matrix, what is stored
    work = np.inf if size < LARGE else 0.0
    parts = map_chunks(lambda a, b: [one(train) for train in trains[a:b]], len(trains), work=work)
    return Paths(*map(np.stack, zip(*chain.from_iterable(parts), strict=True)))


def _path(problem: LogisticProblem, ratios: Sequence[float], Cs: np.ndarray, settings: dict[str, Any]) -> Paths:
    coefs, fits = [], []
    for ratio in ratios:
        start = None
        for C in Cs:
            l1, l2 = problem.strengths(C, ratio)
            found = problem.solve(l1, l2, start=start, **settings)
            start = found.x
            coefs.append(identified(found.x.reshape(problem.shape), l1).T)
            fits.append((max(min(1, settings["max_iter"]), found.n_iter), found.gradient_norm))
    grid = len(ratios), len(Cs)
    n_iter, norms = (np.reshape(column, grid) for column in zip(*fits, strict=True))
    return Paths(np.reshape(coefs, (*grid, *coefs[0].shape)), n_iter.astype(np.int32), norms)


def score_folds(
    X: Any,
    y: np.ndarray,
    classes: np.ndarray,
    folds: Sequence[tuple[np.ndarray, np.ndarray]],
    paths: Paths,
    scorer: Any,
    params: dict[str, Any],
) -> np.ndarray:
    """Score every fit on the rows that its fold holds out.

    Parameters
    ----------
    X : ndarray or sparse matrix of shape (n, p)
        Features of all rows.
    y : ndarray of shape (n,)
        Labels.
    classes : ndarray of shape (K,)
        All labels, sorted.
    folds : sequence of (train, test)
        Indices of rows.
    paths : Paths
        The fits.
    scorer : callable
        scikit-learn's scorer.
    params : dict
        Its parameters; those with an entry for each row are split with the rows.

    Returns
    -------
    ndarray of shape (folds, shares, strengths)
        The scores.
    """
    from sklearn.metrics import accuracy_score, log_loss  # not needed to import the area

    known = {(accuracy_score, 1): hits, (log_loss, -1): log_likelihoods}
    own_kind = known.get((getattr(scorer, "_score_func", None), getattr(scorer, "_sign", None)))  # type: ignore[arg-type]
    if own_kind and not (getattr(scorer, "_kwargs", None) or set(params) - {"sample_weight"}):
        return _scores_at_once(X, np.searchsorted(classes, y), folds, paths, own_kind, params.get("sample_weight"))
    model, table = LogisticRegression(), np.empty(paths.n_iter.shape)
    model.classes_, model.n_features_in_ = classes, X.shape[1]
    scorer = _told_all_labels(scorer, classes)
    params = {k: v if v is None or isinstance(v, str) else np.asarray(v) for k, v in params.items()}
    for fold, (_, test) in enumerate(folds):
        held, labels = X[test], y[test]
        own = {k: v[test] if np.ndim(v) and len(v) == len(y) else v for k, v in params.items()}
        for place in np.ndindex(*table.shape[1:]):
            theta = paths.coefs[(fold, *place)]
            model.coef_, model.intercept_ = theta[:, :-1], theta[:, -1]
            table[(fold, *place)] = scorer(model, held, labels, **own)
    return table


def _scores_at_once(
    X: Any,
    codes: np.ndarray,
    folds: Sequence[tuple[np.ndarray, np.ndarray]],
    paths: Paths,
    kind: Callable[[np.ndarray, np.ndarray], np.ndarray],
    weight: Any,
) -> np.ndarray:
    """The table for means over rows, from one product for all fits of a fold."""
    table = np.empty(paths.n_iter.shape)
    for fold, (_, test) in enumerate(folds):
        thetas = paths.coefs[fold]
        z = X[test] @ thetas[..., :-1].reshape(-1, thetas.shape[-1] - 1).T + thetas[..., -1].ravel()
        rows = kind(z.reshape(len(z), -1, thetas.shape[2]), codes[test])
        own = None if weight is None else np.asarray(weight, dtype=np.float64)[test]
        table[fold] = np.average(rows, axis=0, weights=own).reshape(table.shape[1:])
    return table


def hits(z: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """Whether the most probable class is the true one.

    Parameters
    ----------
    z : ndarray of shape (n, fits, K), or (n, fits, 1) for two classes
        Raw predictions.
    codes : ndarray of shape (n,)
        True classes.

    Returns
    -------
    ndarray of shape (n, fits)
        True or false.

    Examples
    --------
    >>> import numpy as np
    >>> hits(np.array([[[-0.5], [0.5]]]), np.array([1]))  # one row, two fits
    array([[False,  True]])
    """
    guess = z[:, :, 0] > 0 if z.shape[2] == 1 else z.argmax(axis=2)
    return guess == codes[:, None]


def log_likelihoods(z: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """Logarithm of the probability of the true class, kept off 0 as in scikit-learn's log loss.

    Parameters
    ----------
    z : ndarray of shape (n, fits, K), or (n, fits, 1) for two classes
        Raw predictions.
    codes : ndarray of shape (n,)
        True classes.

    Returns
    -------
    ndarray of shape (n, fits)
        At most 0.

    Examples
    --------
    >>> import numpy as np
    >>> log_likelihoods(np.zeros((1, 2, 3)), np.array([1])).round(4)  # log(1/3)
    array([[-1.0986, -1.0986]])
    """
    if z.shape[2] == 1:
        p = expit(np.where(codes == 1, 1.0, -1.0)[:, None] * z[:, :, 0])
    else:
        p = np.take_along_axis(softmax(z, axis=2), codes[:, None, None], axis=2)[:, :, 0]
    return np.log(np.clip(p, EPSILON, 1.0 - EPSILON))


def _told_all_labels(scorer: Any, classes: np.ndarray) -> Any:
    """The scorer, told of all labels if it can be: a fold may lack some."""
    inner = getattr(scorer, "_score_func", None)
    known = signature(inner).parameters if inner is not None else {}
    if inner is None or "labels" not in known:
        return scorer
    more = {"labels": classes, **getattr(scorer, "_kwargs", {})}
    if len(classes) == 2 and "pos_label" in known:
        more.setdefault("pos_label", classes[-1])
    from sklearn.metrics import make_scorer  # not needed to import the area: it loads half of scikit-learn

    return make_scorer(inner, greater_is_better=scorer._sign == 1, response_method=scorer._response_method, **more)
