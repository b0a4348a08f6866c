r"""The bootstrap as a way to split: n rows drawn from n with replacement train, the rows never drawn test.

The share of rows that a sample never draws [efron1979], note 002 (evaluation):

    P(a row is never drawn) = (1 - 1/n)^n  →  1/e ≈ 0.368,

so that a sample holds about 63.2 % of the rows, some of them several times. Four ways to judge a method by B samples,
with err the error on the rows that trained it (`bootstrap_score` computes all of them):

| estimate | what it is | its fault |
|---|---|---|
| plain | models of the samples, tested on all rows | too good: 63.2 % of the tests were trained on |
| out-of-bag, Err1 | each row tested by the models that have not seen it | too bad: they saw 0.632 n different rows |
| .632 | 0.368 err + 0.632 Err1 [efron1983] | too good where err is 0 for lack of honesty |
| .632+ | (1 - w) err + w Err1, w from 0.632 to 1 [efron1997] | – |

A draw is n whole numbers, how often each row was taken, and `counts` gives them: a method that takes weights needs no
copies of rows. When it fails: copies of a row in a training set tempt a method that is tuned inside by folds, since
copies fall on both sides (weights do not); rows that belong together (a patient, a site) have to be drawn together,
which `groups` does; a rare class may be missed by a sample, which `stratified` prevents.
"""

from collections.abc import Iterator
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.model_selection import BaseCrossValidator
from sklearn.utils import check_random_state, indexable
from sklearn.utils.validation import _num_samples

from panlearn.core.errors import DataError


