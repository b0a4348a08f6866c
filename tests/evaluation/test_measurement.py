"""Memory is the rise during the call, not what was there before."""

import sys

import numpy as np
import pytest

from panlearn.evaluation.measurement import measure


def test_result_comes_back():
    assert measure(lambda: 42).result == 42


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="exact peaks need Linux's /proc")
def test_each_call_is_measured_on_its_own():
    large = measure(lambda: np.ones(10_000_000).sum())  # 80 MB, freed before the second call
    small = measure(lambda: np.ones(10_000).sum())
    assert 70e6 < large.peak_bytes < 200e6
    assert small.peak_bytes < 20e6
