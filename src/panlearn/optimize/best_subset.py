"""Best-subset selection: the k columns that explain a target best, for one k or for k = 0..K [hazimeh2020].

    minimise  1/2 |y - X_S w|^2   over subsets S of k columns of length 1 and their weights

The problem is NP-hard. What is cheap is to know the best neighbour of a subset: the tableau (`subset_tableau`) gives
the exact effect of every addition, removal and swap of columns from cached rows of the Gram matrix. The search:

1. climb: from the empty set, add the best column, then swap one column for another, the best pair each time, until no
   swap helps; k = 1, 2, ... Every few steps the residual's products with all columns bring new ones into the working
   set, so that the tableau is m wide, not p (m is a few hundred);
2. walk down from a little above K, dropping the column that is missed least, and up again, polishing by swaps. Both
   start, at each size, from the better of what the walk brings and what was found before (a warm start from both
   sides). Repeated while it helps, `max_iter` times at most;
3. for a single k: exchange s columns for s others, s = 2, 4, 8: s best in and s least missed out, or first out and
   then in, then polish. This is the splicing step of [zhu2020], but each of its columns is chosen given the others;
4. check: the tableau over all p columns looks for swaps with columns outside the working set. Those that would help
   join it, and the path is walked again, until there are none.

At the end no swap of one column for another lowers the error, and no single coordinate does: the swap-inescapable
minimum of [hazimeh2020], which coordinate descent alone seldom reaches. Cost: n p a step of scouting, n m^2 for the
Gram matrix, k m a step, k n p for the check.

When it fails: strongly correlated columns with little signal have many such minima. The bounds of `subset_bounds` say
how far the answer can be from the best.

Course notes: 000 §3.4.
"""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from panlearn.optimize.subset_tableau import Tableau
from panlearn.optimize.unit_columns import GramBlock, GramRows, UnitColumns

LEAST = 1e-10  # a change that lowers the squared error by less than this share of |y|^2 is rounding
FIRST, SCOUTED, SCOUTINGS = 256, 32, 8  # columns at the start, columns a scouting adds, scoutings in a climb
NEWCOMERS = 128  # most columns that a check adds
DEEPEST, ATTEMPTS = 8, 16  # most columns exchanged together, most exchanges tried
PATIENCE = 10  # sizes without a better penalised error after which a climb ends
ROUNDS = 50  # most checks


class Subset(NamedTuple):
    """The best subset found of one size."""

    columns: np.ndarray  # (k,)
    explained: float  # |y|^2 less the squared error (with the ridge penalty)
    w: np.ndarray  # (k,) weights of the unit columns, to the accuracy of the normal equations


class Subsets(NamedTuple):
    """What a search found."""

    best: dict[int, Subset]  # by size, 0 included
    inescapable: frozenset[int]  # sizes at which no swap of one column, of all there are, lowers the error
    walks: int  # along the path, up or down
    swaps: int


def best_subsets(
    data: UnitColumns, most: int, sizes: Iterable[int], *, price: float = 0.0, max_iter: int = 1
) -> Subsets:
    """Search the best subsets of some sizes.

    Parameters
    ----------
    data : UnitColumns
        Columns and target.
    most : int
        Largest size.
    sizes : iterable of int
        Sizes wanted, each at most `most`.
    price : float
        Penalty for each column, in units of the squared error; larger sizes are not tried once they stop to pay.
    max_iter : int
        Most walks down and up the path, at least 1.

    Returns
    -------
    Subsets

    Examples
    --------
    The first two columns are each better than the third and sum to less than it does:

    >>> import numpy as np
    >>> X = np.array([[1.0, 0.1, 0.0], [0.0, 0.2, 1.0], [1.0, 0.9, 1.0], [0.0, 0.1, -1.0]])
    >>> data = UnitColumns(X, X[:, 0] + X[:, 2], None, False, 0.0)
    >>> np.sort(best_subsets(data, 2, [2]).best[2].columns)
    array([0, 2])
    """
    return _Search(data, most, list(sizes), price, max_iter).run()


