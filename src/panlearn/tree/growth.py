r"""Growing a classification or regression tree (CART): choose the question that lowers the impurity most, and again.

At a node with rows of weight W, impurity I(node) and candidate question q that sends weights W_l + W_r = W apart,

    decrease(q) = W/W_root ( I(node) - W_l/W I(left) - W_r/W I(right) )

is maximised over all questions about the features drawn; the rows are divided, and both sides grow on [breiman1984].
A node becomes a leaf when its targets agree, its features do, or a rule of `GrowthSettings` says so: the four
pre-pruning rules of note 000 §4.5.

Cost: about 10 ns a row, feature and level. Every column is turned into ranks once (`panlearn.tree.ordered_columns`), a
node sorts ranks by counting, and one pass over the sorted rows scores all thresholds. It fails where a single question
brings nothing and two in a row would (exclusive or), and it is unstable: a forest averages that out.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from panlearn.tree.growth_settings import GrowthSettings
from panlearn.tree.ordered_columns import OrderedColumns
from panlearn.tree.tree_structure import Tree

BUDGET = 20_000_000  # rows x features a call of a kernel, a few tenths of a second: between calls Ctrl-C works
MOST = 2**31 - 1


def grow_tree(
    columns: OrderedColumns,
    y: np.ndarray,
    weight: np.ndarray | None,
    settings: GrowthSettings,
    *,
    n_classes: Sequence[int] | np.ndarray,
    seed: int,
) -> Tree:
    """Grow one tree; several Python threads may each grow one at the same time.

    Parameters
    ----------
    columns : OrderedColumns
        The rows, from `order_columns`.
    y : ndarray of shape (n,) or (n, outputs)
        Class codes, or numbers.
    weight : ndarray of shape (n,) or None
        Weights of the rows; rows of weight 0 are not used.
    settings : GrowthSettings
        Criterion and rules.
    n_classes : array-like of int
        Number of classes of each output; ones in regression.
    seed : int
        The same seed gives the same tree.

    Returns
    -------
    Tree
        Nodes in the order in which they were opened; depth first that is preorder.
    """
    from panlearn.tree.growth_loop import grow
    from panlearn.tree.growth_nodes import PENDING, STOP, WAITING
    from panlearn.tree.growth_workspace import Columns, workspace
    from panlearn.tree.statistic_choice import choose_statistic

    n, p = columns.codes.shape[1], len(columns.codes)
    weight = np.ones(n) if weight is None else np.ascontiguousarray(weight, dtype=np.float64)
    rows = np.flatnonzero(weight).astype(np.uint32)
    classes = np.atleast_1d(np.asarray(n_classes, dtype=np.intp))
    stat, width = choose_statistic(settings.criterion, y, weight, classes, len(rows))
    work, categories = workspace(columns, rows, width, seed)
    signs = np.zeros(p) if settings.monotonic_cst is None else settings.monotonic_cst
    table = np.stack([columns.n_codes, columns.start[:-1], columns.n_categories, signs], axis=1).astype(np.int64)
    chance = True if settings.splitter == "random" else None
    data = (
        stat,
        Columns(columns.codes, table, columns.values, columns.highest),
        work,
        categories,
        chance,
        settings.max_leaf_nodes,
    )
    rules, words = _rules(settings, p, float(weight.sum())), 1 + (categories.words.shape[1] if categories else 0)
    nodes = _room(64 if len(rows) < 4096 else 2048, len(classes) * int(classes.max()), words)
    nodes.whole[0, STOP] = len(rows)
    nodes.pending[0, 0], nodes.progress[PENDING] = -2, 1  # the left child of -1: the root
    while nodes.progress[PENDING] or nodes.progress[WAITING]:
        grow(*data, rules, nodes, BUDGET)
        nodes = _more_room(nodes, words)
    return _finished(nodes, p, classes)


def _rules(settings: GrowthSettings, p: int, weight: float) -> Any:
    from panlearn.tree.growth_nodes import Rules

    return Rules(
        max_depth=MOST if settings.max_depth is None else int(settings.max_depth),
        min_samples_split=int(settings.min_samples_split),
        min_samples_leaf=int(settings.min_samples_leaf),
        min_weight_leaf=float(settings.min_weight_leaf),
        max_features=int(settings.max_features or p),
        min_impurity_decrease=float(settings.min_impurity_decrease),
        weight=weight,
    )


def _room(capacity: int, width: int, words: int) -> Any:
    from panlearn.tree.growth_nodes import CONSTANTS, VALUE, Nodes

    return Nodes(
        whole=np.zeros((capacity, CONSTANTS + 1), dtype=np.int64),
        real=np.zeros((capacity, VALUE + width)),
        pending=np.zeros((capacity, 2), dtype=np.int64),
        words=np.zeros(64 * words if words > 1 else 2, dtype=np.uint32),
        progress=np.zeros(4, dtype=np.int64),
    )


def _more_room(nodes: Any, words: int) -> Any:
    """Twice as much room where the nodes, or the subsets, nearly fill theirs."""
    _, count, used, _ = nodes.progress
    if count + 2 > len(nodes.whole):
        whole, real, pending = (np.concatenate([a, np.zeros_like(a)]) for a in nodes[:3])
        nodes = nodes._replace(whole=whole, real=real, pending=pending)
    if used + 2 * words > len(nodes.words):
        nodes = nodes._replace(words=np.concatenate([nodes.words, np.zeros_like(nodes.words)]))
    return nodes


def _finished(nodes: Any, n_features: int, classes: np.ndarray) -> Tree:
    """The tree without spare room."""
    from panlearn.tree import growth_nodes as at

    count, words = int(nodes.progress[at.COUNT]), int(nodes.progress[at.WORDS])
    whole, real = nodes.whole[:count], nodes.real[:count]
    return Tree(
        children_left=whole[:, at.LEFT].astype(np.int32),
        children_right=whole[:, at.RIGHT].astype(np.int32),
        feature=whole[:, at.FEATURE].astype(np.int32),
        threshold=real[:, at.THRESHOLD].copy(),
        missing_go_to_left=whole[:, at.MISSING_LEFT].astype(bool),
        impurity=real[:, at.IMPURITY].copy(),
        n_node_samples=whole[:, at.SAMPLES].copy(),
        weighted_n_node_samples=real[:, at.WEIGHT].copy(),
        value=real[:, at.VALUE :].reshape(count, len(classes), -1).copy(),
        n_features=n_features,
        n_classes=classes,
        category_start=whole[:, at.WORDS_AT].astype(np.int32),
        category_words=nodes.words[:words].copy(),
        branch_start=np.full(count, -1, dtype=np.int32),
        branches=np.empty(0, dtype=np.int32),
    )
