"""Dart: dropout of trees [rashmi2015].

The first trees of an ensemble do nearly all the work and the later ones correct a few rows each. Dart spreads it:

    1. drop each tree built so far with probability r; let D be the dropped ones, at least one if there are trees;
    2. fit the next tree to the gradients of the ensemble without D;
    3. that tree and D together do what D did: the new tree counts 1/(|D| + 1), each tree of D |D|/(|D| + 1) of before.

Cost: the dropped trees are walked anew for all rows each round, so a round grows dearer with their number. Early
stopping is less sharp, since a later round changes what earlier trees are worth.

Course notes: 000 §4.6; 001 §7.2.3 (dropout).
"""

from typing import NamedTuple

import numpy as np

from panlearn.ensemble.gradient_boosting.row_sampling import Random


class Dropped(NamedTuple):
    """The trees dropped in one round."""

    rounds: np.ndarray  # (d,) which
    new: float  # factor on the learning rate for the new tree
    kept: float  # factor on the dropped ones afterwards


def draw_dropped(n_rounds: int, rate: float, rng: Random) -> Dropped:
    """Choose the rounds to drop.

    Parameters
    ----------
    n_rounds : int
        Rounds so far.
    rate : float
        Probability for each, in [0, 1].
    rng : RandomState or Generator
        Source of randomness.

    Returns
    -------
    Dropped

    Examples
    --------
    >>> draw_dropped(4, 0.5, np.random.RandomState(1))  # three trees dropped: each of the four then does a quarter
    Dropped(rounds=array([0, 2, 3]), new=0.25, kept=0.75)
    """
    if n_rounds == 0 or rate == 0.0:
        return Dropped(np.empty(0, np.intp), 1.0, 1.0)
    rounds = np.flatnonzero(rng.uniform(size=n_rounds) < rate)
    if not len(rounds):
        rounds = rng.choice(n_rounds, size=1)
    d = len(rounds)
    return Dropped(rounds, 1.0 / (d + 1), d / (d + 1))
