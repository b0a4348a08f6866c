"""Candidates: what has lost, and what is in the beam already."""

import numpy as np

from panlearn.decode.ctc_beam_state import new_search
from panlearn.decode.ctc_rivals import consider, floor


def test_only_what_can_win_is_kept():
    search = new_search(2, 3, 0)
    assert floor(-5.0, search) == -5.0
    assert consider(0, 1, -1, 0, 0, 0.5, -2.0, -5.0, search) == -1.5
    assert consider(0, 2, -1, 0, 0, 0.0, -6.0, -5.0, search) == -np.inf  # below the least
    assert consider(0, 2, -1, 0, 0, 0.0, -3.0, -5.0, search) == -3.0
    assert floor(-5.0, search) == -3.0  # full: the worst kept
    assert consider(0, 2, -1, 0, 0, 0.0, -4.0, -5.0, search) == -np.inf
    assert search.sizes[2] == 2
    assert sorted(search.rivals["token"]) == [1, 2]


def test_a_child_in_the_beam_is_no_candidate():
    search = new_search(3, 3, 0)
    search.beam["child"][0], search.beam["sibling"][1] = 1, -1
    search.beam["node"][1], search.nodes["token"][1] = 1, 2
    assert consider(0, 2, -1, 0, 0, 0.0, -1.0, -9.0, search) == -np.inf
    assert consider(0, 2, 5, 0, 0, 0.0, -1.0, -9.0, search) == -1.0  # the same token, but it ends a word
