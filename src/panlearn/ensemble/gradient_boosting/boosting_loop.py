"""Gradient boosting: a sum of trees, each grown on the derivatives of the loss at the sum so far [friedman2001].

    z_0 = argmin_c sum_i w_i L(y_i, c)                                     a constant
    round t:   g_i = w_i dL/dz (y_i, z_i),   h_i = w_i d2L/dz2 (y_i, z_i)
               a tree whose splits gain most:  G_l^2/(H_l + lambda) + G_r^2/(H_r + lambda) - G^2/(H + lambda)
               leaf value  gamma_l = - G_l / (H_l + lambda),  or the best constant for the loss (`leaf_values`)
               z_i += eta gamma_l(i)                                       eta the learning rate (shrinkage)

G and H are sums over the rows of a node, lambda an L2 penalty on leaf values [chen2016]: a Newton step in the space of
functions. Classical boosting grows the trees on g alone (h = w) and takes the Newton step within the leaves. With K
raw predictions a row, a round has K trees, all from the same z.

Nothing is predicted anew: the rows of the new leaves are known, and rows that the tree did not see walk that tree only.
Cost of a round: O(rows x features) for histograms, by the engine (`tree_growth`).

Course notes: 000 §4.6.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from panlearn.core.progress import progress
from panlearn.ensemble.gradient_boosting.boosted_loss import BoostedLoss
from panlearn.ensemble.gradient_boosting.dart import Dropped, draw_dropped
from panlearn.ensemble.gradient_boosting.early_stopping import Rows
from panlearn.ensemble.gradient_boosting.fused_gradients import fused_gradients
from panlearn.ensemble.gradient_boosting.gradients import Gradients, quantise
from panlearn.ensemble.gradient_boosting.grown_tree import GrownTree, add_leaf_values
from panlearn.ensemble.gradient_boosting.leaf_values import newton_steps
from panlearn.ensemble.gradient_boosting.row_sampling import ALL, Random, RowSample, draw_fraction, draw_goss
from panlearn.ensemble.gradient_boosting.tree_growth import BoostingGrowth, grow_boosted_trees
from panlearn.ensemble.gradient_boosting.tree_sums import sum_trees
from panlearn.tree.tree_structure import Tree

MOST = 2**31 - 1


class Plan(NamedTuple):
    """What every round does."""

    loss: BoostedLoss
    growth: BoostingGrowth  # limits and penalties of a tree
    learning_rate: float
    n_rounds: int  # in all, with those of earlier fits
    newton_leaves: bool  # trees on gradients alone, Newton steps in their leaves
    subsample: float  # share of the rows of a round
    goss: bool  # rows by the size of their gradients
    dart: float  # probability with which a tree is dropped
    finish: Callable[[GrownTree, Gradients], Tree] | None  # cuts a grown tree back before its leaf values are chosen
    rng_of_round: Callable[[int], Random]
    verbose: int


@dataclass
class Ensemble:
    """What grows from round to round."""

    start: np.ndarray  # (k,) constant raw prediction
    raw: np.ndarray  # (n, k) raw predictions of the training rows, one contiguous column a tree
    trees: list[list[Tree]] = field(default_factory=list)  # by round and column
    scales: list[float] = field(default_factory=list)  # factor of each round: the learning rate, less with dart
    raw_validation: np.ndarray | None = None  # (m, k)
    sample: RowSample = ALL  # of the last round


class Watch(NamedTuple):
    """Rows whose raw predictions are kept up to date beside those of training, and who looks after each round."""

    validation: Rows | None
    after_round: Callable[[int, Ensemble], bool]  # True: stop


def boost(training: Rows, binned: Any, plan: Plan, ensemble: Ensemble, watch: Watch) -> Ensemble:
    """Add rounds to an ensemble until there are `plan.n_rounds`, or the watch says stop.

    Parameters
    ----------
    training : Rows
        The rows; X is walked only by rows that a tree did not see.
    binned : BinnedRows
        The same X in bins.
    plan : Plan
        What a round does.
    ensemble : Ensemble
        Where to start; changed in place.
    watch : Watch
        Validation rows, and the callback after each round.

    Returns
    -------
    Ensemble
        The same.
    """
    rounds = range(len(ensemble.trees), plan.n_rounds)
    for t in progress(rounds, "gradient boosting", enabled=plan.verbose):
        rng = plan.rng_of_round(t)
        dropped = _drop(training, plan, ensemble, watch, rng)
        plan.loss.begin(ensemble.raw, training.y, training.weight)
        scale = plan.learning_rate * dropped.new
        trees = _grow_round(training, binned, plan, ensemble, scale, rng)
        ensemble.trees.append(trees)
        ensemble.scales.append(scale)
        if watch.validation is not None:
            ensemble.raw_validation += sum_trees([trees], [scale], watch.validation.X)
        _restore(training, ensemble, watch, dropped)
        if watch.after_round(t, ensemble):
            break
    return ensemble


def _grow_round(training: Rows, binned: Any, plan: Plan, ensemble: Ensemble, scale: float, rng: Random) -> list[Tree]:
    """Grow the trees of a round, all from the same derivatives, and add them to the raw predictions."""
    gradients, derivatives = _gradients(training, binned, plan, ensemble, rng)
    sample, trees = ensemble.sample, []
    seeds = [_seed(rng) for _ in gradients]
    together = grow_boosted_trees(binned, gradients, plan.growth, rows=sample.rows, seeds=seeds)
    for c, (column, grown) in enumerate(zip(gradients, together, strict=True)):
        grown = _cut(plan, grown, column, sample, training.X)
        grown = _with_leaf_values(grown, plan, training, ensemble.raw[:, c], derivatives, c)
        _add(grown, scale, sample, training.X, ensemble.raw[:, c])
        trees.append(grown.tree)
    return trees


def _seed(rng: Random) -> int:
    return int(rng.integers(MOST) if isinstance(rng, np.random.Generator) else rng.randint(MOST))


def _gradients(
    training: Rows, binned: Any, plan: Plan, ensemble: Ensemble, rng: Random
) -> tuple[list[Gradients], tuple[np.ndarray, np.ndarray | None] | None]:
    """Packed gradients of each column, and the derivatives themselves unless one kernel did it all; draws the rows."""
    loss, weight = plan.loss, training.weight
    ensemble.sample = ALL
    if loss.fused and not (plan.newton_leaves or plan.goss):
        return fused_gradients(loss.fused, ensemble.raw, training.y, weight, binned), None
    g, h = _weighted(loss.derivatives(ensemble.raw, training.y), weight)
    sample = ensemble.sample = _drawn(plan, g, rng)
    if sample.factor is not None:
        g, h = _scaled(g, h, sample)
    g = np.asfortranarray(g)
    h = h if h is None else np.asfortranarray(np.broadcast_to(h, g.shape))
    curvatures = [weight if plan.newton_leaves else None if h is None else h[:, c] for c in range(g.shape[1])]
    return [quantise(g[:, c], curvature, binned) for c, curvature in enumerate(curvatures)], (g, h)


def _weighted(derivatives: tuple, weight: np.ndarray | None) -> tuple[np.ndarray, np.ndarray | None]:
    g, h = derivatives
    if weight is None:
        return g, h
    w = weight[:, None]
    return g * w, w if h is None else h * w


def _drawn(plan: Plan, g: np.ndarray, rng: Random) -> RowSample:
    if plan.goss:
        return draw_goss(g, rng)
    return ALL if plan.subsample >= 1.0 else draw_fraction(len(g), plan.subsample, rng)


def _scaled(g: np.ndarray, h: np.ndarray | None, sample: RowSample) -> tuple[np.ndarray, np.ndarray]:
    """Derivatives of the sampled rows times their factors."""
    factor = np.zeros((len(g), 1))
    factor[sample.rows, 0] = sample.factor
    return g * factor, factor if h is None else h * factor


def _cut(plan: Plan, grown: GrownTree, gradients: Gradients, sample: RowSample, X: np.ndarray) -> GrownTree:
    """The grown tree within the plan's further limits, with the rows of its leaves."""
    if plan.finish is None:
        return grown
    tree = plan.finish(grown, gradients)
    if tree.node_count == grown.tree.node_count:
        return grown._replace(tree=tree)
    rows = np.arange(len(X)) if sample.rows is None else sample.rows
    found = tree.apply(X[rows])
    order = np.argsort(found, kind="stable")
    leaves, starts = np.unique(found[order], return_index=True)
    return GrownTree(tree, leaves, rows[order].astype(np.int32), np.append(starts, len(order)))


