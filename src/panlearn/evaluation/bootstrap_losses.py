r"""The losses that the bootstrap estimates are made of, and the standard error of the out-of-bag loss.

The standard error of Err1 is the infinitesimal jackknife's. What row i adds to Err1 is

    D_i = (E_i - Err1) / n  +  cov_b(N_i^b, q^b),      q^b = (1/n) Σ_j I_j^b (Q_j^b - E_j) / P(j not drawn),

its part as a test row and its part as a training row, and SE² = Σ D_i². This is equation 40 of [efron1997] with the
part of q^b that is known without sampling worked out; the test does it by enumeration. What remains of the noise of
B samples is subtracted, n var(q) / B as in [wager2014]. Another estimate's standard error is that of Err1 times the
ratio of the two losses [efron1997].

For a score that is no mean over rows (an area under a curve), Err1 is the mean of the samples' own out-of-bag scores,
γ the mean score after shuffling y, and the standard error the standard deviation of the samples' scores times
√(share never drawn), a sample testing on that share of the rows: rougher.
"""

import warnings
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.utils import _safe_indexing

from panlearn.core.errors import DataError
from panlearn.evaluation.bootstrap import draw
from panlearn.evaluation.refit import fit_to_counts
from panlearn.evaluation.row_losses import ROW_LOSSES, output_of

SHUFFLES = 20  # of y, for the no-information value of a score that is no mean over rows


class Problem(NamedTuple):
    """What every process needs."""

    estimator: Any
    X: Any
    y: np.ndarray  # (n,) as given
    target: np.ndarray  # (n,) codes of classes for a loss on classes, else y
    classes: np.ndarray
    sample_weight: np.ndarray | None
    unit: np.ndarray  # (n,) which unit of the draw a row is
    strata: list[np.ndarray]
    weighted: bool
    scoring: Any  # a name of ROW_LOSSES, or a scorer

    def counts(self, seed: int) -> np.ndarray:
        """How often the sample of this seed takes each unit."""
        return draw(self.strata, np.random.default_rng(seed))

    def weight(self) -> np.ndarray:
        """Weights of the rows, with sum 1."""
        weight = np.ones(self.y.size) if self.sample_weight is None else self.sample_weight
        return weight / weight.sum()


class Losses(NamedTuple):
    """Mean losses, lower being better."""

    plain: float
    out_of_bag: float
    apparent: float
    no_information: float
    standard_error: float  # of out_of_bag
    never_drawn: float
    samples: np.ndarray


def _model(problem: Problem, seed: int, counts: np.ndarray) -> Any:
    return fit_to_counts(
        problem.estimator,
        problem.X,
        problem.y,
        counts,
        seed=seed,
        sample_weight=problem.sample_weight,
        weighted=problem.weighted,
    )


def losses_of(problem: Problem, seed: int) -> np.ndarray:
    """The loss at every row of the model of one sample."""
    loss = ROW_LOSSES[problem.scoring]
    model = _model(problem, seed, problem.counts(seed)[problem.unit])
    return loss.loss(problem.target, output_of(model, problem.X, loss, problem.classes))


def scores_of(problem: Problem, seed: int) -> tuple[float, float]:
    """The score of the model of one sample on the rows it left out, and on all."""
    counts = problem.counts(seed)[problem.unit]
    model, out = _model(problem, seed, counts), np.flatnonzero(counts == 0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UndefinedMetricWarning)  # becomes nan, and is left out
        own = problem.scoring(model, _safe_indexing(problem.X, out), problem.y[out])
    return float(own), float(problem.scoring(model, problem.X, problem.y))


def sum_rows(problem: Problem, seeds: np.ndarray, losses: Iterator[np.ndarray]) -> Losses:
    """Mean losses from the losses of the rows, which are added up as they come."""
    weight, unit = problem.weight(), problem.unit
    total, tests = np.zeros(unit.size), np.zeros(unit.size)
    plain, samples, raw = (np.zeros(seeds.size) for _ in range(3))
    chance = chance_left_out(problem.strata)[unit]
    inverse = np.divide(weight, chance, out=np.zeros_like(weight), where=chance > 0)
    for b, loss in enumerate(losses):
        out = problem.counts(int(seeds[b]))[unit] == 0
        total += loss * out
        tests += out
        plain[b] = weight @ loss
        samples[b] = weight[out] @ loss[out] / weight[out].sum() if weight[out].any() else np.nan
        raw[b] = inverse[out] @ loss[out]
    out_of_bag, influence = influences(problem, seeds, total, tests, raw)
    loss = ROW_LOSSES[problem.scoring]
    whole = _model(problem, int(seeds[0]), np.ones(unit.size, dtype=np.int64))
    output = output_of(whole, problem.X, loss, problem.classes)
    return Losses(
        plain=float(plain.mean()),
        out_of_bag=out_of_bag,
        apparent=float(weight @ loss.loss(problem.target, output)),
        no_information=loss.no_information(problem.target, output, weight),
        standard_error=influence.standard_error(),
        never_drawn=float(tests.mean() / seeds.size),
        samples=samples,
    )


