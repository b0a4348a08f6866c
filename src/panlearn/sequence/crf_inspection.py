"""What a conditional random field has learnt: its weights by name, the heaviest first.

The weight of (attribute, label) is the change of the log-odds of the label when the attribute is there; that of (label,
next label) the same for a step. Weights of zero, as L1 leaves them, are no features, and an attribute without a feature
is none of the model.

Course notes: 004 §11.
"""

from typing import Any, NamedTuple

import numpy as np

from panlearn.sequence.crf_predictions import ChainWeights, CRFPredictions
from panlearn.sequence.crf_tagger import CRFTagger
from panlearn.sequence.tag_codes import tag_lists


class HeaviestFeatures(NamedTuple):
    """Features of the largest absolute weight, the heaviest first."""

    states: list[tuple[str, Any, float]]  # attribute, label, weight
    transitions: list[tuple[Any, Any, float]]  # label, next label, weight


class LabelScore(NamedTuple):
    """How well a label is found."""

    precision: float
    recall: float
    f1: float
    ref: int  # tokens that have it


class TrainingLog(NamedTuple):
    """Course of a training, under the names of python-crfsuite's log."""

    iterations: list[dict[str, Any]]  # "num" and "loss" of each; the last has the scores on X_dev
    featgen_num_features: int  # number of weights
    training_seconds: float

    @property
    def last_iteration(self) -> dict[str, Any] | None:
        """The last iteration; None if there was none."""
        return self.iterations[-1] if self.iterations else None


class CRFInspection(CRFPredictions):
    """Base of the conditional random field: its labels, attributes and weights; None before `fit`."""

    _names: list[str] | None
    _log: TrainingLog | None

    @property
    def classes_(self) -> list[Any] | None:
        """Labels in the order of the columns of `predict_proba`."""
        return list(self._chain.classes) if self._is_ready() else None

    @property
    def attributes_(self) -> list[str] | None:
        """Attributes that have a weight."""
        if not self._is_ready():
            return None
        names = self._attribute_names()
        return [names[a] for a in active_attributes(self._chain).tolist()]

    @property
    def num_attributes_(self) -> int | None:
        """Number of attributes that have a weight."""
        return len(active_attributes(self._chain)) if self._is_ready() else None

    @property
    def state_features_(self) -> dict[tuple[str, Any], float] | None:
        """Weights by (attribute, label)."""
        return state_weights(self._chain, self._attribute_names()) if self._is_ready() else None

    @property
    def transition_features_(self) -> dict[tuple[Any, Any], float] | None:
        """Weights by (label, next label)."""
        return transition_weights(self._chain) if self._is_ready() else None

    @property
    def size_(self) -> int | None:
        """Size of weights and names, in bytes."""
        if not self._is_ready():
            return None
        chain = self._chain
        arrays = (chain.features.indptr, chain.features.labels, chain.states, chain.transitions)
        return sum(a.nbytes for a in arrays) + sum(len(name.encode()) + 1 for name in self._attribute_names())

    @property
    def tagger_(self) -> CRFTagger | None:
        """Answers under the names of python-crfsuite's tagger."""
        return CRFTagger(self) if self._is_ready() else None

    @property
    def training_log_(self) -> TrainingLog | None:
        """Loss at each iteration of the last `fit`."""
        return getattr(self, "_log", None)

    def top_features(self, n: int = 20, label: Any = None) -> HeaviestFeatures:
        """Features of the largest absolute weight.

        Parameters
        ----------
        n : int, default=20
            How many attributes, and how many steps.
        label : object, optional
            Only features of this label, and steps into it.

        Returns
        -------
        HeaviestFeatures
            `states` as (attribute, label, weight), `transitions` as (label, next label, weight).

        Raises
        ------
        ValueError
            If there is no such label.
        """
        chain = self._fitted()
        if label is not None and label not in chain.classes:
            raise ValueError(f"label must be one of {chain.classes}. Got {label!r} instead.")
        return heaviest(chain, self._attribute_names(), n, label)

    def _attribute_names(self) -> list[str]:
        names = getattr(self._encoder, "names_", None) or self._names
        return names or [f"x{a}" for a in range(len(self._chain.features.indptr) - 1)]

    def _judged(self, X: Any, y: Any) -> dict[str, Any]:
        """Scores on other sequences: shares of right labels and right sequences, and of each label."""
        from sklearn.metrics import precision_recall_fscore_support

        tags, paths = tag_lists(y, "y_dev"), self.predict(X)
        right = sum(list(own) == path for own, path in zip(tags, paths, strict=True))
        flat = [[str(label) for own in lists for label in own] for lists in (tags, paths)]
        labels = sorted(set(flat[0]))
        if not labels:
            return {}
        table: Any = precision_recall_fscore_support(*flat, labels=labels, zero_division=0.0)  # type: ignore[arg-type]
        means = dict(zip(("avg_precision", "avg_recall", "avg_f1"), (float(m.mean()) for m in table[:3]), strict=True))
        return {
            **means,
            "item_accuracy_float": float(np.mean([a == b for a, b in zip(*flat, strict=True)])),
            "instance_accuracy_float": right / len(tags),
            "scores": {
                label: LabelScore(*row) for label, *row in zip(labels, *(m.tolist() for m in table), strict=True)
            },
        }


