"""Growing one boosted tree on binned rows: what to ask for, and the answer [ke2017], [chen2016].

    split the leaf whose best split gains most        (leaf-wise; depth-wise: level after level)
    gain = G_l^2/(H_l + lambda) + G_r^2/(H_r + lambda) - G^2/(H + lambda) - min_gain > 0

until the tree has `max_leaves` leaves or no split gains. Cost of a tree: O(rows x columns) additions for the root's
histogram, about twice that again for the smaller children of 31 leaves, 256 codes x columns x leaves for the search.

Course notes: 000 §4.6.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from panlearn.core.team import new_team
from panlearn.core.threads import GATE, map_chunks, run, scratch, thread_count
from panlearn.ensemble.gradient_boosting import growth_state as state
from panlearn.ensemble.gradient_boosting.bin_layout import CODES, BinnedRows
from panlearn.ensemble.gradient_boosting.gradients import Gradients
from panlearn.ensemble.gradient_boosting.grown_tree import GrownTree, fill_leaf_values, sum_leaves, to_tree
from panlearn.ensemble.gradient_boosting.growth_state import BEST_FIRST, DEPTH_FIRST, DEPTH_WISE, NO_LIMIT, Growing
from panlearn.ensemble.gradient_boosting.team_growth import gather_leaves, grow

POOL = 1 << 25  # entries of the histograms that are kept, 256 MB
NODES = 4096  # places for nodes at first


class BoostingGrowth(NamedTuple):
    """Limits and penalties of a tree."""

    max_leaves: int | None = 31
    max_depth: int | None = None
    leaf_wise: bool = True  # False: depth-wise
    min_samples_leaf: int = 20
    min_sum_hessian: float = 1e-3  # of a leaf
    l1: float = 0.0  # penalties of leaf values
    l2: float = 0.0
    min_gain: float = 0.0  # a split must gain more
    monotonic_cst: np.ndarray | None = None  # (p,) -1, 0 or 1
    interaction_groups: Sequence[Sequence[int]] | None = None  # columns that may be used together; None: all
    tree_fraction: float = 1.0  # share of the columns that a tree may use
    node_fraction: float = 1.0  # share of those that are tried at a node
    categorical_support: float = 10.0  # rows that a category needs to be sorted; also added to its rows in sorting


def grow_boosted_tree(
    binned: BinnedRows,
    gradients: Gradients,
    settings: BoostingGrowth,
    *,
    rows: np.ndarray | None = None,
    seed: int = 0,
) -> GrownTree:
    """Grow one tree; the same for any number of threads.

    Parameters
    ----------
    binned : BinnedRows
        Rows in bins.
    gradients : Gradients
        From `quantise`, for all rows of `binned`.
    settings : BoostingGrowth
        Limits and penalties.
    rows : ndarray of int, optional
        Ascending numbers of the rows to use; all by default.
    seed : int
        Chooses columns, where fractions are below 1.

    Returns
    -------
    GrownTree
    """
    n, p = binned.by_row.shape
    m = n if rows is None else rows.size
    size = thread_count() if _work(m, p, settings) >= GATE else 1
    tree = _new_growing(binned, gradients, settings, m, size)
    tree.rules[0] = _rules(gradients, settings, m, seed)
    _describe_columns(tree, binned, settings, seed)
    tree.order[0] = np.arange(m, dtype=np.int32) if rows is None else rows
    while True:
        team = new_team()
        if size == 1:
            grow(*tree, team, 1)
        else:
            run([lambda tree=tree, team=team: grow(*tree, team, size)] * size)
        if not tree.state["full"][0]:
            break
        tree = _enlarged(tree)
    return _result(tree, binned, gradients)


def grow_boosted_trees(
    binned: BinnedRows,
    gradients: Sequence[Gradients],
    settings: BoostingGrowth,
    *,
    rows: np.ndarray | None = None,
    seeds: Sequence[int],
) -> list[GrownTree]:
    """Grow the trees of one round, which do not depend on each other: one on each thread, the last ones by teams.

    Parameters
    ----------
    binned : BinnedRows
        Rows in bins.
    gradients : sequence of Gradients
        Of each tree.
    settings : BoostingGrowth
        Limits and penalties.
    rows : ndarray of int, optional
        Ascending numbers of the rows to use; all by default.
    seeds : sequence of int
        One for each tree.

    Returns
    -------
    list of GrownTree
        The same trees as from `grow_boosted_tree` one by one.
    """

    def task(first: int, stop: int) -> list[GrownTree]:
        return [
            grow_boosted_tree(binned, g, settings, rows=rows, seed=seed)
            for g, seed in zip(gradients[first:stop], seeds[first:stop], strict=True)
        ]

    size = len(gradients) // thread_count() * thread_count()  # trees that keep all threads busy to the end
    m = len(binned.by_row) if rows is None else rows.size
    if size == 0 or size * _work(m, len(binned.by_column), settings) < GATE:
        return task(0, len(gradients))
    parts = map_chunks(task, size, work=GATE)
    return [tree for part in parts for tree in part] + task(size, len(gradients))


def _work(m: int, p: int, settings: BoostingGrowth) -> float:
    """Additions to histograms, and codes that are looked at for two children of each leaf."""
    return (4.0 * m + 2.0 * CODES * min(settings.max_leaves or m, m)) * p


def _result(tree: Growing, binned: BinnedRows, gradients: Gradients) -> GrownTree:
    leaves = np.empty(int(tree.state["n_leaves"][0]), np.int64)
    gather_leaves(tree.nodes, tree.order, leaves)
    starts = np.append(tree.nodes["start"][leaves], tree.order.shape[1])
    answer, order, g, h = to_tree(tree, binned, gradients), tree.order[0], gradients.gradient, gradients.hessian
    if h is not None:
        sums = np.empty((leaves.size, 2))
        sum_leaves(g, h, order, starts, sums, 0, leaves.size)
        fill_leaf_values(sums, leaves, tree.nodes, (gradients.unit_g, gradients.unit_h), tree.rules, answer.value)
    return GrownTree(answer, leaves, order, starts)


def _rules(gradients: Gradients, settings: BoostingGrowth, m: int, seed: int) -> tuple:
    """The settings in quantised units, as a RULES record."""
    g, h = gradients.unit_g, gradients.unit_h
    a, b = gradients.count_bits, gradients.hessian_bits
    unlimited = settings.max_leaves is None or settings.max_leaves >= m // max(1, settings.min_samples_leaf)
    order = (DEPTH_FIRST if unlimited else BEST_FIRST) if settings.leaf_wise else DEPTH_WISE
    return (
        *(a + b, a if b else 0, (1 << (b or a)) - 1, (1 << a) - 1),
        *(settings.min_sum_hessian / h, settings.l1 / g, settings.l2 / h, settings.min_gain * h / (g * g)),
        settings.min_samples_leaf,
        NO_LIMIT if settings.max_leaves is None else settings.max_leaves,
        NO_LIMIT if settings.max_depth is None else settings.max_depth,
        order,
        settings.monotonic_cst is not None and np.any(settings.monotonic_cst),
        settings.node_fraction,
        settings.categorical_support,
        seed,
    )


def _describe_columns(tree: Growing, binned: BinnedRows, settings: BoostingGrowth, seed: int) -> None:
    """Fill in `columns` and `groups`."""
    p = len(binned.by_column)
    columns = tree.columns
    columns["n_codes"], columns["has_missing"] = binned.bins.n_codes, binned.has_missing
    columns["is_category"], columns["ends"] = binned.bins.n_categories > 0, binned.ends
    columns["spread"] = binned.ends.sum(axis=1) < binned.bins.n_codes
    columns["monotone"] = 0 if settings.monotonic_cst is None else settings.monotonic_cst
    columns["allowed"] = 1
    for group, members in zip(tree.groups, settings.interaction_groups or (), strict=True):
        group[list(members)] = True
    if settings.tree_fraction < 1.0:
        columns["allowed"] = 0
        wanted = max(1, round(settings.tree_fraction * p))
        columns["allowed"][np.random.default_rng(seed).choice(p, wanted, replace=False)] = 1


def _new_growing(binned: BinnedRows, gradients: Gradients, settings: BoostingGrowth, m: int, threads: int) -> Growing:
    """Arrays of a tree; those of histograms are used again and again."""
    p, most = len(binned.by_column), max(1, m // max(1, settings.min_samples_leaf))
    leaves = min(settings.max_leaves or most, most, 1 << min(NODES, settings.max_depth or NODES))
    capacity = min(2 * leaves - 1, NODES)
    slots = int(max(1, min(leaves, POOL // (p * CODES))))
    groups = len(settings.interaction_groups or ())
    return Growing(
        binned.by_row,
        binned.by_column,
        gradients.packed,
        np.empty(p, state.COLUMN),
        np.zeros((groups, p), bool),
        np.empty(1, state.RULES),
        np.zeros(1, state.STATE),
        np.empty(capacity, state.NODE),
        np.empty((capacity, groups), bool),
        np.empty((2, max(capacity, slots)), np.int64),
        np.empty(2, state.JOB),
        np.empty((2, p), state.FOUND),
        np.empty((2, m), np.int32),
        scratch("histograms of a boosted tree", (slots + 2, p * CODES), np.int64),
        scratch("parts of a histogram", (max(1, threads - 1), p * CODES), np.int64),
        np.zeros(8 * threads, np.int64),
    )


def _enlarged(tree: Growing) -> Growing:
    """Room for twice as many nodes."""
    nodes, members = (np.concatenate([a, np.empty_like(a)]) for a in (tree.nodes, tree.members))
    stacks = np.concatenate([tree.stacks, np.empty_like(tree.stacks)], axis=1)
    return tree._replace(nodes=nodes, members=members, stacks=stacks)
