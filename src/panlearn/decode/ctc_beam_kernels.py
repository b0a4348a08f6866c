"""One frame of prefix beam search, in four phases; `panlearn.decode.ctc_beam_search` is the lesson.

    keep      tokens of the frame that are likely enough, the likeliest first
    stay      each prefix as it is: a blank, its last token again, or what its parent, itself in the beam, sends down
    extend    each prefix by each token, unless that is a prefix of the beam already
    settle    the best W of these are the next beam

Prefixes and tokens are walked through in falling order, and a pair that cannot beat the worst kept ends its row: of the
W V pairs few are looked at. `judge` and `trie` are None where there is no language model or lexicon; their branches are
then not compiled.
"""

import math

import numpy as np

from panlearn.core.jit import kernel
from panlearn.decode.ctc_beam_words import spell, unit_bonus
from panlearn.decode.ctc_rivals import consider, floor
from panlearn.decode.key_table import FREE, place_of
from panlearn.decode.score_heap import add, fall, rise


@kernel
def advance(frames, rules, judge, trie, search):  # writes search
    """Go through some frames (n, V)."""
    for t in range(len(frames)):
        frame = frames[t]
        limit, n = keep(frame, rules, search.tokens)
        least = stay(frame, limit, rules, search) + rules.prune
        for i in range(search.sizes[1]):
            least, done = extend(i, n, least, rules, judge, trie, search)
            if done:
                break
        settle(least, rules, search)


@kernel
def log_add(a, b):
    """log(e^a + e^b)."""
    high, low = max(a, b), min(a, b)
    return high if low == -np.inf else high + math.log1p(math.exp(low - high))


@kernel
def keep(frame, rules, tokens):  # writes tokens
    """Least log-probability that counts, and how many tokens have it, the blank left out."""
    top, n = -np.inf, 0
    for v in range(frame.size):
        top = max(top, frame[v])
    limit = min(top, rules.token_min)
    for v in range(frame.size):
        if v != rules.blank and frame[v] >= limit and frame[v] > -np.inf:
            rise(tokens, n, frame[v], v)
            n += 1
    fall(tokens, n)
    return limit, n


@kernel
def stay(frame, limit, rules, search):  # writes rivals, heap, links of the beam
    """Candidates that are in the beam already; the best score."""
    nodes, beam, rivals = search.nodes, search.beam, search.rivals
    best, kept = -np.inf, 0
    for i in range(search.sizes[1]):
        beam[i].child = -1
    # with a lexicon, the blank is never passed over: a frame whose other tokens it forbids must not end the search
    blank = frame[rules.blank] if frame[rules.blank] >= limit or rules.n_words > 0 else -np.inf
    for i in range(search.sizes[1]):
        node = beam[i].node
        ends_blank, ends_token, parent, token = beam[i].total + blank, -np.inf, -1, nodes[node].token
        if node > 0:
            parent = nodes[nodes[node].parent].slot
            if frame[token] >= limit:
                ends_token = beam[i].nonblank + frame[token]
                if parent >= 0:
                    repeated = nodes[beam[parent].node].token == token
                    before = beam[parent].blank if repeated else beam[parent].total
                    ends_token = log_add(ends_token, before + frame[token])
        if parent >= 0:
            beam[i].sibling, beam[parent].child = beam[parent].child, i
        score = log_add(ends_blank, ends_token) + nodes[node].bonus
        if score > -np.inf:
            place = add(search.heap, kept, score)
            kept += 1
            rivals[place].source, rivals[place].token = i, -1
            rivals[place].blank, rivals[place].nonblank = ends_blank, ends_token
            best = max(best, score)
    search.sizes[2] = kept
    return best


@kernel
def extend(i, n, least, rules, judge, trie, search):  # writes rivals, heap
    """Candidates that are entry i and one token more; the least score of use, and whether no later entry has any."""
    nodes, entry = search.nodes, search.beam[i]
    bonus, last = nodes[entry.node].bonus, nodes[entry.node].token
    most = max(0.0, rules.beta)  # a step adds no more: log-probabilities are at most 0
    for k in range(n):
        token, log_prob = search.tokens[k].place, search.tokens[k].score
        if entry.total + log_prob + bonus + most < floor(least, search):
            return least, k == 0
        nonblank = log_prob + (entry.blank if token == last else entry.total)
        if trie is None:
            gain, context = unit_bonus(nodes[entry.node].context, token, rules, judge)
            best = consider(i, token, -1, 0, context, bonus + gain, nonblank, least, search)
        else:
            best = spell(i, token, nonblank, least, rules, judge, trie, search)
        least = max(least, best + rules.prune)
    return least, False


@kernel
def settle(least, rules, search):  # writes the search
    """Make the candidates that are left the beam, the best first."""
    nodes, beam, rivals, n = search.nodes, search.beam, search.rivals, search.sizes[2]
    fall(search.heap, n)
    while n > 1 and search.heap[n - 1].score < least:
        n -= 1
    for i in range(n):  # nodes first: they are found by those of the old beam
        place = search.heap[i].place
        node = beam[rivals[place].source].node
        beam[i].sibling = node if rivals[place].token < 0 else child_of(node, place, rules, search)
    for i in range(search.sizes[1]):
        nodes[beam[i].node].slot = -1
    for i in range(n):
        rival, node = rivals[search.heap[i].place], beam[i].sibling
        beam[i].node, nodes[node].slot = node, i
        beam[i].blank, beam[i].nonblank = rival.blank, rival.nonblank
        beam[i].total = log_add(rival.blank, rival.nonblank)
    search.sizes[1] = n


@kernel
def child_of(node, place, rules, search):  # writes nodes, children
    """Node of a candidate, made if it has never been in the beam."""
    rival, children = search.rivals[place], search.children
    key = (node * rules.n_tokens + rival.token) * (rules.n_words + 2) + rival.word + 1
    at = place_of(children, key)
    if children[at].key == FREE:
        new = search.sizes[0]
        search.sizes[0] += 1
        children[at].key, children[at].node = key, new
        made = search.nodes[new]
        made.parent, made.token, made.word = node, rival.token, rival.word
        made.place, made.context, made.bonus = rival.place, rival.context, rival.bonus
    return children[at].node


@kernel
def trace(nodes, node, words, out):  # writes out from its end
    """Tokens, or words, on the way from the root to a node; where they begin in `out`."""
    at = out.size
    while node > 0:
        found = nodes[node].word if words else nodes[node].token
        if found >= 0:
            at -= 1
            out[at] = found
        node = nodes[node].parent
    return at
