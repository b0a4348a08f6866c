"""Gains against the published figures and the definition."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from panlearn.tree.multiway_growth import Attributes, _seed, describe, score
from panlearn.tree.multiway_split import GAIN, PRESENT, SPLIT, Rules, best_attribute, sort_present, times_log
from tests.oracles import c45 as oracle
from tests.oracles import golf

C45 = Rules(True, True, True, True, False, 2.0, 2.0, 99, 0.0)


def scores_of(X, y, categorical, rules=C45, weight=None):
    """Gain, split information and codes beside the cut of each column of codes (NaN: missing)."""
    X, y = np.asarray(X, float), np.asarray(y, dtype=np.int64)
    n_codes = np.array([int(np.nanmax(column, initial=0)) + 1 for column in X.T])
    codes = np.where(np.isnan(X), n_codes, X).T.astype(np.int32)
    table = np.column_stack([n_codes, categorical, np.zeros(len(n_codes))]).astype(np.int64)
    weight = np.ones(len(y)) if weight is None else weight
    attributes = Attributes(np.ascontiguousarray(codes), table, np.empty(0), y, weight)
    state = _seed(attributes, int(y.max()) + 1)
    counts = np.zeros(int(y.max()) + 2)
    whole, _ = describe(attributes.y, state.rows, state.parts, state.y, state.weight, counts)
    score(
        attributes.codes, table, rules, state.rows, state.y, state.weight, state.cells, state.marks, state.scores, whole
    )
    assert (state.cells[: n_codes.max()] == 0).all()
    return state.scores


def test_published_gains():
    """[quinlan1986]: 0.246, 0.029, 0.151, 0.048 bits; [quinlan1993]: gain ratio 0.156, and with one outlook unknown."""
    X, y = golf.nominal()
    codes = X.apply(lambda column: column.astype("category").cat.codes).to_numpy(float).copy()
    play = [int(v == "yes") for v in y]
    found = scores_of(codes, play, [1] * 4, C45._replace(min_leaf=1.0))
    np.testing.assert_allclose(found[:, GAIN], [0.246, 0.029, 0.151, 0.048], atol=1e-3)
    assert found[0, GAIN] / found[0, SPLIT] == pytest.approx(0.156, abs=5e-4)
    assert best_attribute(found, True, 0.0) == 0
    codes[11, 0] = np.nan
    gain, split = scores_of(codes, play, [1] * 4)[0, [GAIN, SPLIT]]
    assert (round(gain, 3), round(split, 3)) == (0.199, 1.809)


@settings(max_examples=40)
@given(st.integers(0, 10_000))
def test_matches_definition(seed):
    rng = np.random.default_rng(seed)
    n, K = int(rng.integers(4, 60)), int(rng.integers(2, 5))
    X = rng.integers(0, rng.integers(2, 40), (n, 2)).astype(float)
    y, weight = np.append(rng.integers(0, K, n - 1), K - 1), rng.choice([0.25, 1.0, 2.0], n)
    X[rng.random(X.shape) < 0.1] = np.nan
    found = scores_of(X, y, [0, 1], weight=weight)
    rows = [(i, weight[i]) for i in range(n)]
    rules = {"min_leaf": 2.0, "spread": True, "corrected": True}
    known, missing = [r for r in rows if X[r[0], 0] == X[r[0], 0]], [r for r in rows if X[r[0], 0] != X[r[0], 0]]
    expected = oracle.best_threshold(X, y, known, missing, 0, K, rules)
    if expected is None:
        assert found[0, SPLIT] == 0
    else:
        np.testing.assert_allclose(found[0, [GAIN, SPLIT, 3, 4]], expected, atol=1e-9)
    parts = [[r for r in rows if X[r[0], 1] == v] for v in np.unique(X[~np.isnan(X[:, 1]), 1])]
    if sum(sum(w for _, w in part) >= 2 for part in parts) < 2:
        assert found[1, SPLIT] == 0
    else:
        lost = [r for r in rows if X[r[0], 1] != X[r[0], 1]]
        np.testing.assert_allclose(found[1, [GAIN, SPLIT]], oracle.gain_and_split(parts, lost, y, K), atol=1e-9)


@pytest.mark.parametrize(("n", "n_codes"), [(1, 5), (40, 100), (40, 100_000), (700, 100_000), (0, 3)])
def test_sorting(n, n_codes):
    codes = np.random.default_rng(0).choice(n_codes, n, replace=False)
    cells, marks = np.zeros((n_codes, 2)), np.zeros((2, n_codes), np.int64)
    cells[codes, 1], marks[PRESENT, :n] = 1.0, codes
    sort_present(cells, marks, n, n_codes)
    np.testing.assert_array_equal(marks[PRESENT, :n], np.sort(codes))


def test_categories_with_too_many_levels_have_no_part_in_the_mean():
    """An identifier gains most, but its ratio is small, and it does not keep the others out by raising the mean."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 100)
    X = np.column_stack([np.arange(100) // 2, y ^ (rng.random(100) < 0.3), rng.integers(0, 2, 100)])
    found = scores_of(X, y, [1, 1, 1])
    assert found[0, GAIN] > found[1, GAIN]
    assert found[:, 2].tolist() == [0, 1, 1]
    assert best_attribute(found, True, 0.0) == 1


def test_times_log():
    assert times_log(0.0) == 0
    assert times_log(8.0) == pytest.approx(24)
