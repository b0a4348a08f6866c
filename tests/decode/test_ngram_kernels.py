"""One look-up, and steps back."""

import math

import numpy as np

from panlearn.decode import NGramModel
from panlearn.decode.ngram_kernels import score_word


def test_steps_back():
    grams = {("a",): (-1.0, -0.5), ("b",): (-2.0, 0.0), ("a", "a"): (-0.1, 0.0)}
    model = NGramModel(grams)
    a, b = model.numbers(["a", "b"])
    score, state = score_word(model.tables, 0, a)
    assert (score, state > 0) == (-1.0, True)
    assert score_word(model.tables, state, a) == (-0.1, state)
    assert score_word(model.tables, state, b) == (-2.5, 0)
    assert score_word(model.tables, state, -1)[0] == -math.inf
    assert np.isfinite(model.tables.states["back_off"]).all()
