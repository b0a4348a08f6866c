"""The comparison: every suitable method on the same folds, the cheapest first.

    pose the problem        task, columns, folds, metrics
    choose the methods      all that registered themselves for the task, and the baselines
    cross-validate each     in the order of their cost, until the time is up
    rank                    by the mean of the main metric over the folds
    look at the winner      fitted on all rows; importances; learning curve

A method that fails becomes a line with its error. A time budget and Ctrl-C end the run early and leave the leaderboard
of what is done: three quarters of a budget go to the folds, the rest to the winner. The choice of the best of many is
itself a fit: its score is a little too good, by about the noise between neighbours on the leaderboard.
"""

import difflib
import platform
import time
from collections.abc import Callable, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any, NamedTuple

import numpy as np
from sklearn.pipeline import Pipeline
from sklearn.utils import estimator_html_repr
from threadpoolctl import threadpool_limits

from panlearn.core.errors import DataError
from panlearn.core.references import keys_of
from panlearn.core.registry import Entry, discover
from panlearn.evaluation.baselines import PREFIX, baselines
from panlearn.evaluation.comparison import Comparison, Row
from panlearn.evaluation.cross_validation import Matrices, cross_validate, make_pipeline
from panlearn.evaluation.diagnostics import curve, importances
from panlearn.evaluation.problem import Problem, pose

FOLDS_SHARE = 0.75  # of a time budget
THREADS_FROM = 1_000_000  # cells: on smaller tables threads gain little, and lose much where cores are shared
PACKAGES = ("panlearn", "numpy", "scipy", "scikit-learn", "numba", "pandas", "joblib")
Progress = Callable[[str, int, int], None]  # what is being done, steps done, steps in all


class Winner(NamedTuple):
    """The best method, fitted on all rows and looked at."""

    best: Pipeline | None = None
    importances: dict[str, np.ndarray] = {}  # never changed in place
    learning_curve: dict[str, np.ndarray] = {}
    notes: tuple[str, ...] = ()
    interrupted: bool = False


