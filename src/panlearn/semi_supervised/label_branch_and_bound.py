"""The best labels of all, by branch and bound on the labels of the unlabelled rows [chapelle2007].

A node has fixed some labels. P of the labelled rows and these alone is a lower bound on P of all labelings that agree
with them, since further rows only add losses. A node whose bound is not below the best P known is left; otherwise the
unlabelled row with the largest pull is fixed, first to the side it is on, where often nothing changes, and then to the
other, where the bound rises most. Once the balance of the classes leaves no choice the remaining labels follow.

The first P comes from `label_switching`, so most of the work is to prove it the least. Bounds are dual values: true
however exact the fits are. Nodes are 2^n_u at worst, and few where the unlabelled rows fall into clusters.

Course notes: 001 §9.4 (enumerate all labelings; take the largest margin with the least error).
"""

import time
from typing import NamedTuple

import numpy as np

from panlearn.core.progress import progress
from panlearn.semi_supervised.label_switching import Transduction, TransductiveProblem
from panlearn.semi_supervised.soft_label_svm import SoftLabelFit


class Node(NamedTuple):
    """Labels fixed so far."""

    labels: np.ndarray  # (n_u,) 1, 0, or -1 where open
    lower: float
    fit: SoftLabelFit  # of the parent
    same: bool  # the parent's fit is this node's too


def best_labelling(
    problem: TransductiveProblem,
    start: Transduction,
    *,
    tol: float,
    max_nodes: int,
    time_limit: float | None = None,
    verbose: int = 0,
) -> Transduction:
    """Prove labels the best, or find better ones.

    Parameters
    ----------
    problem : TransductiveProblem
        The problem.
    start : Transduction
        The best labels known.
    tol : float
        Accuracy of the fits; labels whose P is better by less, relatively, are not looked for.
    max_nodes : int
        Most nodes.
    time_limit : float, optional
        Seconds after which to stop.
    verbose : int
        1 shows a bar with the gap.

    Returns
    -------
    Transduction
        `lower` equals P of the fit, up to `tol`, if it is proven.
    """
    n_open, best, root = len(problem.free), start, problem.supervised(tol)
    stack = [Node(np.full(n_open, -1.0), root.lower, root, same=True)]
    deadline, nodes = time.monotonic() + (np.inf if time_limit is None else time_limit), 0
    for _ in progress(max_nodes, "branch and bound", enabled=verbose, certificate=lambda: _gap(stack, best)):
        while stack and not stack[-1].lower < (1 - tol) * best.fit.objective:
            stack.pop()
        if not stack or time.monotonic() > deadline:
            break
        nodes += 1
        best = _visit(problem, stack, best, tol)
    lower = min([best.fit.objective, *(max(node.lower, 0.0) for node in stack)])
    return best._replace(lower=lower, nodes=nodes, n_fits=start.n_fits + nodes, converged=not stack)


def _gap(stack: list[Node], best: Transduction) -> float:
    value = best.fit.objective
    return (value - min([value, *(node.lower for node in stack)])) / max(value, 1e-300)


def _visit(problem: TransductiveProblem, stack: list[Node], best: Transduction, tol: float) -> Transduction:
    """Take a node from the stack, put its children there; returns the best labelling known after it."""
    node = stack.pop()
    labels = _forced(node.labels, problem.low, problem.high)
    opened = labels < 0
    fit = node.fit
    if not node.same or not np.array_equal(labels, node.labels):
        fit = problem.machine.solve(*problem.costs(np.maximum(labels, 0.0), 1.0 * ~opened), node.fit, tol)
    lower = max(node.lower, fit.lower)
    if not lower < (1 - tol) * best.fit.objective:
        return best
    if not opened.any():
        return best._replace(labels=labels, fit=fit) if fit.objective < best.fit.objective else best
    pull = problem.pulls(fit.decision)
    best = _completed(problem, labels, pull, fit, best, tol)
    j = int(np.argmax(np.where(opened, np.abs(pull), -1.0)))
    side = float(pull[j] > 0)
    for label in (1.0 - side, side):  # the last one is visited first
        child = labels.copy()
        child[j] = label
        beyond = label == side and abs(fit.decision[problem.free[j]]) >= 1
        stack.append(Node(child, lower, fit, bool(beyond)))
    return best


def _forced(labels: np.ndarray, low: int, high: int) -> np.ndarray:
    """The labels with those filled in that the bounds on the number of positive ones leave no choice."""
    taken, possible = int((labels == 1).sum()), int((labels != 0).sum())
    if possible <= low:
        return np.where(labels < 0, 1.0, labels)
    return np.where(labels < 0, 0.0, labels) if taken >= high else labels


def _completed(
    problem: TransductiveProblem,
    labels: np.ndarray,
    pull: np.ndarray,
    fit: SoftLabelFit,
    best: Transduction,
    tol: float,
) -> Transduction:
    """The node's labels with open ones as its machine has them, if that is better than the best known."""
    fixed = np.where(labels < 0, pull, np.where(labels > 0, np.inf, -np.inf))
    trial = problem.best_labels(fixed)
    free, loss = problem.free[labels < 0], problem.machine.loss
    rest = problem.cost[free] @ loss.values(fit.decision[free], 2 * trial[labels < 0] - 1)
    if fit.objective + rest >= best.fit.objective:
        return best
    found = problem.machine.solve(*problem.costs(trial), fit, tol)
    return best._replace(labels=trial, fit=found) if found.objective < best.fit.objective else best
