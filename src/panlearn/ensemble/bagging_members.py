"""The members of a bagged ensemble, one at a time: which rows and features, a fit, a vote.

All draws of a member follow from its seed, in scikit-learn's order (features, then rows), so that they can be drawn
again at any time. A member that takes `sample_weight` is given counts; one that does not, the rows themselves.
"""

from typing import Any, NamedTuple

import numpy as np
from sklearn.base import clone
from sklearn.utils import _safe_indexing, check_random_state
from sklearn.utils.metadata_routing import (
    _manual_routing,
    _raise_for_params,
    _routing_enabled,
    get_routing_for_object,
    process_routing,
)
from sklearn.utils.random import sample_without_replacement
from sklearn.utils.validation import _check_method_params, has_fit_parameter

from panlearn.ensemble.bootstrap import SEEDS, draw_rows


class Drawing(NamedTuple):
    """What each member draws."""

    n: int  # rows there are
    p: int  # features there are
    size: int  # rows drawn
    features: int  # features drawn
    bootstrap: bool  # rows with replacement
    bootstrap_features: bool  # features with replacement
    weight: np.ndarray | None  # chances of the rows

    def draw(self, seed: Any) -> tuple[np.ndarray, np.ndarray]:
        """Features and rows of the member with this seed."""
        random = check_random_state(seed)
        if self.bootstrap_features:
            features = random.randint(0, self.p, self.features)
        else:
            features = sample_without_replacement(self.p, self.features, random_state=random)
        if self.bootstrap or self.weight is not None:
            return features, draw_rows(random, self.n, self.size, self.weight, replace=self.bootstrap)
        return features, sample_without_replacement(self.n, self.size, random_state=random)

    @property
    def all_features(self) -> bool:
        """Whether a member sees every feature once."""
        return self.features == self.p and not self.bootstrap_features


def set_seeds(model: Any, seed: Any) -> None:
    """Set each `random_state` of an estimator and its parts to numbers drawn from `seed`."""
    random = check_random_state(seed)
    names = [k for k in sorted(model.get_params(deep=True)) if k == "random_state" or k.endswith("__random_state")]
    if names:
        model.set_params(**{name: random.randint(SEEDS) for name in names})


def fit_member(base: Any, X: Any, y: Any, drawing: Drawing, seed: Any, params: dict[str, Any]) -> tuple[Any, Any]:
    """Fit a clone of `base` on its draw; returns it and its features."""
    model: Any = clone(base)
    set_seeds(model, seed)
    features, rows = drawing.draw(seed)
    if _takes_weights(model):
        weight = np.bincount(rows, minlength=drawing.n)
        model.fit(X if drawing.all_features else X[:, features], y, **{**params, "sample_weight": weight})
    else:
        part: Any = _safe_indexing(X, rows)
        part = part if drawing.all_features else part[:, features]
        model.fit(part, _safe_indexing(y, rows), **_check_method_params(X, params=params, indices=rows))
    return model, features


def _takes_weights(model: Any) -> bool:
    if _routing_enabled():
        return bool(get_routing_for_object(model).consumes("fit", ("sample_weight",)))
    return has_fit_parameter(model, "sample_weight")


def vote(model: Any, X: Any, n_classes: int, params: dict[str, Any]) -> np.ndarray:
    """Probabilities of a member, or ones at the class it predicts, (n, n_classes)."""
    out = np.zeros((X.shape[0], n_classes))
    if hasattr(model, "predict_proba"):
        found = model.predict_proba(X, **params.get("predict_proba", {}))
        out[:, np.arange(n_classes) if len(model.classes_) == n_classes else model.classes_] = found
    else:
        out[np.arange(len(out)), model.predict(X, **params.get("predict", {}))] = 1.0
    return out


def routed(owner: Any, method: str, params: dict[str, Any]) -> dict[str, Any]:
    """Parameters for the members' methods; without metadata routing only `fit` passes any on."""
    _raise_for_params(params, owner, method)
    if _routing_enabled():
        return process_routing(owner, method, **params).estimator
    return _manual_routing({"estimator": {"fit": params} if method == "fit" else {}}).estimator