def _with_leaf_values(
    grown: GrownTree, plan: Plan, training: Rows, raw: np.ndarray, derivatives: Any, column: int
) -> GrownTree:
    """The tree with the leaf values that the loss asks for."""
    loss, weight = plan.loss, training.weight
    if grown.tree.node_count == 1 and loss.starts_best and not plan.newton_leaves:
        values = 0.0
    elif loss.refines:
        y = training.y if training.y.ndim == 1 else training.y[:, column]
        values = loss.leaf_values(y - raw, weight, grown.order, grown.starts)
    elif plan.newton_leaves:
        g, h = derivatives[0][:, column], derivatives[1]
        h = np.ones_like(g) if h is None else h[:, column]
        values = loss.step * newton_steps(g, h, grown.order, grown.starts)
    else:
        return grown
    value = grown.tree.value.copy()
    value[grown.leaves, 0, 0] = values
    return grown._replace(tree=grown.tree._replace(value=value))


def _add(grown: GrownTree, scale: float, sample: RowSample, X: np.ndarray, raw: np.ndarray) -> None:
    """Add the tree to the raw predictions: its rows are known, the others walk it."""
    add_leaf_values(raw, grown, scale)
    if sample.left_out is not None:
        raw[sample.left_out] += sum_trees([[grown.tree]], [scale], X[sample.left_out])[:, 0]


def _drop(training: Rows, plan: Plan, ensemble: Ensemble, watch: Watch, rng: Random) -> Dropped:
    """Choose trees for dropout and take them out of the raw predictions."""
    dropped = draw_dropped(len(ensemble.trees), plan.dart, rng)
    _change(training, ensemble, watch, dropped.rounds, -1.0)
    return dropped


def _restore(training: Rows, ensemble: Ensemble, watch: Watch, dropped: Dropped) -> None:
    """Put the dropped trees back, for less."""
    for t in dropped.rounds:
        ensemble.scales[t] *= dropped.kept
    _change(training, ensemble, watch, dropped.rounds, 1.0)


def _change(training: Rows, ensemble: Ensemble, watch: Watch, rounds: np.ndarray, sign: float) -> None:
    if not len(rounds):
        return
    trees, scales = [ensemble.trees[t] for t in rounds], [sign * ensemble.scales[t] for t in rounds]
    ensemble.raw += sum_trees(trees, scales, training.X)
    if watch.validation is not None:
        ensemble.raw_validation += sum_trees(trees, scales, watch.validation.X)
