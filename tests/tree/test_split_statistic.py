from typing import NamedTuple

import numpy as np

from panlearn.core.jit import kernel
from panlearn.tree.split_statistic import method_of, score


class One(NamedTuple):
    x: np.ndarray


class Two(NamedTuple):
    x: np.ndarray


@method_of(One, score)
def _one(stat, state):
    return stat.x[0] + state


@method_of(Two, score)
def _two(stat, state):
    return stat.x[0] * state


@kernel
def scored(stat, state):
    return score(stat, state)


def test_the_type_of_the_statistic_chooses_the_body():
    assert scored(One(np.array([3.0])), 4.0) == 7.0
    assert scored(Two(np.array([3.0])), 4.0) == 12.0
