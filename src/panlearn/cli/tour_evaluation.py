"""Worked facts of note 002 on evaluation and on where errors come from, and of note 001 §2.4.

The note prints 0.368, the split 7:3 and k = 10; what it says of bias, variance and noise is checked where both can be
computed by hand.
"""

from collections.abc import Iterator

import numpy as np

from panlearn.cli.tour import TourRow, check
from panlearn.evaluation import Bootstrap, KFold, bias_variance_decomposition, train_test_split
from panlearn.linear_model import LinearRegression

ROWS = np.zeros((1000, 1))


def examples() -> Iterator[TourRow]:
    """Yield what the notes say of hold-out, folds, the bootstrap, bias and variance."""
    yield from evaluation()
    yield from error_sources()


def evaluation() -> Iterator[TourRow]:
    """Hold-out 7:3, ten folds, and the share of rows that the bootstrap never draws."""
    note = "002 evaluation"
    train, _ = train_test_split(ROWS, train_size=0.7, random_state=0)
    yield check("hold-out and k-fold", note, "share that trains, 7:3", "0.7", len(train) / len(ROWS))
    folds = list(KFold(10).split(ROWS))
    yield check("hold-out and k-fold", note, "k = 10: rows a fold", "100", max(len(test) for _, test in folds))
    tested = np.bincount(np.concatenate([test for _, test in folds]), minlength=len(ROWS))
    yield check("hold-out and k-fold", note, "tests of each row", "1", tested.mean())
    n = 10**8
    yield check("bootstrap", note, "(1 - 1/n)ⁿ, n = 10⁸", "0.368", float(np.exp(n * np.log1p(-1 / n))))
    drawn = Bootstrap(50, random_state=0).counts(np.zeros((50_000, 1)))
    yield check("bootstrap", note, "never drawn, measured", "0.368", float(np.mean([(c == 0).mean() for c in drawn])))


def error_sources() -> Iterator[TourRow]:
    """A line through n = 20 rows: Error = bias² + variance + noise, each known by hand.

    The truth is x², the rows lie at fixed x, the noise is ±1: its variance is 1. The line through x² at symmetric x is
    its mean; its variance is 1/n + x²/Σx² at x, 2/n on average. The bias² is the variance of x² over the rows.
    """
    example, note = "error of a line through a parabola, by hand", "002 error sources"
    x = np.linspace(-1, 1, 20)
    truth = x**2
    found = bias_variance_decomposition(
        LinearRegression(),
        None,
        None,
        x[:, None],
        truth + np.tile([1.0, -1.0], 10),
        truth=truth,
        sample=lambda random: (x[:, None], truth + random.choice([-1.0, 1.0], size=20)),
        n_rounds=2000,
        random_state=0,
    )
    yield check(example, note, "noise", "1.00", found.noise or 0.0)
    yield check(example, note, "variance, 2/n", "0.10", found.variance)
    yield check(example, note, "bias², var(x²)", f"{truth.var():.2f}", found.bias)
    yield check(example, note, "their sum, the error", f"{1.1 + truth.var():.2f}", found.loss)