def compare(
    table: Any,
    target: str,
    *,
    methods: Sequence[str] | None = None,
    cv: int = 5,
    seed: int = 0,
    time_budget: float | None = None,
    n_jobs: int = 1,
    metric: str | None = None,
    task: str | None = None,
    group: str | None = None,
    time: str | None = None,
    progress: Progress | None = None,
) -> Comparison:
    """Cross-validate every suitable method on a table and rank them.

    Parameters
    ----------
    table : pandas.DataFrame, or a table with `to_pandas`
        The data, columns of any kind; see `panlearn.datasets.read_table`.
    target : str
        The column to predict. Rows in which it is empty are left out.
    methods : sequence of str, optional
        Names of methods, as "Ridge" or "sklearn: Ridge"; all by default.
    cv : int, default=5
        Number of folds.
    seed : int, default=0
        Of folds and methods: the same seed gives the same leaderboard.
    time_budget : float, optional
        Seconds; no fold is begun after three quarters of them. A fold that runs is not cut off.
    n_jobs : int, default=1
        Processes that run the folds of a method side by side.
    metric : str, optional
        The score that ranks, as "roc_auc"; the default of the task otherwise (`panlearn.evaluation.metrics`).
    task : {"binary", "multiclass", "regression", "counts"}, optional
        Inferred from the target by default (`panlearn.evaluation.tasks`).
    group : str, optional
        Column of groups whose rows stay in one fold.
    time : str, optional
        Column of times: each period is predicted from those before it.
    progress : callable, optional
        Called with what is done, the steps done, and the steps in all.

    Returns
    -------
    Comparison
        Leaderboard, out-of-fold predictions, and the winner. After Ctrl-C it is `partial` and without a fitted winner.

    Raises
    ------
    DataError
        If the data cannot answer the question; the message names the remedy.

    Examples
    --------
    >>> from panlearn.datasets import load_wine_quality
    >>> found = compare(load_wine_quality("red"), "quality", methods=["sklearn: Dummy", "sklearn: LinearRegression"])
    >>> [(row.name, round(float(row.scores["r2"].mean()), 2)) for row in found.rows]
    [('sklearn: LinearRegression', 0.34), ('sklearn: Dummy', -0.0)]
    """
    clock = _Clock(time_budget)
    problem = pose(table, target, task=task, metric=metric, cv=cv, seed=seed, group=group, time=time)
    entries = choose_methods(problem, methods)
    steps = _Steps(progress, len(entries) * cv + 3)
    with threadpool_limits(1 if problem.table.size < THREADS_FROM else None):
        rows, notes, interrupted = _run(entries, problem, clock, n_jobs, steps)
        ranked = rank(rows, problem.metric.name, problem.metric.greater_is_better)
        winner = Winner()
        if not interrupted and ranked and np.isfinite(ranked[0].scores[problem.metric.name]).any():
            winner = _look_at(next(e for e in entries if e.name == ranked[0].name), problem, clock, steps)
    late = any(row.error.startswith("time budget") for row in ranked)
    stopped = interrupted or winner.interrupted
    if late:
        notes.append(f"The time budget of {time_budget:g} s ended the comparison early.")
    if stopped:
        complete = sum(not row.error for row in ranked)
        notes.append(f"Stopped by Ctrl-C: {complete} of {len(entries)} methods compared.")
    return Comparison(
        data=problem.summary,
        metric=problem.metric.name,
        greater_is_better=problem.metric.greater_is_better,
        metrics=tuple(m.name for m in problem.metrics),
        rows=tuple(ranked),
        target=problem.target.values,
        folds=_fold_numbers(problem),
        splitter=problem.splits.title,
        best=winner.best,
        importances=winner.importances,
        learning_curve=winner.learning_curve,
        pipeline_html=estimator_html_repr(winner.best) if winner.best is not None else "",
        versions=_versions(),
        citations=tuple(dict.fromkeys(key for entry in entries for key in keys_of(entry.estimator))),
        seconds=clock.elapsed,
        partial=late or stopped,
        notes=(*notes, *winner.notes),
        ended_by="Ctrl-C" if stopped else "time budget" if late else "",
    )


class _Clock:
    """Time since the start, and what is left of the budget."""

    def __init__(self, budget: float | None) -> None:
        if budget is not None and not budget > 0:
            raise DataError(f"time_budget must be a positive number of seconds, got {budget!r}")
        self.start, self.budget = time.perf_counter(), np.inf if budget is None else float(budget)

    @property
    def elapsed(self) -> float:
        return time.perf_counter() - self.start

    @property
    def left(self) -> float:
        return self.budget - self.elapsed


class _Steps:
    """Counts the steps and tells who wants to know."""

    def __init__(self, tell: Progress | None, total: int) -> None:
        self.tell, self.total, self.done = tell, total, 0

    def now(self, what: str, *, done: int = 0) -> None:
        self.done += done
        if self.tell:
            self.tell(what, min(self.done, self.total), self.total)


def choose_methods(problem: Problem, names: Sequence[str] | None) -> list[Entry]:
    """Find the methods for a task, cheapest first.

    Parameters
    ----------
    problem : Problem
        Task and size.
    names : sequence of str or None
        Those to keep, in any case of letters; "sklearn: " may be left out where panlearn has no method of the name.

    Returns
    -------
    list of Entry
        The methods in the order of their cost.

    Raises
    ------
    DataError
        If a name is unknown, or its method is for another task.
    """
    rows = int(len(problem.target.values) * (1 - 1 / len(problem.splits.folds)))
    size = rows, len(problem.columns), problem.outputs
    known = [*discover(task=problem.target.task), *baselines(problem.target.task)]
    known.sort(key=lambda entry: entry.method.cost(*size))
    if names is None:
        return known
    return [entry for entry in known if entry.name in {_find(name, known, problem.target.task) for name in names}]


