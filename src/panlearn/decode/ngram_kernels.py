"""The score of a word after a history, from the tables of an n-gram model (`panlearn.decode.ngram_model`)."""

from typing import NamedTuple

import numpy as np

from panlearn.core.jit import kernel
from panlearn.decode.key_table import FREE, place_of

GRAM = np.dtype([("key", np.int64), ("log_prob", np.float64), ("following", np.int64)])
STATE = np.dtype([("back", np.int64), ("back_off", np.float64)])


class NGramTables(NamedTuple):
    """A model as arrays."""

    grams: np.ndarray  # table (`key_table`) of GRAM: state * n_words + word, ln p~, state after it
    states: np.ndarray  # (S,) of STATE: state without its first word, ln b; state 0 is the empty history
    n_words: int


@kernel
def score_word(tables, state, word):
    """Log-probability of a word in a state, and the state after it; -inf for a word that is -1."""
    total, grams, states = 0.0, tables.grams, tables.states
    while word >= 0:
        at = place_of(grams, state * tables.n_words + word)
        if grams[at].key != FREE:
            return total + grams[at].log_prob, grams[at].following
        if state == 0:
            break
        total += states[state].back_off
        state = states[state].back
    return -np.inf, 0
