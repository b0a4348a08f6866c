"""The beam against the sum over all alignments: plain, with a language model, with a lexicon, with both."""

import math
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import panlearn
from panlearn.core.errors import DataError
from panlearn.decode import Lexicon, NGramModel, ctc_beam_search
from panlearn.decode.ngram_estimates import kneser_ney
from tests.oracles.ctc import back_off, segmentations, string_probabilities

EXACT = {"beam_width": 3000, "n_best": 3000, "token_min_logp": -math.inf, "beam_prune_logp": -math.inf}


def scores(seed: int, n_frames: int, n_tokens: int) -> np.ndarray:
    return np.log(np.random.default_rng(seed).dirichlet(np.full(n_tokens, 0.7), n_frames))


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 10_000), st.integers(1, 6), st.integers(2, 4), st.data())
def test_is_the_sum_over_all_alignments(seed, n_frames, n_tokens, data):
    blank = data.draw(st.integers(0, n_tokens - 1))
    log_probs = scores(seed, n_frames, n_tokens)
    if seed % 3 == 0:
        log_probs[0, seed % n_tokens] = -math.inf  # a token that cannot be
    expected = string_probabilities(log_probs, blank)
    found = ctc_beam_search(log_probs, blank=blank, **EXACT)
    assert {h.tokens for h in found} == set(expected)
    assert [h.log_prob for h in found] == sorted((h.log_prob for h in found), reverse=True)
    for h in found:
        assert math.exp(h.log_prob) == pytest.approx(expected[h.tokens], rel=1e-10)
        assert h.score == h.log_prob


@pytest.mark.parametrize("seed", range(4))
def test_language_model_of_tokens(seed):
    sentences = ["abba", "ab", "bab", "a"]
    model, grams = NGramModel.of(sentences, 3), kneser_ney(sentences, 3)
    log_probs, labels = scores(seed, 5, 3), ["", "a", "b"]
    found = ctc_beam_search(log_probs, language_model=model, alpha=0.7, beta=0.4, labels=labels, **EXACT)
    expected = string_probabilities(log_probs)
    assert len(found) == len(expected)
    for h in found:
        words = ["<s>", *(labels[t] for t in h.tokens), "</s>"]
        judged = sum(back_off(grams, tuple(words[max(0, i - 2) : i]), words[i]) for i in range(1, len(words)))
        want = math.log(expected[h.tokens]) + 0.7 * judged + 0.4 * len(h.tokens)
        assert h.score == pytest.approx(want, rel=1e-9)


SPELLINGS = {"by": [2, 3], "buy": [2, 3], "b": [2], "bb": [2, 2]}


@pytest.mark.parametrize("separator", [None, 1])
@pytest.mark.parametrize("judged", [False, True])
@pytest.mark.parametrize("seed", range(3))
def test_lexicon(separator, judged, seed):
    """Each reading of each string is found, with its words; nothing else is."""
    sentences = [["by", "b"], ["buy", "by"], ["bb"]]
    grams = kneser_ney(sentences, 2)
    log_probs = scores(seed, 6, 4)
    lexicon = Lexicon(SPELLINGS, separator=separator)
    model = NGramModel.of(sentences, 2) if judged else None
    found = ctc_beam_search(log_probs, lexicon=lexicon, language_model=model, alpha=0.9, beta=-0.3, **EXACT)
    expected = {}
    for tokens, p in string_probabilities(log_probs).items():
        for words in segmentations(tokens, list(SPELLINGS.items()), separator):
            score = math.log(p)
            if judged:
                row = ["<s>", *words, "</s>"]
                score += 0.9 * sum(back_off(grams, (a,), b) for a, b in pairwise(row)) - 0.3 * len(words)
            expected[tokens, words] = score
    if separator is not None:  # of words that end with the utterance, the best of each spelling
        best = {}
        for (tokens, words), score in expected.items():
            ended = tokens[-1:] == (separator,)
            key = (tokens, words if ended else words[:-1])
            if key not in best or score > best[key][0]:
                best[key] = score, words
        expected = {(tokens, words): score for (tokens, _), (score, words) in best.items()}
    assert {(h.tokens, h.words): pytest.approx(h.score, rel=1e-9) for h in found} == expected


@pytest.mark.parametrize("seed", range(3))
def test_open_lexicon(seed):
    """A word outside the lexicon pays once, and is None."""
    lexicon = Lexicon({"by": [2, 3]}, separator=1, unknown=-2.5)
    log_probs = scores(seed, 5, 4)
    expected = string_probabilities(log_probs)
    found = ctc_beam_search(log_probs, lexicon=lexicon, **EXACT)
    assert {h.tokens for h in found} == set(expected)
    for h in found:
        words = [word for word in "".join(map(str, h.tokens)).split("1") if word]
        assert h.words == tuple("by" if word == "23" else None for word in words)
        assert h.score == pytest.approx(math.log(expected[h.tokens]) - 2.5 * h.words.count(None), rel=1e-9)


