"""One frame by hand: sums over paths that end in a blank, and in the last token."""

import math

import numpy as np
import pytest

from panlearn.decode.ctc_beam_kernels import advance, keep, log_add, trace
from panlearn.decode.ctc_beam_state import Rules, new_search
from panlearn.decode.score_heap import SCORED

RULES = Rules(0, -math.inf, -math.inf, 3, 0, 0.0, 0.0)


def test_two_frames_by_hand():
    frames = np.log([[0.5, 0.3, 0.2], [0.1, 0.6, 0.3]])
    search = new_search(20, 3, 0)
    advance(frames, RULES, None, None, search)
    out, sums = np.empty(2, np.int64), {}
    for entry in search.beam[: search.sizes[1]]:
        tokens = tuple(out[trace(search.nodes, entry["node"], False, out) :])
        sums[tokens] = math.exp(entry["blank"]), math.exp(entry["nonblank"])
    assert sums[()] == pytest.approx((0.05, 0.0))
    assert sums[1,] == pytest.approx((0.3 * 0.1, 0.3 * 0.6 + 0.5 * 0.6))  # a-; aa and -a
    assert sums[1, 2] == pytest.approx((0.0, 0.3 * 0.3))
    assert len(sums) == 5


def test_tokens_of_a_frame():
    tokens, frame = np.zeros(5, SCORED), np.array([-0.1, -3.0, -1.0, -9.0, -math.inf])
    limit, n = keep(frame, RULES._replace(token_min=-5.0), tokens)
    assert (limit, tokens["place"][:n].tolist()) == (-5.0, [2, 1])
    limit, n = keep(frame - 20, RULES._replace(token_min=-5.0), tokens)  # the best of a frame always counts
    assert (limit, n) == (-20.1, 0)


def test_log_add():
    assert log_add(-math.inf, -math.inf) == -math.inf
    assert log_add(-1.0, -math.inf) == -1.0
    assert log_add(-800.0, -801.0) == pytest.approx(np.logaddexp(-800.0, -801.0))
