"""The short way for bagged trees of panlearn: columns sorted once, trees grown on threads, one array to predict."""

from typing import Any

import numpy as np
from sklearn.base import clone, is_classifier

from panlearn.core.categorical_columns import CategoricalColumns
from panlearn.ensemble.bagging_members import Drawing, set_seeds
from panlearn.ensemble.forest_growth import Plan, Sampling, grow_one, on_threads, work_of
from panlearn.tree.decision_tree_classifier import DecisionTreeClassifier
from panlearn.tree.decision_tree_regressor import DecisionTreeRegressor
from panlearn.tree.extra_tree_classifier import ExtraTreeClassifier
from panlearn.tree.extra_tree_regressor import ExtraTreeRegressor
from panlearn.tree.training_data import growth_settings, training_data

TREES = (DecisionTreeClassifier, DecisionTreeRegressor, ExtraTreeClassifier, ExtraTreeRegressor)


def can_share_columns(owner: Any, base: Any, drawing: Drawing) -> bool:
    """Whether the members are plain trees of ours that see all features."""
    plain = type(base) in TREES and base.pruning is None and getattr(base, "class_weight", None) is None
    return plain and drawing.all_features and is_classifier(base) == is_classifier(owner)


def grow_members(
    owner: Any, X: Any, y: np.ndarray, drawing: Drawing, seeds: np.ndarray
) -> tuple[list[tuple[Any, np.ndarray]], CategoricalColumns]:
    """Fitted trees with their features, and the columns they know; the same trees as by `fit` on counts."""
    from panlearn.tree.ordered_columns import order_columns

    base: Any = clone(owner.estimator_)
    base._validate_params()
    data = training_data(base, X, y)
    settings = growth_settings(base, data)._replace(min_weight_leaf=0.0)
    columns = order_columns(data.X, n_categories=data.n_categories, max_bins=base.max_bins)
    share = float(base.min_weight_fraction_leaf)
    plan = Plan(columns, data.y, data.n_classes, settings, Sampling(None, None), share, float(base.ccp_alpha))

    def member(seed: int) -> tuple[Any, np.ndarray]:
        model: Any = clone(base)
        set_seeds(model, seed)
        features, rows = drawing.draw(seed)
        weight = np.bincount(rows, minlength=drawing.n).astype(np.float64)
        model.tree_, model.n_features_in_ = grow_one(plan, weight, model.random_state), drawing.p
        model.max_features_ = settings.max_features
        model._remember(data)
        model.certificate_ = model._certificate(model.tree_)
        return model, features

    seeds_of = [int(seed) for seed in seeds]
    return on_threads(member, seeds_of, work=work_of(plan, len(seeds)), title="bagging", verbose=owner.verbose), (
        data.columns
    )
