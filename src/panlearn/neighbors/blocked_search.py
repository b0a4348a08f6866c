"""Exact nearest neighbours of all points among themselves by matrix products in single precision.

    h_ij = |x_i - x_j|^2 / 2 = [x_i, |x_i|^2 / 2, 1] . [-x_j, 1, |x_j|^2 / 2]

is one entry of a matrix product. Its tiles stay in cache, and go from there through the heaps of their rows *and* of
their columns (h is symmetric: half the product). The points are ordered by splits at medians into blocks of a few
hundred that lie together; the tile of two blocks whose balls are farther apart than all their heaps reach is left out.

Single precision is twice as fast, and wrong in the last digits. So each heap keeps a few points more than asked for;
they are measured anew as sums of squared differences in float64. With w the farthest h kept, a point that was left out
has h >= w - e, where e = gamma (|x_i| + |x_j|)^2 / 2 bounds the rounding of the product [higham2002] ch. 3,
gamma = (p + 6) u. If the k-th exact distance is below that, the k are proved to be the nearest. The few rows
without proof (many points at nearly one distance, or clusters far from each other) are searched again in float64, and
those for which even that is too coarse by a tree.

Columns of categories may add a constant to the squared distance for each one in which two points differ: the metric of
SMOTE-NC [chawla2002]. Cost n^2 p operations, memory n (p + k).
"""

from itertools import combinations
from typing import NamedTuple

import numpy as np
from scipy.spatial import KDTree

from panlearn.core.threads import map_chunks, run, scratch, thread_count

BLOCK = 512  # points of a block: a tile of two takes a megabyte
GROUP = 16  # blocks of a group, at most; two threads never write to the heaps of one group
SPARE = 8  # candidates beyond those asked for
ROWS, COLUMNS = 64, 4096  # of a tile in float64
NEGLIGIBLE = 1e-10  # relative error of a distance at which two count as equal


class Neighbours(NamedTuple):
    """The nearest points of each point, itself excepted."""

    indices: np.ndarray  # (n, k) int64, nearest first; equal distances in the order of the indices
    distances: np.ndarray  # (n, k)
    repaired: int = 0  # rows whose answer single precision could not prove


class Points(NamedTuple):
    """Points ordered by blocks, with the factors of the product."""

    X: np.ndarray  # (n, p) float64, scaled by a power of two
    codes: np.ndarray  # (categorical columns, n)
    price: float  # of a category that differs, in the scaled squared distance
    names: np.ndarray  # (n,) index of the row that each was
    left: np.ndarray  # (n, p + 2) float32
    right: np.ndarray  # (n, p + 2) float32
    norms: np.ndarray  # (n,) distance from the centre


class Heaps(NamedTuple):
    """The nearest points seen so far."""

    values: np.ndarray  # (n, m) float32
    ids: np.ndarray  # (n, m)
    roots: np.ndarray  # (n,) the largest of `values`


class Blocks(NamedTuple):
    """Runs of points that lie together."""

    edges: np.ndarray  # (blocks + 1,)
    centres: np.ndarray  # (blocks, p)
    radii: np.ndarray  # (blocks,)
    reach: np.ndarray  # (blocks,) largest root of a heap, kept up to date


def search_blocks(X: np.ndarray, k: int, *, codes: np.ndarray | None = None, price: float = 0.0) -> Neighbours:
    """Find the k nearest of the other points for each point.

    Parameters
    ----------
    X : ndarray of shape (n, p)
        Finite coordinates.
    k : int
        Neighbours, between 1 and n - 1.
    codes : ndarray of int of shape (n, q), optional
        Categories.
    price : float
        Added to the squared distance for each category that differs.

    Returns
    -------
    Neighbours
    """
    exponent = int(np.frexp(np.abs(X).max(initial=0.0))[1])
    points, edges = _ordered(X, codes, price, exponent)
    m = min(k + SPARE, len(X) - 1)
    heaps = Heaps(
        np.full((len(X), m), np.inf, np.float32),
        np.full((len(X), m), len(X), np.int32),
        np.full(len(X), np.inf, np.float32),
    )
    _fill(points, edges, heaps)
    found, squares = _measured(points, np.arange(len(X)), heaps.ids, k)
    doubtful = np.flatnonzero(~_proved(points, np.arange(len(X)), squares[:, -1], heaps.roots, np.float32, m))
    if doubtful.size:
        _repair(points, doubtful, k, found, squares)
    back = np.empty(len(X), np.int64)
    back[points.names] = np.arange(len(X))
    distances = np.ldexp(np.sqrt(squares[back]), exponent)
    return Neighbours(points.names[found[back]], distances, doubtful.size)


