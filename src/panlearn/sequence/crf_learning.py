"""How a conditional random field learns: from all data at once, or piece by piece.

`fit` numbers the attributes, lists the pairs of an attribute and a label that have a weight, and hands the problem to
`crf_training`. `partial_fit` goes once over a piece of the data by stochastic gradient descent and keeps where it is
(weights, step size); attributes and labels that only a later piece brings get weights of their own (`crf_growth`).

Course notes: 004 §11.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.utils.validation import _check_sample_weight

from panlearn.core.constraints import validated
from panlearn.core.errors import DataError
from panlearn.sequence.attribute_encoder import AttributeEncoder, Encoded
from panlearn.sequence.crf_features import state_features, transitions
from panlearn.sequence.crf_growth import grown, joined, without_rows
from panlearn.sequence.crf_inspection import CRFInspection
from panlearn.sequence.crf_objective import CRFObjective, CRFProblem
from panlearn.sequence.crf_predictions import ChainWeights
from panlearn.sequence.crf_sgd import SGDState, sgd_pass, sgd_start
from panlearn.sequence.crf_training import CRFFit, CRFSettings
from panlearn.sequence.tag_codes import check_lengths, codes_of, number, tag_lists
from panlearn.sequence.tag_constraints import allowed

# CRFsuite's defaults that hang on the algorithm
DEFAULTS: dict[str, dict[str, float]] = {
    "lbfgs": {"epsilon": 1e-5, "delta": 1e-5},
    "l2sgd": {"epsilon": 0.0, "delta": 1e-6},
    "ap": {"epsilon": 0.0},
    "pa": {"epsilon": 0.0},
    "arow": {"epsilon": 0.0},
}
ROUNDING = 1e-6
LARGEST = 1e9  # of the values: beyond it no line search finds down to the scale of the weights


class CRFLearning(CRFInspection):
    """Base of the conditional random field: from sequences and labels to weights."""

    algorithm: str | None
    features: Any
    min_freq: float | None
    all_possible_states: bool | None
    all_possible_transitions: bool | None
    verbose: bool | int
    _stream: tuple[CRFProblem, SGDState, int] | None  # features so far, where the descent is, calls

    @validated
    def partial_fit(
        self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None, n_total: int | None = None
    ) -> "CRFLearning":
        """Go once over some more sequences by stochastic gradient descent; `algorithm` must be "l2sgd".

        Parameters
        ----------
        X : iterable of sequences
            As in `fit`. New attributes may come at any call, unless `features` is set: then those of the first call
            are all.
        y : list of lists
            A label for each token; new ones may come at any call.
        classes : list, optional
            Labels in the order they are to have in `classes_`, at the first call.
        sample_weight : array-like of shape (s,), optional
            Weights of the sequences.
        n_total : int, optional
            Sequences that there are in all, over which the penalty `c2` is spread; those of the first call by default.

        Returns
        -------
        CRF
            The estimator.
        """
        if self.algorithm != "l2sgd":
            raise ValueError(f'partial_fit goes by stochastic gradient: set algorithm="l2sgd". Got {self.algorithm!r}.')
        X, tags, weight = counting(X, tag_lists(y), sample_weight)
        before, settings = getattr(self, "_stream", None), self._settings()
        if before is None:
            encoder, encoded = self._first_rows(X)
            problem, labels = self._problem(encoded, tags, weight, () if classes is None else classes)
            rng, calls = np.random.default_rng(settings.seed), 0
            state = sgd_start(problem, settings, np.zeros(problem.n_weights), rng, n_total)
        else:
            known, state, calls = before
            encoder, encoded = self._next_rows(X)
            problem, labels = self._problem(encoded, tags, weight, self._chain.classes)
            w, problem = grown(state.w, known, problem)
            rng, state = np.random.default_rng([settings.seed, calls]), state._replace(w=w)
        state, loss = sgd_pass(problem, state, rng)
        self._stream = (without_rows(problem), state, calls + 1)
        mean = loss / max(1, len(tags))
        self._keep(problem, CRFFit(state.w, mean, np.nan, np.array([mean]), calls + 1, True), labels, encoder)
        return self

    def _first_rows(self, X: Any) -> tuple[Any, Encoded]:
        """Encoder, None if X is encoded, and the rows."""
        if isinstance(X, Encoded):
            return None, X
        encoder: Any = AttributeEncoder() if self.features is None else clone(self.features)
        return encoder, encoder.fit_transform(X)

    def _next_rows(self, X: Any) -> tuple[Any, Encoded]:
        """Encoder and rows of a further piece."""
        if isinstance(X, Encoded):
            return None, X
        if self._encoder is None:
            raise DataError("the first piece was of encoded rows, which the next ones must be too.")
        if self.features is not None:
            return self._encoder, self._encoder.transform(X)
        return joined(self._encoder, X)

    def _problem(
        self, encoded: Encoded, tags: list, weight: np.ndarray | None, known: Sequence[Any] = ()
    ) -> tuple[CRFProblem, list]:
        """What is to be minimised, and the labels, the known ones first."""
        check_lengths(tags, encoded.offsets)
        if not encoded.offsets[-1]:
            raise DataError("X holds no token: its sequences are empty.")
        largest = 0.0 if encoded.values is None else float(np.abs(encoded.values).max(initial=0.0))
        if not largest <= LARGEST:
            raise DataError(f"X holds a value of size {largest:.3g}, beyond {LARGEST:g}: scale attributes to [-1, 1].")
        places = number(tags, known)
        codes, L = codes_of(tags, places), len(places)
        allowed(self.constraints, list(places))  # raises before the work is done, not after
        least = float(self.min_freq or 0.0)
        features = state_features(
            encoded, codes, L, all_pairs=bool(self.all_possible_states), min_frequency=least, weight=weight
        )
        steps = transitions(
            codes,
            encoded.offsets,
            L,
            all_pairs=bool(self.all_possible_transitions),
            min_frequency=least,
            weight=weight,
        )
        return CRFProblem(encoded, codes, L, features, steps, weight), list(places)

    def _settings(self) -> CRFSettings:
        """Parameters that were given, and CRFsuite's defaults for the others."""
        algorithm = self.algorithm or "lbfgs"
        own = self.get_params(deep=False)
        given = {name: own[name] for name in CRFSettings._fields if own.get(name) is not None}
        return CRFSettings(**{**DEFAULTS[algorithm], **given, "algorithm": algorithm, "verbose": int(self.verbose)})

    def _keep(self, problem: CRFProblem, found: CRFFit, classes: list, encoder: Any) -> None:
        """Set the attributes."""
        names = None if encoder is not None else problem.encoded.names
        self._encoder, self._names = encoder, names if names is None else list(names)
        K, L = len(problem.features.labels), problem.n_labels
        features = problem.features._replace(counts=np.empty(0))
        self._chain = ChainWeights(classes, features, found.w[:K].copy(), found.w[K:].reshape(L, L).copy())
        self.objective_, self.gradient_norm_ = float(found.objective), float(found.gradient_norm)
        self.n_iter_ = int(found.n_iter)
        if self.algorithm in ("ap", "pa", "arow"):
            self.certificate_ = f"mean loss {found.objective:.4g} in the last of {found.n_iter} passes"
            return
        if self.algorithm == "l2sgd":  # it knows the losses of moving weights only
            c2, gradient = self._settings().c2, np.empty_like(found.w)
            self.objective_ = CRFObjective(problem).objective(found.w, gradient) + c2 * float(found.w @ found.w)
            self.gradient_norm_ = float(np.linalg.norm(gradient + 2 * c2 * found.w))
        achieved = f"objective {self.objective_:.8g}, gradient norm {self.gradient_norm_:.1e}"
        self.certificate_ = f"{achieved}, after {found.n_iter} iterations"
        # where the gradient is this small a line search may end for rounding, and no more iterations would help
        if not found.converged and self.gradient_norm_ > ROUNDING * max(1.0, float(np.linalg.norm(found.w))):
            self._warn_unconverged(achieved, "Increase max_iterations, or raise c2, epsilon or delta.")


def counting(X: Any, tags: list, sample_weight: Any) -> tuple[Any, list, np.ndarray | None]:
    """Sequences, labels and weights without those of weight 0, whose attributes are to have no weight either."""
    if sample_weight is None:
        return X, tags, None
    weight = _check_sample_weight(sample_weight, tags, dtype=np.float64, ensure_non_negative=True)
    if isinstance(X, Encoded) or weight.all():
        return X, tags, weight
    X = list(X)
    if len(X) != len(tags):
        raise DataError(f"X and y must hold as many sequences: X has {len(X)}, y {len(tags)}.")
    kept = np.flatnonzero(weight)
    return [X[i] for i in kept], [tags[i] for i in kept], weight[kept]
