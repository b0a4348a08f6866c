"""The trees of classical boosting as fitted estimators, as scikit-learn's `estimators_` holds them."""

from typing import Any

import numpy as np


def stage_trees(model: Any) -> np.ndarray:
    """Fitted regressors of the trees; their leaf values are without the learning rate.

    Parameters
    ----------
    model : GradientBoosting
        Fitted.

    Returns
    -------
    ndarray of shape (rounds, trees a round)
        Of `DecisionTreeRegressor`.
    """
    from panlearn.core.categorical_columns import CategoricalColumns
    from panlearn.tree import DecisionTreeRegressor

    found = np.empty((len(model._trees), model.n_trees_per_iteration_), dtype=object)
    columns = CategoricalColumns((None,) * model.n_features_in_)
    for t, (stage, limits) in enumerate(zip(model._trees, model._limits, strict=True)):
        for k, tree in enumerate(stage):
            estimator = DecisionTreeRegressor(**limits)
            estimator.tree_, estimator.n_features_in_, estimator.n_outputs_ = tree, model.n_features_in_, 1
            estimator.max_features_, estimator.is_categorical_, estimator._columns = model.max_features_, None, columns
            found[t, k] = estimator
    return found
