"""What a fitted conditional random field answers: tags, their probabilities, the best paths, likelihoods.

    predict             argmax_y s(y, x)                              Viterbi
    predict_proba       p(y_t = l | x)                                forward-backward
    predict_n_best      the k best paths with p(y | x)
    log_likelihood      log p(y | x) = s(y, x) − log Z(x)

Constraints (`tag_constraints`) and labels that are known for some tokens are scores of -inf: what is left is the model
given that the path keeps to them. Sequences are encoded and scored some at a time, so that a generator of millions is
never in memory at once.

Course notes: 004 §11.
"""

from collections.abc import Iterator
from itertools import islice, pairwise
from numbers import Integral
from typing import Any, NamedTuple

import numpy as np
from sklearn.utils.validation import check_is_fitted

from panlearn.core.base import Estimator
from panlearn.core.errors import DataError
from panlearn.sequence.attribute_encoder import Encoded
from panlearn.sequence.crf_features import StateFeatures
from panlearn.sequence.crf_objective import state_scores
from panlearn.sequence.decoding import n_best_paths, viterbi_paths
from panlearn.sequence.expectations import Chain, expectations, log_likelihoods
from panlearn.sequence.frames import shifted_exp
from panlearn.sequence.tag_codes import as_lists, check_lengths, codes_of, tag_lists
from panlearn.sequence.tag_constraints import Allowed, allowed

BLOCK = 2000  # sequences worked on at once: some 50,000 rows of scores


class ChainWeights(NamedTuple):
    """A fitted chain."""

    classes: list  # L labels
    features: StateFeatures  # the pairs (attribute, label) that have a weight
    states: np.ndarray  # (K,) their weights
    transitions: np.ndarray  # (L, L) weights of the steps

    def scores(self, encoded: Encoded) -> np.ndarray:
        """Scores (n, L) of the labels at each token."""
        return state_scores(self.states, encoded, self.features, len(self.classes))


class Scored(NamedTuple):
    """Some sequences, ready for a recursion."""

    first: int  # number of the first sequence
    scores: np.ndarray  # (n, L); -inf where a known label forbids
    offsets: np.ndarray  # (s + 1,)

    def rows(self, start: int, stop: int) -> np.ndarray:
        """Scores of some tokens."""
        return self.scores[start:stop]