def active_attributes(chain: ChainWeights) -> np.ndarray:
    """Numbers of the attributes with at least one weight that is not zero."""
    before = np.concatenate([[0], np.cumsum(chain.states != 0)])
    return np.flatnonzero(np.diff(before[chain.features.indptr]))


def state_weights(chain: ChainWeights, names: list[str]) -> dict[tuple[str, Any], float]:
    """Weights of the attributes by (attribute, label); zeros are left out."""
    kept = np.flatnonzero(chain.states)
    columns = (part[kept].tolist() for part in (_owners(chain), chain.features.labels, chain.states))
    return {(names[a], chain.classes[label]): weight for a, label, weight in zip(*columns, strict=True)}


def transition_weights(chain: ChainWeights) -> dict[tuple[Any, Any], float]:
    """Weights of the steps by (label, next label); zeros are left out."""
    classes, weights = chain.classes, chain.transitions
    return {(classes[i], classes[j]): float(weights[i, j]) for i, j in zip(*np.nonzero(weights), strict=True)}


def heaviest(chain: ChainWeights, names: list[str], n: int, label: Any = None) -> HeaviestFeatures:
    """Features of the largest absolute weight.

    Parameters
    ----------
    chain : ChainWeights
        The model.
    names : list of str
        Names of the attributes.
    n : int
        How many attributes, and how many steps.
    label : object, optional
        Only features of this label, and steps into it.

    Returns
    -------
    HeaviestFeatures
        The heaviest first; those of equal weight in the order of the model.
    """
    states, steps = chain.states, chain.transitions.ravel()
    L = len(chain.classes)
    if label is not None:
        code = chain.classes.index(label)
        states = np.where(chain.features.labels == code, states, 0.0)
        steps = np.where(np.arange(L * L) % L == code, steps, 0.0)
    attributes, labels, classes = _owners(chain).tolist(), chain.features.labels, chain.classes
    return HeaviestFeatures(
        [(names[attributes[k]], classes[labels[k]], float(states[k])) for k in _largest(states, n)],
        [(classes[k // L], classes[k % L], float(steps[k])) for k in _largest(steps, n)],
    )


def _owners(chain: ChainWeights) -> np.ndarray:
    """Attribute of each weight (K,)."""
    indptr = chain.features.indptr
    return np.repeat(np.arange(len(indptr) - 1), np.diff(indptr))


def _largest(weights: np.ndarray, n: int) -> np.ndarray:
    order = np.argsort(-np.abs(weights), kind="stable")[:n]
    return order[weights[order] != 0]
