r"""Shapley values of trees [lundberg2020]: what each feature of a row adds to its prediction, exactly.

Fix the features in S at their values in the row x and let the others follow the training rows: at a node that asks
about one of the others, all branches are taken in proportion to their training weights. With v(S) the prediction then,
the Shapley value of feature i is the mean of v(S + i) - v(S) over all orders in which features can be fixed. The values
add up: base value v({}) + sum_i phi_i = f(x).

A leaf with value V counts with V prod_j (o_j if j in S else z_j), the product over the features asked about on its
path: o_j is 1 if x passes all of j's questions there, else 0, and z_j the share of the training weight that does. For
such a product the mean over the orders is an integral, by the multilinear extension of the game [owen1972]:

    phi_i = V int_0^1 (o_i - z_i) prod_{j != i} (t o_j + (1 - t) z_j) dt

The integrand is a polynomial in t of a degree below the number of features on the path, so that Gauss-Legendre
quadrature with half as many points is exact. All factors lie between 0 and 1: nothing cancels. The sums over the leaves
below an edge are collected from the leaves up, once for all of them [yu2022]. Cost for each row: edges x depth / 2,
against edges x depth^2 of the first algorithm.

With background rows instead of training shares ("interventional"), z_j is 1 if the background row passes, else 0, and
the values are means over the background.
"""

from typing import NamedTuple

import numpy as np

from panlearn.core.jit import kernel
from panlearn.core.threads import map_chunks
from panlearn.tree.shap_paths import Paths, follow, tree_paths
from panlearn.tree.tree_routing import Questions
from panlearn.tree.tree_structure import Tree

LANES = 128  # most rows side by side
CACHE = 100_000  # numbers of working memory that stay near the processor
TINY = 1e-300  # least factor: that of a leaf that neither the row nor any training row reaches


class Explained(NamedTuple):
    """What a walk needs to know of a tree."""

    tree: Questions
    paths: Paths
    share: np.ndarray  # (edges,) of its parent's training weight
    values: np.ndarray  # (nodes, k)
    rule: np.ndarray  # (2, points) quadrature: t and weight
    fractional: bool  # a missing value follows all branches
    first: int  # output of the first value


class PathWork(NamedTuple):
    """Working memory of a walk, by depth, quadrature point and row."""

    follows: np.ndarray  # (depth, lanes) o of the edge's feature
    share: np.ndarray  # (depth,) z
    inverse: np.ndarray  # (depth, points, lanes) 1 / (t o + (1 - t) z)
    product: np.ndarray  # (depth, points, lanes) of t o + (1 - t) z over the features so far
    below: np.ndarray  # (depth, points, k, lanes) sum over the leaves below of V times their product
    part: np.ndarray  # (lanes,) an edge's addition to its feature's value
    slope: np.ndarray  # (points, lanes) weight (o - z) / (t o + (1 - t) z)


