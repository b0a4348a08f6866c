"""Worked example of note 004 §7: momentum under a constant gradient."""

from collections.abc import Iterator

import numpy as np

from panlearn.cli.tour import TourRow, check
from panlearn.optimize import SGD, Momentum


def examples() -> Iterator[TourRow]:
    """Yield the speed that momentum reaches: 1 / (1 - beta) times that of gradient descent, 10 for beta = 0.9."""
    gradient, x = np.ones(1), np.zeros(1)
    plain, _ = SGD(learning_rate=0.01).update(gradient, (), x)
    method = Momentum(learning_rate=0.01, momentum=0.9)
    state, before = method.init(x), x
    for _ in range(500):
        before = x
        x, state = method.update(gradient, state, x)
    speed = float((x - before)[0] / plain[0])
    yield check("momentum, constant gradient", "004 §7.2", "speed 1/(1-β), β = 0.9", "10", speed)
