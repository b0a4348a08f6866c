"""Many trees on several threads: each thread takes the next tree as soon as it is free.

A kernel that grows a tree releases the GIL, so Python threads are enough. What is random about tree t follows from its
own seed; hence the forest is the same, bit for bit, with any number of threads.
"""

import contextlib
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple, TypeVar

import joblib
import numpy as np
from sklearn.utils import check_random_state
from sklearn.utils.class_weight import compute_sample_weight

from panlearn.core.progress import progress
from panlearn.core.threads import GATE, run, thread_count, threads
from panlearn.ensemble.bootstrap import SEEDS, draw_rows
from panlearn.tree.tree_structure import Tree

T = TypeVar("T")
VALUE = 30.0  # elementary operations of a tree for each row, feature tried and level


class Sampling(NamedTuple):
    """Which rows a tree sees, and how much they weigh."""

    size: int | None  # rows drawn with replacement; None: all rows, once
    weight: np.ndarray | None  # (n,) of the rows: their chance to be drawn, or what they count where all are seen
    balanced: bool = False  # classes weigh the same within each sample

    def rows(self, seed: Any, n: int) -> np.ndarray:
        """Rows of a tree in the order drawn, (size,) int32."""
        return np.arange(n, dtype=np.int32) if self.size is None else draw_rows(seed, n, self.size, self.weight)

    def weights(self, seed: Any, y: np.ndarray) -> np.ndarray | None:
        """How much each row counts for a tree, (n,) float64."""
        if self.size is None:
            return self.weight
        rows = self.rows(seed, len(y))
        counts = np.bincount(rows, minlength=len(y)).astype(np.float64)
        return counts * compute_sample_weight("balanced", y, indices=rows) if self.balanced else counts


class Plan(NamedTuple):
    """All that the trees of a forest have in common."""

    columns: Any  # OrderedColumns
    y: np.ndarray  # (n, outputs) codes or targets
    n_classes: np.ndarray  # (outputs,)
    settings: Any  # GrowthSettings
    sampling: Sampling
    leaf_share: float  # least share of a tree's weight in a leaf
    ccp_alpha: float


def grow_one(plan: Plan, weight: np.ndarray | None, seed: int) -> Tree:
    """One tree; the seed is that of a `DecisionTree` that grows the same tree on the same weights."""
    from panlearn.tree.growth import grow_tree

    settings = plan.settings
    if plan.leaf_share:
        total = len(plan.y) if weight is None else weight.sum()
        settings = settings._replace(min_weight_leaf=plan.leaf_share * total)
    own = int(check_random_state(seed).randint(SEEDS))
    tree = grow_tree(plan.columns, plan.y, weight, settings, n_classes=plan.n_classes, seed=own)
    if plan.ccp_alpha > 0.0:
        from panlearn.tree.cost_complexity_pruning import cost_complexity_prune

        tree = cost_complexity_prune(tree, plan.ccp_alpha)
    return tree


def grow_all(plan: Plan, seeds: Sequence[int] | np.ndarray, *, verbose: int = 0) -> list[Tree]:
    """A tree for each seed, in their order."""

    def grow(seed: int) -> Tree:
        return grow_one(plan, plan.sampling.weights(seed, plan.y), seed)

    numbers = [int(seed) for seed in seeds]
    return on_threads(grow, numbers, work=work_of(plan, len(numbers)), title="trees", verbose=verbose)


def work_of(plan: Plan, count: int) -> float:
    """Elementary operations of so many trees."""
    n, tried = len(plan.y), plan.settings.max_features or len(plan.columns.n_codes)
    return VALUE * n * tried * np.log2(n + 2) * count


def on_threads(task: Callable[[Any], T], items: Sequence[Any], *, work: float, title: str, verbose: int) -> list[T]:
    """`task` of each item, taken one by one by as many threads as pay; results in the order of the items."""
    results: list[Any] = [None] * len(items)
    numbers, lock = progress(len(items), title, enabled=verbose), threading.Lock()

    def take() -> Iterator[Any]:
        while True:
            with lock:
                number = next(numbers, None)
            if number is None:
                return
            yield number

    def worker() -> None:
        try:
            for number in take():
                results[number] = task(items[number])
        except BaseException:  # an error, or Ctrl-C: the other threads stop after the tree they are at
            with lock, contextlib.suppress(RuntimeError):
                numbers.close()  # type: ignore[attr-defined]
            raise

    count = min(thread_count(), len(items)) if work >= GATE else 1
    run([worker] * max(count, 1))
    return results


def limited(n_jobs: int | None) -> contextlib.AbstractContextManager[None]:
    """Context with at most `n_jobs` threads; None leaves all that are to be had."""
    if n_jobs is None:
        return contextlib.nullcontext()
    return threads(max(1, min(joblib.effective_n_jobs(n_jobs), thread_count())))
