"""Worked facts of note 004 §10-§11: three boxes of balls [li2012], and what ties the models of sequences together."""

import itertools
from collections.abc import Iterator

import numpy as np

from panlearn.cli.tour import TourRow, check
from panlearn.sequence import CategoricalHMM, forward_backward, viterbi

START = np.array([0.2, 0.4, 0.4])
MOVES = np.array([[0.5, 0.2, 0.3], [0.3, 0.5, 0.2], [0.2, 0.3, 0.5]])
COLOURS = np.array([[0.5, 0.5], [0.4, 0.6], [0.7, 0.3]])  # of a ball from each box: red, white
SEEN = np.array([0, 1, 0])  # red, white, red


def examples() -> Iterator[TourRow]:
    """Yield the numbers that a pencil finds, and identities that hold for any numbers."""
    yield from boxes()
    yield from every_path()
    yield from learning()


def boxes() -> Iterator[TourRow]:
    """Red, white, red from three boxes: how probable, and from which boxes."""
    example, note = "red, white, red from three boxes", "004 §11"
    scores, start, moves = np.log(COLOURS[:, SEEN].T), np.log(START), np.log(MOVES)
    for t, printed in enumerate(("0.54", "0.248", "0.13022")):
        likelihood = np.exp(forward_backward(scores[: t + 1], moves, start).log_likelihood)
        yield check(example, note, f"p(first {t + 1})" if t < 2 else "p(all three)", printed, likelihood)
    path, score = viterbi(scores, moves, start)
    for t, box in enumerate(path + 1):
        yield check(example, note, f"Viterbi, box {t + 1}", "3", box)
    yield check(example, note, "Viterbi, probability", "0.0147", np.exp(score))
    (_, second), (_, after) = viterbi(scores, moves, start, n_best=2)
    yield check(example, note, "second best path", "0.01008", np.exp(after))
    yield check(example, note, "its last box", "2", second[-1] + 1)


def every_path() -> Iterator[TourRow]:
    """Sums and maxima over all 27 paths, one by one, against the recursions."""
    example, note = "the recursions against all 27 paths", "004 §11"
    paths = np.array([*itertools.product(range(3), repeat=3)])
    products = (
        START[paths[:, 0]] * (MOVES[paths[:, :-1], paths[:, 1:]]).prod(axis=1) * COLOURS[paths, SEEN].prod(axis=1)
    )
    found = forward_backward(np.log(COLOURS[:, SEEN].T), np.log(MOVES), np.log(START))
    shares = np.array([[products[paths[:, t] == i].sum() for i in range(3)] for t in range(3)]) / products.sum()
    yield check(example, note, "forward - sum", "0.000000000000", np.exp(found.log_likelihood) - products.sum())
    yield check(example, note, "largest gap of marginals", "0.000000000000", np.abs(found.marginals - shares).max())
    model = _model(START, MOVES, COLOURS)
    gap = np.abs(model.predict_proba(SEEN[:, None]) - found.marginals).max()
    yield check(example, note, "HMM - CRF of its logarithms", "0.000000000000", gap)


def learning() -> Iterator[TourRow]:
    """Baum-Welch is EM: the likelihood never falls; with all states known it counts, in one step."""
    note = "004 §10"
    X, states = _model(START, MOVES, COLOURS).sample(300, random_state=0)
    model = CategoricalHMM(3, n_iter=2000, random_state=0).fit(X)
    falls = np.maximum(-np.diff(model.monitor_.history), 0.0)
    yield check("Baum-Welch on 300 balls", note, "largest fall of the likelihood", "0.00000000", falls.max())
    tagged = CategoricalHMM(3).fit(X, states=states)
    counted = [np.mean(X[states == box] == 0) for box in range(3)]
    gap = np.abs(tagged.emissionprob_[:, 0] - counted).max()
    yield check("Baum-Welch on 300 balls", note, "with known boxes, less counting", "0.000000000000", gap)


def _model(start: np.ndarray, moves: np.ndarray, colours: np.ndarray) -> CategoricalHMM:
    model = CategoricalHMM(len(start))
    model.startprob_, model.transmat_, model.emissionprob_ = start, moves, colours
    return model