class _Search:
    """The best subset found so far of each size, and a tableau that moves among their neighbours."""

    def __init__(self, data: UnitColumns, most: int, sizes: list[int], price: float, max_iter: int) -> None:
        self.data, self.sizes, self.price, self.max_iter = data, sizes, price, max_iter
        p = len(data.cross)
        usable = int(np.count_nonzero(data.usable))
        self.most = min(most, usable)
        self.capacity = self.most + max(DEEPEST, self.most // 4) + 1
        self.found = {0: Subset(np.empty(0, dtype=np.intp), 0.0, np.empty(0))}
        self.least, self.walks, self.swaps = LEAST * data.square, 0, 0
        start = min(p, max(FIRST, 2 * self.capacity))
        self.block = GramBlock(data, np.sort(np.argpartition(-np.abs(data.cross), start - 1)[:start]))
        self.tableau = Tableau(self.block, self.capacity)
        self.whole: Tableau | None = None
        self.checked: dict[int, float] = {}

    def run(self) -> Subsets:
        self.climb()
        for _ in range(self.max_iter):
            if not (self.descend() | self.ascend()):
                break
        self.exchange()
        for _ in range(ROUNDS):
            newcomers = self.check()
            if not len(newcomers):
                break
            self.widen(newcomers)
            for k in [k for k in self.sizes if self.checked.get(k) != self.found[k].explained]:
                self.tableau.set(self.block.places(self.found[k].columns))
                self.polish()
            self.ascend()
        inescapable = {k for k, explained in self.checked.items() if explained == self.found[k].explained}
        return Subsets(self.found, frozenset(inescapable), self.walks, self.swaps)

    # moves

    def grow(self) -> bool:
        """Add the best column; False if there is none."""
        gains = self.tableau.gains()
        j = int(gains.argmax())
        if self.tableau.size + 1 < self.capacity and gains[j] > self.least:
            self.tableau.add(j)
            return True
        return False

    def shrink(self) -> None:
        """Drop the column that is missed least."""
        self.tableau.drop(int(self.tableau.losses().argmin()))

    def polish(self) -> bool:
        """Swap until no swap in the working set helps; True if the subset is better than what was known."""
        t = self.tableau
        while t.size:
            gains = t.swap_gains()
            j = int(gains.argmax())
            if not gains[j] > self.least:
                break
            t.drop(t.partner(j))
            t.add(j)
            self.swaps += 1
        old = self.found.get(t.size)
        if t.size > self.most or (old is not None and t.explained <= old.explained + self.least):
            return False
        self.found[t.size] = Subset(self.block.columns[t.subset], t.explained, t.w.copy())
        return True

    def visit(self, size: int) -> None:
        """Go on from the best subset known of this size, unless the tableau holds one as good."""
        known = self.found.get(size)
        if known is not None and (self.tableau.size != size or known.explained > self.tableau.explained + self.least):
            self.tableau.set(self.block.places(known.columns))

    # walks

    def climb(self) -> None:
        """Up from the empty set, scouting on the way."""
        every = -(-self.most // SCOUTINGS)
        while self.tableau.size < self.most and self.grow():
            self.polish()
            if self.tableau.size % every == 0:
                self.scout()
            if self.price and self.tableau.size > PATIENCE + 1.25 * self.cheapest():
                self.most = self.tableau.size
                self.sizes = [k for k in self.sizes if k <= self.most]
        self.most = min(self.most, self.tableau.size)  # less than asked for where fewer columns fit exactly
        self.sizes = [k for k in self.sizes if k <= self.most] or [self.most]

    def cheapest(self) -> int:
        """The size of the least penalised error so far."""
        return max(self.found, key=lambda k: self.found[k].explained - self.price * k)

    def ascend(self) -> bool:
        """Up from the smallest size wanted; True if a better subset was found."""
        self.walks += 1
        better = False
        self.visit(0)
        while self.tableau.size < self.most and self.grow():
            better |= self.polish()
            self.visit(self.tableau.size)
        return better

    def descend(self) -> bool:
        """Down from a quarter above the largest size; True if a better subset was found."""
        self.walks += 1
        better, lowest = False, max(1, min(self.sizes, default=1))
        self.visit(self.most)
        for _ in range(max(2, self.most // 4)):
            if not self.grow():
                break
        while self.tableau.size > lowest:
            self.shrink()
            better |= self.polish()
            self.visit(self.tableau.size)
        return better

    def exchange(self) -> None:
        """At a single size, exchange several columns at once."""
        if len(self.sizes) != 1 or self.sizes[0] < 2:
            return
        k, attempts, count = self.sizes[0], 0, 2
        while count <= min(k, DEEPEST) and attempts < ATTEMPTS:
            better = False
            for first, then in ((self.grow, self.shrink), (self.shrink, self.grow)):
                self.visit(k)
                for move in (first, then):
                    for _ in range(count):
                        move()
                attempts += 1
                better = self.tableau.size == k and self.polish()
                if better:
                    break
            count = 2 if better else 2 * count

    # the working set

    def scout(self) -> None:
        """Take in the columns that are most correlated with the residual."""
        t, data = self.tableau, self.data
        c = np.abs(data.back(data.residual(self.block.columns[t.subset], t.w)) / data.length) * data.usable
        c[self.block.columns] = -1.0
        count = min(max(SCOUTED, self.most // 4), len(c) - len(self.block.columns))
        if count > 0:
            self.widen(np.argpartition(-c, count - 1)[:count])

    def widen(self, columns: np.ndarray) -> None:
        """Take columns into the working set."""
        subset = self.tableau.subset
        self.block = self.block.extended(columns)
        self.tableau = Tableau(self.block, self.capacity)
        self.tableau.set(subset)

    def check(self) -> np.ndarray:
        """Columns outside the working set that a swap, or an addition to a smaller subset, should bring in."""
        if len(self.block.columns) == len(self.data.cross):  # there is no outside
            self.checked = {k: self.found[k].explained for k in self.sizes}
            return np.empty(0, dtype=np.intp)
        due = [k for k in self.sizes if k and self.checked.get(k) != self.found[k].explained]
        if self.whole is None:
            self.whole = Tableau(GramRows(self.data), self.most)
        if due:  # all rows in one product
            self.whole.gram.table(np.unique(np.concatenate([self.found[k].columns for k in due])))
        promise = np.zeros(len(self.data.cross))
        for k in due:
            self.whole.set(self.found[k].columns)
            gains = self.whole.swap_gains()
            if gains.max() <= self.least:
                self.checked[k] = self.found[k].explained
            if k + 1 in self.found:
                lead = self.found[k + 1].explained - self.found[k].explained
                gains = np.maximum(gains, self.whole.gains() - lead)
            promise = np.maximum(promise, gains)
        promise[self.block.columns] = 0.0
        newcomers = np.flatnonzero(promise > self.least)
        return newcomers[np.argsort(-promise[newcomers])][:NEWCOMERS]