def _ordered(X: np.ndarray, codes: np.ndarray | None, price: float, exponent: int) -> tuple[Points, np.ndarray]:
    """The points in blocks, and where the blocks begin."""
    scaled = np.ldexp(np.asarray(X, np.float64), -exponent)
    parts = _split(scaled)
    names = np.concatenate(parts)
    scaled = np.ascontiguousarray(scaled[names])
    centred = scaled - scaled.mean(axis=0)
    half = np.einsum("ij,ij->i", centred, centred) / 2
    one = np.ones(len(X))
    codes = np.empty((0, len(X)), np.int32) if codes is None else np.ascontiguousarray(codes[names].T, np.int32)
    left = np.column_stack([centred, half, one]).astype(np.float32)
    right = np.column_stack([-centred, one, half]).astype(np.float32)
    price = float(np.ldexp(price, -2 * exponent))
    points = Points(scaled, codes, price, names, left, right, np.sqrt(2 * half))
    return points, np.cumsum([0, *map(len, parts)])


def _split(X: np.ndarray) -> list[np.ndarray]:
    """Blocks of at most `BLOCK` rows, by medians along the column of greatest variance."""
    waiting, blocks = [np.arange(len(X))], []
    while waiting:
        rows = waiting.pop()
        if len(rows) <= BLOCK:
            blocks.append(rows)
            continue
        part = X[rows]
        column, middle = part[:, part.var(axis=0).argmax()], len(rows) // 2
        order = np.argpartition(column, middle)
        waiting += [rows[order[middle:]], rows[order[:middle]]]
    return blocks


