"""The best subset of categories, against trying all subsets."""

from itertools import combinations

import numpy as np
import pytest

from panlearn.ensemble.gradient_boosting.category_split import best_subset
from panlearn.ensemble.gradient_boosting.growth_state import COLUMN, FOUND, NODE, RULES
from panlearn.ensemble.gradient_boosting.numeric_split import bounded_term, leaf_value


def search(g, c, ends, support):
    node, rules, column, found = (np.zeros(1, kind)[0] for kind in (NODE, RULES, COLUMN, FOUND))
    node["lower"], node["upper"] = -np.inf, np.inf
    node["g"], node["h"], node["rows"] = g.sum(), c.sum(), c.sum()
    rules["g_shift"], rules["h_mask"], rules["c_mask"], rules["support"] = 24, (1 << 24) - 1, (1 << 24) - 1, support
    column["n_codes"], column["is_category"] = len(ends), 1
    column["ends"][: len(ends)] = ends
    hist = np.zeros(256, np.int64)
    hist[: len(g)] = (g << 24) + c
    best_subset(hist, column, node, rules, found)
    chosen = np.flatnonzero(np.unpackbits(found["subset"].view(np.uint8), bitorder="little"))
    return float(found["gain"]), set(chosen.tolist()), node, rules


def gain(g, c, left, node, rules):
    left = list(left)
    parts = [(g[left].sum(), c[left].sum()), (g.sum() - g[left].sum(), c.sum() - c[left].sum()), (g.sum(), c.sum())]
    terms = [bounded_term(float(a), float(b), leaf_value(float(a), float(b), node, rules), rules) for a, b in parts]
    return terms[0] + terms[1] - terms[2]


@pytest.mark.parametrize("seed", range(10))
def test_matches_all_subsets(seed):
    rng = np.random.default_rng(seed)
    g, c = rng.integers(-99, 99, 9), rng.integers(5, 30, 9)
    found, chosen, node, rules = search(g, c, np.ones(8), 0.0)
    best = max(gain(g, c, s, node, rules) for k in range(1, 6) for s in combinations(range(9), k))
    assert found == pytest.approx(best, rel=1e-9)
    assert found == pytest.approx(gain(g, c, chosen, node, rules), rel=1e-9)


def test_codes_of_one_category_stay_together():
    g, c = np.array([50, -50, 90, -9, 0]), np.full(5, 20)
    _, chosen, *_ = search(g, c, np.array([0, 1, 0, 1]), 0.0)
    assert chosen in ({0, 1}, {2, 3}, {4}, {0, 1, 4})


def test_rare_categories_stay_right():
    g, c = np.array([900, -500, 400, 100, 0]), np.array([3, 40, 40, 40, 0])
    _, chosen, *_ = search(g, c, np.ones(4), 10.0)
    assert chosen
    assert 0 not in chosen


def test_one_category_is_no_choice():
    found, chosen, *_ = search(np.array([5, 0]), np.array([40, 0]), np.ones(1), 0.0)
    assert found == -np.inf
    assert not chosen
