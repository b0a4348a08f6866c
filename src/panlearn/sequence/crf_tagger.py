"""The tagger of a fitted conditional random field, under the names of python-crfsuite's `Tagger`.

It keeps one sequence, and answers for it; `predict` of the estimator is faster for many.
"""

from typing import Any, NamedTuple

import numpy as np


class CRFInfo(NamedTuple):
    """Content of a model, under the names of python-crfsuite's `Tagger.info`."""

    transitions: dict[tuple[Any, Any], float]  # weights by (label, next label)
    state_features: dict[tuple[str, Any], float]  # weights by (attribute, label)
    header: dict[str, str]  # sizes, as text
    labels: dict[Any, str]  # numbers, as text, by label
    attributes: dict[str, str]  # numbers, as text, by name


class CRFTagger:
    """Answers for one sequence at a time.

    Parameters
    ----------
    model : CRF
        Fitted model.

    Examples
    --------
    >>> from panlearn.sequence import CRF
    >>> model = CRF().fit([[["sun"]], [["rain"]]], [["dry"], ["wet"]])
    >>> model.tagger_.tag([["rain"], ["sun"]])
    ['wet', 'dry']
    """

    def __init__(self, model: Any) -> None:
        self._model = model
        self._sequence: Any = []

    def labels(self) -> list[Any]:
        """Labels of the model."""
        return list(self._model.classes_)

    def set(self, xseq: Any) -> None:
        """Keep a sequence for the calls that follow."""
        self._sequence = xseq

    def tag(self, xseq: Any = None) -> list[Any]:
        """Best path of a sequence, or of the one that is kept."""
        if xseq is not None:
            self.set(xseq)
        return self._model.predict_single(self._sequence)

    def probability(self, yseq: Any) -> float:
        """Probability of a path of the kept sequence."""
        return float(np.exp(self._model.log_likelihood([self._sequence], [yseq])[0]))

    def marginal(self, y: Any, pos: int) -> float:
        """Probability of label `y` at token `pos` of the kept sequence."""
        return float(self._model.predict_proba([self._sequence])[0][pos, self._model.classes_.index(y)])

    def info(self) -> CRFInfo:
        """Weights, labels and attributes."""
        model = self._model
        header = {"size": model.size_, "num_labels": len(model.classes_), "num_attrs": model.num_attributes_}
        return CRFInfo(
            model.transition_features_,
            model.state_features_,
            {name: str(value) for name, value in header.items()},
            {label: str(i) for i, label in enumerate(model.classes_)},
            {name: str(i) for i, name in enumerate(model.attributes_)},
        )