def test_the_sum_beats_the_best_path():
    best, second = ctc_beam_search(np.log([[0.6, 0.4], [0.6, 0.4]]), n_best=5)
    assert (best.tokens, second.tokens) == ((1,), ())
    assert math.exp(best.log_prob) == pytest.approx(0.64)


def test_a_dropped_prefix_is_found_again():
    """A narrow beam never counts a string twice, and no sum is above the true one."""
    for seed in range(30):
        log_probs = scores(seed, 6, 3)
        expected = string_probabilities(log_probs)
        for width in (1, 2, 3, 5):
            found = ctc_beam_search(log_probs, beam_width=width, n_best=9, token_min_logp=-9, beam_prune_logp=-50)
            assert len({h.tokens for h in found}) == len(found) <= width
            assert all(math.exp(h.log_prob) <= expected[h.tokens] * (1 + 1e-9) for h in found)


def test_no_narrow_beam_is_better_than_all():
    for seed in range(5):
        log_probs = scores(seed, 7, 4)
        best = ctc_beam_search(log_probs, **EXACT)[0]
        for width in (1, 4, 30):
            assert ctc_beam_search(log_probs, beam_width=width)[0].log_prob <= best.log_prob + 1e-9
        assert (
            ctc_beam_search(log_probs, beam_width=300, token_min_logp=-50, beam_prune_logp=-50)[0].tokens == best.tokens
        )


def test_ways_in_agree():
    log_probs = np.stack([scores(i, 7, 5) for i in range(3)])
    lengths = [7, 3, 0]
    many = ctc_beam_search(log_probs, lengths, n_best=2)
    assert many == ctc_beam_search(torch.from_numpy(log_probs), torch.tensor(lengths), n_best=2)
    assert many == ctc_beam_search([frames[:n] for frames, n in zip(log_probs, lengths)], n_best=2)
    assert many[1] == ctc_beam_search(log_probs[1, :3], n_best=2)
    assert many[2] == [((), 0.0, 0.0, ())]
    behind = log_probs.copy()
    behind[1, 3:] = np.nan
    assert many == ctc_beam_search(behind, lengths, n_best=2)  # what is behind the end is not read
    single = ctc_beam_search(log_probs.astype(np.float32), lengths, n_best=2)
    assert [h.tokens for part in single for h in part] == [h.tokens for part in many for h in part]
    half = ctc_beam_search(torch.from_numpy(log_probs).bfloat16())
    assert len(half) == 3


def test_threads_change_nothing():
    log_probs = np.stack([scores(i, 300, 20) for i in range(4)])
    with panlearn.threads(1):
        one = ctc_beam_search(log_probs, [300, 10, 200, 120])
    with panlearn.threads(2):
        two = ctc_beam_search(log_probs, [300, 10, 200, 120])
    assert one == two


def test_long_utterances_grow_the_tree():
    log_probs = scores(0, 1500, 6)
    path = log_probs.argmax(1)
    log_probs[np.arange(1500), path] += 6.0
    log_probs -= np.logaddexp.reduce(log_probs, axis=1, keepdims=True)
    best = ctc_beam_search(log_probs, beam_width=30)[0]
    assert len(best.tokens) > 500
    assert best.log_prob >= log_probs.max(1).sum() - 1e-9  # a sum is at least its largest term


def test_a_lexicon_may_allow_nothing():
    log_probs = np.array([[-np.inf, 0.0, -np.inf]] * 3)
    assert ctc_beam_search(log_probs, lexicon=Lexicon({"x": [2, 1]})) == []


def test_bad_arguments():
    log_probs = scores(0, 4, 3)
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"beam_width": 0}, "beam_width"),
        ({"n_best": 1.5}, "n_best"),
        ({"token_min_logp": 1.0}, "token_min_logp"),
        ({"beam_prune_logp": math.nan}, "beam_prune_logp"),
        ({"alpha": -1.0}, "alpha"),
        ({"beta": math.inf}, "beta"),
        ({"blank": 3}, "blank"),
        ({"labels": ["", "a"]}, "labels"),
        ({"lexicon": ["a"]}, "Lexicon"),
        ({"lexicon": Lexicon({"x": [7]})}, "token 7"),
        ({"language_model": NGramModel.of(["ab"], 2)}, "knows none"),
    ]
    for kwargs, words in wrong:
        with pytest.raises(DataError, match=words):
            ctc_beam_search(log_probs, **kwargs)
    assert ctc_beam_search([]) == []
