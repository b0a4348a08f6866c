"""Candidates for the next beam: which are worth a place."""

import numpy as np

from panlearn.core.jit import kernel
from panlearn.decode.score_heap import add


@kernel
def floor(least, search):
    """Score below which a candidate has lost."""
    return max(least, search.heap[0].score) if search.sizes[2] == search.heap.size else least


@kernel
def consider(i, token, word, place, context, bonus, nonblank, least, search):  # writes rivals, heap
    """Take entry i and one token more as a candidate; its score, or -inf if it has lost.

    A prefix that is in the beam is none: what flows into it has been added to it.
    """
    score, rivals, beam = nonblank + bonus, search.rivals, search.beam
    if score == -np.inf or score < floor(least, search):
        return -np.inf
    child = beam[i].child
    while child >= 0:
        if search.nodes[beam[child].node].token == token and search.nodes[beam[child].node].word == word:
            return -np.inf
        child = beam[child].sibling
    at = add(search.heap, search.sizes[2], score)
    if at < 0:
        return -np.inf
    search.sizes[2] = min(search.sizes[2] + 1, rivals.size)
    rivals[at].source, rivals[at].token, rivals[at].word = i, token, word
    rivals[at].place, rivals[at].context, rivals[at].bonus = place, context, bonus
    rivals[at].blank, rivals[at].nonblank = -np.inf, nonblank
    return score
