"""Memory of one growing tree: its rows and the buffers of a node. All of it is linear in the rows of the tree.

Few arrays with many rows, not many arrays: compiling a kernel takes longer with every array it is handed.
"""

from typing import NamedTuple

import numpy as np

from panlearn.tree.inner_kernel import inner_kernel
from panlearn.tree.ordered_columns import OrderedColumns
from panlearn.tree.split_keys import DIGITS

CODES, START, CATEGORIES, SIGN = range(4)  # of Columns.table
PLACES, LEVELS, SIDES = range(3)  # of Categories.numbers
SUBSET, SEEN = range(2)  # of Categories.words


class Columns(NamedTuple):
    """`OrderedColumns` as the kernels read them."""

    codes: np.ndarray  # (p, n) uint16 or uint32
    table: np.ndarray  # (p, 4) int64 number of codes, where the values start, number of categories, monotone sign
    values: np.ndarray  # lowest value of each code
    highest: np.ndarray  # highest value of each code


class Workspace(NamedTuple):
    """Buffers of one growing tree."""

    rows: np.ndarray  # (2, n) uint32 rows of the tree, those of a node side by side; spare room
    keys: np.ndarray  # (2, n + 8) uint64 keys of the node's rows; spare room
    counts: np.ndarray  # (DIGITS,) uint32 of a radix sort
    features: np.ndarray  # (2, p) int32 the order in which features are drawn; constant features of the path
    random: np.ndarray  # (1,) uint32 state of the generator


class Categories(NamedTuple):
    """Buffers for the categories of the feature under trial."""

    numbers: np.ndarray  # (3, levels) int64 number of each in the node, or -1; those of the node; place in the order
    table: np.ndarray  # (levels, 1 + width + 1) weight, weighted targets, score
    words: np.ndarray  # (2, words) uint32 the best subset so far, and the categories that occur in the node, as bits


def workspace(columns: OrderedColumns, rows: np.ndarray, width: int, seed: int) -> tuple[Workspace, Categories | None]:
    """Buffers for a tree over `rows`; `width` numbers describe the target of a category."""
    n, p, levels = len(rows), len(columns.codes), int(columns.n_categories.max(initial=0))
    work = Workspace(
        rows=np.stack([rows, rows]),
        keys=np.empty((2, n + 8), dtype=np.uint64),
        counts=np.empty(DIGITS, dtype=np.uint32),
        features=np.stack([np.arange(p, dtype=np.int32)] * 2),
        random=np.array([max(1, seed % 2**32)], dtype=np.uint32),
    )
    if not levels:
        return work, None
    numbers = np.full((3, levels), -1, dtype=np.int64)
    return work, Categories(numbers, np.empty((levels, width + 2)), np.zeros((2, (levels + 31) // 32), dtype=np.uint32))


@inner_kernel(inline=True)
def draw(random, low, high):
    """Whole number from low to high - 1, by a xorshift generator [marsaglia2003] whose state is moved on."""
    x = random[0]
    x = np.uint32(x ^ np.uint32(x << np.uint32(13)))
    x = np.uint32(x ^ np.uint32(x >> np.uint32(17)))
    x = np.uint32(x ^ np.uint32(x << np.uint32(5)))
    random[0] = x
    return low + np.int64(x & np.uint32(0x7FFFFFFF)) % (high - low)
