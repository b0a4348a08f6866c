"""One method through all folds: fit on the training rows, predict the others, time both.

Time and memory are the method's own: the table is turned into a matrix before the clock starts, since that work is the
same for every method that needs the same matrix, and is done once for them.
"""

import time
import warnings
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import joblib
import numpy as np
import pandas as pd
from sklearn.exceptions import ConvergenceWarning
from sklearn.pipeline import Pipeline

from panlearn.core.registry import Entry
from panlearn.evaluation.baselines import PREFIX, SOURCE
from panlearn.evaluation.comparison import Row
from panlearn.evaluation.measurement import measure
from panlearn.evaluation.metrics import Output, output_of, score
from panlearn.evaluation.preprocessing import make_preprocessing
from panlearn.evaluation.problem import Problem

KEPT_BYTES = 2**29  # matrices of folds kept for the next method


class FoldResult(NamedTuple):
    """One fit and its predictions."""

    scores: dict[str, float]
    output: Output | None
    fit_seconds: float
    predict_seconds: float
    peak_bytes: int
    certificate: str
    warning: str  # of a fit that did not converge
    error: str  # "" if all went well


class Outcome(NamedTuple):
    """One method's line, and what it warned of."""

    row: Row
    warnings: tuple[str, ...]
    interrupted: bool


def make_estimator(entry: Entry, seed: int) -> Any:
    """Build a method with the settings it asks for and the seed.

    Parameters
    ----------
    entry : Entry
        The method.
    seed : int
        For its `random_state`, if it has one.

    Returns
    -------
    estimator
        Unfitted.
    """
    model = entry.estimator(**entry.method.settings)
    return model.set_params(random_state=seed) if "random_state" in model.get_params(deep=False) else model


def make_pipeline(entry: Entry, problem: Problem) -> Pipeline:
    """Build the whole way from a table to predictions: columns, features, model.

    Parameters
    ----------
    entry : Entry
        The method.
    problem : Problem
        The columns.

    Returns
    -------
    sklearn.pipeline.Pipeline
        Unfitted.
    """
    steps = make_preprocessing(problem.columns, problem.table, needs=entry.method.needs, seed=problem.seed)
    return Pipeline([*steps.steps, ("model", make_estimator(entry, problem.seed))])


class Matrices:
    """The matrices of each fold, made once for all methods with the same needs, as far as memory allows."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self._kept: dict[tuple[int, tuple[str, ...]], tuple[Any, Any]] = {}
        self._bytes = 0

    def get(self, fold: int, needs: tuple[str, ...]) -> tuple[Any, Any]:
        """Matrix of the training rows and of the test rows; learned from the training rows alone."""
        key = (fold, tuple(sorted(needs)))  # the same needs give the same matrix
        if key in self._kept:
            return self._kept[key]
        train, test = self.problem.splits.folds[fold]
        steps = make_preprocessing(self.problem.columns, self.problem.table, needs=needs, seed=self.problem.seed)
        made = steps.fit_transform(self.problem.table.iloc[train]), steps.transform(self.problem.table.iloc[test])
        size = sum(_bytes(matrix) for matrix in made)
        if self._bytes + size <= KEPT_BYTES:
            self._kept[key] = made
            self._bytes += size
        return made


def _bytes(matrix: Any) -> int:
    """Memory of an array, a sparse matrix or a data frame."""
    if isinstance(matrix, pd.DataFrame):
        return int(matrix.memory_usage().sum())
    return matrix.nbytes if isinstance(matrix, np.ndarray) else matrix.data.nbytes + matrix.indices.nbytes


def run_fold(entry: Entry, matrices: Matrices, fold: int) -> FoldResult:
    """Fit a method on one fold's training rows and score it on the others; an exception becomes its `error`."""
    problem = matrices.problem
    train, test = problem.splits.folds[fold]
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            X_train, X_test = matrices.get(fold, entry.method.needs)
            model = make_estimator(entry, problem.seed)
            fit = measure(lambda: model.fit(X_train, problem.target.values[train]))
            start = time.perf_counter()
            output = output_of(model, X_test, problem.target)
            predict_seconds = time.perf_counter() - start
            scores = score(problem.target.values[test], output, problem.target.classes, problem.metrics)
    except Exception as wrong:  # whatever a method does, the others go on
        return FoldResult({}, None, np.nan, np.nan, 0, "", "", _short(f"{type(wrong).__name__}: {wrong}"))
    unfinished = [_short(str(w.message)) for w in caught if issubclass(w.category, ConvergenceWarning)]
    certificate = str(getattr(model, "certificate_", ""))
    return FoldResult(
        scores, output, fit.seconds, predict_seconds, fit.peak_bytes, certificate, (unfinished or [""])[0], ""
    )


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 300 else line[:299] + "…"


