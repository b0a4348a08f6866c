"""What the winner leans on, and whether more rows would help; both on rows it has not seen.

Permutation importance [breiman2001]: the fall of the score when one column of the *table* is shuffled, so that a
category counts as one column however many it is encoded in. Columns that say the same share their importance.

Learning curve: the score on training rows and on held-out rows, fitted on growing parts of the training rows. A gap
that still closes says that more rows would help; two curves that have met say that another model might.
"""

import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.inspection import permutation_importance
from sklearn.model_selection import learning_curve
from sklearn.pipeline import Pipeline

from panlearn.evaluation.metrics import output_of
from panlearn.evaluation.problem import Problem

REPEATS = 5
MAX_ROWS, MIN_ROWS = 5000, 200  # held-out rows that are shuffled
SIZES = (0.1, 0.2, 0.4, 0.7, 1.0)  # parts of the training rows
CURVE_FOLDS = 3


def scorer(problem: Problem) -> Callable[[Any, Any, np.ndarray], float]:
    """Build a scikit-learn scorer of the main metric, its sign such that greater is better."""
    sign = 1.0 if problem.metric.greater_is_better else -1.0

    def score_of(model: Any, X: Any, y: np.ndarray) -> float:
        return sign * problem.metric.value(y, output_of(model, X, problem.target), problem.target.classes)

    return score_of


def importances(pipeline: Pipeline, problem: Problem, *, seconds: float = 20.0) -> dict[str, np.ndarray]:
    """Permutation importances of the columns of the table, on the last fold.

    Parameters
    ----------
    pipeline : sklearn.pipeline.Pipeline
        The winner; fitted anew on the fold's training rows.
    problem : Problem
        The table and its folds.
    seconds : float
        About how long it may take; fewer held-out rows are used rather than more time.

    Returns
    -------
    dict of str to ndarray of shape (repeats,)
        Fall of the main score by column, the column with the largest mean first; for an error, its rise.
    """
    fold = problem.splits.folds[-1]
    names = [column.name for column in problem.columns if column.kind != "dropped"]
    model: Any = clone(pipeline)
    model.fit(problem.table.iloc[fold.train], problem.target.values[fold.train])
    score_of = scorer(problem)
    order = np.random.default_rng(problem.seed).permutation(fold.test)
    start = time.perf_counter()
    first = order[:MIN_ROWS]
    score_of(model, problem.table.iloc[first], problem.target.values[first])
    per_row = (time.perf_counter() - start) / len(first)
    most = int(np.clip(seconds / (per_row * len(names) * REPEATS), MIN_ROWS, MAX_ROWS))
    rows = order[:most]
    found: Any = permutation_importance(
        model,
        problem.table.iloc[rows][names],
        problem.target.values[rows],
        scoring=score_of,
        n_repeats=REPEATS,
        random_state=problem.seed,
    )
    ranked = np.argsort(-found.importances_mean, kind="stable")
    return {names[i]: found.importances[i] for i in ranked}


def curve(pipeline: Pipeline, problem: Problem) -> dict[str, np.ndarray]:
    """Learning curve of a pipeline on up to three folds; forward in time, on the last one.

    Parameters
    ----------
    pipeline : sklearn.pipeline.Pipeline
        The winner; it is cloned.
    problem : Problem
        The table and its folds.

    Returns
    -------
    dict
        "rows" (m,), "train" (m, folds), "test" (m, folds); nan where a part was too small to fit on.
    """
    folds = problem.splits.folds
    lengths = {len(fold.train) for fold in folds}
    chosen = folds[:CURVE_FOLDS] if max(lengths) < 1.5 * min(lengths) else folds[-1:]
    longest = min(len(fold.train) for fold in chosen)
    sizes = np.unique([max(2, int(part * longest)) for part in SIZES])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # parts too small to hold every class
        rows, train, test = learning_curve(
            pipeline,
            problem.table,
            problem.target.values,
            train_sizes=sizes,
            cv=[(fold.train, fold.test) for fold in chosen],
            scoring=scorer(problem),
            shuffle=True,
            random_state=problem.seed,
            error_score=np.nan,
        )[:3]
    sign = 1.0 if problem.metric.greater_is_better else -1.0
    return {"rows": rows, "train": sign * train, "test": sign * test}