class CRFPredictions(Estimator):
    """Base of the conditional random field: all that follows from its weights."""

    constraints: Any
    _encoder: Any
    _chain: ChainWeights

    def predict(self, X: Any, known: Any = None) -> np.ndarray:
        """Best path of labels of each sequence.

        Parameters
        ----------
        X : list of sequences
            As in `fit`.
        known : list of lists, optional
            Labels that are known, None where not: the best path that has them.

        Returns
        -------
        ndarray of shape (s,), dtype object
            A list of labels for each sequence.

        Raises
        ------
        DataError
            If no path keeps to the constraints and the known labels.
        """
        found: list[list[Any]] = []
        rules = self._rules()
        for piece in self._scored(X, known):
            paths, best = viterbi_paths(piece.scores, piece.offsets, *rules)
            _require_possible(best, piece)
            found += as_lists(paths, piece.offsets, self._chain.classes)
        return _objects(found)

    def predict_single(self, xseq: Any) -> list[Any]:
        """Best path of labels of one sequence.

        Parameters
        ----------
        xseq : sequence
            Its tokens.

        Returns
        -------
        list
            A label for each token.
        """
        return self.predict([xseq])[0]

    def predict_proba(self, X: Any, known: Any = None) -> list[np.ndarray]:
        """Probability of each label at each token.

        Parameters
        ----------
        X : list of sequences
            As in `fit`.
        known : list of lists, optional
            Labels that are known, None where not.

        Returns
        -------
        list of ndarray of shape (T_i, L)
            p(y_t = l | x), columns in the order of `classes_`; rows sum to 1.
        """
        found: list[np.ndarray] = []
        chain, _ = _weighed(self._rules())
        for piece in self._scored(X, known):
            answer = expectations(*shifted_exp(piece.scores), piece.offsets, chain, logs=piece.rows)
            _require_possible(answer.log_likelihood, piece)
            edges = piece.offsets.tolist()
            found += [answer.marginals[a:b] for a, b in pairwise(edges)]
        return found

    def predict_marginals(self, X: Any, known: Any = None) -> np.ndarray:
        """Probability of each label at each token, as dictionaries; `predict_proba` gives the same as arrays.

        Parameters
        ----------
        X : list of sequences
            As in `fit`.
        known : list of lists, optional
            Labels that are known, None where not.

        Returns
        -------
        ndarray of shape (s,), dtype object
            For each sequence a list with {label: probability} of each token.
        """
        tables, classes = self.predict_proba(X, known), self._chain.classes
        return _objects([[dict(zip(classes, row, strict=True)) for row in table.tolist()] for table in tables])

    def predict_marginals_single(self, xseq: Any) -> list[dict[Any, float]]:
        """Probability of each label at each token of one sequence, as dictionaries.

        Parameters
        ----------
        xseq : sequence
            Its tokens.

        Returns
        -------
        list of dict
            {label: probability} of each token.
        """
        return self.predict_marginals([xseq])[0]

    def predict_n_best(self, X: Any, k: int = 5, known: Any = None) -> list[list[tuple[list[Any], float]]]:
        """Likeliest k paths of each sequence, with their probabilities.

        Parameters
        ----------
        X : list of sequences
            As in `fit`.
        k : int, default=5
            How many paths.
        known : list of lists, optional
            Labels that are known, None where not.

        Returns
        -------
        list of list of (labels, probability)
            The likeliest first; fewer than k where there are no more paths.
        """
        if not isinstance(k, Integral) or isinstance(k, bool) or k < 1:
            raise ValueError(f"k must be an integer in the range [1, inf). Got {k!r} instead.")
        found: list[list[tuple[list[Any], float]]] = []
        rules = self._rules()
        for piece in self._scored(X, known):
            paths, best = n_best_paths(piece.scores, piece.offsets, *rules, int(k))
            best[np.diff(piece.offsets) == 0] = [0.0, *[-np.inf] * (int(k) - 1)]  # one path, of no tokens
            _require_possible(best[:, 0], piece)
            shares = np.exp(best - _log_partition(piece, rules)[:, None])
            ranked = [as_lists(np.maximum(path, 0), piece.offsets, self._chain.classes) for path in paths]
            for i, row in enumerate(best):
                found.append([(ranked[m][i], float(shares[i, m])) for m in np.flatnonzero(row > -np.inf)])
        return found

    def log_likelihood(self, X: Any, y: Any) -> np.ndarray:
        """Log-probability of given labels, without constraints.

        Parameters
        ----------
        X : list of sequences
            As in `fit`.
        y : list of lists
            Labels.

        Returns
        -------
        ndarray of shape (s,)
            log p(y | x); 0 for an empty sequence.
        """
        steps = self._fitted().transitions
        places = {label: i for i, label in enumerate(self._chain.classes)}
        free = Allowed(np.zeros(len(steps)), steps, np.zeros(len(steps)))
        tags = tag_lists(y)
        found: list[np.ndarray] = [np.zeros(0)]
        for piece in self._scored(X):
            own = tags[piece.first : piece.first + len(piece.offsets) - 1]
            check_lengths(own, piece.offsets)
            codes, sequence = codes_of(own, places), np.repeat(np.arange(len(own)), np.diff(piece.offsets))
            value = piece.scores[np.arange(len(codes)), codes]
            inner = np.flatnonzero(sequence[1:] == sequence[:-1]) + 1  # not the first of its sequence
            value[inner] += steps[codes[inner - 1], codes[inner]]
            found.append(np.bincount(sequence, value, len(own)) - _log_partition(piece, free))
        _require_as_many(sum(map(len, found)), len(tags))
        return np.concatenate(found)

    def score(self, X: Any, y: Any) -> float:
        """Share of the tokens whose label is right; for spans see `panlearn.sequence.metrics`.

        Parameters
        ----------
        X : list of sequences
            As in `fit`.
        y : list of lists
            True labels.

        Returns
        -------
        float
            Accuracy; NaN if there is no token.
        """
        tags, paths = tag_lists(y), self.predict(X)
        _require_as_many(len(paths), len(tags))
        check_lengths(tags, np.cumsum([0, *map(len, paths)]))
        right = sum(a == b for own, path in zip(tags, paths, strict=True) for a, b in zip(own, path, strict=True))
        total = sum(map(len, tags))
        return right / total if total else float("nan")

    def _is_ready(self) -> bool:
        """Whether there are weights."""
        return hasattr(self, "_chain")

    def __sklearn_is_fitted__(self) -> bool:
        return self._is_ready()

    def __sklearn_tags__(self) -> Any:
        """Sequences of dicts or words come in, no tables."""
        tags = super().__sklearn_tags__()
        tags.input_tags.string, tags.input_tags.two_d_array = True, False
        return tags

    def _fitted(self) -> ChainWeights:
        check_is_fitted(self)
        return self._chain

    def _rules(self) -> Allowed:
        """Scores of first tag, steps and last tag; -inf where the constraints forbid."""
        chain = self._fitted()
        rules = allowed(self.constraints, chain.classes)
        return rules._replace(transitions=rules.transitions + chain.transitions)

    def _scored(self, X: Any, known: Any = None) -> Iterator[Scored]:
        """Sequences with the scores of their labels, some at a time."""
        chain, first = self._fitted(), 0
        tags = None if known is None else tag_lists(known, "known")
        for encoded in _encoded(X, self._encoder):
            scores, s = chain.scores(encoded), len(encoded.offsets) - 1
            if tags is not None:
                own = tags[first : first + s]
                check_lengths(own, encoded.offsets, "known")
                _keep_known(scores, codes_of(own, {None: -1, **{label: i for i, label in enumerate(chain.classes)}}))
            yield Scored(first, scores, encoded.offsets)
            first += s
        if tags is not None:
            _require_as_many(first, len(tags))


