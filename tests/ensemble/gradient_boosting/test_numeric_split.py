"""The best threshold of a column, against trying all."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies

from panlearn.ensemble.gradient_boosting.growth_state import COLUMN, FOUND, NODE, RULES
from panlearn.ensemble.gradient_boosting.numeric_split import ROOM, best_threshold, bounded_term, leaf_value

SHIFT = 12  # bits of the number of rows, and of H, in the packed sums


def records(**values):
    """A node and rules without limits, but for `values`."""
    node, rules = np.zeros(1, NODE)[0], np.zeros(1, RULES)[0]
    node["lower"], node["upper"] = -np.inf, np.inf
    rules["g_shift"], rules["h_shift"], rules["h_mask"], rules["c_mask"] = 24, SHIFT, 4095, 4095
    for name, value in values.items():
        (node if name in (NODE.names or ()) else rules)[name] = value
    return node, rules


def pack(g, h, c):
    return (g << 24) + (h << SHIFT) + c


def term(g, h, node, rules):
    return bounded_term(g, h, leaf_value(g, h, node, rules), rules)


@given(
    n_codes=strategies.integers(1, 255),
    density=strategies.floats(0.02, 1.0),
    missing=strategies.booleans(),
    sign=strategies.sampled_from([0, -1, 1, 2]),
    l1=strategies.sampled_from([0.0, 50.0]),
    seed=strategies.integers(0, 999),
)
@settings(deadline=None, max_examples=60)
def test_matches_all_thresholds(n_codes, density, missing, sign, l1, seed):
    rng = np.random.default_rng(seed)
    c = rng.integers(1, 9, 256) * (rng.random(256) < density)
    c[n_codes + 1 :] = 0
    c[n_codes] *= missing
    g, h = rng.integers(-99, 99, 256) * (c > 0), rng.integers(1, 15, 256) * (c > 0)
    bound = 3.0 if sign else np.inf
    node, rules = records(
        g=g.sum(), h=h.sum(), rows=c.sum(), lower=-bound, upper=bound, min_rows=4, min_hessian=5.0, l1=l1, l2=1.5
    )
    column, found = np.zeros(1, COLUMN)[0], np.zeros(1, FOUND)[0]
    column["n_codes"], column["has_missing"] = n_codes, missing
    column["ends"] = rng.random(256) < 0.9
    best = -np.inf
    for side in (0, 1):
        for t in np.flatnonzero(column["ends"][:n_codes]):
            left = np.append(np.arange(t + 1), np.full(side, n_codes))
            gl, hl, cl = g[left].sum(), h[left].sum(), c[left].sum()
            gr, hr, cr = g.sum() - gl, h.sum() - hl, c.sum() - cl
            values = leaf_value(float(gl), float(hl), node, rules), leaf_value(float(gr), float(hr), node, rules)
            wrong = sign in (-1, 1) and sign * (values[0] - values[1]) > 0
            if min(cl, cr) >= 4 and min(hl, hr) >= 5 and not wrong:
                gain = term(float(gl), float(hl), node, rules) + term(float(gr), float(hr), node, rules)
                best = max(best, gain - term(float(g.sum()), float(h.sum()), node, rules))
    best_threshold(pack(g, h, c), column, sign, node, rules, np.empty(ROOM), found)
    if best == -np.inf:
        assert found["gain"] == -np.inf
    else:
        assert found["gain"] == pytest.approx(best, rel=1e-9, abs=1e-9)


def test_lowest_of_equal_thresholds():
    c = np.zeros(256, np.int64)
    c[[3, 9]] = 5
    g = np.where(c > 0, np.where(np.arange(256) < 5, -7, 7), 0)
    node, rules = records(g=0, h=10, rows=10)
    column, found = np.zeros(1, COLUMN)[0], np.zeros(1, FOUND)[0]
    column["n_codes"], column["ends"] = 20, 1
    best_threshold(pack(g, c, c), column, 0, node, rules, np.empty(ROOM), found)
    assert found["code"] == 3
