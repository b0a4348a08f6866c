"""SMOTE and SMOTE-NC against the paper's pseudocode."""

import numpy as np
import pytest
from scipy import sparse

from panlearn.evaluation.synthetic_rows import mixed, synthetic_rows
from tests.oracles import smote as oracle


class Draws:
    """A generator that tells what it drew."""

    def __init__(self, seed):
        self.rng = np.random.RandomState(seed)

    def randint(self, **settings):
        self.drawn = self.rng.randint(**settings)
        return self.drawn

    def uniform(self, size):
        self.steps = self.rng.uniform(size=size)
        return self.steps


@pytest.mark.parametrize("missing", [0.0, 0.2])
@pytest.mark.parametrize("q", [0, 1, 3])
def test_equals_the_pseudocode(q, missing):
    rng = np.random.default_rng(q)
    numbers, codes = rng.normal(size=(40, 3)), rng.integers(0, 3, (40, q))
    numbers[rng.random(numbers.shape) < missing] = np.nan
    draws = Draws(0)
    recipe = synthetic_rows(numbers, codes, 4, 60, draws, "rare")  # type: ignore[arg-type]
    new_numbers, new_codes = oracle.smote(numbers, codes, 4, draws.drawn, draws.steps)
    np.testing.assert_allclose(mixed(numbers, recipe), new_numbers, rtol=1e-12)
    own = np.take_along_axis(codes, recipe.donors, axis=0)
    np.testing.assert_array_equal(own, new_codes.reshape(60, q).astype(int))


def test_categories_alone():
    codes = np.repeat([[0, 0], [1, 1]], 10, axis=0)
    recipe = synthetic_rows(np.empty((20, 0)), codes, 3, 50, np.random.RandomState(0), "rare")
    np.testing.assert_array_equal(codes[recipe.donors[:, 0], 0], codes[recipe.base, 0])


def test_missing_numbers_stay_as_frequent():
    rng = np.random.default_rng(0)
    numbers = rng.normal(size=(300, 4))
    numbers[rng.random(numbers.shape) < 0.3] = np.nan
    recipe = synthetic_rows(numbers, np.empty((300, 0), int), 5, 5000, np.random.RandomState(0), "rare")
    new = mixed(numbers, recipe)
    np.testing.assert_array_equal(np.isnan(new), np.isnan(numbers[recipe.base]))
    assert abs(np.isnan(new).mean() - np.isnan(numbers).mean()) < 0.01


def test_a_column_without_any_number():
    numbers = np.column_stack([np.arange(8.0), np.full(8, np.nan)])
    new = mixed(numbers, synthetic_rows(numbers, np.empty((8, 0), int), 2, 9, np.random.RandomState(0), "rare"))
    assert np.isnan(new[:, 1]).all()
    assert np.isfinite(new[:, 0]).all()


def test_sparse_rows():
    X = sparse.random_array((50, 12), density=0.3, format="csr", rng=np.random.default_rng(0))
    none = np.empty((50, 0), int)
    recipes = [synthetic_rows(Z, none, 3, 20, np.random.RandomState(0), "rare") for Z in (X, X.toarray())]
    np.testing.assert_allclose(mixed(X, recipes[0]).toarray(), mixed(X.toarray(), recipes[1]), rtol=1e-12)


@pytest.mark.parametrize(("n", "remedy"), [(5, "lower k_neighbors to 4"), (1, "use strategy='up'")])
def test_too_few_rows(n, remedy):
    with pytest.raises(ValueError, match=remedy):
        synthetic_rows(np.zeros((n, 1)), np.empty((n, 0), int), 5, 3, np.random.RandomState(0), "rare")
