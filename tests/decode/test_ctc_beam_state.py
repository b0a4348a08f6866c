"""The tree of prefixes grows without forgetting."""

import numpy as np

from panlearn.decode.ctc_beam_kernels import advance
from panlearn.decode.ctc_beam_state import Rules, new_search, with_room


def test_growth_changes_nothing():
    rules = Rules(0, -np.inf, -np.inf, 4, 0, 0.0, 0.0)
    frames = np.log(np.random.default_rng(0).dirichlet(np.ones(4), 30))
    whole = with_room(new_search(8, 4, 0), 1000)
    advance(frames, rules, None, None, whole)
    search = new_search(8, 4, 0)
    for frame in frames:
        search = with_room(search, 8)
        advance(frame[None], rules, None, None, search)
    n = whole.sizes[0]
    assert n == search.sizes[0]
    np.testing.assert_array_equal(whole.nodes[:n], search.nodes[:n])
    np.testing.assert_array_equal(whole.beam["total"], search.beam["total"])
    assert len(search.nodes) < 1000
