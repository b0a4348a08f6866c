"""Sums of trees."""

import numpy as np

from panlearn.ensemble import (
    HistGradientBoostingClassifier,
)
from panlearn.ensemble.gradient_boosting.tree_sums import sum_trees

RNG = np.random.default_rng(0)
X = RNG.normal(size=(300, 3))
Y = X[:, 0] * X[:, 1] + X[:, 2] + RNG.normal(size=300) * 0.2


def test_sums_are_those_of_the_trees():
    y = np.digitize(Y, [-0.5, 0.5])
    model = HistGradientBoostingClassifier(max_iter=4).fit(X, y)
    found = sum_trees(model._trees[1:3], [1.0, -2.0], X)
    for c in range(3):
        expected = model._trees[1][c].predict(X)[:, 0] - 2.0 * model._trees[2][c].predict(X)[:, 0]
        np.testing.assert_allclose(found[:, c], expected, rtol=1e-12, atol=1e-14)
