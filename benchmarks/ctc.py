"""Prefix beam search against pyctcdecode, and against the same search in plain Python.

Scores of a sure network, and of an unsure one: one token in four frames, 32 tokens. Rows are frames of an utterance.
The error is what the sum over all alignments of the string found falls short of that of the best string found with a
beam four times as wide, a frame. pyctcdecode 0.5 needs numpy below 2; where it cannot be installed it is passed over.
"""

import math
from functools import cache
from typing import Any

import numpy as np

from benchmarks.cases import Case, Contender, Problem, Quality

LABELS = ["", " ", *"abcdefghijklmnopqrstuvwxyz'", "0", "1", "2"]
SHAPES = {"tiny": (12, 32), "small": (100, 32), "medium": (400, 32)}
WIDTH = 100
LIMITS: dict[str, Any] = {"token_min_logp": -5.0, "beam_prune_logp": -10.0}


@cache
def utterance(sharp: float, n_frames: int, n_tokens: int) -> Problem:
    """Log-probabilities of an utterance."""
    rng = np.random.default_rng(0)
    path = np.where(np.arange(n_frames) % 4 == 1, rng.integers(2, 28, n_frames), 0)
    z = 1.5 * rng.normal(size=(n_frames, n_tokens))
    z[np.arange(n_frames), path] += sharp
    return Problem(z - np.logaddexp.reduce(z, axis=1, keepdims=True), np.zeros(n_frames))


def ours(problem: Problem, tol: float) -> tuple[int, ...]:
    from panlearn.decode import ctc_beam_search

    found: Any = ctc_beam_search(problem.X, beam_width=WIDTH, **LIMITS)
    return found[0].tokens


def pyctcdecode(problem: Problem, tol: float) -> tuple[int, ...]:
    from pyctcdecode import build_ctcdecoder  # type: ignore[import-not-found]

    decoder = build_ctcdecoder(LABELS)
    text = decoder.decode_beams(problem.X, beam_width=WIDTH, prune_history=False, **LIMITS)[0][0]
    return tuple(LABELS.index(c) for c in text)


def plain(problem: Problem, tol: float) -> tuple[int, ...]:
    """Prefix beam search over dicts of tuples, with the same limits."""
    beam: dict[tuple[int, ...], tuple[float, float]] = {(): (0.0, -math.inf)}
    for frame in problem.X.tolist():
        limit = min(max(frame), LIMITS["token_min_logp"])
        kept = [(v, p) for v, p in enumerate(frame) if p >= limit]
        found: dict[tuple[int, ...], tuple[float, float]] = {}
        for prefix, (blank, token) in beam.items():
            both = add(blank, token)
            for v, p in kept:
                same = bool(prefix) and prefix[-1] == v
                if v == 0:
                    collect(found, prefix, both + p, -math.inf)
                    continue
                if same:
                    collect(found, prefix, -math.inf, token + p)
                collect(found, (*prefix, v), -math.inf, (blank if same else both) + p)
        ranked = sorted(found.items(), key=lambda entry: -add(*entry[1]))[:WIDTH]
        least = add(*ranked[0][1]) + LIMITS["beam_prune_logp"]
        beam = {prefix: parts for prefix, parts in ranked if add(*parts) >= least}
    return max(beam, key=lambda prefix: add(*beam[prefix]))


def add(a: float, b: float) -> float:
    """log(e^a + e^b)."""
    high, low = max(a, b), min(a, b)
    return high if low == -math.inf else high + math.log1p(math.exp(low - high))


def collect(found: dict, prefix: tuple[int, ...], blank: float, token: float) -> None:
    """Add paths of a prefix."""
    before = found.get(prefix, (-math.inf, -math.inf))
    found[prefix] = add(before[0], blank), add(before[1], token)


def likelihood(log_probs: np.ndarray, tokens: tuple[int, ...]) -> float:
    """Log of the sum over all alignments."""
    import torch

    target, n = torch.tensor([tokens]), torch.tensor([len(log_probs)])
    scores = torch.from_numpy(log_probs)[:, None]
    return -torch.nn.functional.ctc_loss(scores, target, n, torch.tensor([len(tokens)]), reduction="sum").item()


def quality(problem: Problem, tokens: tuple[int, ...]) -> Quality:
    from panlearn.decode import ctc_beam_search

    wide: Any = ctc_beam_search(problem.X, beam_width=4 * WIDTH, **LIMITS)
    reached = likelihood(problem.X, tokens)
    short = likelihood(problem.X, wide[0].tokens) - reached
    return Quality(max(0.0, short) / len(problem.y), -reached / len(problem.y))


def case(name: str, sharp: float) -> Case:
    def problem(n_frames: int, n_tokens: int) -> Problem:
        return utterance(sharp, n_frames, n_tokens)

    peers = Contender("pyctcdecode", "pyctcdecode", pyctcdecode), Contender("plain Python", "numpy", plain)
    title, measure = f"ctc_beam_search: {name} network", "log-likelihood below that of a wide beam, a frame"
    return Case(title, SHAPES, problem, Contender("panlearn", "panlearn", ours), peers, quality, 0.02, measure)


CASES = (case("sure", 8.0), case("unsure", 4.0))
