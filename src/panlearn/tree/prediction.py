r"""Prediction by many trees at once, for forests and boosting alike.

    F_j(x) = sum of v_tj over the trees t,   v_t the value of the leaf that x reaches in tree t

All trees lie in one array of 16-byte nodes in breadth-first order, so that a right child follows its sibling: the next
node is `left + (x > threshold)`, with no branch to mispredict. A leaf's threshold is infinite and its `left` itself:
rows that arrive early wait there for the others. Two ways lead through the trees, both exact for float32 and float64:

- *walk*: eight rows go down a tree side by side, so that one waits for memory while the others compute;
- *tests* (trees of at most 64 leaves): no walk at all. Every question is put to every row; where the answer is "right",
  the leaves under the left child are struck from the row's 64-bit word, and the lowest bit that survives is the leaf.
  This is the representation of [lucchese2015], without its early stop: straight code over columns, which runs on all
  lanes of the vector unit.

Cost for n rows: n (sum of depths) dependent loads for the walk, n (sum of leaves) / lanes for the tests. Missing values
and categories take a slower walk, row by row, in the blocks and trees that have them.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from scipy.sparse import issparse

from panlearn.core.threads import GATE, map_chunks
from panlearn.tree.tree_structure import Tree

NODE = np.dtype([("threshold", "<f8"), ("feature", "<i4"), ("left", "<i4")])
TEST = np.dtype([("alive", "<u8"), ("threshold", "<f8"), ("feature", "<i4"), ("kind", "<i4")])
MISSING_RIGHT, CATEGORY = 1, 2  # bits of a node's kind
WORD = 64  # leaves of a tree that tests can tell apart
GROUP = 4  # tests put at a time; a tree's are padded to a multiple
STEP = 4.0  # elementary operations of one row's step down a tree
ROWS = 2048  # rows of a sparse matrix made dense at a time


class PackedTrees(NamedTuple):
    """Binary trees as flat arrays, made for prediction; leaves are numbered from left to right, tree after tree."""

    nodes: np.ndarray  # (nodes,) NODE; feature ~l at the l-th leaf of its tree, threshold its first word if CATEGORY
    kind: np.ndarray  # (nodes,) uint8, bits MISSING_RIGHT and CATEGORY
    root: np.ndarray  # (trees + 1,) int64 into nodes
    leaf: np.ndarray  # (trees + 1,) int64 into values
    values: np.ndarray  # (leaves, k) float64 or float32
    column: np.ndarray  # (trees,) int64, output that a tree's first value is added to
    node_of_leaf: np.ndarray  # (leaves,) int32, the leaf's number in its Tree
    plain: np.ndarray  # (trees,) bool, whether no question is about a category
    words: np.ndarray  # uint32, sets of categories as in Tree
    tests: np.ndarray  # TEST; alive: the leaves that an answer "right" leaves over
    test: np.ndarray  # (trees + 1,) int64 into tests; an empty range where a tree is walked
    n_outputs: int  # columns of a prediction

    @property
    def n_trees(self) -> int:
        """Number of trees."""
        return len(self.column)


def pack_trees(
    trees: Sequence[Tree],
    values: Sequence[np.ndarray] | None = None,
    *,
    columns: np.ndarray | None = None,
    n_outputs: int | None = None,
) -> PackedTrees:
    """Lay binary trees out for prediction.

    Parameters
    ----------
    trees : sequence of Tree
        Trees without multiway nodes, at least one.
    values : sequence of ndarray of shape (nodes, ...), optional
        What the nodes of each tree are worth; `tree.value` by default.
    columns : ndarray of shape (trees,), optional
        Output to which the (first) value of a tree is added, zero by default: in boosting, the class it is for.
    n_outputs : int, optional
        Outputs; by default as many as a leaf has values.

    Returns
    -------
    PackedTrees
        The same trees.
    """
    from panlearn.tree.prediction_kernels import pack_tree

    values = [tree.value for tree in trees] if values is None else values
    is_leaf = [tree.children_left < 0 for tree in trees]
    n_leaves = np.array([np.count_nonzero(leaf) for leaf in is_leaf])
    n_tests = np.where(n_leaves <= WORD, -(-(n_leaves - 1) // GROUP) * GROUP, 0)
    root, leaf, test = (
        np.append(0, np.cumsum(size)).astype(np.int64) for size in ([len(x) for x in is_leaf], n_leaves, n_tests)
    )
    flat = [value.reshape(len(value), -1) for value in values]
    packed = PackedTrees(
        nodes=np.empty(root[-1], NODE),
        kind=np.empty(root[-1], np.uint8),
        root=root,
        leaf=leaf,
        values=np.empty((leaf[-1], flat[0].shape[1]), flat[0].dtype),
        column=np.zeros(len(trees), np.int64) if columns is None else np.asarray(columns, np.int64),
        node_of_leaf=np.empty(leaf[-1], np.int32),
        plain=np.array([bool((tree.category_start < 0).all()) for tree in trees]),
        words=np.concatenate([tree.category_words for tree in trees] + [np.zeros(1, np.uint32)]),
        tests=np.empty(test[-1], TEST),
        test=test,
        n_outputs=flat[0].shape[1] if n_outputs is None else n_outputs,
    )
    first_word = 0
    for t, tree in enumerate(trees):
        pack_tree(tree, t, first_word, packed)
        rows = slice(leaf[t], leaf[t + 1])
        packed.values[rows] = flat[t][packed.node_of_leaf[rows]]
        first_word += len(tree.category_words)
    return packed


def sum_leaf_values(
    packed: PackedTrees, X: Any, out: np.ndarray | None = None, *, first: int = 0, last: int | None = None
) -> np.ndarray:
    """Sum of the leaf values over the trees, added to `out`.

    Parameters
    ----------
    packed : PackedTrees
        The trees.
    X : ndarray or sparse matrix of shape (n, p)
        Rows, float32 or float64, NaN where a value is missing; codes in the columns of categories.
    out : ndarray of shape (n, n_outputs), optional
        Float64 array, C-contiguous, to add to; zeros by default.
    first, last : int, optional
        Range of trees; all by default.

    Returns
    -------
    ndarray of shape (n, n_outputs)
        `out`, or the new array.
    """
    from panlearn.tree.prediction_kernels import sum_rows

    last = packed.n_trees if last is None else last
    if out is None:
        out = np.zeros((X.shape[0], packed.n_outputs))
    if issparse(X):
        for rows in _dense_blocks(X):
            sum_leaf_values(packed, X[rows].toarray(), out[rows], first=first, last=last)
        return out
    X = _rows(X)
    work = STEP * len(X) * _depth(packed, first, last)
    if work < GATE:
        sum_rows(packed, X, 0, len(X), first, last, out)
    else:
        map_chunks(lambda a, b: sum_rows(packed, X, a, b, first, last, out), len(X), work=work, align=128)
    return out


def apply_trees(packed: PackedTrees, X: Any) -> np.ndarray:
    """The leaf that each row reaches in each tree.

    Parameters
    ----------
    packed : PackedTrees
        The trees.
    X : ndarray or sparse matrix of shape (n, p)
        Rows, as in `sum_leaf_values`.

    Returns
    -------
    ndarray of shape (n, trees)
        Numbers of nodes in each `Tree`, int32.
    """
    from panlearn.tree.prediction_kernels import apply_rows

    if issparse(X):
        blocks = [apply_trees(packed, X[rows].toarray()) for rows in _dense_blocks(X)]
        return np.concatenate(blocks) if blocks else np.empty((0, packed.n_trees), np.int32)
    X = _rows(X)
    found = np.empty((len(X), packed.n_trees), np.int32)
    work = STEP * len(X) * _depth(packed, 0, packed.n_trees)
    map_chunks(lambda a, b: apply_rows(packed, X, a, b, found), len(X), work=work, align=128)
    return found


def _rows(X: np.ndarray) -> np.ndarray:
    """The rows as the kernels read them: contiguous, float32 or float64."""
    return np.ascontiguousarray(X, X.dtype if X.dtype in (np.float32, np.float64) else np.float64)


def _depth(packed: PackedTrees, first: int, last: int) -> float:
    """Steps of one row through the trees, if they were balanced."""
    return float(last - first) * np.log2(2 + len(packed.nodes) / len(packed.column))


def _dense_blocks(X: Any) -> list[slice]:
    return [slice(a, a + ROWS) for a in range(0, X.shape[0], ROWS)]