def cross_validate(
    entry: Entry,
    matrices: Matrices,
    *,
    n_jobs: int = 1,
    deadline: float = np.inf,
    progress: Callable[[str], None] | None = None,
) -> Outcome:
    """Run one method through the folds, until they or the time run out.

    Parameters
    ----------
    entry : Entry
        The method.
    matrices : Matrices
        The problem, with its matrices.
    n_jobs : int
        Processes; folds run side by side.
    deadline : float
        `time.perf_counter()` after which no fold is begun.
    progress : callable, optional
        Called with the method's name after each fold.

    Returns
    -------
    Outcome
        The line of the leaderboard; its `error` says why folds are missing.
    """
    results: list[FoldResult] = []
    error, interrupted = "", False
    folds = len(matrices.problem.splits.folds)
    try:
        for result in _results(entry, matrices, folds, n_jobs, deadline):
            results.append(result)
            if progress:
                progress(entry.name)
            if result.error:
                error = result.error
                break
        else:
            error = f"time budget: {len(results)} of {folds} folds" if len(results) < folds else ""
    except KeyboardInterrupt:
        error, interrupted = f"stopped by Ctrl-C after {len(results)} of {folds} folds", True
    unfinished = [result.warning for result in results if result.warning]
    noted = (
        (f"{entry.name} did not converge in {len(unfinished)} of {folds} folds: {unfinished[0]}",) if unfinished else ()
    )
    return Outcome(_row(entry, matrices.problem, results, error), noted, interrupted)


def _results(entry: Entry, matrices: Matrices, folds: int, n_jobs: int, deadline: float) -> Iterator[FoldResult]:
    if n_jobs == 1:
        for fold in range(folds):
            if time.perf_counter() > deadline:
                return
            yield run_fold(entry, matrices, fold)
    elif time.perf_counter() <= deadline:
        calls = (joblib.delayed(run_fold)(entry, Matrices(matrices.problem), fold) for fold in range(folds))
        results: Any = joblib.Parallel(n_jobs=n_jobs, return_as="generator")(calls)
        yield from results


def _row(entry: Entry, problem: Problem, results: list[FoldResult], error: str) -> Row:
    """Gather the folds; what was not run is nan, or an empty label."""
    n, folds = len(problem.target.values), len(problem.splits.folds)
    classes = len(problem.target.classes)
    done = [result for result in results if not result.error]
    width = max((len(label) for label in problem.target.classes), default=1)
    prediction = np.full(n, "", dtype=f"<U{width}") if classes else np.full(n, np.nan)
    probability = None
    for result, fold in zip(done, problem.splits.folds, strict=False):
        assert result.output is not None
        prediction[fold.test] = result.output.prediction
        if result.output.probability is not None:
            probability = np.full((n, classes), np.nan) if probability is None else probability
            probability[fold.test] = result.output.probability
    main = np.array([result.scores[problem.metric.name] for result in done])
    if not error and not np.isfinite(main).any():
        error = f"{problem.metric.title} needs probabilities, which this method does not give"
    return Row(
        name=entry.name,
        title=entry.method.title,
        source=SOURCE if entry.name.startswith(PREFIX) else "panlearn",
        scores={m.name: _padded([result.scores[m.name] for result in done], folds) for m in problem.metrics},
        fit_seconds=_padded([result.fit_seconds for result in done], folds),
        predict_seconds=_padded([result.predict_seconds for result in done], folds),
        peak_bytes=max((result.peak_bytes for result in done), default=0),
        certificate=done[-1].certificate if done else "",
        prediction=prediction,
        probability=probability,
        error=error,
    )


def _padded(values: list[float], length: int) -> np.ndarray:
    return np.array(values + [np.nan] * (length - len(values)), dtype=np.float64)
