"""What language model and lexicon say in a prefix beam search.

A language model of tokens adds its share with each; one of words when a word ends: at a separator, or, without one,
wherever a spelling does, beside the candidate that goes on in a longer word. A word that leaves an open lexicon pays
for it at once, so that no unknown word is carried along as if it were a known one.
"""

import numpy as np

from panlearn.core.jit import kernel
from panlearn.decode.ctc_rivals import consider
from panlearn.decode.key_table import FREE, place_of
from panlearn.decode.ngram_kernels import score_word


@kernel
def unit_bonus(context, unit, rules, judge):
    """What the language model adds for a token or word, and its next state."""
    if judge is None:
        return 0.0, 0
    found, after = score_word(judge.tables, context, judge.unit[unit])
    return (rules.alpha * found if found > -np.inf else found) + rules.beta, after


@kernel
def spell(i, token, nonblank, least, rules, judge, trie, search):  # writes rivals, heap
    """Extend by a token inside the lexicon: on in a word, to its end, or out of it; the best score taken."""
    prefix = search.nodes[search.beam[i].node]
    place, context, bonus = prefix.place, prefix.context, prefix.bonus
    if token == trie.separator:
        if place == 0:  # a second separator
            return consider(i, token, -1, 0, context, bonus, nonblank, least, search)
        if place > 0 and trie.nodes[place].first >= 0:
            return end_word(i, token, place, nonblank, least, rules, judge, trie, search)
        gain, after = unit_bonus(context, rules.n_words, rules, judge)
        gain += trie.unknown if place > 0 else 0.0
        return consider(i, token, rules.n_words, 0, after, bonus + gain, nonblank, least, search)
    child = -1
    if place >= 0 and token < trie.stride:
        at = place_of(trie.edges, place * trie.stride + token)
        child = trie.edges[at].node if trie.edges[at].key != FREE else -1
    if child < 0:
        gain = trie.unknown if place >= 0 else 0.0
        return consider(i, token, -1, -1, context, bonus + gain, nonblank, least, search)
    best = -np.inf
    if trie.separator >= 0 or trie.nodes[child].inner > 0:
        best = consider(i, token, -1, child, context, bonus, nonblank, least, search)
    if trie.separator < 0:
        best = max(best, end_word(i, token, child, nonblank, least, rules, judge, trie, search))
    return best


@kernel
def end_word(i, token, place, nonblank, least, rules, judge, trie, search):  # writes rivals, heap
    """Each word that is spelt by the way to a node of the lexicon; the best score taken."""
    prefix, best = search.nodes[search.beam[i].node], -np.inf
    context, bonus = prefix.context, prefix.bonus
    word = trie.nodes[place].first
    while word >= 0:
        gain, after = unit_bonus(context, word, rules, judge)
        best = max(best, consider(i, token, word, 0, after, bonus + gain, nonblank, least, search))
        word = trie.more[word]
    return best


@kernel
def finish(rules, judge, trie, search, scores, words):  # writes scores, words
    """Score of each entry as a whole utterance, -inf if its last word is none; and the word that ends there, or -1."""
    for i in range(search.sizes[1]):
        prefix = search.nodes[search.beam[i].node]
        place, context = prefix.place, prefix.context
        gain, words[i] = -np.inf, -1
        if trie is None or place == 0:
            gain = end_bonus(context, rules, judge)
        elif trie.separator >= 0 and place > 0 and trie.nodes[place].first >= 0:
            word = trie.nodes[place].first
            while word >= 0:
                found, after = unit_bonus(context, word, rules, judge)
                found += end_bonus(after, rules, judge)
                if found > gain:
                    gain, words[i] = found, word
                word = trie.more[word]
        elif trie.unknown > -np.inf:
            gain, after = unit_bonus(context, rules.n_words, rules, judge)
            gain += end_bonus(after, rules, judge) + (trie.unknown if place > 0 else 0.0)
            words[i] = rules.n_words
        scores[i] = search.beam[i].total + prefix.bonus + gain


@kernel
def end_bonus(context, rules, judge):
    """What the language model adds for the end of the sentence."""
    if judge is None:
        return 0.0
    if judge.end < 0:
        return 0.0
    found, _ = score_word(judge.tables, context, judge.end)
    return rules.alpha * found if found > -np.inf else found
