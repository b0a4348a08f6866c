"""Rounds of boosting on stumps against the definition."""

import numpy as np

from panlearn.ensemble.stump_boosting import RENEW, boost_stumps
from panlearn.ensemble.stump_columns import stump_columns
from panlearn.tree.ordered_columns import order_columns
from tests.oracles import adaboost as oracle


def test_matches_oracle_past_fresh_sums():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(80, 2))
    y = ((X**2).sum(axis=1) + rng.normal(size=80) > 2).astype(int)
    columns = stump_columns(order_columns(X), y, 2, np.ones(80, bool))
    rounds = RENEW + 10
    found = list(boost_stumps(columns, np.ones(80), 1.0, range(rounds)))
    slow = oracle.boost(X, y, np.ones(80), 2, rounds)
    assert [s.column for s in found] == [column for column, *_ in slow]
    np.testing.assert_allclose([s.error for s in found], [error for *_, error, _ in slow], rtol=1e-9)


def test_shares_of_the_sides_add_up():
    X = np.arange(6.0)[:, None]
    columns = stump_columns(order_columns(X), np.array([0, 0, 1, 1, 0, 1]), 2, np.ones(6, bool))
    (stump,) = boost_stumps(columns, np.ones(6), 1.0, range(1))
    np.testing.assert_allclose(stump.left + stump.right, 0.5)
    assert (stump.codes, stump.rows, stump.error) == ((1, 2), (2, 4), 1 / 6)