def _fill(points: Points, edges: np.ndarray, heaps: Heaps) -> None:
    """Fill the heaps with the tiles of all pairs of blocks.

    Groups of blocks meet as the players of a tournament do: in each round every group is in one pair at most, so that
    threads share no heap, and the answer does not depend on their number.
    """
    sums = np.add.reduceat(points.X, edges[:-1])
    centres = sums / np.diff(edges)[:, None]
    spread = np.square(points.X - np.repeat(centres, np.diff(edges), axis=0)).sum(axis=1)
    radii = np.sqrt(np.maximum.reduceat(spread, edges[:-1]))
    blocks = Blocks(edges, centres, radii, np.full(len(radii), np.inf))
    threads = thread_count() if len(points.X) > 2 * BLOCK else 1
    size = min(GROUP, max(1, -(-len(radii) // (2 * threads))))
    groups = [range(a, min(a + size, len(radii))) for a in range(0, len(radii), size)]
    own = [[(i, i) for i in group] for group in groups]
    _play([[*pairs, *combinations(group, 2)] for group, pairs in zip(groups, own)], points, blocks, heaps, threads)
    for pairs in _rounds(len(groups)):
        meetings = [[(i, j) for i in groups[a] for j in groups[b]] for a, b in pairs]
        _play(meetings, points, blocks, heaps, threads)


def _rounds(n: int) -> list[list[tuple[int, int]]]:
    """All pairs out of n in rounds in which each takes part once, by the circle method."""
    players = list(range(n)) + [-1] * (n % 2)
    rounds = []
    for _ in range(len(players) - 1):
        pairs = zip(players[: len(players) // 2], players[: len(players) // 2 - 1 : -1])
        rounds.append([(min(a, b), max(a, b)) for a, b in pairs if min(a, b) >= 0])
        players = [players[0], players[-1], *players[1:-1]]
    return rounds


def _play(meetings: list, points: Points, blocks: Blocks, heaps: Heaps, threads: int) -> None:
    """The meetings of a round, spread over threads."""
    shares = [meetings[t::threads] for t in range(threads)]

    def work(share: list) -> None:
        for i, j in (pair for meeting in share for pair in meeting):
            _meet(i, j, points, blocks, heaps)

    run([lambda share=share: work(share) for share in shares if share])


def _meet(i: int, j: int, points: Points, blocks: Blocks, heaps: Heaps) -> None:
    """The tile of blocks i and j, unless they are too far from each other."""
    from panlearn.neighbors.neighbour_kernels import add_mismatches, offer_tile

    step = blocks.centres[i] - blocks.centres[j]
    gap = np.sqrt(step @ step) - blocks.radii[i] - blocks.radii[j]
    if i != j and gap > 0 and gap * gap > 2 * max(blocks.reach[i], blocks.reach[j]):
        return
    a, b = (slice(blocks.edges[t], blocks.edges[t + 1]) for t in (i, j))
    tile = scratch("neighbours", (a.stop - a.start, b.stop - b.start), np.float32)
    np.matmul(points.left[a], points.right[b].T, out=tile)
    if len(points.codes):
        add_mismatches(tile, points.codes, a.start, b.start, np.float32(points.price / 2))
    offer_tile(tile, a.start, b.start, i == j, *heaps)
    blocks.reach[i], blocks.reach[j] = heaps.roots[a].max(), heaps.roots[b].max()


def _measured(points: Points, rows: np.ndarray, ids: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """The k nearest candidates of some points, with their exact squared distances."""
    from panlearn.neighbors.neighbour_kernels import measure

    found, squares = np.empty((len(rows), k), np.int64), np.empty((len(rows), k))
    codes, price = points.codes, points.price
    map_chunks(
        lambda a, b: measure(points.X, codes, price, rows, ids, points.names, k, found, squares, a, b),
        len(rows),
        work=4.0 * ids.size * (points.X.shape[1] + len(codes)),
    )
    return found, squares


def _proved(
    points: Points, rows: np.ndarray, squares: np.ndarray, roots: np.ndarray, dtype: type, m: int
) -> np.ndarray:
    """Whether no point beyond the m kept can be nearer than the k-th; in float64 also if it can only be by rounding."""
    q = len(points.codes)
    gamma = (points.X.shape[1] + q + 6) * float(np.finfo(dtype).eps)
    error = gamma * ((2 * points.norms[rows] + np.sqrt(squares)) ** 2 / 2 + q * points.price)
    sure = (squares / 2 < roots - error) | (squares == 0) | (m == len(points.X) - 1)
    return sure | ((error <= NEGLIGIBLE * squares) & (dtype is np.float64))


def _repair(points: Points, rows: np.ndarray, k: int, found: np.ndarray, squares: np.ndarray) -> None:
    """Search the neighbours of some points again; updates found and squares."""
    m = min(k + SPARE, len(points.X) - 1)
    values, ids = np.full((len(rows), m), np.inf), np.full((len(rows), m), len(points.X), np.int32)
    map_chunks(
        lambda a, b: _refill(points, rows[a:b], values[a:b], ids[a:b]),
        len(rows),
        work=4.0 * len(rows) * points.X.size,
        align=ROWS,
    )
    found[rows], squares[rows] = _measured(points, rows, ids, k)
    left = rows[~_proved(points, rows, squares[rows, -1], values[:, 0], np.float64, m)]
    if left.size and not len(points.codes):
        near = np.asarray(KDTree(points.X).query(points.X[left], m + 1)[1])
        others = near[others_than(near, left)].reshape(len(left), -1)
        found[left], squares[left] = _measured(points, left, others, k)


def _refill(points: Points, rows: np.ndarray, values: np.ndarray, ids: np.ndarray) -> None:
    """Heaps of some points from products in float64; updates values and ids."""
    from panlearn.neighbors.neighbour_kernels import offer_rows

    centre = points.X.mean(axis=0)
    half = points.norms**2 / 2
    for b in range(0, len(points.X), COLUMNS):
        columns = slice(b, min(b + COLUMNS, len(points.X)))
        block = points.X[columns] - centre
        for a in range(0, len(rows), ROWS):
            some = rows[a : a + ROWS]
            tile = scratch("neighbours", (len(some), len(block)))
            np.matmul(centre - points.X[some], block.T, out=tile)
            tile += half[columns]
            tile += half[some, None]
            for codes in points.codes:
                tile += (codes[some, None] != codes[columns]) * (points.price / 2)
            offer_rows(tile, some, b, values[a : a + ROWS], ids[a : a + ROWS])


def others_than(near: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Mask that takes each row's own index out of its neighbours; the last one where duplicates have pushed it out."""
    keep = near != rows[:, None]
    keep[keep.all(axis=1), -1] = False
    return keep