def _find(name: str, known: list[Entry], task: str) -> str:
    plain = {entry.name.removeprefix(PREFIX).lower(): entry.name for entry in known if entry.name.startswith(PREFIX)}
    plain |= {entry.name.lower().replace(" ", ""): entry.name for entry in known}
    wanted = name.lower().replace(" ", "")
    if wanted in plain:
        return plain[wanted]
    if any(wanted == entry.name.lower() for entry in discover()):
        raise DataError(f"{name} does not do the task {task}: choose among {', '.join(e.name for e in known)}")
    close = [plain[n] for n in difflib.get_close_matches(wanted, plain, n=3, cutoff=0.6)]
    hint = (
        f"did you mean {' or '.join(dict.fromkeys(close))}?"
        if close
        else f"choose among {', '.join(e.name for e in known)}"
    )
    raise DataError(f"no method {name!r} for the task {task}: {hint}")


def _run(
    entries: list[Entry], problem: Problem, clock: _Clock, n_jobs: int, steps: _Steps
) -> tuple[list[Row], list[str], bool]:
    """Cross-validate the methods one after the other; rows, remarks, and whether Ctrl-C ended it."""
    rows: list[Row] = []
    notes: list[str] = []
    matrices = Matrices(problem)
    deadline = clock.start + FOLDS_SHARE * clock.budget
    try:
        for entry in entries:
            steps.now(entry.name)
            outcome = cross_validate(
                entry, matrices, n_jobs=n_jobs, deadline=deadline, progress=lambda name: steps.now(name, done=1)
            )
            rows.append(outcome.row)
            notes += outcome.warnings
            if outcome.interrupted:
                return rows, notes, True
    except KeyboardInterrupt:  # between two methods
        return rows, notes, True
    return rows, notes, False


def rank(rows: Sequence[Row], metric: str, greater_is_better: bool) -> list[Row]:
    """Sort the lines: complete ones by their mean score, then those that lack folds, then those without a score.

    Parameters
    ----------
    rows : sequence of Row
        In any order.
    metric : str
        Name of the score.
    greater_is_better : bool
        Its direction.

    Returns
    -------
    list of Row
        Best first.
    """

    def key(row: Row) -> tuple[int, float]:
        scores = row.scores[metric]
        if not np.isfinite(scores).any():
            return 2, 0.0
        mean = float(np.nanmean(scores))
        return int(bool(row.error)), -mean if greater_is_better else mean

    return sorted(rows, key=key)


def _look_at(entry: Entry, problem: Problem, clock: _Clock, steps: _Steps) -> Winner:
    """Fit the winner on all rows, and learn about it what the time allows."""
    winner = Winner()
    allowed = min(max(20.0, 0.5 * clock.elapsed), max(clock.left, 0.0))
    try:
        steps.now(f"fitting {entry.name} on all rows")
        start = time.perf_counter()
        pipeline = make_pipeline(entry, problem).fit(problem.table, problem.target.values)
        once = time.perf_counter() - start
        winner = winner._replace(best=pipeline)
        steps.now("permutation importances", done=1)
        if once > allowed:
            return winner._replace(notes=("Importances and learning curve were left out to save time.",))
        winner = winner._replace(importances=importances(pipeline, problem, seconds=allowed / 2))
        steps.now("learning curve", done=1)
        if 8 * once > min(allowed, clock.left):  # three folds, parts of 2.4 fits in all
            return winner._replace(notes=("The learning curve was left out to save time.",))
        winner = winner._replace(learning_curve=curve(pipeline, problem))
        steps.now("done", done=1)
    except KeyboardInterrupt:
        return winner._replace(interrupted=True)
    except Exception as wrong:  # the leaderboard stands, whatever the pictures lack
        return winner._replace(notes=(f"The winner could not be looked at: {type(wrong).__name__}: {wrong}",))
    return winner


def _fold_numbers(problem: Problem) -> np.ndarray:
    numbers = np.full(len(problem.target.values), -1)
    for number, fold in enumerate(problem.splits.folds):
        numbers[fold.test] = number
    return numbers


def _versions() -> dict[str, str]:
    from panlearn import __version__

    found = {"panlearn": __version__, "python": platform.python_version()}
    for package in PACKAGES[1:]:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
