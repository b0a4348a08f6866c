"""What a prefix beam search holds: the tree of prefixes, the beam, and the rules of what may follow what.

A prefix is a node: its last token and its parent. Only prefixes that came into the beam have one, and a table from
(parent, token, word) to node finds it again when a prefix that was dropped comes back: its descendants may still be in
the beam, and what flows into them must meet there. All are arrays of records; kernels write `nodes[i].token`.
"""

from typing import Any, NamedTuple

import numpy as np

from panlearn.core.errors import DataError
from panlearn.decode.key_table import table_of
from panlearn.decode.key_table import with_room as roomy
from panlearn.decode.lexicon import EDGE, Lexicon, Trie
from panlearn.decode.ngram_kernels import NGramTables
from panlearn.decode.ngram_model import NGramModel
from panlearn.decode.score_heap import SCORED

PREFIX = np.dtype(
    [
        ("parent", np.int64),
        ("token", np.int64),  # the last token, -1 for the empty prefix
        ("word", np.int64),  # word that ends with it, or -1
        ("place", np.int64),  # node of the lexicon, -1 outside it
        ("context", np.int64),  # state of the language model
        ("slot", np.int64),  # where it is in the beam, or -1
        ("bonus", np.float64),  # what language model and lexicon add to its score
    ]
)
ENTRY = np.dtype(
    [
        ("node", np.int64),
        ("child", np.int64),  # first child that is in the beam itself, or -1
        ("sibling", np.int64),  # the next child of the same parent
        ("blank", np.float64),  # log-probability of the paths so far that end in a blank
        ("nonblank", np.float64),  # of those that end in the last token
        ("total", np.float64),  # of both
    ]
)
RIVAL = np.dtype(
    [
        ("source", np.int64),  # entry that it comes from
        ("token", np.int64),  # token added, or -1 for the same prefix
        ("word", np.int64),
        ("place", np.int64),
        ("context", np.int64),
        ("bonus", np.float64),
        ("blank", np.float64),
        ("nonblank", np.float64),
    ]
)


class Rules(NamedTuple):
    """How a search goes."""

    blank: int
    token_min: float  # tokens below this log-probability are passed over, but for the best of a frame
    prune: float  # prefixes further than this below the best are dropped (negative)
    n_tokens: int
    n_words: int  # of the lexicon; as a word, the one that is unknown
    alpha: float  # factor on the language model's log-probabilities
    beta: float  # bonus of a word, 0 without a language model


class Judge(NamedTuple):
    """A language model, and what it calls things."""

    tables: NGramTables
    unit: np.ndarray  # (V,) or (words + 1,) int64: its number of a token, or of a word of the lexicon
    start: int  # state before the first word
    end: int  # end of a sentence, or -1


class Search(NamedTuple):
    """All that a search changes."""

    nodes: np.ndarray  # (N,) of PREFIX; 0 is the empty prefix
    children: np.ndarray  # table of EDGE
    beam: np.ndarray  # (W,) of ENTRY, the best first
    rivals: np.ndarray  # (W,) of RIVAL: candidates for the next beam
    heap: np.ndarray  # (W,) of SCORED: their scores
    tokens: np.ndarray  # (V,) of SCORED: tokens of a frame, the likeliest first
    sizes: np.ndarray  # (3,) int64: nodes, entries, candidates


def rules_of(options: Any, n_tokens: int) -> tuple[Rules, Judge | None, Trie | None]:
    """Rules from what a user asks for (`ctc_beam_search.Options`), checked against each other."""
    model: NGramModel | None = options.language_model
    lexicon: Lexicon | None = options.lexicon
    labels = options.labels if options.labels is not None else getattr(lexicon, "labels", None)
    if labels is not None and len(labels) != n_tokens:
        raise DataError(f"labels must name the {n_tokens} tokens, got {len(labels)} names.")
    if lexicon is not None and lexicon.trie.stride > n_tokens:
        raise DataError(f"the lexicon spells with token {lexicon.trie.stride - 1}, but there are {n_tokens} tokens.")
    limits = float(options.token_min_logp), float(options.beam_prune_logp)
    weights = float(options.alpha), float(options.beta) if model is not None else 0.0
    rules = Rules(options.blank, *limits, n_tokens, 0 if lexicon is None else len(lexicon.words), *weights)
    trie = None if lexicon is None else lexicon.trie
    if model is None:
        return rules, None, trie
    names = (range(n_tokens) if labels is None else labels) if lexicon is None else lexicon.words
    unit = model.numbers(names)
    if (unit == model.unknown).all():
        raise DataError("the language model knows none of the tokens (or words): pass `labels`, check the case.")
    return rules, Judge(model.tables, np.append(unit, model.unknown), model.begin, model.end), trie


def new_search(width: int, n_tokens: int, start: int) -> Search:
    """Beam of the empty prefix, whose one path has probability 1."""
    nodes = _prefixes(16)
    nodes["place"][0], nodes["context"][0], nodes["slot"][0] = 0, start, 0
    beam = np.zeros(width, ENTRY)
    beam["nonblank"], beam["child"], beam["sibling"] = -np.inf, -1, -1
    children = table_of(np.empty(0, np.int64), EDGE, width)
    scratch = np.zeros(width, RIVAL), np.zeros(width, SCORED), np.zeros(n_tokens, SCORED)
    return Search(nodes, children, beam, *scratch, np.array([1, 1, 0], np.int64))


def with_room(search: Search, n: int) -> Search:
    """The same search with room for n more nodes."""
    needed, held = int(search.sizes[0]) + n, len(search.nodes)
    if needed <= held:
        return search
    nodes = np.concatenate([search.nodes, _prefixes(max(needed, 2 * held) - held)])
    return search._replace(nodes=nodes, children=roomy(search.children, len(nodes)))


def _prefixes(n: int) -> np.ndarray:
    """Nodes that are in no beam."""
    nodes = np.zeros(n, PREFIX)
    for name in ("token", "word", "slot"):
        nodes[name] = -1
    return nodes