class Bootstrap(BaseCrossValidator):
    """Draw rows with replacement to train, and test on those never drawn.

    Any function of scikit-learn that takes `cv=` takes this, apart from `cross_val_predict`, which wants each row to be
    tested once.

    Parameters
    ----------
    n_splits : int, default=200
        Number of samples. The mean settles with tens, its standard error with hundreds.
    stratified : bool, default=False
        Draw within each class of y, so that each sample has the classes in their shares.
    random_state : int, RandomState instance or None, default=None
        Seed; a whole number gives the same samples at each call.

    References
    ----------
    [efron1979], [efron1997], note 002 (evaluation)

    Examples
    --------
    About 36.8 % of the rows are never drawn.

    >>> import numpy as np
    >>> from panlearn.evaluation import Bootstrap
    >>> splits = Bootstrap(100, random_state=0).split(np.zeros((10_000, 1)))
    >>> print(f"{np.mean([test.size for _, test in splits]) / 10_000:.3f}")
    0.368
    """

    __metadata_request__split = {"groups": True}  # scikit-learn's routing may pass them on

    def __init__(self, n_splits: int = 200, *, stratified: bool = False, random_state: Any = None) -> None:
        if not isinstance(n_splits, Integral) or isinstance(n_splits, bool) or n_splits < 1:
            raise ValueError(f"n_splits must be an integer in the range [1, inf). Got {n_splits!r} instead.")
        if not isinstance(stratified, (bool, np.bool_)):
            raise ValueError(f"stratified must be True or False. Got {stratified!r} instead.")
        self.n_splits = int(n_splits)
        self.stratified = bool(stratified)
        self.random_state = random_state

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:  # type: ignore[override]
        """Number of samples.

        Parameters
        ----------
        X, y, groups : object
            Ignored; scikit-learn passes them.

        Returns
        -------
        int
            `n_splits`.
        """
        return self.n_splits

    def split(  # type: ignore[override]
        self, X: Any, y: Any = None, groups: Any = None
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Row numbers of each sample, and of the rows it left out.

        Parameters
        ----------
        X : array_like of shape (n, p)
            Only its length is used.
        y : array_like of shape (n,), optional
            Labels; `stratified` needs them.
        groups : array_like of shape (n,), optional
            Whole groups are drawn instead of rows.

        Yields
        ------
        train : ndarray
            Ascending; a row that was drawn twice is there twice.
        test : ndarray
            The rows never drawn, at least one.
        """
        for counts in self.counts(X, y, groups):
            yield np.repeat(np.arange(counts.size), counts), np.flatnonzero(counts == 0)

    def counts(self, X: Any, y: Any = None, groups: Any = None) -> Iterator[np.ndarray]:
        """How often each sample draws each row: the samples of `split` as weights.

        Parameters
        ----------
        X : array_like of shape (n, p)
            Only its length is used.
        y : array_like of shape (n,), optional
            Labels; `stratified` needs them.
        groups : array_like of shape (n,), optional
            Whole groups are drawn instead of rows.

        Yields
        ------
        ndarray of shape (n,)
            Whole numbers. A sample that drew every row leaves nothing to test, and is drawn again; that happens to
            fewer than one sample in a thousand from ten rows on.

        Raises
        ------
        DataError
            If there are fewer than 2 rows or groups, or each class has one row only.
        """
        unit, strata = units_of(X, y, groups, stratified=self.stratified)
        for seed in draw_seeds(self.random_state, self.n_splits):
            yield draw(strata, np.random.default_rng(seed))[unit]


def units_of(X: Any, y: Any, groups: Any, *, stratified: bool) -> tuple[np.ndarray, list[np.ndarray]]:
    """What is drawn: the unit (row or group) of each row, and the units of each stratum.

    Raises
    ------
    DataError
        If there are fewer than 2 units, or labels are missing or do not repeat where they are needed.

    Examples
    --------
    >>> units_of(np.zeros((4, 1)), None, ["a", "b", "b", "a"], stratified=False)
    (array([0, 1, 1, 0]), [array([0, 1])])
    """
    X, y, groups = indexable(X, y, groups)
    if stratified and groups is not None:
        raise DataError("stratified=True draws rows of a class, and groups draws groups: give one of them.")
    unit = np.arange(_num_samples(X)) if groups is None else codes_of(groups, "groups")
    size = int(unit.max(initial=-1)) + 1
    if size < 2:
        raise DataError(
            f"a bootstrap sample needs at least 2 {'rows' if groups is None else 'groups'} to draw from, got {size}: "
            "with fewer no row is ever left out to test. Collect more."
        )
    if not stratified:
        return unit, [np.arange(size)]
    if y is None:
        raise DataError("stratified=True needs the labels: pass y.")
    code = codes_of(y, "y")
    strata = [np.flatnonzero(code == c) for c in range(code.max() + 1)]
    if max(rows.size for rows in strata) < 2:
        raise DataError(
            "stratified=True draws within each class of y, but every class has one row: pass stratified=False, "
            "or labels that repeat."
        )
    return unit, strata


def draw_seeds(random_state: Any, n: int) -> np.ndarray:
    """One seed for each sample, so that samples can be drawn again, in any order and in any process.

    Examples
    --------
    >>> draw_seeds(0, 2).tolist() == draw_seeds(0, 3)[:2].tolist()
    True
    """
    return check_random_state(random_state).randint(np.iinfo(np.int32).max, size=n)


def codes_of(labels: ArrayLike, name: str) -> np.ndarray:
    """Whole numbers 0, 1, ... for labels.

    Raises
    ------
    DataError
        If a label is missing, or they are not one for each row.

    Examples
    --------
    >>> codes_of(["b", "a", "b"], "groups")
    array([1, 0, 1])
    """
    labels = np.asarray(labels)
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels.ravel()
    if labels.ndim != 1:
        raise DataError(f"{name} must have one value for each row, got the shape {labels.shape}.")
    if labels.dtype.kind == "f" and np.isnan(labels).any():
        raise DataError(f"{name} has {int(np.isnan(labels).sum())} missing values: fill or remove those rows.")
    try:
        return np.unique(labels, return_inverse=True)[1]
    except TypeError as wrong:
        raise DataError(f"{name} mixes kinds of values that have no order ({wrong}): use one kind.") from wrong


def draw(strata: list[np.ndarray], random: np.random.Generator) -> np.ndarray:
    """How often each unit is drawn, each stratum from its own units, until some unit was not.

    Parameters
    ----------
    strata : list of ndarray
        The units 0 to n - 1, each in one of them; some stratum has at least two.
    random : numpy.random.Generator
        Where the draws come from.

    Returns
    -------
    ndarray of shape (n,)
        Whole numbers, their sum within each stratum its size.

    Examples
    --------
    >>> draw([np.array([0, 1, 2]), np.array([3])], np.random.default_rng(0))
    array([0, 2, 1, 1])
    """
    counts = np.zeros(sum(units.size for units in strata), dtype=np.int64)
    while True:
        for units in strata:
            counts[units] = np.bincount(random.integers(units.size, size=units.size), minlength=units.size)
        if not counts.all():
            return counts