class Influence(NamedTuple):
    """What each unit adds to the out-of-bag loss."""

    as_test: np.ndarray  # (units,) by being tested
    as_training: np.ndarray  # (units,) by being trained on
    noise: float  # what a finite number of samples adds to the sum of squares

    def standard_error(self) -> float:
        """Root of the sum of squares; at least that of the rows as test rows."""
        square = float(np.sum((self.as_test + self.as_training) ** 2)) - self.noise
        return float(np.sqrt(max(square, float(np.sum(self.as_test**2)))))


def chance_left_out(strata: list[np.ndarray]) -> np.ndarray:
    """The probability (1 - 1/m)^m that a unit of a stratum of m is not drawn.

    Examples
    --------
    >>> chance_left_out([np.arange(1000), np.array([1000])])[[0, -1]].round(4)
    array([0.3677, 0.    ])
    """
    chance = np.zeros(sum(units.size for units in strata))
    for units in strata:
        chance[units] = (1 - 1 / units.size) ** units.size
    return chance


def influences(
    problem: Problem, seeds: np.ndarray, total: np.ndarray, tests: np.ndarray, raw: np.ndarray
) -> tuple[float, Influence]:
    """Err1, and what each unit adds to it.

    Parameters
    ----------
    problem : Problem
        Gives the draws again: they are not kept.
    seeds : ndarray of shape (B,)
        One for each sample.
    total, tests : ndarray of shape (n,)
        Sums over the samples that left the row out, of its losses and of 1.
    raw : ndarray of shape (B,)
        Σ_j w_j I_j^b Q_j^b / P(j not drawn) of each sample.

    Returns
    -------
    tuple
        Err1, over the rows that some sample left out, and the influences on it.
    """
    unit, seen = problem.unit, tests > 0
    weight = np.where(seen, problem.weight(), 0)
    if not weight.any():
        raise DataError("every row that counts was in every sample: raise n_splits.")
    weight = weight / weight.sum()
    mean = np.divide(total, tests, out=np.zeros_like(total), where=seen)
    out_of_bag = float(weight @ mean)
    units = int(unit.max()) + 1
    chance = chance_left_out(problem.strata)[unit]
    expected = np.divide(problem.weight() * mean, chance, out=np.zeros_like(mean), where=chance > 0)
    q = np.array([r - expected[problem.counts(int(s))[unit] == 0].sum() for r, s in zip(raw, seeds, strict=True)])
    as_test = np.bincount(unit, weight * (mean - out_of_bag), minlength=units)
    as_training = np.zeros(units)
    for deviation, seed in zip(q - q.mean(), seeds, strict=True):
        as_training += (problem.counts(int(seed)) - 1) * deviation / seeds.size
    noise = (units - len(problem.strata)) * float(q.var()) / seeds.size
    return out_of_bag, Influence(as_test, as_training, noise)


def sum_samples(problem: Problem, seeds: np.ndarray, scores: Iterator[tuple[float, float]]) -> Losses:
    """Mean losses (scores with the sign turned) from the scores of the samples."""
    own, plain = -np.array(list(scores)).T
    if np.isnan(own).all():
        raise DataError("no sample has a score on the rows it left out: collect more rows, or choose another scoring.")
    whole = _model(problem, int(seeds[0]), np.ones(problem.y.size, dtype=np.int64))
    random = np.random.default_rng(int(seeds[0]))
    shuffled = [-problem.scoring(whole, problem.X, random.permutation(problem.y)) for _ in range(SHUFFLES)]
    never_drawn = float(np.mean([np.mean(problem.counts(int(s))[problem.unit] == 0) for s in seeds]))
    return Losses(
        plain=float(np.nanmean(plain)),
        out_of_bag=float(np.nanmean(own)),
        apparent=-float(problem.scoring(whole, problem.X, problem.y)),
        no_information=float(np.mean(shuffled)),
        standard_error=float(np.nanstd(own) * np.sqrt(never_drawn)),
        never_drawn=never_drawn,
        samples=-own,
    )