def tree_shap(
    tree: Tree,
    columns: np.ndarray,
    values: np.ndarray,
    out: np.ndarray,
    *,
    first: int = 0,
    background: np.ndarray | None = None,
    fractional: bool = False,
) -> np.ndarray:
    """Add the Shapley values of one tree to `out`.

    Parameters
    ----------
    tree : Tree
        The tree.
    columns : ndarray of shape (p, n)
        Rows to explain, column by column, float64; NaN where missing, codes of categories.
    values : ndarray of shape (nodes, k)
        What the nodes are worth.
    out : ndarray of shape (n, p, outputs), C-contiguous
        Changed in place.
    first : int, default=0
        Output that the first of the k values is for.
    background : ndarray of shape (p, m), optional
        Rows to compare with; by default the training rows as the tree's weights remember them.
    fractional : bool, default=False
        Whether a missing value follows all branches by their shares, as in C4.5.

    Returns
    -------
    ndarray of shape (k,)
        The base value: the mean prediction over the background.
    """
    values = np.ascontiguousarray(values, dtype=np.float64)
    paths = tree_paths(tree)
    if not len(paths.parent):
        return values[0].copy()
    questions = Questions(*(getattr(tree, name) for name in Questions._fields))
    share = _training_shares(tree, paths)
    points, weights = np.polynomial.legendre.leggauss((paths.n_features + 1) // 2)
    rule = np.stack([(points + 1) / 2, weights / 2])
    own = share[None]
    if background is not None:
        own = np.empty((len(share), background.shape[1]))
        _background_shares(questions, paths, share, background, fractional, own)
        own = np.ascontiguousarray(own.T)
    known = Explained(questions, paths, share, values / len(own), rule, fractional, first)
    n = columns.shape[1]
    work = 2.0 * n * len(share) * rule.shape[1] * (2 + values.shape[1])
    for each in own:

        def task(first: int, last: int, each: np.ndarray = each) -> None:
            _explain(known, each, columns, out, first, last)

        map_chunks(task, n, work=work, align=LANES)
    return np.sum([_base_value(paths, each, known.values) for each in own], axis=0)


def _training_shares(tree: Tree, paths: Paths) -> np.ndarray:
    """Share of its parent's training weight that each edge takes, (edges,)."""
    weight = tree.weighted_n_node_samples
    whole = weight[paths.parent]
    taken = np.where(paths.child >= 0, weight[paths.child], 0.0)
    return np.divide(taken, whole, out=np.zeros(len(taken)), where=whole > 0)


@kernel
def _base_value(paths, share, values):
    """Prediction with no feature fixed."""
    base, product = np.zeros(values.shape[1]), np.ones(paths.depth.max() + 1)
    for e in range(share.size):
        depth = paths.depth[e]
        product[depth] = product[depth - 1] * share[e]
        if paths.value_of[e] >= 0:
            for k in range(base.size):
                base[k] += product[depth] * values[paths.value_of[e], k]
    return base


@kernel
def _background_shares(tree, paths, share, background, fractional, own):  # updates own
    """By how much each background row follows each edge."""
    for e in range(share.size):
        x = background[tree.feature[paths.parent[e]]]
        follow(tree, paths.parent[e], paths.child[e], share[e], x, fractional, own[e])


@kernel
def _explain(known, own, columns, out, first, last):  # updates out
    """Shapley values of the rows first to last, some at a time, against edges taken by the shares `own`."""
    tree, paths, points = known.tree, known.paths, known.rule.shape[1]
    deepest, k = paths.depth.max() + 1, known.values.shape[1]
    lanes = min(LANES, last - first, max(16, CACHE // (deepest * points * (2 + k))))
    work = PathWork(
        np.ones((deepest, lanes)),
        np.ones(deepest),
        np.ones((deepest, points, lanes)),
        np.ones((deepest, points, lanes)),
        np.zeros((deepest, points, k, lanes)),
        np.empty(lanes),
        np.empty((points, lanes)),
    )
    edge_at = np.zeros(deepest, np.int64)  # the edge that is open at each depth
    for start in range(first, last, lanes):
        stop, depth = min(start + lanes, last), 0
        for e in range(paths.depth.size):
            while depth >= paths.depth[e]:
                _close(known, work, edge_at[depth], out[start:stop])
                depth -= 1
            depth += 1
            edge_at[depth] = e
            x = columns[tree.feature[paths.parent[e]], start:stop]
            follow(tree, paths.parent[e], paths.child[e], known.share[e], x, known.fractional, work.follows[depth])
            _open(known, work, e, own[e])
        while depth > 0:
            _close(known, work, edge_at[depth], out[start:stop])
            depth -= 1


@kernel(inline=True)
def _open(known, work, e, share):  # updates work
    """Go down an edge: factors and products at its depth; at a leaf, its value times the product."""
    paths, values, rule = known.paths, known.values, known.rule
    depth, same, leaf = paths.depth[e], paths.same[e], paths.value_of[e]
    work.share[depth] = share * work.share[same]
    lanes = work.part.size
    z, follows, before = work.share[depth], work.follows[depth], work.follows[same]
    for r in range(lanes):
        follows[r] *= before[r]
    for q in range(rule.shape[1]):
        t, product, inverse = rule[0, q], work.product[depth, q], work.inverse[depth, q]
        above, last = work.product[depth - 1, q], work.inverse[same, q]
        rest = (1.0 - t) * z
        for r in range(lanes):
            factor = max(t * follows[r] + rest, TINY)
            inverse[r] = 1.0 / factor
            product[r] = above[r] * (factor * last[r])
        for k in range(values.shape[1]):
            below, value = work.below[depth, q, k], values[leaf, k] if leaf >= 0 else 0.0
            for r in range(lanes):
                below[r] = product[r] * value


@kernel(inline=True)
def _close(known, work, e, out):  # updates work, out
    """Leave an edge for good: its feature gets its part of the leaves below, the edge above their sum."""
    depth, same, rule = known.paths.depth[e], known.paths.same[e], known.rule
    feature, lanes = known.tree.feature[known.paths.parent[e]], work.part.size
    part, slope = work.part, work.slope
    slope[:] = 0.0
    for q in range(rule.shape[1]):
        _slope(work, depth, q, rule[1, q], slope[q])
        if same > 0:  # the leaves below were counted with the shorter path's factor: take that back
            _slope(work, same, q, -rule[1, q], slope[q])
    for k in range(known.values.shape[1]):
        part[:] = 0.0
        for q in range(rule.shape[1]):
            below, above, slopes = work.below[depth, q, k], work.below[depth - 1, q, k], slope[q]
            for r in range(lanes):
                part[r] += below[r] * slopes[r]
            for r in range(lanes):
                above[r] += below[r]
        for r in range(out.shape[0]):
            out[r, feature, known.first + k] += part[r]


@kernel(inline=True)
def _slope(work, depth, q, weight, out):  # updates out
    """Add the derivative of the logarithm of a feature's factor by its share of t, times a weight."""
    follows, z, inverse = work.follows[depth], work.share[depth], work.inverse[depth, q]
    for r in range(out.size):
        out[r] += weight * (follows[r] - z) * inverse[r]
