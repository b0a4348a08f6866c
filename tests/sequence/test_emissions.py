"""Every family of emissions keeps the promises that EM relies on."""

from typing import Any

import numpy as np
import pytest

from panlearn.core.blocks import add
from panlearn.sequence.categorical_hmm import CategoricalEmissions, CategoricalPriors
from panlearn.sequence.multinomial_hmm import MultinomialEmissions, MultinomialHMM, MultinomialPriors
from panlearn.sequence.poisson_hmm import PoissonEmissions, PoissonHMM, PoissonPriors

RNG = np.random.default_rng(0)
N, ROWS = 3, 40
COUNTS = RNG.integers(6, size=(ROWS, 4)).astype(float)
COUNTS[5] = np.nan
SYMBOLS = RNG.integers(5, size=(ROWS, 1))
SYMBOLS[5] = -1
CASES: dict[str, tuple[Any, np.ndarray, Any]] = {
    "categorical": (CategoricalEmissions(RNG.dirichlet(np.ones(5), N).T.copy()), SYMBOLS, CategoricalPriors(1.5, "e")),
    "multinomial": (
        MultinomialEmissions(RNG.dirichlet(np.ones(4), N), 7),
        MultinomialHMM()._check_rows(COUNTS),
        MultinomialPriors("e"),
    ),
    "poisson": (
        PoissonEmissions(RNG.gamma(2.0, size=(N, 4))),
        PoissonHMM()._check_rows(COUNTS),
        PoissonPriors(0.5, 0.25, "l"),
    ),
}
MARGINALS = RNG.dirichlet(np.ones(N), ROWS)
each = pytest.mark.parametrize("name", CASES)


def objective(family, X, priors):
    return float((MARGINALS * family.log_likelihood(X)).sum()) + family.log_prior(priors)


@each
def test_likelihood_is_the_exponential(name):
    family, X, _ = CASES[name]
    likelihood, shift = family.likelihood(X)
    np.testing.assert_allclose(np.log(likelihood) + shift[:, None], family.log_likelihood(X), rtol=1e-12, atol=1e-12)
    assert likelihood.flags.c_contiguous
    assert family.log_likelihood(X)[5].tolist() == [0.0] * N  # not observed


@each
def test_statistics_add_over_rows(name):
    family, X, _ = CASES[name]
    whole = family.statistics(X, MARGINALS)
    parts = add(family.statistics(X[:13], MARGINALS[:13]), family.statistics(X[13:], MARGINALS[13:]))
    for a, b in zip(whole, parts, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12)


@each
def test_the_m_step_maximises(name):
    family, X, priors = CASES[name]
    best = family.maximise(family.statistics(X, MARGINALS), priors)
    top = objective(best, X, priors)
    assert top > objective(family, X, priors)
    rng = np.random.default_rng(1)
    for _ in range(20):
        field = next(iter(best._asdict()))
        changed = getattr(best, field) * np.exp(0.01 * rng.normal(size=getattr(best, field).shape))
        if name == "categorical":
            changed /= changed.sum(axis=0)
        elif name == "multinomial":
            changed /= changed.sum(axis=1, keepdims=True)
        assert objective(best._replace(**{field: changed}), X, priors) <= top


@each
def test_what_is_not_updated_and_states_without_rows_stay(name):
    family, X, priors = CASES[name]
    statistics = family.statistics(X, MARGINALS)
    assert family.maximise(statistics, priors._replace(params="st")) is family
    assert family.log_prior(priors._replace(params="st")) == 0.0
    lone = MARGINALS.copy()
    lone[:, 1] = 0.0
    without = priors._replace(**{f: 0.0 if name == "poisson" else 1.0 for f in priors._fields if f != "params"})
    kept = family.maximise(family.statistics(X, lone), without)
    axis = 1 if name == "categorical" else 0
    np.testing.assert_array_equal(np.take(kept[0], 1, axis), np.take(family[0], 1, axis))
    assert not np.array_equal(kept[0], family[0])


@each
def test_draws_follow_the_distribution(name):
    family, _, priors = CASES[name]
    rows = family.draw(np.repeat(np.arange(N), 20_000), np.random.RandomState(0))
    prepare = {
        "categorical": lambda x: x,
        "multinomial": MultinomialHMM()._check_rows,
        "poisson": PoissonHMM()._check_rows,
    }
    marginals = np.repeat(np.eye(N), 20_000, axis=0)
    flat = priors._replace(**{f: 0.0 if name == "poisson" else 1.0 for f in priors._fields if f != "params"})
    found = family.maximise(family.statistics(prepare[name](rows), marginals), flat)
    np.testing.assert_allclose(found[0], family[0], atol=0.06)


def test_number_of_parameters():
    assert [family.n_parameters() for family, _, _ in CASES.values()] == [N * 4, N * 3, N * 4]