def _encoded(X: Any, encoder: Any) -> Iterator[Encoded]:
    """Rows of the sequences, some sequences at a time."""
    if isinstance(X, Encoded):
        yield X
        return
    if encoder is None:
        raise DataError("this model was fitted on encoded rows, which it needs here too: transform X in the same way.")
    if isinstance(X, (str, bytes, dict)) or not hasattr(X, "__iter__"):
        raise DataError(f"X must be a list of sequences. Got {type(X).__name__}.")
    rest = iter(X)
    while part := list(islice(rest, BLOCK)):
        yield encoder.transform(part)


def _keep_known(scores: np.ndarray, codes: np.ndarray) -> None:
    """Forbid all labels but the known one, where it is known; `scores` is overwritten."""
    rows = np.flatnonzero(codes >= 0)
    kept = scores[rows, codes[rows]]
    scores[rows] = -np.inf
    scores[rows, codes[rows]] = kept


def _weighed(rules: Allowed) -> tuple[Chain, float]:
    """The chain out of the logarithms, and the logarithm by which its steps are scaled down."""
    top = float(rules.transitions.max(initial=0.0))
    return Chain(np.exp(rules.start), np.exp(rules.transitions - top), np.exp(rules.end)), top


def _log_partition(piece: Scored, rules: Allowed) -> np.ndarray:
    """Logarithm of Z for each sequence, (s,); 0 for an empty one."""
    (chain, top), lengths = _weighed(rules), np.diff(piece.offsets)
    logs = log_likelihoods(*shifted_exp(piece.scores), piece.offsets, chain, logs=piece.rows)
    return np.where(lengths > 0, logs + top * (lengths - 1), 0.0)


def _require_possible(best: np.ndarray, piece: Scored) -> None:
    impossible = np.flatnonzero((best == -np.inf) & (np.diff(piece.offsets) > 0))
    if len(impossible):
        raise DataError(
            f"no path of labels for sequence {piece.first + impossible[0]} keeps to the constraints and the known "
            "labels: one of them contradicts the others."
        )


def _require_as_many(sequences: int, tags: int) -> None:
    if sequences != tags:
        raise DataError(f"X and the labels must hold as many sequences: X has {sequences}, the labels {tags}.")


def _objects(lists: list) -> np.ndarray:
    """One-dimensional array of lists, also where all are of one length."""
    return np.fromiter(lists, dtype=object, count=len(lists))
