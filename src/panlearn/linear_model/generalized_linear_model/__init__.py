"""Generalised linear models: families, links, penalties, categorical columns, inference."""

from panlearn.linear_model.generalized_linear_model.generalized_linear_regressor import GeneralizedLinearRegressor
from panlearn.linear_model.generalized_linear_model.tweedie_regressors import (
    GammaRegressor,
    PoissonRegressor,
    TweedieRegressor,
)

__all__ = ["GammaRegressor", "GeneralizedLinearRegressor", "PoissonRegressor", "TweedieRegressor"]
